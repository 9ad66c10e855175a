/** What each picture of the gallery tells. */
import { DELEGATIONS, deviceOf, NOW, SITTING, type Told } from "../harness/sample.ts";
import type { Alarm } from "../src/meeting/alarm.ts";
import type { LobbyFacts } from "../src/meeting/doorway.ts";
import type { Stand } from "../src/member/plane.ts";
import type { Refusal } from "../src/refusal.ts";

export interface Story extends Told {
  readonly stand: Stand;
  readonly lobby?: LobbyFacts;
  readonly view?: "speaker" | "chamber";
  readonly alarms?: readonly Alarm[];
  readonly isEnrolled?: boolean;
  readonly page?: "program" | "server";
  readonly isLive?: boolean;
  readonly away?: { readonly from: number; readonly to: number };
  readonly microphone?: boolean;
  /** Seats without a picture, and one whose connection is lost. */
  readonly soundOnly?: readonly string[];
  readonly lost?: readonly string[];
}

const MINUTE = 60_000;
const heads = DELEGATIONS.map((code) => `${code}-head`);
const quiet: Omit<Story, "me" | "stand"> = {
  present: [...heads, "no-adviser", "ee-adviser"],
  done: ["nato-2030"],
  open: "deterrence",
  waiting: ["ee-head", "ca-head", "ro-head", "it-head", "nl-head", "gr-head"],
  soundOnly: ["mk-head"],
  lost: ["is-head"],
};
const sitting = { ...quiet, floor: "pl-head" };
const door = (state: LobbyFacts["doors"][number]["state"]): LobbyFacts["doors"][number] => {
  return { sitting: SITTING, state, opens: NOW + (state === "open" ? -5 : 9) * MINUTE, opener: "secretariat" };
};
const later: LobbyFacts["doors"][number] = { ...door("unopened"), sitting: "b", opens: NOW + 95 * MINUTE };
const lobby = (state: LobbyFacts["doors"][number]["state"], step: LobbyFacts["step"]): LobbyFacts => {
  return { doors: [door(state), later], sitting: SITTING, step };
};

/** A stop page each, by its cause. */
const stops = (...causes: readonly Alarm["cause"][]): Readonly<Record<string, Story>> =>
  Object.fromEntries(
    causes.map((cause) => [
      `stop-${cause}`,
      { ...sitting, me: "no-head", stand: { at: "room" }, alarms: [{ cause, at_ms: NOW }] },
    ]),
  );

export const stories: Readonly<Record<string, Story | Refusal>> = {
  check: { me: "ee-head", stand: { at: "check" } },
  "check-server": { me: "ee-head", stand: { at: "check" }, page: "server" },
  lobby: {
    me: "be-adviser",
    stand: { at: "lobby" },
    isEnrolled: true,
    lobby: lobby("open", { at: "knocking", since: NOW - 2 * MINUTE }),
  },
  unopened: { me: "be-adviser", stand: { at: "lobby" }, isEnrolled: true, lobby: lobby("unopened", { at: "outside" }) },
  refused: {
    me: "be-adviser",
    stand: { at: "lobby" },
    isEnrolled: true,
    lobby: lobby("open", { at: "refused", code: "not_now" }),
  },
  excluded: {
    me: "be-adviser",
    stand: { at: "lobby" },
    isEnrolled: true,
    lobby: lobby("open", { at: "excluded" }),
  },
  used: { me: "be-adviser", stand: { at: "refused", code: "enrolment.used" } },
  expired: { me: "be-adviser", stand: { at: "refused", code: "chain.time" } },
  malformed: { refused: "invitation.malformed" },
  missing: { refused: "link.missing" },
  unreachable: { me: "be-adviser", stand: { at: "refused", code: "server.unreachable" } },
  door: {
    ...sitting,
    me: "chair",
    stand: { at: "room" },
    knocking: ["lv-adviser", "be-adviser"],
    microphone: true,
  },
  room: { ...sitting, me: "no-head", stand: { at: "room" } },
  chamber: {
    ...sitting,
    me: "no-head",
    stand: { at: "room" },
    view: "chamber",
    waiting: [...(sitting.waiting ?? []), "no-head"],
  },
  two: { open: "deterrence", present: ["no-head"], waiting: ["no-head"], me: "chair", stand: { at: "room" } },
  waiting: { ...sitting, waiting: [...(sitting.waiting ?? []), "no-head"], me: "no-head", stand: { at: "room" } },
  holder: { ...sitting, me: "pl-head", stand: { at: "room" }, microphone: true },
  free: { ...quiet, me: "no-head", stand: { at: "room" }, isLive: false },
  lock: { ...sitting, me: "no-head", stand: { at: "room" } },
  "lock-chair": { ...sitting, me: "chair", stand: { at: "room" } },
  "lock-roster": { ...sitting, me: "chair", stand: { at: "room" } },
  contest: { ...sitting, me: "secretariat", stand: { at: "room" }, contested: { "be-head": [NOW - 43 * MINUTE] } },
  stop: {
    ...sitting,
    me: "chair",
    stand: { at: "room" },
    alarms: [
      {
        cause: "fork",
        at_ms: NOW,
        by: deviceOf("ee-head"),
        place: { journal: "sitting", seq: 342 },
        ours: "q7WzM0xT2vK9dJcR4aYbLsE1nPgHuFi8oVkXeD3mZtA",
        theirs: "Hn5sVbC8yU2kQ0fWpR6jTxL3eGaZiM9dOoN7rB1wKcE",
      },
    ],
  },
  ...stops("stopped", "record", "head", "words", "fault"),
  stalled: { ...sitting, me: "no-head", stand: { at: "room" }, alarms: [{ cause: "stalled", at_ms: NOW }] },
  breach: {
    ...sitting,
    me: "no-head",
    stand: { at: "room" },
    alarms: [{ cause: "breach", at_ms: NOW, by: deviceOf("ee-head"), code: "commit.claims" }],
  },
  left: { ...sitting, me: "no-head", stand: { at: "departure" } },
  over: { ...sitting, me: "no-head", stand: { at: "departure", why: "sitting.closed" } },
};
