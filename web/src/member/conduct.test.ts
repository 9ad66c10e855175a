/** What a member does next, case by case: the same rules as the Python member's. */
import { describe, expect, test } from "vitest";
import type { GroupState } from "../e2ee/group.ts";
import { noAgenda } from "../meeting/agenda.ts";
import { noGroup } from "../meeting/delivery.ts";
import { noFloor } from "../meeting/floor.ts";
import { noLobby } from "../meeting/lobby.ts";
import { type MeetingState, type SittingState, State } from "../meeting/state.ts";
import {
  COMMIT_GAP_MS,
  isExcluded,
  isOurs,
  KNOCK_AGAIN_MS,
  nextMove,
  plan,
  REKEY_MS,
  UNANSWERED_MS,
  type View,
  work,
} from "./conduct.ts";

const ROLES = { chair: "chair", keeper: "secretariat", alb: "head", bel: "head", bgr: "head" } as const;
type Name = keyof typeof ROLES;
const NOW = 1_000_000;

interface Told {
  readonly members?: readonly Name[];
  readonly admits?: readonly Name[];
  /** Admitted once, and not any more. */
  readonly excluded?: readonly Name[];
  readonly knocks?: readonly Name[];
  readonly dues?: readonly Name[];
  readonly stage?: SittingState["stage"];
  readonly opening?: string;
  readonly admission?: "by_hand" | "automatic";
  /** Author of a commit that the chair refused. */
  readonly wrong?: Name;
}

function fold(told: Told): State {
  const names = Object.keys(ROLES) as Name[];
  const { members = [], admits = members, excluded = [], knocks = [], dues = [], opening = null } = told;
  const commits = told.wrong
    ? [
        [
          "commit",
          { author: told.wrong, epoch: 0, welcome: null, added: new Set(), refusals: new Map([["chair", "claims"]]) },
        ],
      ]
    : [];
  const meeting = {
    terms: {
      seats: new Map(names.map((seat) => [seat, { seat, role: ROLES[seat] }])),
      policies: { admission: told.admission ?? "automatic", refuseQuorum: 3 },
    },
    enrolment: { devices: new Map(names.map((seat) => [seat, { thumbprint: seat, seat }])), revoked: new Map() },
  };
  const sitting = {
    stage: told.stage ?? "open",
    round: 5,
    group: {
      ...noGroup,
      id: "group",
      members: new Map(members.map((name, leaf) => [name, { leaf, sinceRound: 1, leafKey: "" }])),
      dues: new Map(dues.map((name) => [name, [{ because: "left", cites: `leave ${name}` }]])),
      commits: new Map(commits as never),
    },
    lobby: {
      ...noLobby,
      knocks: new Map(knocks.map((name) => [name, { act: `knock ${name}`, at: 0, leafKey: "", lapsesAt: 9e15 }])),
      admits: new Map(admits.map((name) => [name, `admit ${name}`])),
      admittedOnce: new Set([...admits, ...excluded]),
    },
    floor: noFloor,
    agenda: { ...noAgenda, opening },
  };
  return new State(meeting as unknown as MeetingState, sitting as unknown as SittingState);
}

const inGroup: GroupState = {
  phase: "member",
  group: "group",
  epoch: 3,
  leaf: 0,
  roster: [],
  mustUpdate: false,
  pending: null,
};
const atDoor: GroupState = { ...inGroup, phase: "knocking", epoch: null, leaf: null };

function view(change: Partial<View> = {}): View {
  return {
    me: "alb",
    now: NOW,
    manner: { opens: false, admits: "nobody" },
    wantsIn: true,
    insists: false,
    state: undefined,
    door: undefined,
    core: undefined,
    knocked: undefined,
    isRefused: false,
    isPosting: false,
    isBehind: false,
    isForked: false,
    wrong: undefined,
    turn: async (_, since) => since,
    noticed: new Map(),
    silent: new Set(),
    badKnocks: new Set(),
    knownElsewhere: new Set(),
    committed: 0,
    grouped: NOW,
    updateAt: undefined,
    notBefore: 0,
    ...change,
  };
}

const open = { isOpen: true, group: "group" };
const wait = expect.objectContaining({ do: "wait" });

describe("at the door", () => {
  test("it knocks for the group that the door names, once, and again after a minute", async () => {
    expect(await nextMove(view({ door: open }))).toEqual({ do: "knock", group: "group" });
    const knocked = { act: "knock alb", group: "group", at: NOW };
    expect(await nextMove(view({ door: open, core: atDoor, knocked }))).toEqual({
      do: "wait",
      until: NOW + KNOCK_AGAIN_MS,
    });
    const later = view({ door: open, core: atDoor, knocked, now: NOW + KNOCK_AGAIN_MS });
    expect(await nextMove(later)).toEqual({ do: "knock", group: "group" });
    const regrouped = view({ door: { isOpen: true, group: "new" }, core: atDoor, knocked });
    expect(await nextMove(regrouped)).toEqual({ do: "knock", group: "new" });
  });

  test("it does not knock again where the record answered its knock, and the group has not heard it yet", async () => {
    const knocked = { act: "knock alb", group: "group", at: NOW };
    const answered = view({ state: fold({ members: ["chair", "alb"] }), core: atDoor, knocked });
    expect(await nextMove(answered)).toEqual({ do: "knock", group: "group" });
    expect(await nextMove({ ...answered, isBehind: true })).toEqual(wait);
  });

  test("an unopened sitting is opened by who opens, and waited for by the others", async () => {
    const door = { isOpen: false, group: undefined };
    expect(await nextMove(view({ door }))).toEqual(wait);
    expect(await nextMove(view({ door, manner: { opens: true, admits: "nobody" } }))).toEqual({ do: "open" });
  });

  test("who was excluded, and whose knock was refused, knocks only when a person says so", async () => {
    const state = fold({ members: ["chair"], excluded: ["alb"] });
    expect(isExcluded(state, "alb")).toBe(true);
    expect(await nextMove(view({ door: open, state }))).toEqual(wait);
    expect(await nextMove(view({ door: open, state, insists: true }))).toEqual({ do: "knock", group: "group" });
    expect(await nextMove(view({ door: open, isRefused: true }))).toEqual(wait);
    expect(await nextMove(view({ door: open, isRefused: true, insists: true }))).toMatchObject({ do: "knock" });
  });
});

describe("with the record, and no share of its group", () => {
  const state = fold({ members: ["chair", "bel"], admits: ["chair", "bel", "alb"], knocks: ["alb"] });

  test("it knocks, and waits while that knock stands", async () => {
    expect(await nextMove(view({ state }))).toEqual({ do: "knock", group: "group" });
    const knocked = { act: "knock alb", group: "group", at: NOW };
    expect(await nextMove(view({ state, core: atDoor, knocked }))).toEqual({ do: "wait", until: NOW + KNOCK_AGAIN_MS });
  });

  test("an opener that is alone makes a new group, and one whom nobody answers too", async () => {
    const opens = { opens: true, admits: "all" } as const;
    const alone = fold({ members: ["chair"] });
    expect(await nextMove(view({ me: "chair", manner: opens, state: alone }))).toEqual({
      do: "regroup",
      because: "empty",
      without: [],
    });
    const beside = fold({ members: ["chair", "bel"], knocks: ["chair"] });
    const knocked = { act: "knock chair", group: "group", at: NOW - UNANSWERED_MS };
    expect(await nextMove(view({ me: "chair", manner: opens, state: beside, core: atDoor, knocked }))).toMatchObject({
      do: "regroup",
      because: "unreadable",
    });
    expect(await nextMove(view({ state: alone, me: "alb" }))).toMatchObject({ do: "knock" });
  });
});

describe("in the group", () => {
  const members = ["alb", "chair", "bel"] as const;

  test("only a share of the present group is ours", () => {
    const state = fold({ members });
    expect(isOurs(view({ state, core: inGroup }))).toBe(true);
    expect(isOurs(view({ state, core: { ...inGroup, group: "old" } }))).toBe(false);
    expect(isOurs(view({ state: fold({ members: ["chair"] }), core: inGroup }))).toBe(false);
  });

  test("nothing is done on a forked record, while an act has no answer, or by who does not want in", async () => {
    const state = fold({ members, dues: ["bel"] });
    const due = view({ state, core: inGroup, noticed: new Map([["leave bel", NOW - 1_000]]) });
    expect(await nextMove(due)).toMatchObject({ do: "commit" });
    for (const change of [{ isForked: true }, { isPosting: true }, { wantsIn: false }])
      expect(await nextMove({ ...due, ...change })).toEqual(wait);
    expect(await nextMove({ ...due, notBefore: NOW + 5 })).toEqual({ do: "wait", until: NOW + 5 });
  });

  test("all that is due goes into one commit: removals, the one who comes again, newcomers, the item", async () => {
    const state = fold({
      members,
      dues: ["bel"],
      knocks: ["chair", "bgr"],
      admits: ["alb", "chair", "bgr"],
      opening: "item-2",
    });
    const now = view({ state, core: inGroup });
    expect(plan(now, state)).toEqual({
      adds: [
        { device: "chair", knock: "knock chair", admit: "admit chair" },
        { device: "bgr", knock: "knock bgr", admit: "admit bgr" },
      ],
      removes: [
        { device: "bel", because: "left", cites: "leave bel" },
        { device: "chair", because: "replaced", cites: "knock chair" },
      ],
      item: "item-2",
    });
    expect([...work(now)].sort()).toEqual(["item item-2 5", "knock bgr", "knock chair", "leave bel"]);
    const spoiled = view({ state, core: inGroup, badKnocks: new Set(["knock bgr"]) });
    expect(plan(spoiled, state).adds.map(({ device }) => device)).toEqual(["chair"]);
  });

  test("who was silent for long is removed, by nobody's act", () => {
    const state = fold({ members });
    const now = view({ state, core: inGroup, silent: new Set([0, 2]) });
    expect(plan(now, state).removes).toEqual([{ device: "bel", because: "silent", cites: null }]);
  });

  test("it commits when it is its turn, a moment after its last commit, and never its own removal", async () => {
    const state = fold({ members, dues: ["bel"] });
    const noticed = new Map([["leave bel", NOW - 10]]);
    const turns: [readonly number[], number][] = [];
    const turn = async (leaving: readonly number[], since: number) => {
      turns.push([leaving, since]);
      return since === NOW - 10 ? NOW + 2_000 : NOW + REKEY_MS;
    };
    const now = view({ state, core: inGroup, noticed, turn });
    expect(await nextMove(now)).toEqual({ do: "wait", until: NOW + 2_000 });
    expect(turns[0]).toEqual([[2], NOW - 10]);
    const soon = view({ state, core: inGroup, noticed, committed: NOW - 100 });
    expect(await nextMove(soon)).toEqual({ do: "wait", until: NOW - 100 + COMMIT_GAP_MS });
    const own = fold({ members, dues: ["alb"] });
    expect(await nextMove(view({ state: own, core: inGroup }))).toEqual(wait);
    expect(await nextMove(view({ state, core: { ...inGroup, pending: "hash" }, noticed }))).toEqual(wait);
  });

  test("after a reload an update comes first, and a leaf updates by its own time", async () => {
    const state = fold({ members });
    const loaded = view({ state, core: { ...inGroup, mustUpdate: true } });
    expect(await nextMove(loaded)).toEqual({ do: "commit", plan: { adds: [], removes: [], item: null } });
    const never = async () => undefined;
    expect(await nextMove(view({ state, core: inGroup, turn: never }))).toEqual(wait);
    expect(await nextMove(view({ state, core: inGroup, turn: never, updateAt: NOW }))).toMatchObject({ do: "commit" });
  });

  test("a commit that our core refused is said in the record; a new group without its author follows", async () => {
    const state = fold({ members });
    const wrong = { commit: "commit", code: "claims" } as const;
    expect(await nextMove(view({ state, core: { ...inGroup, phase: "blocked" }, wrong }))).toEqual({
      do: "accuse",
      ...wrong,
    });
    const refused = fold({ members, wrong: "bel" });
    const opens = { opens: true, admits: "all" } as const;
    expect(await nextMove(view({ me: "chair", manner: opens, state: refused, core: inGroup }))).toEqual({
      do: "regroup",
      because: "refused",
      without: ["bel"],
    });
    const blocked = view({ state: refused, core: { ...inGroup, phase: "blocked" } });
    expect(await nextMove(blocked)).toEqual(wait);
  });

  test("it lets in whom the charter lets in; the excluded, and everybody under a charter by hand, wait for a hand", async () => {
    const keeper = { me: "keeper", core: inGroup, turn: async () => undefined } as const;
    const all = { opens: true, admits: "all" } as const;
    const at = (told: Told, change: Partial<View> = {}) =>
      nextMove(
        view({ ...keeper, manner: all, state: fold({ members: ["keeper"], knocks: ["bgr"], ...told }), ...change }),
      );
    expect(await at({})).toEqual({ do: "admit", device: "bgr" });
    expect(await at({ excluded: ["bgr"] })).toEqual(wait);
    expect(await at({ admission: "by_hand" })).toEqual(wait);
    expect(await at({ admission: "by_hand" }, { knownElsewhere: new Set(["bgr"]) })).toMatchObject({ do: "admit" });
    expect(await at({}, { badKnocks: new Set(["knock bgr"]) })).toEqual({ do: "turnAway", knock: "knock bgr" });
    const chairs = { opens: true, admits: "chairs" } as const;
    expect(await at({}, { manner: chairs })).toEqual(wait);
    expect(await at({ knocks: ["chair"], admission: "by_hand" }, { manner: chairs })).toMatchObject({
      device: "chair",
    });
    expect(await at({}, { manner: { opens: true, admits: "nobody" } })).toEqual(wait);
  });
});

test("in a closed sitting nothing is done", async () => {
  expect(await nextMove(view({ state: fold({ members: ["alb"], stage: "closed" }), core: inGroup }))).toEqual(wait);
});
