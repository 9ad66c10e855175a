/**
 * What the Worker does for the page: the member's core by name and arguments, its objects by number. No event, no port: core.worker.ts
 * has those, and a test calls these directly.
 *
 * A group's state comes back with each answer about it, so that the page's picture of a group is never older than its last answer.
 */
import { HeadsLedger, next_update, SittingGroup, validate_chain, Watch } from "./wasm/core.js";

const NONCE_LENGTH = 12;

/** An answer about a group, and where it stands now (JSON). */
export interface Told<T> {
  readonly value: T;
  readonly state: string;
}

let last = 0;
const groups = new Map<number, SittingGroup>();
const ledgers = new Map<number, HeadsLedger>();
const watches = new Map<number, Watch>();

function kept<T>(all: Map<number, T>, one: T): number {
  last += 1;
  all.set(last, one);
  return last;
}

function found<T>(all: Map<number, T>, handle: number): T {
  const one = all.get(handle);
  if (!one) throw new Error("an object that was let go");
  return one;
}

function told<T>(handle: number, make: (group: SittingGroup) => T): Told<T> {
  const group = found(groups, handle);
  const value = make(group);
  return { value, state: group.state() };
}

export const operations = {
  newGroupId: (): string => SittingGroup.new_id(),
  validateChain: (chain: string, trust: string, expected: string, at: number): string =>
    validate_chain(chain, trust, expected, at),
  nextUpdate: (leaf: number, joined: number, updated: number | null): number => next_update(leaf, joined, updated),

  // Groups.

  /** A new leaf; with the item keys of `predecessor`, which stays as it is. */
  prepare(trust: string, sitting: string, predecessor: number | null): Told<{ handle: number; leafKey: string }> {
    const group =
      predecessor === null
        ? SittingGroup.prepare(trust, sitting)
        : found(groups, predecessor).successor(trust, sitting);
    const handle = kept(groups, group);
    return told(handle, () => ({ handle, leafKey: group.leaf_key() }));
  },
  /** A state that `save` sealed, with the note in it. */
  async load(
    key: CryptoKey,
    name: string,
    sealed: Uint8Array<ArrayBuffer>,
    trust: string,
    sitting: string,
  ): Promise<Told<{ handle: number; note: Uint8Array }>> {
    const plain = await unsealed(key, name, sealed);
    try {
      const handle = kept(groups, SittingGroup.load(plain, trust, sitting));
      return told(handle, (group) => ({ handle, note: group.note }));
    } finally {
      plain.fill(0);
    }
  },
  /** The whole state and a note, sealed under the page's key: in clear it never leaves the Worker. */
  async save(group: number, key: CryptoKey, name: string, note: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const plain = found(groups, group).save(note) as Uint8Array<ArrayBuffer>;
    try {
      const iv = crypto.getRandomValues(new Uint8Array(NONCE_LENGTH));
      const cipher = { name: "AES-GCM", iv, additionalData: named(name) };
      return joined(iv, new Uint8Array(await crypto.subtle.encrypt(cipher, key, plain)));
    } finally {
      plain.fill(0);
    }
  },
  trust: (group: number, trust: string) => told(group, (of) => of.trust(trust)),
  found: (group: number, chain: string, facts: string) => told(group, (of) => of.found(chain, facts)),
  knock: (group: number, chain: string, at: number) => told(group, (of) => of.knock(chain, at)),
  /** Throws what is wrong with the knock. */
  inspect: (group: number, knock: string, facts: string): string => found(groups, group).inspect(knock, facts),
  commit: (group: number, plan: string, facts: string, heads: string) =>
    told(group, (of) => {
      const draft = of.commit(plan, facts, heads);
      const { claims, welcome } = draft;
      draft.free();
      return { claims, welcome };
    }),
  pendingClaims: (group: number): string | undefined => found(groups, group).pending_claims(),
  discard: (group: number) => told(group, (of) => of.discard()),
  /** A breach blocks the group, and a stale commit leaves a trace: the refusal comes with the state. */
  process: (group: number, author: string, claims: Uint8Array, facts: string) =>
    told(group, (of) => attempt(() => of.process(author, claims, facts))),
  join: (group: number, welcome: Uint8Array, author: string, claims: Uint8Array, facts: string, roster: string) =>
    told(group, (of) => of.join(welcome, author, claims, facts, roster)),
  heartbeat: (group: number, beat: string): Uint8Array => found(groups, group).heartbeat(beat),
  readHeartbeat: (group: number, message: Uint8Array): string => found(groups, group).read_heartbeat(message),
  sendItemKey: (group: number, item: string, heads: string): Uint8Array =>
    found(groups, group).send_item_key(item, heads),
  readItemKey: (group: number, message: Uint8Array): string => found(groups, group).read_item_key(message),
  items: (group: number): string[] => found(groups, group).items(),
  seal: (group: number, item: string, kind: string, plain: Uint8Array): string =>
    found(groups, group).seal(item, kind, plain),
  open: (group: number, kind: string, body: Uint8Array): Uint8Array => found(groups, group).open(kind, body),
  words: (group: number, language: string): string[] => found(groups, group).words(language),
  /** The key of a participant in this epoch; undefined when the group is past it, or not there. */
  frameKey(group: number, epoch: number, identity: string): Uint8Array<ArrayBuffer> | undefined {
    const of = groups.get(group);
    const now: { epoch: number | null } = of ? JSON.parse(of.state()) : { epoch: null };
    return now.epoch === epoch ? (of?.frame_key(identity) as Uint8Array<ArrayBuffer>) : undefined;
  },
  letGo(group: number): void {
    groups.get(group)?.free();
    groups.delete(group);
  },

  // Heads of both journals.

  newLedger: (): number => kept(ledgers, new HeadsLedger()),
  /** Entries as they were shown, in order: the forks that they make visible, JSON, an array each. */
  extend: (ledger: number, isMain: boolean, places: readonly (readonly [seq: number, hash: string])[]): string[] =>
    places.map(([seq, hash]) => {
      const forks = found(ledgers, ledger).extend(isMain, seq, hash);
      if (forks === undefined) throw new Error("entries come in order");
      return forks;
    }),
  testify: (ledger: number, by: string, heads: string): string => found(ledgers, ledger).testify(by, heads),

  // Who was heard.

  newWatch: (now: number): number => kept(watches, new Watch(now)),
  endWatch(watch: number): void {
    watches.get(watch)?.free();
    watches.delete(watch);
  },
  sent: (watch: number, now: number, nonce: string): void => found(watches, watch).sent(now, nonce),
  heard: (watch: number, now: number, own: number, leaf: number, beat: string): void =>
    found(watches, watch).heard(now, own, leaf, beat),
  left: (watch: number, leaf: number): void => found(watches, watch).left(leaf),
  accompanied: (watch: number, now: number): void => found(watches, watch).accompanied(now),
  feed: (watch: number, now: number, members: number): string => found(watches, watch).feed(now, members),
  echoes: (watch: number): string[] => found(watches, watch).echoes(),
  hears: (watch: number, now: number, window: number): number[] => [...found(watches, watch).hears(now, window)],
  silent: (watch: number, now: number, leaves: readonly number[]): number[] => [
    ...found(watches, watch).silent(now, Uint32Array.from(leaves)),
  ],
  turn: (
    watch: number,
    now: number,
    own: number,
    leaves: readonly number[],
    leaving: readonly number[],
    since: number,
  ): number | undefined =>
    found(watches, watch).turn(now, own, Uint32Array.from(leaves), Uint32Array.from(leaving), since),
};

export type Operations = typeof operations;

/** What came of a call that may refuse and change the object's state all the same. */
export type Attempt = { readonly done: string } | { readonly refusal: string };

function attempt(call: () => string): Attempt {
  try {
    return { done: call() };
  } catch (error) {
    if (!isRefused(error)) throw error;
    return { refusal: error.message };
  }
}

/** The core's own "no" is an `Error` whose message is JSON; anything else is a fault, after which the instance is of no use. */
export function isRefused(error: unknown): error is Error {
  return error instanceof Error && !(error instanceof WebAssembly.RuntimeError) && error.message.startsWith("{");
}

async function unsealed(
  key: CryptoKey,
  name: string,
  sealed: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const cipher = { name: "AES-GCM", iv: sealed.slice(0, NONCE_LENGTH), additionalData: named(name) };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(cipher, key, sealed.slice(NONCE_LENGTH)));
  } catch {
    const reason = "the seal is not this device's, or was changed";
    throw new Error(JSON.stringify({ code: "state.unreadable", reason, rule: null, author: null }));
  }
}

function named(name: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(name);
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}
