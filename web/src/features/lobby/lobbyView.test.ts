import { expect, test } from "vitest";
import { refusedKnocks } from "../../meeting/acts.ts";
import type { DoorFacts, Step } from "../../meeting/doorway.ts";
import { equipmentView, lobbyView, otherSittings } from "./lobbyView.ts";

const MINUTE = 60_000;
const door = (sitting: string, state: DoorFacts["state"], opens = 10 * MINUTE): DoorFacts => {
  return { sitting, state, opens, opener: "secretariat" };
};
const at = (one: DoorFacts, step: Step, role: "head" | "chair" = "head") =>
  lobbyView({ doors: [one], sitting: one.sitting, step }, role, MINUTE);

test("without a sitting that lists the seat there is nothing to wait for", () => {
  expect(lobbyView({ doors: [], sitting: undefined, step: { at: "outside" } }, "head", 0).says).toBe("none");
});

test("before the opening it says how long, in minutes that have begun", () => {
  expect(at(door("a", "unopened"), { at: "outside" })).toMatchObject({ says: "unopened", minutesLeft: 9 });
  expect(at(door("a", "unopened", 600 * MINUTE), { at: "outside" }).minutesLeft).toBeUndefined();
  expect(at(door("a", "unopened", 0), { at: "outside" }).minutesLeft).toBeUndefined();
  expect(at(door("a", "open"), { at: "knocking", since: 1 }).minutesLeft).toBeUndefined();
});

test("who may open a sitting is asked to; a head of delegation is not", () => {
  expect(at(door("a", "unopened"), { at: "outside" }, "chair").opens).toBe("here");
  expect(at(door("a", "unopened"), { at: "outside" }, "head").opens).toBe("never");
  expect(at(door("a", "open"), { at: "outside" }, "chair").opens).toBe("never");
  const unknown = lobbyView({ doors: [door("a", "unopened")], sitting: "a", step: { at: "outside" } }, undefined, 0);
  expect(unknown.opens).toBe("perhaps");
});

test("a knock says since when it stands", () => {
  expect(at(door("a", "open"), { at: "knocking", since: 7 })).toMatchObject({ says: "knocking", since: 7 });
});

test("each refusal has words of its own, and a person may knock again", () => {
  const says = refusedKnocks.map((code) => at(door("a", "open"), { at: "refused", code }));
  expect(new Set(says.map((view) => view.says)).size).toBe(refusedKnocks.length);
  expect(says.every(({ mayKnock }) => mayKnock)).toBe(true);
  expect(at(door("a", "open"), { at: "knocking", since: 1 }).mayKnock).toBe(false);
});

test("a closed sitting is over, whatever was asked before", () => {
  expect(at(door("a", "closed"), { at: "excluded" })).toMatchObject({ says: "closed", mayKnock: false });
});

test("doors stand in the order of their times", () => {
  const doors = [door("b", "open", 2), door("c", "open", 1), door("a", "open", 2)];
  const view = lobbyView({ doors, sitting: "b", step: { at: "outside" } }, "head", 0);
  expect(view.doors.map(({ sitting }) => sitting)).toEqual(["c", "a", "b"]);
});

test("what was checked says in the lobby whether it works, and if not, why", () => {
  const input = (state: "ready" | "denied") => ({ state, id: "", choices: [] });
  expect(equipmentView(input("ready"), input("denied"), { state: "unreachable" })).toEqual([
    { is: "camera", works: true, says: "check/state/ok" },
    { is: "microphone", works: false, says: "check/microphone/denied" },
    { is: "network", works: false, says: "check/network/unreachable" },
  ]);
});

test("from within a sitting the others that are open are offered, and no other", () => {
  const doors = [
    door("d", "open", 3),
    door("a", "unopened"),
    door("b", "open", 2),
    door("c", "closed"),
    door("e", "open", 1),
  ];
  const facts = { doors, sitting: "b", step: { at: "outside" } } as const;
  expect(otherSittings(facts).map(({ sitting }) => sitting)).toEqual(["e", "d"]);
  expect(otherSittings({ ...facts, doors: [door("b", "open")] })).toEqual([]);
});
