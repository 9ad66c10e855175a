import { expect, test } from "vitest";
import { DELEGATIONS, deviceOf, told } from "../../../harness/sample.ts";
import type { Participant } from "../../member/plane.ts";
import { chamberView } from "./chamberView.ts";

const there = (name: string, instance = "AAAAAAAAAAA"): Participant => ({
  seat: { identity: `${deviceOf(name)}.${instance}`, delegation: "what the server says" },
  picture: "on",
  pictureKey: "1",
  sound: true,
});
const flag = (code: string) => code;
const see = (others: readonly Participant[]) => chamberView(told({ me: "no-head" }), others, flag);

test("plates are the charter's, whatever the server calls somebody", () => {
  const [poland] = see([there("pl-head")]).others;
  expect(poland?.seat).toMatchObject({ delegation: "Poland", person: "T. Wiśniewski", role: "head", flag: "pl" });
});

test("whom the record does not know is not shown", () => {
  expect(see([{ ...there("pl-head"), seat: { identity: "somebody.x", delegation: "Poland" } }]).others).toEqual([]);
});

test("the heads in protocol order, then the chair, then all the others have places of their own", () => {
  const order = (name: string) => see([there(name)]).others[0]?.seat.order;
  expect([order("al-head"), order("us-head"), order("chair")]).toEqual([1, DELEGATIONS.length, DELEGATIONS.length + 1]);
  expect(order("secretariat")).toBe(DELEGATIONS.length + 2);
  expect(see([]).places).toBe(2 + DELEGATIONS.length * 2);
});

test("a device that was reloaded has the place that it had", () => {
  const [before, after] = see([there("pl-head", "AAAAAAAAAAA"), there("pl-head", "BBBBBBBBBBB")]).others;
  expect(before?.seat.order).toBe(after?.seat.order);
});
