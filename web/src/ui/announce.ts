/** What is said to screen readers: two regions, in the page from the start; there is no other `aria-live`. */

import { Store } from "../store.ts";

export interface Said {
  readonly words: string;
  /** Grows with each announcement, so that the same words twice are said twice. */
  readonly count: number;
}

const silence: Said = { words: "", count: 0 };

export const polite = new Store<Said>(silence);
export const assertive = new Store<Said>(silence);

export function announce(words: string, region: Store<Said> = polite): void {
  region.update(({ count }) => ({ words, count: count + 1 }));
}
