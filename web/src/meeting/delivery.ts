/**
 * The delivery service (RFC 9750): one commit an epoch, and only one whose claims the record allows. Handshakes are opaque here; what a
 * commit does stands in its act in clear, and each member compares it with the staged commit.
 */
import { type Refusal, refuse } from "../refusal.ts";
import type { Add, Bodies, RefusedCommit, RemovalReason, Remove } from "./acts.ts";
import { named } from "./agenda.ts";
import { withoutDevice } from "./floor.ts";
import { answered } from "./lobby.ts";
import { type Placed, roleOfThumbprint, type State } from "./state.ts";

/** Between two commits of one member: milliseconds. */
const COMMIT_MS = 1_000;

/** A leaf of the group, as the accepted claims say. */
export interface Member {
  readonly leaf: number;
  readonly sinceRound: number;
  /** Thumbprint of the key of its `-leaf` statement: what each member finds at that leaf of the tree. */
  readonly leafKey: string;
}

/** A removal that each commit from here on must carry, and the act that it cites. */
export interface Due {
  readonly because: RemovalReason;
  readonly cites: string;
}

/** A commit of the present group, and who said that it is wrong. */
export interface Accepted {
  readonly author: string;
  /** The epoch that it left. */
  readonly epoch: number;
  readonly welcome: string | null;
  /** Who may have the Welcome. */
  readonly added: ReadonlySet<string>;
  readonly refusals: ReadonlyMap<string, RefusedCommit>;
}

/** The sitting's MLS group: members by claims, never by secrets. */
export interface Group {
  readonly id: string;
  /** The open or regroup act that made it. */
  readonly act: string;
  readonly epoch: number;
  readonly members: ReadonlyMap<string, Member>;
  readonly dues: ReadonlyMap<string, readonly Due[]>;
  readonly commits: ReadonlyMap<string, Accepted>;
  readonly committedAt: ReadonlyMap<string, number>;
}

/** Before a sitting is opened. */
export const noGroup: Group = {
  id: "",
  act: "",
  epoch: 0,
  members: new Map(),
  dues: new Map(),
  commits: new Map(),
  committedAt: new Map(),
};

/** Whether a device is a member whose removal is not due. */
export function isPresent(group: Group, device: string): boolean {
  return group.members.has(device) && !group.dues.has(device);
}

/** The group in which a member's removal is due, for one more reason. */
export function removalDue(group: Group, device: string, because: RemovalReason, cites: string): Group {
  if (!group.members.has(device)) return group;
  const dues = new Map(group.dues).set(device, [...(group.dues.get(device) ?? []), { because, cites }]);
  return { ...group, dues };
}

export interface Committed {
  readonly act: string;
  readonly author: string;
  readonly at: number;
  readonly added: ReadonlyMap<string, { readonly leaf: number; readonly leafKey: string }>;
  readonly removed: ReadonlySet<string>;
  readonly welcome: string | null;
  readonly item: string | null;
}

export type CommitRefused = { readonly commit: string; readonly device: string; readonly code: RefusedCommit };
/** A stored MLS message: nothing follows from it here. */
export type Posted = { readonly posted: true };

/** Compare-and-set on group and epoch; each add and remove by its citation; every removal that is due. */
export function decideCommit(state: State, placed: Placed<"mls.commit">): Committed | Refusal {
  const { body } = placed.act;
  const refusal = checkPlace(state, placed) ?? checkRemoves(state, placed) ?? checkAdds(state, body);
  if (refusal) return refusal;
  if (body.item !== null && body.item !== state.sitting.agenda.opening) return refuse("commit.item");
  const { knocks } = state.sitting.lobby;
  return {
    act: placed.hash,
    author: placed.author.thumbprint,
    at: placed.at,
    added: new Map(body.adds.map(({ device, leaf }) => [device, { leaf, leafKey: knocks.get(device)?.leafKey ?? "" }])),
    removed: new Set(body.removes.map((remove) => remove.device)),
    welcome: body.welcome,
    item: body.item,
  };
}

/** The next epoch and round: members as claimed, answered knocks gone, who was removed neither speaks nor waits. */
export function applyCommitted(state: State, event: Committed): State {
  const { group, lobby, agenda } = state.sitting;
  const round = state.sitting.round + 1;
  const members = new Map([...group.members].filter(([device]) => !event.removed.has(device)));
  for (const [device, { leaf, leafKey }] of event.added) members.set(device, { leaf, sinceRound: round, leafKey });
  const accepted: Accepted = {
    author: event.author,
    epoch: group.epoch,
    welcome: event.welcome,
    added: new Set(event.added.keys()),
    refusals: new Map(),
  };
  let { floor } = state.sitting;
  for (const device of event.removed) if (!event.added.has(device)) floor = withoutDevice(floor, device);
  return state.inSitting({
    round,
    group: {
      ...group,
      epoch: group.epoch + 1,
      members,
      dues: new Map([...group.dues].filter(([device]) => !event.removed.has(device))),
      commits: new Map(group.commits).set(event.act, accepted),
      committedAt: new Map(group.committedAt).set(event.author, event.at),
    },
    lobby: answered(lobby, event.added.keys()),
    floor,
    agenda: event.item === null ? agenda : named(agenda, event.item, round),
  });
}

/** A member refuses a commit of the present group, once. */
export function decideRefuse(state: State, { act, author }: Placed<"mls.refuse">): CommitRefused | Refusal {
  const commit = state.sitting.group.commits.get(act.body.commit);
  if (!commit) return refuse("commit.unknown");
  if (commit.refusals.has(author.thumbprint)) return refuse("commit.refused");
  return { commit: act.body.commit, device: author.thumbprint, code: act.body.code };
}

/** The commit stands, and so does the refusal. */
export function applyRefused(state: State, { commit, device, code }: CommitRefused): State {
  const { group } = state.sitting;
  const accepted = group.commits.get(commit);
  if (!accepted) throw new Error("decideRefuse refuses it");
  const refused = { ...accepted, refusals: new Map(accepted.refusals).set(device, code) };
  return state.inSitting({ group: { ...group, commits: new Map(group.commits).set(commit, refused) } });
}

/** Of the present epoch or the one before: members keep the secrets of one past epoch. */
export function decideMessage(state: State, { act }: Placed<"mls.message">): Posted | Refusal {
  const { group } = state.sitting;
  if (act.body.group !== group.id) return refuse("group.gone");
  const isOpenable = act.body.epoch === group.epoch || act.body.epoch === group.epoch - 1;
  return isOpenable ? { posted: true } : refuse("message.epoch");
}

/**
 * The authors of commits that were refused so that only a new group without them goes on: by the chair, or by `refuseQuorum` members.
 * A chair that alone can't process a commit knocks again instead.
 */
export function mustRegroup(state: State): ReadonlySet<string> {
  const { refuseQuorum } = state.meeting.terms.policies;
  const isChairs = ([device, code]: [string, RefusedCommit]) =>
    code !== "cannot_process" && roleOfThumbprint(state.meeting, device) === "chair";
  const refused = [...state.sitting.group.commits.values()].filter(
    ({ refusals }) => refusals.size >= refuseQuorum || [...refusals].some(isChairs),
  );
  return new Set(refused.map((commit) => commit.author));
}

function checkPlace(state: State, { act, author, at }: Placed<"mls.commit">): Refusal | undefined {
  const { group } = state.sitting;
  if (act.body.group !== group.id) return refuse("group.gone");
  if (act.body.epoch !== group.epoch) return refuse("commit.conflict");
  const last = group.committedAt.get(author.thumbprint);
  return last !== undefined && at - last < COMMIT_MS ? refuse("commit.soon") : undefined;
}

function checkRemoves(state: State, { act, author }: Placed<"mls.commit">): Refusal | undefined {
  const { group } = state.sitting;
  const { adds, removes } = act.body;
  const removed = new Set(removes.map((remove) => remove.device));
  if (removed.size !== removes.length || removed.has(author.thumbprint)) return refuse("commit.remove");
  const knocks = new Map(adds.map((add) => [add.device, add.knock]));
  for (const remove of removes) {
    const member = group.members.get(remove.device);
    const isSound =
      member?.leaf === remove.leaf && isFounded(remove, group.dues.get(remove.device) ?? [], knocks.get(remove.device));
    if (!isSound) return refuse("commit.remove");
  }
  return [...group.dues.keys()].every((device) => removed.has(device)) ? undefined : refuse("commit.stale");
}

function isFounded(remove: Remove, dues: readonly Due[], knock: string | undefined): boolean {
  if (dues.length > 0) return dues.some((due) => due.because === remove.because && due.cites === remove.cites);
  if (remove.because === "replaced") return knock !== undefined && remove.cites === knock;
  // Nobody can prove silence: it is accepted, and shown with its author.
  return remove.because === "silent" && remove.cites === null;
}

function checkAdds(state: State, body: Bodies["mls.commit"]): Refusal | undefined {
  if ((body.welcome === null) !== (body.adds.length === 0)) return refuse("commit.welcome");
  const { members } = state.sitting.group;
  const removed = new Set(body.removes.map((remove) => remove.device));
  const staying = [...members].filter(([device]) => !removed.has(device));
  const devices = new Set(staying.map(([device]) => device));
  const leaves = new Set(staying.map(([, member]) => member.leaf));
  for (const add of body.adds) {
    if (devices.has(add.device) || leaves.has(add.leaf) || !isAdmitted(state, add)) return refuse("commit.add");
    devices.add(add.device);
    leaves.add(add.leaf);
  }
  return undefined;
}

function isAdmitted(state: State, add: Add): boolean {
  const { knocks, admits } = state.sitting.lobby;
  return knocks.get(add.device)?.act === add.knock && admits.get(add.device) === add.admit;
}
