import { expect, test } from "vitest";
import type { Role } from "../accreditation/charter.ts";
import { noGroup } from "./delivery.ts";
import { noFloor } from "./floor.ts";
import { speakers } from "./speech.ts";
import { type MeetingState, type SittingState, State } from "./state.ts";

const ROLES: readonly Role[] = [
  "chair",
  "secretariat",
  "head",
  "adviser",
  "interpreter",
  "press",
  "recorder",
  "witness",
];

/** A sitting with one device of each role, named by it. */
function sitting(
  change: { holder?: string; stage?: SittingState["stage"]; leaving?: string; revoked?: string; gone?: string } = {},
): State {
  const devices = new Map(ROLES.map((role) => [role as string, { thumbprint: role, seat: role, delegation: role }]));
  const seats = new Map(ROLES.map((role) => [role as string, { seat: role, role }]));
  const members = ROLES.filter((role) => role !== change.gone).map((role) => [role as string, {}] as const);
  const meeting = {
    terms: { seats },
    enrolment: { devices, revoked: new Map(change.revoked === undefined ? [] : [[change.revoked, "act"]]) },
  };
  const ofSitting = {
    stage: change.stage ?? "open",
    group: {
      ...noGroup,
      members: new Map(members),
      dues: new Map(change.leaving === undefined ? [] : [[change.leaving, []]]),
    },
    floor: {
      ...noFloor,
      holder: change.holder === undefined ? null : { delegation: "x", device: change.holder, given: "act", since: 0 },
    },
  };
  return new State(meeting as unknown as MeetingState, ofSitting as unknown as SittingState);
}

const heard = (...change: Parameters<typeof sitting>) => [...speakers(sitting(...change))];

test("the chair and interpreters need no floor, and nobody else is heard without it", () => {
  expect(heard()).toEqual(["chair", "interpreter"]);
});

test("the holder is heard beside them, and by that device alone", () => {
  expect(heard({ holder: "head" })).toEqual(["chair", "head", "interpreter"]);
  expect(heard({ holder: "secretariat" })).toContain("secretariat");
});

test.each(["press", "recorder", "witness"])(
  "a seat that came to hear is not heard, whatever the record says: %s",
  (role) => {
    expect(heard({ holder: role })).toEqual(["chair", "interpreter"]);
  },
);

test("who was excluded, revoked or removed is heard no more, with the floor and without", () => {
  expect(heard({ holder: "head", leaving: "head" })).toEqual(["chair", "interpreter"]);
  expect(heard({ holder: "head", gone: "head" })).toEqual(["chair", "interpreter"]);
  expect(heard({ revoked: "chair" })).toEqual(["interpreter"]);
});

test("nobody is heard in a sitting that is not open", () => {
  expect(heard({ holder: "head", stage: "closed" })).toEqual([]);
  expect(heard({ holder: "head", stage: "unopened" })).toEqual([]);
});
