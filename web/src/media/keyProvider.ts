/**
 * Frame keys into LiveKit's frame encryption (HKDF, ring of 16, no ratchet), and nothing but us decides which one is sent under.
 *
 * LiveKit's own provider remembers every key for ever and lets `Room.connect` choose the sending index anew (2.23.0, Room.ts): so
 * the two methods that it asks are overridden, and keys are announced by event.
 */
import { BaseKeyProvider, KeyProviderEvent } from "livekit-client";
import { RING } from "./sealedFrame.ts";

/** The key of one participant's frames in one round. */
export interface FrameKey {
  /** `<device>.<instance>`: the participant's identity in the room. */
  readonly identity: string;
  /** Round modulo 16. */
  readonly index: number;
  /** HKDF key material, not extractable. */
  readonly material: CryptoKey;
}

/** 32 bytes of the MLS exporter as key material; LiveKit derives the AES-128-GCM key from it. The bytes are overwritten. */
export async function importFrameKey(
  identity: string,
  index: number,
  exported: Uint8Array<ArrayBuffer>,
): Promise<FrameKey> {
  const material = await crypto.subtle.importKey("raw", exported, "HKDF", false, ["deriveBits", "deriveKey"]);
  exported.fill(0);
  return { identity, index, material };
}

export class FrameKeyProvider extends BaseKeyProvider {
  #keys = new Map<string, FrameKey>();
  #sending: { readonly identity: string; readonly index: number } | undefined;

  constructor() {
    super({ sharedKey: false, ratchetWindowSize: 0, failureTolerance: -1, keyringSize: RING });
  }

  /** A key for receiving (or our own, for sending once `sendUnder` names it). */
  setKey(key: FrameKey): void {
    this.#keys.set(`${key.identity}/${key.index}`, key);
    this.#announce(key);
  }

  /** From now on our own frames are sealed under this key, which was set before. */
  sendUnder(identity: string, index: number): void {
    this.#sending = { identity, index };
    const key = this.#keys.get(`${identity}/${index}`);
    if (!key) throw new Error("a sender's key is set before it is used");
    this.#announce(key);
  }

  /** Keep only these indices: LiveKit is told all keys again at each reconnect. */
  keepOnly(indices: ReadonlySet<number>): void {
    for (const [name, key] of this.#keys) if (!indices.has(key.index)) this.#keys.delete(name);
  }

  #announce({ identity, index, material }: FrameKey): void {
    const isSending = identity === this.#sending?.identity && index === this.#sending.index;
    this.emit(KeyProviderEvent.SetKey, { key: material, participantIdentity: identity, keyIndex: index }, isSending);
  }

  override getKeys() {
    return [...this.#keys.values()].map(({ identity, index, material }) => ({
      key: material,
      participantIdentity: identity,
      keyIndex: index,
    }));
  }

  override getLatestManuallySetKeyIndex(): number {
    return this.#sending?.index ?? -1;
  }
}
