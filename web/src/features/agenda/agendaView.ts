/** The sitting's agenda as it is drawn: which item is open, what comes, and what the chair can do. Pure. */
import { inLanguage, plateOf, refusalOf, type Sight, sittingOf, stateOf } from "../../meeting/sight.ts";
import type { Code } from "../../refusal.ts";

/** `opening`: the chair opened it, and no commit has named it yet. */
export type ItemState = "todo" | "opening" | "open" | "done";

export interface ItemView {
  readonly item: string;
  /** From 1. */
  readonly number: number;
  /** Undefined while a restricted item's title is sealed for this device. */
  readonly title: string | undefined;
  readonly isRestricted: boolean;
  readonly state: ItemState;
  /** Planned. */
  readonly opens: number | undefined;
}

export interface AgendaView {
  readonly items: readonly ItemView[];
  /** Open, or being opened. */
  readonly current: ItemView | undefined;
  /** The chair's: the first that was not open yet. */
  readonly openNext: { readonly item: ItemView; readonly refusal: Code | undefined } | undefined;
  readonly close: { readonly item: ItemView; readonly refusal: Code | undefined } | undefined;
}

/** `titles`: those of restricted items that this device could open. */
export function agendaView(sight: Sight, titles: ReadonlyMap<string, string>, now_ms: number): AgendaView {
  const { agenda } = sittingOf(sight);
  const items = [...stateOf(sight).terms.items.values()].map(({ item, title, opens }, index): ItemView => {
    return {
      item,
      number: index + 1,
      title: title === null ? titles.get(item) : inLanguage(title, sight.language),
      isRestricted: title === null,
      state:
        agenda.open === item ? "open" : agenda.opening === item ? "opening" : agenda.spans.has(item) ? "done" : "todo",
      opens: opens ?? undefined,
    };
  });
  const current = items.find(({ state }) => state === "open" || state === "opening");
  const next = items.find(({ state }) => state === "todo");
  const isChair = plateOf(sight, sight.device)?.role === "chair";
  return {
    items,
    current,
    openNext:
      isChair && next
        ? { item: next, refusal: refusalOf(sight, "agenda.open", { item: next.item }, now_ms) }
        : undefined,
    close:
      isChair && current
        ? { item: current, refusal: refusalOf(sight, "agenda.close", { item: current.item }, now_ms) }
        : undefined,
  };
}
