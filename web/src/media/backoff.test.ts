import { expect, test } from "vitest";
import { backoff_ms } from "./backoff.ts";

test("attempts begin quickly, become rarer, and never stop", () => {
  expect([0, 1, 2, 3, 4, 5, 50].map((attempt) => backoff_ms(attempt, 0))).toEqual([
    500, 1000, 2000, 4000, 8000, 15_000, 15_000,
  ]);
});

test("delegations that lost the server together come back spread over half the time", () => {
  expect(backoff_ms(5, 1)).toBe(7500);
});
