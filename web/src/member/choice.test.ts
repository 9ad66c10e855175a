/** Into which sitting a device goes: the cases of tests/member/test_choice.py, as far as a page has them. */
import { expect, test } from "vitest";
import { choose, inCharterOrder, type Seen } from "./choice.ts";

const one = (sitting: string, stage: Seen["stage"], opens: number): Seen => ({ sitting, stage, opens });

test("of several open sittings a page goes into the first by the charter, whichever it learned of first", () => {
  const [first, second] = [one("bbbb", "open", 1_000), one("aaaa", "open", 2_000)];
  expect(choose("first", [first, second], undefined)).toBe("bbbb");
  expect(choose("first", [second, first], undefined)).toBe("bbbb");
});

test("what opens at one time is ordered by id", () => {
  const [a, b] = [one("aaaa", "open", 1_000), one("bbbb", "open", 1_000)];
  expect(inCharterOrder([b, a])).toEqual([a, b]);
});

test("an open sitting goes before an earlier one that nobody opened, and a closed one before neither", () => {
  const seen = [one("aaaa", "closed", 1_000), one("bbbb", "unopened", 2_000), one("cccc", "open", 3_000)];
  expect(choose("first", seen, undefined)).toBe("cccc");
  expect(choose("first", seen.slice(0, 2), undefined)).toBe("bbbb");
  expect(choose("first", seen.slice(0, 1), undefined)).toBeUndefined();
});

test("who is in a sitting stays there when an earlier one opens", () => {
  expect(choose("first", [one("aaaa", "open", 1_000), one("bbbb", "open", 2_000)], "bbbb")).toBe("bbbb");
});

test("a person's choice goes before the order, once its door is seen; and who left goes nowhere", () => {
  const seen = [one("aaaa", "open", 1_000), one("bbbb", "open", 2_000)];
  expect(choose({ sitting: "bbbb" }, seen, "aaaa")).toBe("bbbb");
  expect(choose({ sitting: "cccc" }, seen, undefined)).toBeUndefined();
  expect(choose("none", seen, "aaaa")).toBeUndefined();
});
