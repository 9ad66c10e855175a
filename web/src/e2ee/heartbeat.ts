/**
 * The heartbeat, and what is learned from others': forks by name, a stalled feed, whose turn it is to commit.
 *
 * Times are milliseconds of one clock that the caller passes in.
 */
import { isRefusal } from "../refusal.ts";
import type { Core, CoreRefusal } from "./core.ts";
import { type Heads, headsJson } from "./facts.ts";
import type { Group, Received } from "./group.ts";

/** Stalled: no nonce of ours came back for 30 s. Stopped: for 100 s, and sending stops. */
export type FeedWord = "alone" | "live" | "stalled" | "stopped";
export const HEARTBEAT_MS = 10_000;
/** Above 100 members. */
export const HEARTBEAT_LARGE_MS = 30_000;
/** Who was heard within it counts as there. */
export const HEARD_MS = 15_000;

/** A track that its member says it publishes. */
export interface Track {
  readonly sid: string;
  readonly kind: string;
  readonly source: string;
  readonly ssrcs: readonly number[];
}

/** What a member says to all every ten seconds. */
export interface Heartbeat {
  readonly heads: Heads;
  readonly round: number;
  readonly sends_under: number;
  /** 8 fresh bytes, b64u. */
  readonly nonce: string;
  /** The last nonce heard of each leaf, by leaf index; zeros for none. */
  readonly echoes: readonly string[];
  /** Leaves heard within the window, ascending. */
  readonly hears: readonly number[];
  readonly tracks: readonly Track[];
}

/** A heartbeat and whose it is. */
export interface Heard {
  readonly by: Received;
  readonly beat: Heartbeat;
}

/** Two members were shown different entries at one place. */
export interface HeardFork {
  readonly journal: "main" | "sitting";
  readonly seq: number;
  readonly ours: string;
  readonly theirs: string;
  readonly by: string;
}

/** A heartbeat as a signal. */
export function send(group: Group, beat: Heartbeat): Promise<Uint8Array | CoreRefusal> {
  return group.heartbeat(JSON.stringify(beat));
}

/** Another member's heartbeat. */
export async function read(group: Group, message: Uint8Array): Promise<Heard | CoreRefusal> {
  const answer = await group.readHeartbeat(message);
  if (isRefusal(answer)) return answer;
  const { received, beat }: { received: Received; beat: Heartbeat } = JSON.parse(answer);
  return { by: received, beat };
}

/** The hashes of both journals as we were shown them: who names another hash was shown another record. */
export class Ledger {
  readonly #core: Core;
  readonly #handle: Promise<number>;

  constructor(core: Core) {
    this.#core = core;
    this.#handle = core.tell("newLedger");
    this.#handle.catch(() => undefined); // who asks for something hears that the core broke
  }

  /** Entries as we were shown them, in order: the forks that they make visible. */
  async extend(
    journal: HeardFork["journal"],
    places: readonly (readonly [seq: number, hash: string])[],
  ): Promise<readonly HeardFork[]> {
    const forks = await this.#core.tell("extend", await this.#handle, journal === "main", places);
    return forks.flatMap((json): readonly HeardFork[] => JSON.parse(json));
  }

  /** What a member has seen: compared now, or when we reach that place. */
  async testify(by: string, heads: Heads): Promise<readonly HeardFork[]> {
    return JSON.parse(await this.#core.tell("testify", await this.#handle, by, headsJson(heads)));
  }
}

/** Who was heard when, in one group; made anew for each group that is joined. */
export class Presence {
  readonly #core: Core;
  readonly #handle: Promise<number>;

  constructor(core: Core, now: number) {
    this.#core = core;
    this.#handle = core.tell("newWatch", now);
    this.#handle.catch(() => undefined); // who asks for something hears that the core broke
  }

  /** A heartbeat with this nonce went out. */
  async sent(now: number, nonce: string): Promise<void> {
    await this.#core.tell("sent", await this.#handle, now, nonce);
  }

  /** A heartbeat came; `own` is our leaf. */
  async heard(now: number, own: number, { by, beat }: Heard): Promise<void> {
    await this.#core.tell("heard", await this.#handle, now, own, by.leaf, JSON.stringify(beat));
  }

  /** A leaf is nobody's now, or somebody else's. */
  async left(leaf: number): Promise<void> {
    await this.#core.tell("left", await this.#handle, leaf);
  }

  /** Somebody joined us who were alone: that time was no silence. */
  async accompanied(now: number): Promise<void> {
    await this.#core.tell("accompanied", await this.#handle, now);
  }

  /** What the echoes say, for a roster of so many. */
  async feed(now: number, members: number): Promise<FeedWord> {
    return (await this.#core.tell("feed", await this.#handle, now, members)) as FeedWord;
  }

  /** For the next heartbeat. */
  async echoes(): Promise<readonly string[]> {
    return this.#core.tell("echoes", await this.#handle);
  }

  /** For the next heartbeat: who was heard within the window. */
  async hears(now: number): Promise<readonly number[]> {
    return this.#core.tell("hears", await this.#handle, now, HEARD_MS);
  }

  /** Who was not heard for ten minutes. */
  async silent(now: number, leaves: readonly number[]): Promise<readonly number[]> {
    return this.#core.tell("silent", await this.#handle, now, leaves);
  }

  /** From when it is our turn to commit what became due at `since`; undefined while it is never ours. */
  async turn(
    now: number,
    own: number,
    leaves: readonly number[],
    leaving: readonly number[],
    since: number,
  ): Promise<number | undefined> {
    return this.#core.tell("turn", await this.#handle, now, own, leaves, leaving, since);
  }

  async letGo(): Promise<void> {
    await this.#core.tell("endWatch", await this.#handle);
  }
}

/** When a leaf should update: within five minutes of its join, then every half hour, staggered by its index. */
export function nextUpdate(core: Core, leaf: number, joined: number, updated: number | undefined): Promise<number> {
  return core.tell("nextUpdate", leaf, joined, updated ?? null);
}
