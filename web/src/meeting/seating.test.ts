import fc from "fast-check";
import { expect, test } from "vitest";
import type { Role } from "../accreditation/charter.ts";
import type { Seat } from "../accreditation/seat.ts";
import { gridFor, nobody, pageCount, place } from "./seating.ts";

const seat = (identity: string, order?: number, role?: Role): Seat => ({
  identity,
  delegation: identity,
  ...(order !== undefined && { order }),
  ...(role !== undefined && { role }),
});

test("a seat with an order has that place, whoever came before", () => {
  const seating = place(place(nobody, [seat("turkey", 28)]), [seat("albania", 1)]);
  expect(seating).toEqual(
    new Map([
      ["turkey", 27],
      ["albania", 0],
    ]),
  );
});

test("an adviser of a delegation sits at the end, not on the head's place", () => {
  const seating = place(nobody, [seat("ee-adviser", 8, "adviser"), seat("ee-head", 8, "head"), seat("guest")]);
  expect(Object.fromEntries(seating)).toEqual({ "ee-head": 7, "ee-adviser": 8, guest: 9 });
});

const arrivals = fc.array(
  fc.array(
    fc.record({
      identity: fc.string({ maxLength: 3 }),
      order: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
    }),
    { maxLength: 8 },
  ),
  { maxLength: 8 },
);

test("no order of arrivals moves a tile or puts two on one place", () => {
  fc.assert(
    fc.property(arrivals, (groups) => {
      let seating = nobody;
      for (const group of groups) {
        const unique = new Map(group.map((one) => [one.identity, seat(one.identity, one.order)]));
        const after = place(seating, [...unique.values()]);
        for (const [identity, index] of seating) expect(after.get(identity)).toBe(index);
        expect(new Set(after.values()).size).toBe(after.size);
        seating = after;
      }
    }),
  );
});

test("the grid has room for every place, up to the page of thirty", () => {
  for (let places = 1; places <= 30; places++) {
    const { columns, rows } = gridFor(places);
    expect(columns * rows).toBeGreaterThanOrEqual(places);
  }
  expect(gridFor(30)).toEqual({ columns: 6, rows: 5 });
  expect(gridFor(400)).toEqual({ columns: 6, rows: 5 });
});

test("a chamber has as many pages as its last place needs", () => {
  expect(pageCount(nobody, 30)).toBe(1);
  expect(pageCount(new Map([["a", 29]]), 30)).toBe(1);
  expect(pageCount(new Map([["a", 30]]), 30)).toBe(2);
});
