/**
 * Where each seat stands in the chamber: a place, once taken, is kept all sitting, whoever joins, leaves or comes back.
 *
 * A seat with an order has the place of that number, so that two readers see the same chamber. A seat without one, or whose
 * place is taken already (an adviser beside the head of delegation), has the next free place at the end.
 */

import { byProtocol, type Seat } from "../accreditation/seat.ts";

/** Identity -> place, from 0. */
export type Seating = ReadonlyMap<string, number>;

export const nobody: Seating = new Map();

/** The seating once all of `seats` have a place; the places of `before` are unmoved. */
export function place(before: Seating, seats: readonly Seat[]): Seating {
  const newcomers = seats.filter((seat) => !before.has(seat.identity)).sort(byProtocol);
  if (newcomers.length === 0) return before;
  const after = new Map(before);
  const taken = new Set(before.values());
  const late: Seat[] = [];
  for (const seat of newcomers) {
    if (seat.order === undefined || taken.has(seat.order - 1)) late.push(seat);
    else take(seat, seat.order - 1);
  }
  for (const seat of late) take(seat, Math.max(-1, ...taken) + 1);
  return after;

  function take(seat: Seat, index: number) {
    after.set(seat.identity, index);
    taken.add(index);
  }
}

export interface Grid {
  readonly columns: number;
  readonly rows: number;
}

/** The grid of a chamber by its number of places, chosen once a sitting: 6 × 5 is the largest page. */
export function gridFor(places: number): Grid {
  const grid = GRIDS.find(([columns, rows]) => columns * rows >= places) ?? LARGEST;
  return { columns: grid[0], rows: grid[1] };
}

const LARGEST = [6, 5] as const;
const GRIDS = [[1, 1], [2, 1], [2, 2], [3, 2], [3, 3], [4, 3], [4, 4], [5, 4], LARGEST] as const;

/** How many pages a chamber needs so that each place has one. */
export function pageCount(seating: Seating, placesPerPage: number): number {
  return Math.floor(Math.max(0, ...seating.values()) / placesPerPage) + 1;
}
