/**
 * What a member watches while it sits: heartbeats heard and sent, forks by name, a feed that stalls (e2ee.md).
 *
 * No socket and no clock: times (ms, monotonic) and nonces are passed in.
 */
import type { Core } from "../e2ee/core.ts";
import type { Heads } from "../e2ee/facts.ts";
import type { Group } from "../e2ee/group.ts";
import * as heartbeat from "../e2ee/heartbeat.ts";
import {
  HEARTBEAT_LARGE_MS,
  HEARTBEAT_MS,
  type Heard,
  type HeardFork,
  Ledger,
  Presence,
  type Track,
} from "../e2ee/heartbeat.ts";
import type { Alarm } from "../meeting/alarm.ts";
import type { Entry } from "../record/entry.ts";
import { isRefusal } from "../refusal.ts";

/** A signal of an epoch that has not come here yet is kept so long (record.md 6). */
const FUTURE_MS = 2_000;
const FUTURE_MAX = 256;
/** What somebody else has read is here within it, or the server holds it back (crates/e2ee: the same, for echoes). */
const STALL_MS = 30_000;
const LARGE = 100;

/** What was seen, before the clock is asked when. */
export type Seen = Omit<Alarm, "at_ms">;

/** What goes into a heartbeat beside what the vigil knows. */
export interface Beat {
  readonly heads: Heads;
  readonly round: number;
  readonly sendsUnder: number;
  readonly tracks: readonly Track[];
}

/** One sitting's watch; a new one for each group that is joined. */
export class Vigil {
  readonly joined: number;
  readonly presence: Presence;
  #sent: number | undefined;
  #future: { readonly until: number; readonly message: Uint8Array }[] = [];
  #members = 1;

  constructor(core: Core, now: number) {
    this.joined = now;
    this.presence = new Presence(core, now);
  }

  /** When the next heartbeat is due. */
  get nextBeat(): number {
    const interval = this.#members > LARGE ? HEARTBEAT_LARGE_MS : HEARTBEAT_MS;
    return this.#sent === undefined ? this.joined : this.#sent + interval;
  }

  /** The next heartbeat is due at once: what we send under has changed. */
  hurry(): void {
    this.#sent = undefined;
  }

  /** The roster has so many members now. */
  async grown(now: number, members: number): Promise<void> {
    const isAccompanied = this.#members === 1 && members > 1;
    this.#members = members;
    if (isAccompanied) await this.presence.accompanied(now);
  }

  /** Our heartbeat, as a signal; undefined: the group sends nothing now. */
  async beat(now: number, group: Group, nonce: string, beat: Beat): Promise<Uint8Array | undefined> {
    this.#sent = now;
    const { heads, round, sendsUnder, tracks } = beat;
    const [echoes, hears] = await Promise.all([this.presence.echoes(), this.presence.hears(now)]);
    const said = { heads, round, sends_under: sendsUnder, nonce, echoes, hears, tracks };
    const message = await heartbeat.send(group, said);
    if (isRefusal(message)) return undefined;
    await this.presence.sent(now, nonce);
    return message;
  }

  /** A signal that came: a heartbeat, or nothing that can be read (now). */
  async hear(now: number, group: Group, own: number, message: Uint8Array): Promise<Heard | undefined> {
    const heard = await heartbeat.read(group, message);
    if (isRefusal(heard)) {
      if (heard.refused === "commit.epoch_future")
        this.#future = [...this.#future.slice(1 - FUTURE_MAX), { until: now + FUTURE_MS, message }];
      return undefined;
    }
    await this.presence.heard(now, own, heard);
    return heard;
  }

  /** Signals that waited for an epoch: to be heard again after each commit. */
  future(now: number): readonly Uint8Array[] {
    const waiting = this.#future;
    this.#future = [];
    return waiting.filter(({ until }) => until > now).map(({ message }) => message);
  }

  /** Whether our words still reach somebody, and theirs us. */
  async feed(now: number): Promise<Seen | undefined> {
    const word = await this.presence.feed(now, this.#members);
    return word === "stalled" || word === "stopped" ? { cause: word } : undefined;
  }

  letGo(): void {
    this.presence.letGo().catch(() => undefined); // a core that broke has let go of everything
  }
}

interface Ahead {
  readonly seq: number;
  readonly since: number;
  readonly by: string;
}

/** The hashes of both journals as we were shown them, against what others say that they were shown. */
export class HeadsWatch {
  readonly #ledger: Ledger;
  readonly #extended = { main: 0, sitting: 0 };
  /** By journal: an entry that somebody has and we have not, since when we know of it, and who has it. */
  readonly #ahead = new Map<HeardFork["journal"], Ahead>();

  constructor(core: Core) {
    this.#ledger = new Ledger(core);
  }

  /** What was read since. */
  async follow(main: readonly Entry[], sitting: readonly Entry[]): Promise<readonly Seen[]> {
    return [...(await this.#extend("main", main)), ...(await this.#extend("sitting", sitting))];
  }

  /** What a member has seen, by its word in a heartbeat or beside a commit. */
  async testify(now: number, by: string, heads: Heads): Promise<readonly Seen[]> {
    for (const journal of ["main", "sitting"] as const) {
      const seq = heads[journal]?.[0] ?? 0;
      if (seq > this.#extended[journal] && !this.#ahead.has(journal)) this.#ahead.set(journal, { seq, since: now, by });
    }
    return (await this.#ledger.testify(by, heads)).map(alarmOf);
  }

  /** Whether the record stands still here while others read on: heartbeats that pass are no sign of life then. */
  withheld(now: number): Seen | undefined {
    for (const [journal, { seq, since, by }] of this.#ahead) {
      if (seq <= this.#extended[journal]) this.#ahead.delete(journal);
      else if (now - since >= STALL_MS) return { cause: "stalled", by, place: { journal, seq } };
    }
    return undefined;
  }

  /** When `withheld` has something to say, unless what is missing comes before. */
  get lookAt(): number | undefined {
    const times = [...this.#ahead.values()].map(({ since }) => since + STALL_MS);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  async #extend(journal: HeardFork["journal"], entries: readonly Entry[]): Promise<readonly Seen[]> {
    const fresh = entries.slice(this.#extended[journal]);
    if (fresh.length === 0) return [];
    this.#extended[journal] = entries.length;
    const places = fresh.map(({ header, hash }) => [header.seq, hash] as const);
    return (await this.#ledger.extend(journal, places)).map(alarmOf);
  }
}

function alarmOf({ journal, seq, ours, theirs, by }: HeardFork): Seen {
  return { cause: "fork", by, place: { journal, seq }, ours, theirs };
}
