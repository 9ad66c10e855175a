import { expect, test } from "vitest";
import { deviceOf, NOW, told } from "../../../harness/sample.ts";
import { type Alarm, causes } from "../../meeting/alarm.ts";
import { stopView, worst } from "./stopView.ts";

const sight = told({ me: "no-head", present: ["no-head", "ee-head"] });
const fork: Alarm = {
  cause: "fork",
  at_ms: NOW,
  by: deviceOf("ee-head"),
  place: { journal: "sitting", seq: 399 },
  ours: "o".repeat(43),
  theirs: "t".repeat(43),
};

test("a fork names who was shown another record, and where the two part", () => {
  const view = stopView(fork, sight, true, NOW);
  expect(view.by?.name).toBe("Estonia");
  expect(view.rows).toEqual([
    { entries: "before", seq: 398, ours: undefined, theirs: undefined },
    { entries: "here", seq: 399, ours: "oooooooooo", theirs: "tttttttttt" },
  ]);
});

test("who is unknown here is not named", () => {
  expect(stopView({ ...fork, by: "somebody" }, sight, true, NOW).by).toBeUndefined();
  expect(stopView(fork, undefined, true, NOW).by).toBeUndefined();
});

test("it says which record is kept, and whether anything still leaves this device", () => {
  expect(stopView(fork, sight, false, NOW)).toMatchObject({ kept: { main: 70, sitting: 342 }, isSending: false });
});

test("chair and secretariat may close the sitting there, a head of delegation not", () => {
  expect(stopView(fork, told({ me: "chair" }), true, NOW).close).toEqual({ refusal: undefined });
  expect(stopView(fork, sight, true, NOW).close).toBeUndefined();
});

test("of several alarms the worst stands on the page, of two of a kind the first", () => {
  const alarms = causes.map((cause, index): Alarm => ({ cause, at_ms: index }));
  expect(worst(alarms)?.cause).toBe("breach");
  expect(
    worst([
      { ...fork, at_ms: 2 },
      { ...fork, at_ms: 1 },
    ])?.at_ms,
  ).toBe(1);
  expect(worst([])).toBeUndefined();
});
