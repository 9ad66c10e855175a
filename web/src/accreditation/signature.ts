/**
 * Signatures: compact JWS with one algorithm (`Ed25519`, RFC 9864) and one `typ` a purpose (docs/reference/record.md, 0).
 *
 * `openSigned` is the only maker of `Signed<T>`: who holds one holds a payload that was verified and parsed.
 */
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import { ascii, b64u, type Primitives, unb64u } from "./bytes.ts";
import { Malformed } from "./json.ts";
import { type Members, parseWhole } from "./members.ts";

export type Typ = "charter" | "delegation" | "seat" | "device" | "leaf" | "act" | "head" | "proof" | "readout";

/** No signature of any purpose is longer: an `mls.commit` has at most 512 KiB. */
const JWS_LENGTH_MAX = 2 * 1024 * 1024;

/** The one protected header of a purpose, as it stands in the text: it is compared, not parsed. */
export function headerOf(typ: Typ): string {
  return b64u(ascii(`{"alg":"Ed25519","typ":"incamera-${typ}"}`));
}

export interface PublicKey {
  /** 32 bytes. */
  readonly octets: Uint8Array<ArrayBuffer>;
}

/** The key `{kty, crv, x}` under a name, and nothing else. */
export function jwkMember(members: Members, name: string): PublicKey {
  const jwk = members.object(name);
  jwk.constant("kty", "OKP");
  jwk.constant("crv", "Ed25519");
  const octets = jwk.octets("x", 32);
  if (!isSound(octets)) throw new Malformed(members.at(name), "a key of small order, or not in its canonical form");
  return { octets };
}

/** RFC 7638 with SHA-256: the key's name. */
export async function thumbprint(key: PublicKey, primitives: Primitives): Promise<string> {
  return b64u(await primitives.sha256(ascii(`{"crv":"Ed25519","kty":"OKP","x":"${b64u(key.octets)}"}`)));
}

declare const opened: unique symbol;

export interface Signed<T> {
  readonly payload: T;
  /** As received: what is stored, passed on and hashed. */
  readonly jws: string;
  /** SHA-256 of the JWS's ASCII, b64u: how others cite it. */
  readonly hash: string;
  readonly [opened]: true;
}

/**
 * The verified payload of a compact JWS of one `typ`, or why not. `key` finds the signer's key from the parsed payload, as yet
 * unverified: it must look it up among those that it trusts for other reasons.
 */
export async function openSigned<T>(
  jws: string,
  typ: Typ,
  parse: (members: Members) => T,
  key: (payload: T) => PublicKey | Refusal | Promise<PublicKey | Refusal>,
  primitives: Primitives,
): Promise<Signed<T> | Refusal> {
  const [header, body = "", seal = "", ...more] = jws.length > JWS_LENGTH_MAX ? [] : jws.split(".");
  const payload = unb64u(body);
  const signature = unb64u(seal);
  if (header !== headerOf(typ) || more.length > 0 || !payload || signature?.length !== 64)
    return refuse("signature.malformed");
  let value: T;
  try {
    value = parseWhole(payload, parse);
  } catch (error) {
    if (error instanceof Malformed) return refuse("form.malformed");
    throw error;
  }
  const signer = await key(value);
  if (isRefusal(signer)) return signer;
  const isSigned =
    !isSmallOrder(signature.subarray(0, 32)) &&
    (await primitives.verify(signer.octets, signature, ascii(`${header}.${body}`)));
  if (!isSigned) return refuse("signature.wrong");
  const hash = b64u(await primitives.sha256(ascii(jws)));
  return { payload: value, jws, hash } as Signed<T>;
}

// Points of order 1, 2, 4 and 8 on edwards25519, by their y in all encodings: a signature by such a key says nothing about who made it.
const SMALL_ORDER_Y = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

function isSmallOrder(point: Uint8Array): boolean {
  return SMALL_ORDER_Y.includes(hexOfY(point));
}

/** Canonical (y below 2^255 - 19) and of no small order. */
function isSound(point: Uint8Array): boolean {
  const y = hexOfY(point);
  const isReduced = !/^(?:e[d-f]|f[0-9a-f])(?:ff){30}7f$/.test(y);
  return isReduced && !SMALL_ORDER_Y.includes(y);
}

/** The 32 bytes without the sign bit of x, in hexadecimal, little-endian as they stand. */
function hexOfY(point: Uint8Array): string {
  return [...point].map((byte, at) => (at === 31 ? byte & 0x7f : byte).toString(16).padStart(2, "0")).join("");
}
