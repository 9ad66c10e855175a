/** Whether this tab, or the computer, slept: a timer that comes much too late says so. */

/** How often to look: milliseconds. */
export const LOOK_MS = 5_000;
/** A tab in the background is woken once a minute at least. */
export const SLEPT_MS = 70_000;

/** Milliseconds since 1970. */
export interface Slept {
  readonly from: number;
  readonly to: number;
}

export class Wakefulness {
  #before: number;

  constructor(now: number) {
    this.#before = now;
  }

  /** Called every LOOK_MS, as far as the browser lets it; what it slept through since the last time, if it did. */
  look(now: number): Slept | undefined {
    const from = this.#before;
    this.#before = now;
    return now - from > SLEPT_MS ? { from, to: now } : undefined;
  }
}
