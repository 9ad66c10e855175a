/** The chain's statements: delegation, seat, device, leaf; each vouches for one key (docs/reference/record.md, 2). */
import { b64u } from "./bytes.ts";
import { type Claims, parseClaims } from "./charter.ts";
import type { Members } from "./members.ts";
import { jwkMember, type PublicKey } from "./signature.ts";

/** The authority says: this is the delegation's key. */
export interface DelegationStatement extends Claims {
  readonly delegation: string;
  readonly key: PublicKey;
  readonly charter: string;
}

/** The delegation's key says: this is the one-time key of the seat's invitation. */
export interface SeatStatement extends Claims {
  readonly delegation: string;
  readonly seat: string;
  readonly key: PublicKey;
}

export function parseDelegationStatement(members: Members): DelegationStatement {
  const claims = parseClaims(members);
  const delegation = members.slug("delegation");
  const key = confirmed(members);
  return { ...claims, delegation, key, charter: members.hash("charter") };
}

export function parseSeatStatement(members: Members): SeatStatement {
  const claims = parseClaims(members);
  return { ...claims, delegation: members.slug("delegation"), seat: members.slug("seat"), key: confirmed(members) };
}

/** The payload by which a seat's one-time key vouches for a device. */
export function devicePayload(
  claims: Claims,
  delegation: string,
  seat: string,
  key: PublicKey,
): Uint8Array<ArrayBuffer> {
  return payload({ ...head(claims), delegation, seat, ...cnf(key) });
}

/** The payload by which a device vouches for its leaf of one sitting's group. */
export function leafPayload(claims: Claims, sitting: string, group: string, key: PublicKey): Uint8Array<ArrayBuffer> {
  return payload({ ...head(claims), sitting, group, ...cnf(key) });
}

function head({ meeting, issuer, issued, from, until }: Claims) {
  return { v: 1, meeting, iss: issuer, iat: issued, nbf: from, exp: until };
}

function cnf(key: PublicKey) {
  return { cnf: { jwk: { kty: "OKP", crv: "Ed25519", x: b64u(key.octets) } } };
}

function payload(value: object): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}

function confirmed(members: Members): PublicKey {
  return jwkMember(members.object("cnf"), "jwk");
}
