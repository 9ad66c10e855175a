import { expect, test } from "vitest";
import { deviceOf, NOW, told } from "../../../harness/sample.ts";
import { doorView, firstAtDoor, newcomers } from "./doorView.ts";

const nobody = () => false;

test("the secretariat sees who knocks, by seat, and may answer each", () => {
  const view = doorView(told({ me: "secretariat", knocking: ["lv-adviser", "no-head"] }), nobody, NOW);
  expect(
    view.knocks.map(({ name, role, mayNotAdmit, mayNotRefuse }) => [name, role, mayNotAdmit, mayNotRefuse]),
  ).toEqual([
    ["Latvia", "adviser", undefined, undefined],
    ["Norway", "head", undefined, undefined],
  ]);
  expect(view.waiting).toBe(2);
});

test("who is admitted already comes in by itself, and waits for nobody", () => {
  const view = doorView(told({ me: "chair", coming: ["lv-adviser"] }), nobody, NOW);
  expect(view.knocks.map(({ awaitsHand }) => awaitsHand)).toEqual([false]);
  expect([view.waiting, firstAtDoor(view)]).toEqual([0, undefined]);
});

test("who was excluded waits for a hand even where the charter admits by itself, and it says so", () => {
  const view = doorView(told({ me: "chair", admission: "automatic", excluded: ["lv-adviser"] }), nobody, NOW);
  expect(view.knocks).toMatchObject([{ awaitsHand: true, wasExcluded: true }]);
});

test("a head of delegation may answer nobody", () => {
  const [knock] = doorView(told({ me: "no-head", present: ["no-head"], knocking: ["lv-head"] }), nobody, NOW).knocks;
  expect(knock?.mayNotAdmit).toBe("act.role");
});

test("only those who came since are new", () => {
  const before = doorView(told({ me: "chair", knocking: ["lv-adviser"] }), nobody, NOW);
  const after = doorView(told({ me: "chair", knocking: ["lv-adviser", "no-head"] }), nobody, NOW);
  expect(newcomers(before, after).map(({ name }) => name)).toEqual(["Norway"]);
  expect(newcomers(after, before)).toEqual([]);
});

test("one press admits all who wait for a person, but nobody who was sent out before", () => {
  const story = { knocking: ["lv-adviser", "no-head"], excluded: ["pl-head"], coming: ["al-head"] };
  expect(doorView(told({ me: "chair", ...story }), nobody, NOW).all).toEqual(["lv-adviser", "no-head"].map(deviceOf));
});
