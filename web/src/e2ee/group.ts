/**
 * A sitting's MLS group, as one device has it: entries in, acts to post and values out. The typed face of the core in its Worker.
 *
 * Contract (crates/e2ee/src/group.rs):
 * 1. `prepare`; the device signs the leaf's statement; then `found`, or `knock` and, once a commit added us, `join`.
 * 2. Every accepted `mls.commit` of the group goes to `process`, one's own too, in the journal's order.
 * 3. `save` after each of these, and before anything that `commit` or `knock` made is posted.
 * 4. A `Breach` blocks: nothing is sent or exported any more. The way on is a new group (`sitting.regroup`).
 */
import type { RemovalReason } from "../meeting/acts.ts";
import { isRefusal, type Refusal } from "../refusal.ts";
import { type Core, type CoreRefusal, coreRefusal } from "./core.ts";
import {
  type Facts,
  factsJson,
  type Heads,
  headsJson,
  type Knock,
  knockJson,
  type Plan,
  type RosterLeaf,
  type Trust,
  trustJson,
} from "./facts.ts";
import type { Told } from "./operations.ts";

export type Phase = "leaf" | "knocking" | "member" | "removed" | "blocked";
export type Language = "en" | "fr";

/** An accepted commit that does not do what its act says, or may not: which check it failed, and who sent it. */
export interface Breach {
  /** `CLAIM-1` to `CLAIM-16` (docs/explanation/e2ee.md). */
  readonly rule: string;
  readonly author: string;
  readonly reason: string;
  /** A removal that was due is missing: it may be an honest race that the server should not have let through. */
  readonly isStale: boolean;
}

/** A member, as the authority signed it. */
export interface RosterSeat {
  readonly leaf: number;
  readonly device: string;
  readonly delegation: string;
  readonly seat: string;
  /** When its chain ends: it knocks again before. Milliseconds since 1970. */
  readonly until: number;
}

/** A step from one epoch to the next; each claim in it was checked. */
export interface Advance {
  readonly epoch: number;
  readonly author: string;
  readonly isOwn: boolean;
  /** A commit of ours lost the race: make it again. */
  readonly hasLost: boolean;
  readonly adds: readonly { readonly device: string; readonly leaf: number }[];
  readonly removes: readonly { readonly device: string; readonly leaf: number; readonly because: RemovalReason }[];
  readonly item: string | null;
  /** We are out of the group. */
  readonly isRemoved: boolean;
  /** What the author had read. */
  readonly heads: Heads | null;
}

/** A staged commit. Upload the Welcome, then post the act; `process` merges it when it comes back. */
export interface Draft {
  /** The body of the `mls.commit` act, compact JSON. */
  readonly claims: string;
  readonly welcome: Uint8Array<ArrayBuffer> | undefined;
}

/** Who sent a message that was opened: its author as the roster has it now. */
export interface Received {
  readonly leaf: number;
  readonly device: string;
  readonly epoch: number;
  readonly heads: Heads;
}

/** Where the group stands; no secret is in it. */
export interface GroupState {
  readonly phase: Phase;
  readonly group: string | null;
  readonly epoch: number | null;
  readonly leaf: number | null;
  readonly roster: readonly RosterSeat[];
  /** The state was loaded: a commit begins a new epoch before anything is sent. */
  readonly mustUpdate: boolean;
  /** Hash of the pending commit. */
  readonly pending: string | null;
}

export class Group {
  readonly #core: Core;
  readonly #handle: number;
  #state: GroupState;

  private constructor(core: Core, handle: number, state: string) {
    this.#core = core;
    this.#handle = handle;
    this.#state = stateOf(state);
  }

  static newId(core: Core): Promise<string> {
    return core.tell("newGroupId");
  }

  /** A new leaf and its public key (b64u), for the statement that the device signs; with `predecessor`'s item keys. */
  static async prepare(
    core: Core,
    trust: Trust,
    sitting: string,
    predecessor: Group | undefined,
  ): Promise<{ readonly group: Group; readonly leafKey: string } | Refusal> {
    const answer = await core.ask("prepare", trustJson(trust), sitting, predecessor ? predecessor.#handle : null);
    if (isRefusal(answer)) return answer;
    const { handle, leafKey } = answer.value;
    return { group: new Group(core, handle, answer.state), leafKey };
  }

  /** A state that `save` sealed under this key and name, and the note beside it. */
  static async load(
    core: Core,
    key: CryptoKey,
    name: string,
    sealed: Uint8Array<ArrayBuffer>,
    trust: Trust,
    sitting: string,
  ): Promise<{ readonly group: Group; readonly note: Uint8Array } | Refusal> {
    const answer = await core.ask("load", key, name, sealed, trustJson(trust), sitting);
    if (isRefusal(answer)) return answer;
    const { handle, note } = answer.value;
    return { group: new Group(core, handle, answer.state), note };
  }

  /** As of the last answer about this group. */
  get state(): GroupState {
    return this.#state;
  }

  /** The whole state and a note, sealed in the Worker. */
  save(key: CryptoKey, name: string, note: Uint8Array): Promise<Uint8Array<ArrayBuffer> | Refusal> {
    return this.#core.ask("save", this.#handle, key, name, note);
  }

  /** The charter's parts came, or it was amended. */
  async trust(trust: Trust): Promise<Refusal | undefined> {
    return refusalIn(this.#told(await this.#core.ask("trust", this.#handle, trustJson(trust))));
  }

  /** Found the group that the chain's leaf statement names: epoch 0, alone. */
  async found(chain: string, facts: Facts): Promise<Refusal | undefined> {
    return refusalIn(this.#told(await this.#core.ask("found", this.#handle, chain, factsJson(facts))));
  }

  /** The key package of a knock: single use. */
  async knock(chain: string, at: number): Promise<Uint8Array | Refusal> {
    return this.#told(await this.#core.ask("knock", this.#handle, chain, at));
  }

  /** Why a knock can't be added, or undefined. */
  async inspect(knock: Knock, facts: Facts): Promise<Refusal | undefined> {
    return refusalIn(await this.#core.ask("inspect", this.#handle, knockJson(knock), factsJson(facts)));
  }

  /** Stage a commit, judged as the others will judge it. */
  async commit(plan: Plan, facts: Facts, heads: Heads): Promise<Draft | Refusal> {
    const text = [JSON.stringify(plan), factsJson(facts), headsJson(heads)] as const;
    return this.#told(await this.#core.ask("commit", this.#handle, ...text)) as Draft | Refusal;
  }

  /** The body of the pending commit's act: to be posted again after a reload. */
  pendingBody(): Promise<string | undefined> {
    return this.#core.tell("pendingClaims", this.#handle);
  }

  /** Drop the pending commit: the server refused it for good. A lost race needs no call. */
  async discard(): Promise<void> {
    this.#told(await this.#core.ask("discard", this.#handle));
  }

  /** An accepted commit of the journal, one's own too. `facts` stand at its entry's place. */
  async process(
    author: string,
    body: Uint8Array,
    facts: Facts,
  ): Promise<{ readonly advance: Advance } | { readonly breach: Breach } | Refusal> {
    const answer = this.#told(await this.#core.ask("process", this.#handle, author, body, factsJson(facts)));
    if (isRefusal(answer)) return answer;
    if ("done" in answer) return { advance: advanceOf(answer.done) };
    const refusal = coreRefusal(answer.refusal);
    const breach = breachOf(answer.refusal);
    return breach ? { breach } : refusal;
  }

  /** Join by an accepted commit's Welcome: its tree must be the record's roster after it, leaf by leaf. */
  async join(
    welcome: Uint8Array,
    author: string,
    body: Uint8Array,
    facts: Facts,
    roster: readonly RosterLeaf[],
  ): Promise<Advance | CoreRefusal> {
    const told = [author, body, factsJson(facts), JSON.stringify(roster)] as const;
    const answer = this.#told(await this.#core.ask("join", this.#handle, welcome, ...told));
    return isRefusal(answer) ? answer : advanceOf(answer);
  }

  /** A heartbeat (JSON) as a signal. */
  heartbeat(beat: string): Promise<Uint8Array | CoreRefusal> {
    return this.#core.ask("heartbeat", this.#handle, beat);
  }

  /** Another member's heartbeat: JSON, `{received, beat}`. */
  readHeartbeat(message: Uint8Array): Promise<string | CoreRefusal> {
    return this.#core.ask("readHeartbeat", this.#handle, message);
  }

  /** The message that gives an item's key to the group; the key is made if none is here. Save before it is posted. */
  sendItemKey(item: string, heads: Heads): Promise<Uint8Array | CoreRefusal> {
    return this.#core.ask("sendItemKey", this.#handle, item, headsJson(heads));
  }

  /** Take an item's key. Save afterwards: the message opens once. */
  async readItemKey(message: Uint8Array): Promise<Refusal | undefined> {
    return refusalIn(await this.#core.ask("readItemKey", this.#handle, message));
  }

  /** The items whose keys are here. */
  items(): Promise<readonly string[]> {
    return this.#core.tell("items", this.#handle);
  }

  /** A sealed body in JSON, for an act of this kind in this sitting. */
  sealBody(item: string, kind: string, plain: Uint8Array): Promise<string | CoreRefusal> {
    return this.#core.ask("seal", this.#handle, item, kind, plain);
  }

  /** What a sealed body says. */
  openBody(kind: string, body: Uint8Array): Promise<Uint8Array | CoreRefusal> {
    return this.#core.ask("open", this.#handle, kind, body);
  }

  /** The epoch's eight words. */
  async words(language: Language): Promise<readonly string[] | undefined> {
    const words = await this.#core.ask("words", this.#handle, language);
    return isRefusal(words) ? undefined : words;
  }

  /** The base key of a participant of the room in one epoch: 32 bytes; undefined once the group is past it. */
  async frameKey(epoch: number, identity: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const key = await this.#core.ask("frameKey", this.#handle, epoch, identity);
    return isRefusal(key) ? undefined : key;
  }

  /** Nothing is asked of it any more. */
  letGo(): void {
    this.#core.tell("letGo", this.#handle).catch(() => undefined); // a core that broke has let go of everything
  }

  #told<T>(answer: Told<T> | CoreRefusal): T | CoreRefusal {
    if (isRefusal(answer)) return answer;
    this.#state = stateOf(answer.state);
    return answer.value;
  }
}

function refusalIn(answer: unknown): Refusal | undefined {
  return isRefusal(answer) ? answer : undefined;
}

/** `{code, rule, author, reason}` of a commit that was accepted and is wrong. */
function breachOf(json: string): Breach | undefined {
  const { code, rule, author, reason }: { code: string; rule: string; author: string; reason: string } =
    JSON.parse(json);
  if (code !== "commit.breach" && code !== "commit.stale") return undefined;
  return { rule, author, reason, isStale: code === "commit.stale" };
}

interface WireAdvance {
  readonly epoch: number;
  readonly author: string;
  readonly own: boolean;
  readonly lost: boolean;
  readonly adds: Advance["adds"];
  readonly removes: Advance["removes"];
  readonly item: string | null;
  readonly removed: boolean;
  readonly heads: Heads | null;
}

function advanceOf(json: string): Advance {
  const { own, lost, removed, ...same }: WireAdvance = JSON.parse(json);
  return { ...same, isOwn: own, hasLost: lost, isRemoved: removed };
}

interface WireState {
  readonly phase: Phase;
  readonly group: string | null;
  readonly epoch: number | null;
  readonly leaf: number | null;
  readonly roster: readonly RosterSeat[];
  readonly must_update: boolean;
  readonly pending: string | null;
}

function stateOf(json: string): GroupState {
  const { must_update, ...same }: WireState = JSON.parse(json);
  return { ...same, mustUpdate: must_update };
}
