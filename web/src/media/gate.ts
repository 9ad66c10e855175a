/**
 * What may be shown under a name: a frame that the current key of that name's leaf opened, once, in time.
 *
 * Pure: no streams, no clock. `frames.worker.ts` puts it around LiveKit's frame encryption, which alone takes the server's word
 * for "encrypted", plays a frame twice and keeps the keys of older epochs (docs/explanation/security.md, F1 to F3).
 */
import { RING, type Trailer } from "./sealedFrame.ts";

/** Which keys count from now on. Posted before the keys of a new round are set. */
export interface Epoch {
  /** Index of the newest round's key. */
  readonly newest: number;
  /** Index of the oldest round whose keys still pass: `newest` when no overlap is left. */
  readonly oldest: number;
  /** Identities that were removed: nothing of theirs passes any more. */
  readonly denied: readonly string[];
  /** Identities whose heartbeat says that they send under the newest key: their older keys no longer pass. */
  readonly switched: readonly string[];
}

/** Why a frame was not let through. */
export type Drop =
  | "unassigned"
  | "malformed"
  | "denied"
  | "stale"
  | "future"
  | "no_key"
  | "no_floor"
  | "replay"
  | "late"
  | "wrong_key"
  | "not_opened"
  | "codec";

export type Verdict = { readonly pass: true } | { readonly hold: true } | { readonly drop: Drop };

export type Kind = "audio" | "video";

const PASS: Verdict = { pass: true };
const HOLD: Verdict = { hold: true };

/** Rounds ahead of the newest that a frame may be: a sender that processed commits before us. */
const AHEAD_MAX = 3;
/** IVs kept for each key and stream. */
const WINDOW_FRAMES = 2_048;
/** A frame older than the newest opened one by more than this is dropped: seconds. */
const LATE_S = 2;
const CLOCK_RATE: Record<Kind, number> = { audio: 48_000, video: 90_000 };

export class Gate {
  #epoch: Epoch | undefined;
  #denied: ReadonlySet<string> = new Set();
  #switched: ReadonlySet<string> = new Set();
  #heard: ReadonlySet<string> = new Set();
  #keys = new Map<string, Set<number>>();
  #givenUp = new Set<string>();
  #windows = new Map<string, Window>();

  /** A new round, or a change in what passes of the older ones. */
  enter(epoch: Epoch): void {
    if (epoch.newest !== this.#epoch?.newest) {
      // After 16 rounds an old key sits at the new index: what is known of it counts for rounds that were entered and still pass.
      const entered = this.#epoch ? distance(this.#epoch.newest, epoch.newest) : RING;
      const isPast = (index: number) => {
        const behind = distance(index, epoch.newest);
        return behind < entered || behind > distance(epoch.oldest, epoch.newest);
      };
      this.#givenUp.clear();
      for (const indices of this.#keys.values()) for (const index of indices) if (isPast(index)) indices.delete(index);
      for (const key of this.#windows.keys())
        if (isPast(Number(key.slice(key.lastIndexOf("/") + 1)))) this.#windows.delete(key);
    }
    this.#epoch = epoch;
    this.#denied = new Set(epoch.denied);
    this.#switched = new Set(epoch.switched);
  }

  /** Whose sound passes: the floor's rule, by our own fold. Nobody's before it is said. */
  hear(identities: readonly string[]): void {
    this.#heard = new Set(identities);
  }

  /** LiveKit's ring now holds this key. */
  keySet(identity: string, index: number): void {
    const indices = this.#keys.get(identity) ?? new Set();
    this.#keys.set(identity, indices.add(index));
    this.#givenUp.delete(`${identity}/${index}`);
  }

  #hasKey(identity: string, index: number): boolean {
    return this.#keys.get(identity)?.has(index) ?? false;
  }

  /** A frame waited for this key in vain: those that follow do not wait again. */
  giveUp(identity: string, index: number): void {
    this.#givenUp.add(`${identity}/${index}`);
  }

  /**
   * Before decryption. Video is held while its key is due, since one lost frame freezes a picture for three seconds; sound is not:
   * what is late is concealed either way.
   */
  judge(identity: string, kind: Kind, trailer: Trailer): Verdict {
    const epoch = this.#epoch;
    if (this.#denied.has(identity)) return { drop: "denied" };
    if (kind === "audio" && !this.#heard.has(identity)) return { drop: "no_floor" };
    if (!epoch) return this.#await(identity, kind, trailer.index);
    const ahead = distance(epoch.newest, trailer.index);
    const behind = distance(trailer.index, epoch.newest);
    const passes = behind === 0 || (behind <= distance(epoch.oldest, epoch.newest) && !this.#switched.has(identity));
    if (!passes) return ahead <= AHEAD_MAX ? this.#await(identity, kind, trailer.index, "future") : { drop: "stale" };
    // Who was not here in that round has no key of it, and the ring may still hold theirs of 16 rounds before.
    if (!this.#hasKey(identity, trailer.index)) return this.#await(identity, kind, trailer.index);
    return this.#fresh(identity, kind, trailer);
  }

  #await(identity: string, kind: Kind, index: number, otherwise: Drop = "no_key"): Verdict {
    return kind === "video" && !this.#givenUp.has(`${identity}/${index}`) ? HOLD : { drop: otherwise };
  }

  #fresh(identity: string, kind: Kind, trailer: Trailer): Verdict {
    const window = this.#windows.get(windowKey(identity, trailer));
    if (!window) return PASS;
    if (window.has(trailer.iv)) return { drop: "replay" };
    return window.isLate(trailer.timestamp, LATE_S * CLOCK_RATE[kind]) ? { drop: "late" } : PASS;
  }

  /** After decryption: its IV is used up. (Noted only now: a forged frame must not use up a real one's IV.) */
  opened(identity: string, trailer: Trailer): void {
    const key = windowKey(identity, trailer);
    const window = this.#windows.get(key) ?? new Window();
    this.#windows.set(key, window);
    window.add(trailer.iv, trailer.timestamp);
  }
}

/** How many steps forward from one index of the ring to another. */
function distance(from: number, to: number): number {
  return (to - from + RING) % RING;
}

function windowKey(identity: string, trailer: Trailer): string {
  return `${identity}/${trailer.ssrc}/${trailer.index}`;
}

/** The IVs of one stream under one key that were opened lately. */
class Window {
  #ivs = new Set<string>();
  #newest: number | undefined;

  has(iv: string): boolean {
    return this.#ivs.has(iv);
  }

  isLate(timestamp: number, late: number): boolean {
    // The difference as a signed 32-bit number: RTP timestamps wrap.
    return this.#newest !== undefined && ((this.#newest - timestamp) | 0) > late;
  }

  add(iv: string, timestamp: number): void {
    this.#ivs.add(iv);
    if (this.#ivs.size > WINDOW_FRAMES) this.#ivs.delete(this.#ivs.values().next().value as string);
    if (this.#newest === undefined || ((timestamp - this.#newest) | 0) > 0) this.#newest = timestamp;
  }
}
