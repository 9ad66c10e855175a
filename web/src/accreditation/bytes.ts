/** base64url without padding, canonical; and the two operations of cryptography that pure modules are given. */

/** What the record's checks need of WebCrypto: passed in, so that these modules touch nothing of the browser. */
export interface Primitives {
  sha256(data: Uint8Array): Promise<Uint8Array>;
  /** Whether the 64-byte Ed25519 signature over `data` is this 32-byte public key's. */
  verify(key: Uint8Array, signature: Uint8Array, data: Uint8Array): Promise<boolean>;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const VALUES = new Map([...ALPHABET].map((letter, value) => [letter, value]));

export function b64u(data: Uint8Array): string {
  let text = "";
  for (let at = 0; at < data.length; at += 3) {
    const [a = 0, b = 0, c = 0] = data.subarray(at, at + 3);
    const bits = (a << 16) | (b << 8) | c;
    for (let sextet = 0; sextet <= Math.min(3, data.length - at); sextet += 1)
      text += ALPHABET[(bits >> (18 - 6 * sextet)) & 63];
  }
  return text;
}

/** The bytes of canonical b64u, or undefined: one text for each value, so no padding and no set bits that stand for nothing. */
export function unb64u(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 === 1) return undefined;
  const data = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const letter of text) {
    const value = VALUES.get(letter);
    if (value === undefined) return undefined;
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      data[at] = (bits >> held) & 0xff;
      at += 1;
    }
  }
  return (bits & ((1 << held) - 1)) === 0 ? data : undefined;
}

/** The bytes of an ASCII text: a JWS, which is hashed as it was received. */
export function ascii(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** A thumbprint in groups of four, to be compared by eye. */
export function grouped(thumbprint: string): string {
  return thumbprint.match(/.{1,4}/g)?.join(" ") ?? "";
}
