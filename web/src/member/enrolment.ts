/** Enrolment: a link's one-time key vouches for a device (docs/reference/record.md, 2). */
import type { Primitives } from "../accreditation/bytes.ts";
import type { Charter } from "../accreditation/charter.ts";
import { openSigned, type PublicKey, type Signed, thumbprint } from "../accreditation/signature.ts";
import { devicePayload, parseDelegationStatement, parseSeatStatement } from "../accreditation/statements.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import { signWith, type Vouched } from "./device.ts";

const SKEW_MS = 60 * 1000;

/** The link's key, for as long as it may be needed. */
export interface LinkKey {
  readonly sign: CryptoKey;
  readonly public: PublicKey;
}

/** The two statements that vouch for the link's key: of the delegation, of the seat. */
export interface Vouching {
  readonly delegation: string;
  readonly seat: string;
  /** Ids from the charter. */
  readonly names: { readonly delegation: string; readonly seat: string };
}

/**
 * Of the statements that the server gave, those that the authority signed for this link; the others are passed over. What it signed for
 * another meeting, or a delegation's key for another delegation's seat, no honest server gives here: refused, as in any chain.
 */
export async function vouching(
  link: PublicKey,
  charter: Signed<Charter>,
  statements: readonly string[],
  primitives: Primitives,
): Promise<Vouching | Refusal> {
  const wanted = await thumbprint(link, primitives);
  const { authority, meeting } = charter.payload;
  for (const one of statements) {
    const delegation = await openSigned(one, "delegation", parseDelegationStatement, () => authority, primitives);
    if (isRefusal(delegation)) continue;
    for (const other of statements) {
      const { key } = delegation.payload;
      const seat = await openSigned(other, "seat", parseSeatStatement, () => key, primitives);
      if (isRefusal(seat) || (await thumbprint(seat.payload.key, primitives)) !== wanted) continue;
      if ([delegation, seat].some(({ payload }) => payload.meeting !== meeting)) return refuse("chain.meeting");
      if (delegation.payload.delegation !== seat.payload.delegation) return refuse("chain.seat");
      const names = { delegation: seat.payload.delegation, seat: seat.payload.seat };
      return { delegation: delegation.jws, seat: seat.jws, names };
    }
  }
  return refuse("chain.issuer");
}

/** The chain of three for a device. `now`: milliseconds since 1970. */
export async function vouch(
  link: LinkKey,
  { delegation, seat, names }: Vouching,
  charter: Signed<Charter>,
  device: PublicKey,
  now: number,
  primitives: Primitives,
): Promise<Vouched> {
  const { meeting, until } = charter.payload;
  const issuer = await thumbprint(link.public, primitives);
  const claims = { meeting, issuer, issued: now, from: now - SKEW_MS, until };
  const statement = await signWith(link.sign, "device", devicePayload(claims, names.delegation, names.seat, device));
  return { chain: `${delegation}~${seat}~${statement}`, ...names };
}
