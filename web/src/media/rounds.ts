/**
 * Which rounds' keys count at a moment, and under which we send: e2ee.md. Pure: times are passed in, in milliseconds.
 *
 * Where nobody left, keys overlap: a sender switches a little later, so that the others have processed the round too, and what it
 * sent before still passes. Where somebody was removed, it knows the older keys: senders switch at once, and soon nothing older passes.
 */
import { RING } from "./sealedFrame.ts";

/** `fresh`: we came in, or the group is another: there is nothing older. `overlap`: nobody left. `overwrite`: somebody was removed. */
export type Change = "fresh" | "overlap" | "overwrite";

/** Others have processed the round by then. */
const SWITCH_MS = 300;
/** Older keys pass so long after a round in which nobody left: a heartbeat's interval. */
const OVERLAP_MS = 10_000;
/** Older keys pass so long after a removal: who processed it late is still seen. */
const OVERWRITE_MS = 2_000;
/** Rounds back at most: farther ones could not be told from rounds ahead in the ring. */
const BACK_MAX = 12;

interface Passing {
  readonly round: number;
  readonly until_ms: number;
}

/** Immutable. */
export class Rounds {
  readonly newest: number;
  /** The round that our own frames are sealed under from now on, once its key is set. */
  readonly sending: number;
  readonly #older: readonly Passing[];
  readonly #switchAt_ms: number | undefined;

  private constructor(newest: number, sending: number, older: readonly Passing[], switchAt_ms: number | undefined) {
    this.newest = newest;
    this.sending = sending;
    this.#older = older;
    this.#switchAt_ms = switchAt_ms;
  }

  static first(round: number): Rounds {
    return new Rounds(round, round, [], undefined);
  }

  /** A round that is not newer changes nothing. */
  enter(round: number, change: Change, now_ms: number): Rounds {
    if (round <= this.newest) return this;
    if (change === "fresh") return Rounds.first(round);
    const until_ms = now_ms + (change === "overlap" ? OVERLAP_MS : OVERWRITE_MS);
    const older = [...this.#older, { round: this.newest, until_ms }]
      .filter((passing) => passing.round >= round - BACK_MAX && passing.until_ms > now_ms)
      .map((passing) => ({ ...passing, until_ms: Math.min(passing.until_ms, until_ms) }));
    if (change === "overwrite") return new Rounds(round, round, older, undefined);
    // A switch that is due is not put off by the next join: it is to that one's key then.
    return new Rounds(round, this.sending, older, this.#switchAt_ms ?? now_ms + SWITCH_MS);
  }

  /** As things stand at a moment. */
  at(now_ms: number): Rounds {
    const isSwitched = this.#switchAt_ms !== undefined && this.#switchAt_ms <= now_ms;
    const older = this.#older.filter(({ until_ms }) => until_ms > now_ms);
    if (!isSwitched && older.length === this.#older.length) return this;
    return isSwitched
      ? new Rounds(this.newest, this.newest, older, undefined)
      : new Rounds(this.newest, this.sending, older, this.#switchAt_ms);
  }

  /** When `at` will give something else; undefined: not by itself. */
  get changesAt_ms(): number | undefined {
    const times = [this.#switchAt_ms, ...this.#older.map(({ until_ms }) => until_ms)].filter(
      (time) => time !== undefined,
    );
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** The oldest round whose keys pass. */
  get oldest(): number {
    return Math.min(this.newest, ...this.#older.map(({ round }) => round));
  }

  /** Places in the ring of all keys that still count. */
  get indices(): ReadonlySet<number> {
    const count = this.newest - Math.min(this.oldest, this.sending) + 1;
    return new Set(Array.from({ length: Math.min(count, RING) }, (_, back) => indexOf(this.newest - back)));
  }
}

/** A round's place in LiveKit's ring of keys. */
export function indexOf(round: number): number {
  return round % RING;
}
