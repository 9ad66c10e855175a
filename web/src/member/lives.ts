/**
 * A member's lives, one after the other: each has a core of its own, and when that breaks or hangs the next begins from what was kept, as
 * after a reload. What breaks again and again is not begun anew for ever: somebody may be sending what breaks it.
 */
import type { Core } from "../e2ee/core.ts";
import { type Refusal, refuse } from "../refusal.ts";

/** So often it begins anew within the time: milliseconds. */
export const BEGINS_ANEW = 2;
export const FAULTS_MS = 600_000;

export interface LivesOptions<Life> {
  readonly startCore: () => Core;
  readonly begin: (core: Core) => Life;
  /** At once, before anybody else hears of it: nothing of this life is sent any more. */
  readonly end: (life: Life) => void;
  /** The next life has begun. */
  readonly goOn: (life: Life) => void;
  /** There is no next: this was the last one. */
  readonly giveUp: (life: Life) => void;
  /** Milliseconds, monotonic. */
  readonly monotonic: () => number;
}

export class Lives<Life> {
  readonly #options: LivesOptions<Life>;
  #now: { readonly life: Life; readonly core: Core } | undefined;
  #faults: readonly number[] = [];

  constructor(options: LivesOptions<Life>) {
    this.#options = options;
  }

  /** The one that goes on; undefined when there is none any more. */
  get now(): Life | undefined {
    return this.#now?.life;
  }

  begin(): Life {
    const core = this.#options.startCore();
    const life = this.#options.begin(core);
    this.#now = { life, core };
    core.onFault = () => this.broke(life);
    return life;
  }

  /** What a person asks of a life. Where that ends meanwhile it is refused: whether it stands, the record alone says. */
  async ask(life: Life, of: () => Promise<Refusal | undefined>): Promise<Refusal | undefined> {
    const wasOver = this.now !== life;
    const hasEnded = () => !wasOver && this.now !== life;
    const answer = await of().catch((error: unknown) => {
      if (!hasEnded()) throw error;
      return undefined;
    });
    return hasEnded() ? (answer ?? refuse("core.interrupted")) : answer;
  }

  /** A mistake of this program ended a life; one that is over already is not ended twice. */
  broke(life: Life): void {
    const { end, goOn, giveUp, monotonic } = this.#options;
    if (!this.#now || this.#now.life !== life) return;
    const at = monotonic();
    const { core } = this.#now;
    this.#now = undefined;
    end(life);
    core.end();
    this.#faults = [...this.#faults.filter((fault) => at - fault < FAULTS_MS), at];
    if (this.#faults.length > BEGINS_ANEW) giveUp(life);
    else goOn(this.begin());
  }
}
