import { expect, test } from "vitest";
import { deviceOf, NOW, told } from "../../../harness/sample.ts";
import { lockView } from "./lockView.ts";

const present = ["pl-head", "no-head", "no-adviser", "al-head"];
const roster = ["chair", "secretariat", ...present, "no-head2"].map(deviceOf);
const see = (me: string, more: object = {}) =>
  lockView(told({ me, present, second: ["no-head"], ...more }), roster, NOW);

test("seats and devices are counted apart: a seat may have two devices", () => {
  const view = see("no-head");
  expect(view.counts.find(({ role }) => role === "head")).toEqual({ role: "head", seats: 3, devices: 4 });
  expect([view.seats, view.devices]).toEqual([6, 7]);
});

test("that there is no recorder is a row of the table, not its absence", () => {
  expect(see("no-head").counts.find(({ role }) => role === "recorder")).toEqual({
    role: "recorder",
    seats: 0,
    devices: 0,
  });
  expect(see("no-head").counts.some(({ role }) => role === "press")).toBe(false);
});

test("the roster is in protocol order, the head before the adviser", () => {
  const { roster: rows } = see("no-head");
  expect(rows.map(({ name }) => name)).toEqual(["NATO", "Albania", "Norway", "Poland"]);
  expect(rows[2]?.members.map(({ role }) => role)).toEqual(["head", "head", "adviser"]);
});

test("it counts the group's members, not what the record's claims say", () => {
  expect(lockView(told({ me: "chair", present }), [deviceOf("chair")], NOW).devices).toBe(1);
});

test("chair and secretariat may exclude all but themselves, a head of delegation nobody", () => {
  const chair = see("chair").roster.flatMap(({ members }) => members);
  expect(chair.filter(({ exclude }) => exclude).map(({ seat }) => seat)).not.toContain("chair");
  expect(chair.find(({ seat }) => seat === "pl-head")?.exclude).toEqual({ refusal: undefined });
  expect(see("no-head").roster.every(({ members }) => members.every(({ exclude }) => !exclude))).toBe(true);
});

test("who is being removed says so", () => {
  const all = see("chair", { leaving: ["pl-head"] }).roster.flatMap(({ members }) => members);
  expect(all.filter(({ isLeaving }) => isLeaving).map(({ seat }) => seat)).toEqual(["pl-head"]);
});
