/** The items of a sitting's agenda: opened and closed by the chair, open from the commit that names them. */
import { type Refusal, refuse } from "../refusal.ts";
import type { Sealed } from "./acts.ts";
import type { Placed, State } from "./state.ts";

/** From the round that opened an item to the round in which it was closed; null while it is open. */
export type Span = readonly [opened: number, closed: number | null];

/** One item at most is open or being opened. The spans say members of which rounds could decrypt which item. */
export interface Agenda {
  /** The chair opened it, and no commit has named it yet. */
  readonly opening: string | null;
  readonly open: string | null;
  readonly spans: ReadonlyMap<string, readonly Span[]>;
  /** Sealed titles of restricted items, the newest of each. */
  readonly titles: ReadonlyMap<string, Sealed>;
}

export const noAgenda: Agenda = { opening: null, open: null, spans: new Map(), titles: new Map() };

/** After a commit that names the item being opened: it is open from this round on. */
export function named(agenda: Agenda, item: string, round: number): Agenda {
  const spans = new Map(agenda.spans).set(item, [...(agenda.spans.get(item) ?? []), [round, null]]);
  return { ...agenda, opening: null, open: item, spans };
}

/** With nothing open: at the close of an item, or of the sitting. */
export function closed(agenda: Agenda, round: number): Agenda {
  const { open } = agenda;
  if (open === null) return { ...agenda, opening: null };
  const before = agenda.spans.get(open) ?? [];
  const ended = before.map((span, at): Span => (at === before.length - 1 ? [span[0], round] : span));
  return { ...agenda, opening: null, open: null, spans: new Map(agenda.spans).set(open, ended) };
}

export type Titled = { readonly item: string; readonly title: Sealed };
export type ItemOpened = { readonly item: string };
export type ItemClosed = { readonly item: string };

/** Only a restricted item has a sealed title, and the title says which item it is of. */
export function decideTitle(state: State, { act }: Placed<"agenda.title">): Titled | Refusal {
  const { item, title } = act.body;
  const known = state.terms.items.get(item);
  if (!known || title.item !== item) return refuse("item.unknown");
  return known.title === null ? { item, title } : refuse("item.public");
}

/** The newest title counts. */
export function applyTitled(state: State, { item, title }: Titled): State {
  const { agenda } = state.sitting;
  return state.inSitting({ agenda: { ...agenda, titles: new Map(agenda.titles).set(item, title) } });
}

/** One item at a time. A closed one may be opened again. */
export function decideOpen(state: State, { act }: Placed<"agenda.open">): ItemOpened | Refusal {
  const { item } = act.body;
  if (!state.terms.items.has(item)) return refuse("item.unknown");
  return (state.sitting.agenda.open ?? state.sitting.agenda.opening) === null ? { item } : refuse("item.open");
}

/** It is being opened until a commit names it. */
export function applyOpened(state: State, { item }: ItemOpened): State {
  return state.inSitting({ agenda: { ...state.sitting.agenda, opening: item } });
}

/** Closes what is open or being opened. */
export function decideClose(state: State, { act }: Placed<"agenda.close">): ItemClosed | Refusal {
  const { item } = act.body;
  const { open, opening } = state.sitting.agenda;
  if (!state.terms.items.has(item)) return refuse("item.unknown");
  return item === open || item === opening ? { item } : refuse("item.not_open");
}

/** Nothing is open; the item's span ends with the present round. */
export function applyClosed(state: State): State {
  return state.inSitting({ agenda: closed(state.sitting.agenda, state.sitting.round) });
}
