/** Into which of the sittings that it sees a device goes, the same as a Python member (src/incamera/member/choice.py). Pure. */

/** Which sitting to be in: the first open one that lists the seat, or this one, or none. */
export type Wants = "first" | "none" | { readonly sitting: string };

/** A sitting by its door, or by its journal that we read. */
export interface Seen {
  readonly sitting: string;
  readonly stage: "unopened" | "open" | "closed";
  /** Planned, by the charter: milliseconds since 1970. */
  readonly opens: number;
}

/** The charter's order: by when they open, then by id; whichever was heard of first. */
export function inCharterOrder(seen: readonly Seen[]): readonly Seen[] {
  return [...seen].sort((a, b) => a.opens - b.opens || (a.sitting < b.sitting ? -1 : 1));
}

/**
 * What to go into now; undefined: nothing, or on with what there is. `busyWith`: a sitting that it is in, or at whose open door it
 * stands. Where none is open it waits at the door of the first that is to come.
 */
export function choose(wants: Wants, seen: readonly Seen[], busyWith: string | undefined): string | undefined {
  if (wants === "none") return undefined;
  if (wants !== "first") return seen.find(({ sitting }) => sitting === wants.sitting)?.sitting;
  if (busyWith !== undefined) return busyWith;
  const inOrder = inCharterOrder(seen);
  const going = inOrder.find(({ stage }) => stage === "open") ?? inOrder.find(({ stage }) => stage === "unopened");
  return going?.sitting;
}
