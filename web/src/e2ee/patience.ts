/**
 * How long the member's core may take over an answer, before it counts as one that hangs.
 *
 * Counted in looks, one a second while the page runs: what passes while the machine sleeps, or while the page itself stands still, says
 * nothing of the core. No clock and no timer: the shell calls `look`.
 */

/** Between two looks. */
export const LOOK_MS = 1_000;
/** An answer (limits.md: CORE_ANSWER_SECONDS). */
export const ANSWER_LOOKS = 30;
/** The first answer of all, with the core's code on its way to here (limits.md: CORE_START_SECONDS). */
export const START_LOOKS = 120;

/** The calls of one core that have no answer yet. */
export class Patience {
  readonly #since = new Map<number, number>();
  #looks = 0;
  #hasStarted = false;

  asked(call: number): void {
    this.#since.set(call, this.#looks);
  }

  answered(call: number): void {
    this.#hasStarted = true;
    this.#since.delete(call);
  }

  /** A second has passed; whether a call has waited too long. */
  look(): boolean {
    this.#looks += 1;
    const most = this.#hasStarted ? ANSWER_LOOKS : START_LOOKS;
    return [...this.#since.values()].some((since) => this.#looks - since > most);
  }
}
