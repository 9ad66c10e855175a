/** A sitting's life: opened with a group, regrouped when that is lost, closed for good with a countersigned head. */
import type { Role } from "../accreditation/charter.ts";
import { type Refusal, refuse } from "../refusal.ts";
import type { Bodies } from "./acts.ts";
import * as agenda from "./agenda.ts";
import { isPresent, mustRegroup } from "./delivery.ts";
import { noFloor } from "./floor.ts";
import { admitted } from "./lobby.ts";
import { ownCredential, type Placed, roleOfThumbprint, type SittingState, State } from "./state.ts";

/** Who may open a sitting that lists its seat. */
export const OPENERS: ReadonlySet<Role> = new Set<Role>(["chair", "secretariat"]);

export interface Opened {
  readonly act: string;
  readonly group: string;
  readonly by: string;
  readonly leafKey: string;
}

export interface Regrouped extends Opened {
  readonly without: readonly string[];
}

export type Closed = { readonly stage: "closed" };

/** Once; the first accepted wins, the loser knocks. */
export function decideOpen(state: State, placed: Placed<"sitting.open">): Opened | Refusal {
  const { group, suite } = placed.act.body;
  if (suite !== state.meeting.terms.policies.suite) return refuse("sitting.suite");
  return made(placed, group);
}

/** Round 1: epoch 0, with the opener at leaf 0. It counts as admitted by its own act. */
export function applyOpened(state: State, opened: Opened): State {
  return new State(state.meeting, { ...withGroup(state.sitting, opened), stage: "open" });
}

/**
 * A new group, for a reason that does not contradict the record, never by somebody whom nobody admitted while somebody who is admitted
 * could do it: a copied link would come in so.
 */
export function decideRegroup(state: State, placed: Placed<"sitting.regroup">): Regrouped | Refusal {
  const { body } = placed.act;
  const author = placed.author.thumbprint;
  if (state.sitting.groups.has(body.group)) return refuse("group.used");
  if (body.suite !== state.meeting.terms.policies.suite) return refuse("sitting.suite");
  const refusal = checkFounded(state, body, author) ?? checkWithout(state, body, author);
  if (refusal) return refusal;
  const opened = made(placed, body.group);
  return "refused" in opened ? opened : { ...opened, without: body.without };
}

/** The next round: everybody else knocks again; knocks of the old group are void, since their leaves name it. */
export function applyRegrouped(state: State, regrouped: Regrouped): State {
  let next = state.inSitting({ lobby: { ...state.sitting.lobby, knocks: new Map() } });
  for (const device of regrouped.without) next = next.struck(device, "excluded", regrouped.act);
  return new State(next.meeting, withGroup(next.sitting, regrouped));
}

/** What the author saw is the journal's head: the head that its signature countersigns. */
export function decideClose(state: State, { act }: Placed<"sitting.close">): Closed | Refusal {
  const { seq, hash } = state.sitting.tail;
  const seen = act.seen.sitting;
  return seen?.[0] === seq && seen[1] === hash ? { stage: "closed" } : refuse("sitting.moved");
}

/** Nobody speaks, waits or stands at the door; nothing is open. */
export function applyClosed(state: State): State {
  const { lobby, round } = state.sitting;
  return state.inSitting({
    stage: "closed",
    lobby: { ...lobby, knocks: new Map() },
    floor: noFloor,
    agenda: agenda.closed(state.sitting.agenda, round),
  });
}

function made(placed: Placed<"sitting.open" | "sitting.regroup">, group: string): Opened | Refusal {
  const credential = ownCredential(placed);
  if ("refused" in credential) return credential;
  return { act: placed.hash, group, by: placed.author.thumbprint, leafKey: credential.leaf ?? "" };
}

function withGroup(sitting: SittingState, { group, act, by, leafKey }: Opened): SittingState {
  const round = sitting.round + 1;
  return {
    ...sitting,
    round,
    group: {
      id: group,
      act,
      epoch: 0,
      members: new Map([[by, { leaf: 0, sinceRound: round, leafKey }]]),
      dues: new Map(),
      commits: new Map(),
      committedAt: new Map(),
    },
    groups: new Set(sitting.groups).add(group),
    lobby: sitting.lobby.admits.has(by) ? sitting.lobby : admitted(sitting.lobby, by, act),
  };
}

function checkFounded(state: State, body: Bodies["sitting.regroup"], author: string): Refusal | undefined {
  const { lobby, group } = state.sitting;
  const mayOpen = (device: string) => {
    const role = roleOfThumbprint(state.meeting, device);
    return role !== undefined && OPENERS.has(role);
  };
  const others = [...lobby.admits.keys()].some((device) => device !== author && mayOpen(device));
  if (!lobby.admits.has(author) && others) return refuse("regroup.others");
  const isEmpty = ![...group.members.keys()].some((device) => device !== author && isPresent(group, device));
  if (body.because === "empty" && !isEmpty) return refuse("regroup.unfounded");
  if (body.because === "refused" && mustRegroup(state).size === 0) return refuse("regroup.unfounded");
  return undefined;
}

function checkWithout(state: State, { without }: Bodies["sitting.regroup"], author: string): Refusal | undefined {
  const { admits } = state.sitting.lobby;
  const authors = mustRegroup(state);
  const named = new Set(without);
  const isSound =
    !named.has(author) &&
    !authors.has(author) &&
    named.size === without.length &&
    without.every((device) => admits.has(device)) &&
    [...authors].every((device) => !admits.has(device) || named.has(device));
  return isSound ? undefined : refuse("regroup.without");
}
