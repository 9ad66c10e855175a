/** The members' validator of chains, as the fold asks it: written once, in crates/e2ee. */
import { b64u, type Primitives, unb64u } from "../accreditation/bytes.ts";
import { thumbprint } from "../accreditation/signature.ts";
import type { Checks, Expected } from "../meeting/rules.ts";
import { isRefusal, refuse } from "../refusal.ts";
import type { Core } from "./core.ts";

interface WireCredential {
  readonly delegation: string;
  readonly seat: string;
  readonly device: string;
  readonly device_key: string;
  readonly leaf_key: string | null;
  readonly until: number;
}

/** What the fold checks with: the browser's cryptography, and the core's validator. */
export function checksWith(core: Core, primitives: Primitives): Checks {
  return {
    ...primitives,
    async validate(chain, expected, at) {
      const trust = await trustIn(expected, primitives);
      const { leaf, enrolled, revoked } = expected;
      const held = JSON.stringify({ leaf, enrolled, revoked });
      const answer = await core.ask("validateChain", chain, trust, held, at);
      if (isRefusal(answer)) return answer;
      const { delegation, seat, device, device_key, leaf_key, until }: WireCredential = JSON.parse(answer);
      const key = unb64u(device_key);
      const leafOctets = leaf_key === null ? undefined : unb64u(leaf_key);
      if (!key) return refuse("core.internal");
      const leafName = leafOctets ? await thumbprint({ octets: leafOctets }, primitives) : null;
      return { delegation, seat, device, key: { octets: key }, leaf: leafName, until };
    },
  };
}

async function trustIn({ authority, meeting, charters, seats }: Expected, primitives: Primitives): Promise<string> {
  return JSON.stringify({
    authority: await thumbprint(authority, primitives),
    key: b64u(authority.octets),
    meeting,
    charters,
    seats: Object.fromEntries(seats),
  });
}
