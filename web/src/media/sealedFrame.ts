/**
 * What LiveKit's frame encryption leaves readable at the end of a sealed frame:
 * `… ciphertext ‖ tag (16) ‖ IV (12) ‖ IV's length (1) ‖ key index (1)`. VP8, VP9 and Opus; H.264 escapes its trailer and is not used.
 */

/** IV, its length and the key's index: what sealing appends besides the tag. */
const IV_LENGTH = 12;
const TAG_LENGTH = 16;

/** By how many bytes a frame grows when it is sealed. */
export const SEAL_LENGTH = TAG_LENGTH + IV_LENGTH + 2;

/** How many keys a ring holds; the index of a frame's key is its round modulo this. */
export const RING = 16;

/** The readable end of a sealed frame. */
export interface Trailer {
  /** Index of the key that sealed it, 0 to 15. */
  readonly index: number;
  /** Synchronization source of the *sender's* stream; the media server rewrites the packet's, not this one. */
  readonly ssrc: number;
  /** RTP timestamp that the sender gave the frame. */
  readonly timestamp: number;
  /** The whole IV: unique for a key, so a second frame with it is a replay. */
  readonly iv: string;
}

/** The trailer of a sealed frame, or undefined when it can't be one. */
export function readTrailer(data: ArrayBuffer): Trailer | undefined {
  if (data.byteLength < SEAL_LENGTH) return undefined;
  const view = new DataView(data);
  const end = data.byteLength;
  const index = view.getUint8(end - 1);
  if (view.getUint8(end - 2) !== IV_LENGTH || index >= RING) return undefined;
  const start = end - 2 - IV_LENGTH;
  const ssrc = view.getUint32(start);
  const timestamp = view.getUint32(start + 4);
  return { index, ssrc, timestamp, iv: `${ssrc}.${timestamp}.${view.getUint32(start + 8)}` };
}
