/**
 * From one sitting to another: a device is in one at a time. The record has that it left, and its pictures and sound there have ended,
 * before it goes to the other's door.
 */
import type { Refusal } from "../refusal.ts";

export interface Passage {
  /** Does nothing more of itself in the first, and says in the record that it leaves. */
  readonly leave: () => Promise<Refusal | undefined>;
  /** Ends its pictures and sound there: at once; resolves when the connection has ended. */
  readonly endMedia: () => Promise<void>;
  /** It was not let go: back to what it did. */
  readonly stay: () => void;
  /** To the door of the other. */
  readonly enter: () => void;
}

/** A refusal: it is where it was. */
export async function goOver({ leave, endMedia, stay, enter }: Passage): Promise<Refusal | undefined> {
  const refusal = await leave();
  if (refusal) {
    stay();
    return refusal;
  }
  await endMedia();
  enter();
  return undefined;
}
