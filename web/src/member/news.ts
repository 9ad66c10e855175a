/** What a loop waits for: that something happened, or that a time has come. */
export class News {
  #has = false;
  #wake: (() => void) | undefined;

  tell(): void {
    this.#has = true;
    this.#wake?.();
  }

  /** Resolves at news, at once if there were some since the last wait, or after so many milliseconds. */
  async wait(ms: number | undefined): Promise<void> {
    if (!this.#has) {
      await new Promise<void>((resolve) => {
        const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#wake = undefined;
    this.#has = false;
  }
}
