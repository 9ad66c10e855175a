/** The browser's cryptography for the pure modules: WebCrypto has SHA-256 and Ed25519 in all browsers that the check lets in. */
import type { Primitives } from "../accreditation/bytes.ts";

export const webcrypto: Primitives = {
  sha256: async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data as BufferSource)),
  verify: async (key, signature, data) => {
    const publicKey = await crypto.subtle.importKey("raw", key as BufferSource, "Ed25519", false, ["verify"]);
    return crypto.subtle.verify("Ed25519", publicKey, signature as BufferSource, data as BufferSource);
  },
};
