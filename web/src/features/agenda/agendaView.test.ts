import { expect, test } from "vitest";
import { NOW, told } from "../../../harness/sample.ts";
import { agendaView } from "./agendaView.ts";

const untitled = new Map<string, string>();
const story = { me: "chair", done: ["nato-2030"], open: "deterrence" } as const;

test("the agenda says what is done, what is open, what comes", () => {
  const view = agendaView(told(story), untitled, NOW);
  expect(view.items.map(({ state }) => state)).toEqual(["done", "open", "todo", "todo"]);
  expect(view.current).toMatchObject({ number: 2, title: "Deterrence: Baltic Air Policing and the battle groups" });
});

test("a restricted item has no title until this device could open it", () => {
  expect(agendaView(told(story), untitled, NOW).items[3]).toMatchObject({ isRestricted: true, title: undefined });
  const opened = new Map([["restricted", "Nuclear planning"]]);
  expect(agendaView(told(story), opened, NOW).items[3]?.title).toBe("Nuclear planning");
});

test("the chair moves on by closing first: one item at a time", () => {
  const view = agendaView(told(story), untitled, NOW);
  expect(view.close).toMatchObject({ item: { item: "deterrence" }, refusal: undefined });
  expect(view.openNext).toMatchObject({ item: { item: "pandemic" }, refusal: "item.open" });
});

test("an item that no commit named yet is being opened", () => {
  expect(agendaView(told({ me: "chair", opening: "deterrence" }), untitled, NOW).current?.state).toBe("opening");
});

test("the others see the agenda and move nothing", () => {
  const view = agendaView(told({ ...story, me: "no-head", present: ["no-head"] }), untitled, NOW);
  expect([view.openNext, view.close]).toEqual([undefined, undefined]);
});
