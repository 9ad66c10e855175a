/** The sender's side of the gate: our own frames wait for the key that is due, and leave under no other. */
import type { Kind } from "./gate.ts";
import type { SendingCounts } from "./gateMessages.ts";

/** How long a frame waits for a key that is due: milliseconds. */
export const HOLD_MS = 1_500;

export class Sending {
  sent = 0;
  blocked = 0;
  /** Index that our frames must be sealed under; null: nothing leaves. */
  #due: number | null = null;
  #maySpeak = false;
  /** Index that LiveKit's worker seals under. */
  #current: number | null = null;
  /** What was sealed when LiveKit switched is under this one, and on its way. */
  #former: number | null = null;
  /** A key that did not come in time: frames that follow do not wait for it again. */
  #givenUp: number | null = null;
  readonly #waiting = new Set<() => void>();
  readonly #hold_ms: number;

  constructor(hold_ms = HOLD_MS) {
    this.#hold_ms = hold_ms;
  }

  require(index: number | null, maySpeak: boolean): void {
    this.#maySpeak = maySpeak;
    if (index !== this.#due) this.#givenUp = null;
    this.#due = index;
    this.#wake();
  }

  switchTo(index: number): void {
    if (index !== this.#current) this.#former = this.#current;
    this.#current = index;
    this.#wake();
  }

  /**
   * Whether a frame may be sealed now. Pictures wait for the key: one that is lost freezes the others' picture of us for three
   * seconds. Sound does not.
   */
  async ready(kind: Kind): Promise<boolean> {
    if (kind === "audio" && !this.#maySpeak) return false;
    while (!this.#isSet()) {
      const due = this.#due;
      if (due === null || kind === "audio" || this.#givenUp === due) return false;
      if (!(await this.#change())) this.#givenUp = due;
    }
    return true;
  }

  /** Whether a sealed frame's key is ours to send under. */
  isOurs(index: number | undefined): boolean {
    return index !== undefined && (index === this.#current || index === this.#former);
  }

  counts(): SendingCounts {
    return { index: this.#isSet() ? this.#current : null, sent: this.sent, blocked: this.blocked };
  }

  #isSet(): boolean {
    return this.#due !== null && this.#due === this.#current;
  }

  /** Resolves true at the next change, false when none came in time. */
  #change(): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (came: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve(came);
      };
      const wake = () => settle(true);
      const timer = setTimeout(() => settle(false), this.#hold_ms);
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
