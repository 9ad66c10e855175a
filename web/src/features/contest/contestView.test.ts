import { expect, test } from "vitest";
import { deviceOf, NOW, told } from "../../../harness/sample.ts";
import { contestView } from "./contestView.ts";

const contested = { "be-head": [NOW - 60_000], "no-head": [NOW - 200_000, NOW - 30_000] };
const see = (me: string) => contestView(told({ me, present: ["be-head", "no-head", "al-head"], contested }), NOW);

test("chair and secretariat see each second try, the newest first", () => {
  expect(see("chair").map(({ name, tries, at }) => [name, tries, at])).toEqual([
    ["Norway", 2, NOW - 30_000],
    ["Belgium", 1, NOW - 60_000],
  ]);
});

test("the holder sees its own, nobody else any", () => {
  expect(see("be-head").map(({ seat, isOurs }) => [seat, isOurs])).toEqual([["be-head", true]]);
  expect(see("al-head")).toEqual([]);
});

test("only the secretariat answers: one more device, or none", () => {
  const [norway] = see("secretariat");
  expect(norway?.reopen).toEqual({ refusal: undefined });
  expect(norway?.revoke).toEqual({ device: deviceOf("no-head"), refusal: undefined });
  expect(see("chair").every(({ reopen, revoke }) => !reopen && !revoke)).toBe(true);
});
