/** What only the group's keys tell: the epoch's eight words, and the titles of restricted items. */
import type { Text } from "../accreditation/charter.ts";
import type { Language } from "../e2ee/group.ts";
import type { Sitting } from "./sitting.ts";
import * as titles from "./titles.ts";

export interface Read {
  readonly words: readonly string[] | undefined;
  readonly titles: ReadonlyMap<string, Text>;
}

export class Secrets {
  #drawn = "";

  /** Reads them anew when the epoch or the record's titles are others; undefined: they are not. */
  async read(sitting: Sitting | undefined, language: Language): Promise<Read | undefined> {
    const { group, state } = sitting ?? {};
    const agenda = state?.sitting.agenda.titles;
    const items = agenda ? [...agenda].map(([item, { sealed }]) => `${item} ${sealed.slice(0, 16)}`).join() : "";
    const drawn = `${sitting?.id} ${group?.state.epoch} ${items}`;
    if (!sitting || !group || !state || drawn === this.#drawn) return undefined;
    this.#drawn = drawn;
    const words = await sitting.words(language);
    const found = new Map<string, Text>();
    for (const item of agenda?.keys() ?? []) {
      const title = await titles.opened(group, state, item);
      if (title) found.set(item, title);
    }
    if (drawn !== this.#drawn) return undefined;
    // A key that is still on its way: look again at the next change.
    if (found.size < (agenda?.size ?? 0)) this.#drawn = "";
    return { words, titles: found };
  }

  /** Another life: everything is read anew. */
  forget(): void {
    this.#drawn = "";
  }
}
