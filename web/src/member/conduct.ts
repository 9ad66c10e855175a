/**
 * What a member does next in a sitting: a pure decision over its own fold, its share of the group, and the time.
 *
 * The shell (sitting.ts) carries a step out and asks again. Times are milliseconds of one monotonic clock. Whose turn it is to commit, the
 * core in its Worker knows: so the decision is waited for, and looks at nothing else meanwhile.
 */
import type { Plan, PlannedRemove } from "../e2ee/facts.ts";
import type { GroupState } from "../e2ee/group.ts";
import type { RefusedCommit, RegroupReason } from "../meeting/acts.ts";
import { isPresent, mustRegroup } from "../meeting/delivery.ts";
import { awaitsHand } from "../meeting/lobby.ts";
import { OPENERS } from "../meeting/sittings.ts";
import { roleOfThumbprint, type State } from "../meeting/state.ts";

/** Between two commits of one member; the server's bound is a second. */
export const COMMIT_GAP_MS = 1_100;
/** The group commits at least so often (e2ee.md). */
export const REKEY_MS = 300_000;
/** After it an admitted opener whose knock nobody answers makes a new group: the old one has nobody who could. */
export const UNANSWERED_MS = 30_000;
/** A knock that nobody answered is repeated after it: the one who should have may have lost it. */
export const KNOCK_AGAIN_MS = 60_000;
/** At most so many in one commit (limits.md: COMMIT_ADDS). */
const ADDS_MAX = 30;

/** What this member does by itself, beside what every member does. */
export interface Manner {
  /** Opens the sitting, and makes a new group where the old one is lost; chair and secretariat only. */
  readonly opens: boolean;
  /** Whom it lets in by its own act: nobody; chairs' seats only; all whom the charter and the lobby's rule allow. */
  readonly admits: "nobody" | "chairs" | "all";
}

/** Our knock that was filed. */
export interface Knocked {
  readonly act: string;
  readonly group: string;
  readonly at: number;
}

/** What the door says, to who does not read the sitting. */
export interface Doorway {
  readonly isOpen: boolean;
  readonly group: string | undefined;
}

/** A commit that our core refused. */
export interface Wrong {
  readonly commit: string;
  readonly code: RefusedCommit;
}

/** From when it is our turn, for work that became due at `since`, when `leaving` leaves do not count. */
export type Turn = (leaving: readonly number[], since: number) => Promise<number | undefined>;

/** All that the decision looks at. */
export interface View {
  readonly me: string;
  readonly now: number;
  readonly manner: Manner;
  readonly wantsIn: boolean;
  /** It was excluded, or its knock was refused, and a person wants it to knock again. */
  readonly insists: boolean;
  /** Our fold; undefined while we do not read the sitting. */
  readonly state: State | undefined;
  readonly door: Doorway | undefined;
  /** Our share of a group. */
  readonly core: GroupState | undefined;
  readonly knocked: Knocked | undefined;
  /** Our last knock was refused: it waits for a person. */
  readonly isRefused: boolean;
  /** An act of ours has no answer yet. */
  readonly isPosting: boolean;
  /** Entries that `state` has did not come to our share of the group yet: what one says does not fit the other. */
  readonly isBehind: boolean;
  /** Others were shown another record: nothing is done of itself on the word of this one. */
  readonly isForked: boolean;
  /** To be said in the record, once. */
  readonly wrong: Wrong | undefined;
  readonly turn: Turn;
  /** When each piece of `work` was first seen. */
  readonly noticed: ReadonlyMap<string, number>;
  readonly silent: ReadonlySet<number>;
  /** Knocks that our core would not add. */
  readonly badKnocks: ReadonlySet<string>;
  /** Devices that were admitted to another sitting before. */
  readonly knownElsewhere: ReadonlySet<string>;
  /** Our last commit's entry. */
  readonly committed: number;
  /** The group's last commit. */
  readonly grouped: number;
  /** When our leaf should update. */
  readonly updateAt: number | undefined;
  /** After a refusal we wait a little. */
  readonly notBefore: number;
}

export type Move =
  | { readonly do: "open" }
  /** Knock, with a new leaf, for this group. */
  | { readonly do: "knock"; readonly group: string }
  | { readonly do: "regroup"; readonly because: RegroupReason; readonly without: readonly string[] }
  | { readonly do: "admit"; readonly device: string }
  /** Refuse a knock whose key package can't be added. */
  | { readonly do: "turnAway"; readonly knock: string }
  /** Say in the record that a commit is wrong. */
  | { readonly do: "accuse"; readonly commit: string; readonly code: RefusedCommit }
  | { readonly do: "commit"; readonly plan: Plan }
  /** Nothing to do until there is news, or until this time. */
  | { readonly do: "wait"; readonly until?: number };

const wait: Move = { do: "wait" };

/** What to do now. */
export async function nextMove(view: View): Promise<Move> {
  if (view.isPosting || view.isBehind || view.isForked || !view.wantsIn) return wait;
  const move = await moveOf(view);
  return move.do !== "wait" && view.now < view.notBefore ? { do: "wait", until: view.notBefore } : move;
}

/** Whether our share is one of the sitting's present group. */
export function isOurs({ core, state, me }: Pick<View, "core" | "state" | "me">): boolean {
  return (
    core !== undefined &&
    state !== undefined &&
    (core.phase === "member" || core.phase === "blocked") &&
    core.group === state.sitting.group.id &&
    state.sitting.group.members.has(me)
  );
}

/** Whether our admission ended: we knock again only if a person says so. */
export function isExcluded({ sitting: { lobby } }: State, me: string): boolean {
  return lobby.admittedOnce.has(me) && !lobby.admits.has(me);
}

/** What any member might have to commit, by the act that made it due: the shell notes when it saw each first. */
export function work(view: View): ReadonlySet<string> {
  const { state } = view;
  if (!isOurs(view) || !state) return new Set();
  const { group, lobby, agenda, round } = state.sitting;
  const dues = [...group.dues.values()].flatMap((of) => of.map(({ cites }) => cites));
  const knocks = ready(view, state).map((device) => lobby.knocks.get(device)?.act ?? "");
  const item = agenda.opening === null ? [] : [`item ${agenda.opening} ${round}`];
  return new Set([...dues, ...knocks, ...item, ...[...view.silent].map((leaf) => `silent ${leaf}`)]);
}

async function moveOf(view: View): Promise<Move> {
  const { state, core, me } = view;
  if (!state || state.sitting.stage === "unopened" || isExcluded(state, me)) return atTheDoor(view);
  if (state.sitting.stage === "closed") return wait;
  if (!isOurs(view) || !core) return comeIn(view, state);
  if (view.wrong && isPresent(state.sitting.group, me)) return { do: "accuse", ...view.wrong };
  const authors = mustRegroup(state);
  if (authors.size > 0 && view.manner.opens && !authors.has(me) && mayOpen(view, state)) {
    const without = [...authors].filter((author) => state.sitting.lobby.admits.has(author)).sort();
    return { do: "regroup", because: "refused", without };
  }
  if (core.phase === "blocked") return wait;
  return letIn(view, state) ?? (await commit(view, state, core));
}

function atTheDoor(view: View): Move {
  const { door, core, state, me } = view;
  const wasExcluded = state !== undefined && isExcluded(state, me);
  if ((wasExcluded || view.isRefused) && !view.insists) return wait;
  if (core?.phase === "member" && !wasExcluded) return wait; // we opened it: our own entry is on its way
  if (!door) return wait;
  if (!door.isOpen) return view.manner.opens ? { do: "open" } : wait;
  return door.group === undefined ? wait : knock(view, door.group);
}

function knock({ knocked, core, now }: View, group: string): Move {
  if (knocked?.group !== group || core?.phase !== "knocking") return { do: "knock", group };
  const again = knocked.at + KNOCK_AGAIN_MS;
  return now >= again ? { do: "knock", group } : { do: "wait", until: again };
}

/** We read the sitting, and have no share of its group: never had, lost, or it was replaced. */
function comeIn(view: View, state: State): Move {
  const { me, knocked, core, now } = view;
  const { group, lobby } = state.sitting;
  const others = [...group.members.keys()].some((device) => device !== me && isPresent(group, device));
  const opens = view.manner.opens && mayOpen(view, state) && lobby.admits.has(me);
  if (opens && !others) return { do: "regroup", because: "empty", without: [] };
  const isStanding = knocked !== undefined && lobby.knocks.get(me)?.act === knocked.act;
  if (!isStanding || core?.phase !== "knocking" || core.group !== group.id) return { do: "knock", group: group.id };
  if (opens && now >= knocked.at + UNANSWERED_MS) return { do: "regroup", because: "unreadable", without: [] };
  if (now >= knocked.at + KNOCK_AGAIN_MS) return { do: "knock", group: group.id };
  return { do: "wait", until: knocked.at + (opens ? UNANSWERED_MS : KNOCK_AGAIN_MS) };
}

function mayOpen({ me }: View, state: State): boolean {
  const role = roleOfThumbprint(state.meeting, me);
  return role !== undefined && OPENERS.has(role);
}

function letIn(view: View, state: State): Move | undefined {
  const { manner, badKnocks, me, knownElsewhere } = view;
  if (manner.admits === "nobody" || !mayOpen(view, state)) return undefined;
  const { lobby } = state.sitting;
  for (const [device, standing] of lobby.knocks) {
    if (badKnocks.has(standing.act)) return { do: "turnAway", knock: standing.act };
    if (lobby.admits.has(device) || device === me) continue;
    const isLetIn =
      manner.admits === "chairs"
        ? roleOfThumbprint(state.meeting, device) === "chair" && !lobby.admittedOnce.has(device)
        : !awaitsHand(state, device, knownElsewhere.has(device));
    if (isLetIn) return { do: "admit", device };
  }
  return undefined;
}

/** Devices at the door that may be added, in the order of their knocks. */
function ready({ badKnocks, me }: View, { sitting: { lobby } }: State): readonly string[] {
  const may = ([device, { act }]: [string, { act: string }]) =>
    lobby.admits.has(device) && device !== me && !badKnocks.has(act);
  return [...lobby.knocks]
    .filter(may)
    .map(([device]) => device)
    .slice(0, ADDS_MAX);
}

/** All that is due now, in one commit. */
export function plan(view: View, state: State): Plan {
  const { group, lobby, agenda } = state.sitting;
  const coming = ready(view, state);
  const knockOf = (device: string) => lobby.knocks.get(device)?.act ?? "";
  const removes: PlannedRemove[] = [];
  for (const [device, [due]] of group.dues) if (due) removes.push({ device, because: due.because, cites: due.cites });
  const replaced = coming.filter((device) => group.members.has(device) && !group.dues.has(device));
  for (const device of replaced) removes.push({ device, because: "replaced", cites: knockOf(device) });
  const gone = new Set([...group.dues.keys(), ...replaced, view.me]);
  for (const [device, { leaf }] of group.members)
    if (view.silent.has(leaf) && !gone.has(device)) removes.push({ device, because: "silent", cites: null });
  const adds = coming.map((device) => ({
    device,
    knock: knockOf(device),
    admit: lobby.admits.get(device) ?? "",
  }));
  return { adds, removes, item: agenda.opening };
}

async function commit(view: View, state: State, core: GroupState): Promise<Move> {
  if (core.pending !== null || state.sitting.group.dues.has(view.me)) return wait;
  const planned = plan(view, state);
  const due = await dueAt(view, state, core, planned);
  if (due === undefined) return wait;
  const at = Math.max(due, view.committed + COMMIT_GAP_MS);
  return view.now >= at ? { do: "commit", plan: planned } : { do: "wait", until: at };
}

/** When our next commit is due: our own leaf's update, or what is due for all and is our turn. */
async function dueAt(view: View, state: State, core: GroupState, planned: Plan): Promise<number | undefined> {
  if (core.mustUpdate) return view.now;
  const { members } = state.sitting.group;
  const leaving = planned.removes.flatMap(({ device }) => members.get(device)?.leaf ?? []);
  const since = [...work(view)].flatMap((name) => view.noticed.get(name) ?? []);
  const turns = [view.updateAt];
  if (since.length > 0) turns.push(await view.turn(leaving, Math.min(...since)));
  if (members.size > 1) turns.push(await view.turn(leaving, view.grouped + REKEY_MS));
  const times = turns.filter((turn) => turn !== undefined);
  return times.length > 0 ? Math.min(...times) : undefined;
}
