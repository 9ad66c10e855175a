import { expect, test } from "vitest";
import { actionOf } from "./keys.ts";

const press = (key: string, more: object = {}) => ({ key, ctrlKey: false, altKey: false, metaKey: false, ...more });

test("a key acts by what it writes, in either case", () => {
  expect(["m", "M", "V", "k", "1", "2", "?"].map((key) => actionOf(press(key), false))).toEqual([
    "microphone",
    "microphone",
    "talk",
    "camera",
    "speaker",
    "chamber",
    "help",
  ]);
});

test("no single key acts in a text field or with a modifier", () => {
  expect(actionOf(press("m"), true)).toBeUndefined();
  expect(actionOf(press("m", { ctrlKey: true }), false)).toBeUndefined();
  expect(actionOf(press("k", { metaKey: true }), false)).toBeUndefined();
  expect(actionOf(press("constructor"), false)).toBeUndefined();
});
