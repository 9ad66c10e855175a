/**
 * A device's membership of a sitting's group: entries processed in order, heartbeats heard, alarms raised.
 *
 * It follows the record; what it does of itself is sitting.ts's to carry out. A commit is processed by the facts at its place, one's own
 * too, and merged by its entry alone.
 */
import { ascii, unb64u } from "../accreditation/bytes.ts";
import type { Core } from "../e2ee/core.ts";
import type { Advance, Group, GroupState } from "../e2ee/group.ts";
import type { Heard, Track } from "../e2ee/heartbeat.ts";
import type { Act, Kind, RefusedCommit } from "../meeting/acts.ts";
import type { Alarm } from "../meeting/alarm.ts";
import { isRefusal, type Refusal } from "../refusal.ts";
import { COMMIT_GAP_MS, type Knocked, type Wrong } from "./conduct.ts";
import type { Reader, Step } from "./reader.ts";
import type { Share } from "./share.ts";
import { HeadsWatch, type Seen, Vigil } from "./vigil.ts";

/** What a member says in the record of a commit that failed a check; the others are `claims`. */
const CODES: Readonly<Record<string, RefusedCommit>> = {
  "CLAIM-1": "malformed",
  "CLAIM-3": "signature",
  "CLAIM-12": "chain",
};

/** A round that our share came to, and how. */
export interface RoundReached {
  readonly round: number;
  readonly group: Group;
  /** Undefined: a group of our own making. */
  readonly advance: Advance | undefined;
  /** We came in by it: there is nothing older. */
  readonly isFirst: boolean;
}

export interface MembershipOptions {
  readonly sitting: string;
  readonly me: string;
  readonly core: Core;
  readonly share: Share;
  readonly reader: Reader;
  readonly fetchWelcome: (hash: string) => Promise<Uint8Array | Refusal>;
  /** Milliseconds, monotonic. */
  readonly monotonic: () => number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export class Membership {
  alarms: readonly Alarm[] = [];
  vigil: Vigil | undefined;
  knocked: Knocked | undefined;
  wrong: Wrong | undefined;
  committed = -COMMIT_GAP_MS;
  grouped = 0;
  updated: number | undefined;
  /** The round of the last commit that our share processed. */
  round = 0;
  /** The round whose key our media goes out under; undefined: we send none, and say the present round. */
  sendsUnder: number | undefined;
  /** Our own tracks in the room, asked at each heartbeat. */
  tracks: () => readonly Track[] = () => [];
  /** Whether a commit of ours added somebody, who needs the items' keys. */
  hasNewcomers = false;
  /** Called at each new round that we are in. */
  readonly onRound: ((reached: RoundReached) => void)[] = [];
  readonly onHeard: ((heard: Heard) => void)[] = [];
  readonly #options: MembershipOptions;
  readonly #heads: HeadsWatch;
  readonly #accused = new Set<string>();

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#heads = new HeadsWatch(options.core);
  }

  get share(): Share {
    return this.#options.share;
  }

  /** What was kept of an earlier life. */
  async load(): Promise<Refusal | undefined> {
    const loaded = await this.share.load(this.#options.reader.trust(), this.#now());
    if (isRefusal(loaded)) return loaded;
    this.knocked = loaded;
    const core = this.share.state;
    if (core?.phase === "member") await this.#join(core.roster.length);
    return undefined;
  }

  /** The charter's parts came, or it was amended. */
  async trusts(): Promise<void> {
    await this.share.group?.trust(this.#options.reader.trust());
  }

  /** The share is of a group that we made. */
  founded(): Promise<void> {
    return this.#join(1);
  }

  /** Our share is of no use any more. */
  async drop(): Promise<void> {
    this.unwatch();
    this.knocked = undefined;
    this.updated = undefined;
    await this.share.drop();
  }

  unwatch(): void {
    this.vigil?.letGo();
    this.vigil = undefined;
  }

  /** The next entry of the sitting's journal. */
  async process(step: Step): Promise<void> {
    const { act, entry } = step;
    const { seq } = entry.header;
    const { share } = this;
    if (act === null || seq <= share.note.processed) return;
    if (share.note.act !== null && share.note.act === entry.body) await share.keep({ act: null });
    const core = share.state;
    if ((is(act, "sitting.open") || is(act, "sitting.regroup")) && core?.group === act.body.group) {
      await share.keep({ processed: seq });
      this.#tell(step, undefined, true);
    }
    if (is(act, "mls.commit") && core?.group === act.body.group) await this.#commit(step, act, core);
    if (is(act, "mls.message") && core?.group === act.body.group && core.phase === "member")
      await this.#message(step, act);
    share.passed(seq);
  }

  /** Another member's signal. */
  async hear(message: Uint8Array): Promise<void> {
    const { vigil } = this;
    const { group, state: core } = this.share;
    if (!group || !vigil || core?.leaf == null || core.phase !== "member") return;
    const heard = await vigil.hear(this.#now(), group, core.leaf, message);
    if (!heard) return;
    this.raise(await this.#heads.testify(this.#now(), heard.by.device, heard.beat.heads));
    for (const listener of this.onHeard) listener(heard);
  }

  /** What was read since, for the watch over forks; and whether the feed still moves. */
  async follow(): Promise<void> {
    const { entries, meeting } = this.#options.reader;
    const { sitting } = this.#options;
    this.raise(await this.#heads.follow(entries.get(meeting) ?? [], entries.get(sitting) ?? []));
    const stall = this.vigil && ((await this.vigil.feed(this.#now())) ?? this.#heads.withheld(this.#now()));
    const isPassing = (alarm: Alarm) =>
      (alarm.cause === "stalled" || alarm.cause === "stopped") && !(stall && sameAlarm(alarm, stall));
    if (this.alarms.some(isPassing)) this.alarms = this.alarms.filter((alarm) => !isPassing(alarm));
    if (stall) this.raise([stall]);
  }

  /** When to look again whether the record goes on here. */
  get watchAt(): number | undefined {
    const at = this.#heads.lookAt;
    return at === undefined || at <= this.#now() ? undefined : at;
  }

  /** When the next heartbeat is due; undefined: we can't send any. */
  get beatAt(): number | undefined {
    const core = this.share.state;
    const state = this.#options.reader.state(this.#options.sitting);
    if (!this.vigil || core?.phase !== "member" || core.mustUpdate) return undefined;
    return state?.sitting.group.id === core.group ? this.vigil.nextBeat : undefined;
  }

  /** The heartbeat that is due, as a signal; undefined: none is due. */
  async beat(nonce: string): Promise<Uint8Array | undefined> {
    const { vigil, beatAt } = this;
    const { group } = this.share;
    if (beatAt === undefined || this.#now() < beatAt || !group || !vigil) return undefined;
    return vigil.beat(this.#now(), group, nonce, {
      heads: this.#options.reader.seen(this.#options.sitting),
      round: this.round,
      sendsUnder: this.sendsUnder ?? this.round,
      tracks: this.tracks(),
    });
  }

  /** Once each. */
  raise(seen: readonly Seen[]): void {
    for (const one of seen) {
      const isKnown = this.alarms.some((alarm) => sameAlarm(alarm, one));
      if (!isKnown) this.alarms = [...this.alarms, { ...one, at_ms: this.#options.now() }];
    }
  }

  async #commit(step: Step, act: Act<"mls.commit">, core: GroupState): Promise<void> {
    const { share } = this;
    const { group } = share;
    if (!group) return;
    const claims = ascii(JSON.stringify(act.body));
    if (core.phase === "knocking") {
      const added = act.body.adds.find((add) => add.device === this.#options.me);
      if (added && added.knock === share.note.knock) await this.#enter(step, group, act, claims);
      return;
    }
    if (core.phase !== "member") return;
    const done = await group.process(act.by, claims, step.facts);
    if ("advance" in done) await this.#advanced(step, done.advance, group);
    else if ("breach" in done) {
      const { author, rule } = done.breach;
      this.raise([{ cause: "breach", by: author, code: rule }]);
      this.#accuse(step.entry.header.body, CODES[rule] ?? "claims");
    } else if (done.refused !== "commit.epoch_past") {
      // A past epoch: our state was loaded, and has it already.
      if (done.refused === "commit.cannot_process") this.#accuse(step.entry.header.body, "cannot_process");
      await this.drop();
    }
    await share.keep({ processed: step.entry.header.seq });
  }

  async #enter(step: Step, group: Group, act: Act<"mls.commit">, claims: Uint8Array): Promise<void> {
    const { welcome } = act.body;
    const data = welcome === null ? undefined : await this.#options.fetchWelcome(welcome);
    if (data === undefined || isRefusal(data)) return this.drop();
    const joined = await group.join(data, act.by, claims, step.facts, this.#options.reader.roster(step));
    if (isRefusal(joined)) {
      this.raise([{ cause: "breach", by: act.by, code: joined.rule ?? joined.refused }]);
      return this.drop();
    }
    this.knocked = undefined;
    await this.share.keep({ processed: step.entry.header.seq, knock: null });
    await this.#join(group.state.roster.length);
    this.#tell(step, joined, true);
  }

  async #advanced(step: Step, done: Advance, group: Group): Promise<void> {
    const now = this.#now();
    this.grouped = now;
    if (done.heads) this.raise(await this.#heads.testify(now, done.author, done.heads));
    if (done.isOwn) {
      this.committed = now;
      this.updated = now;
      this.hasNewcomers ||= done.adds.length > 0;
    }
    if (done.isRemoved) return this.drop();
    // Media first: a removal's new keys are waited for by all.
    this.#tell(step, done, false);
    const { vigil } = this;
    if (!vigil) return;
    for (const { leaf } of done.removes) await vigil.presence.left(leaf);
    await vigil.grown(now, group.state.roster.length);
    for (const message of vigil.future(now)) await this.hear(message);
  }

  async #message(step: Step, act: Act<"mls.message">): Promise<void> {
    const data = unb64u(act.body.message);
    const { group } = this.share;
    if (act.by === this.#options.me || !data || !group) return;
    await group.readItemKey(data);
    await this.share.keep({ processed: step.entry.header.seq });
  }

  async #join(members: number): Promise<void> {
    this.unwatch();
    const vigil = new Vigil(this.#options.core, this.#now());
    this.vigil = vigil;
    this.grouped = this.#now();
    this.updated = undefined;
    // A breach was of a group that is no more; its author is out, and the record says why.
    this.alarms = this.alarms.filter(({ cause }) => cause !== "breach");
    await vigil.grown(this.#now(), members);
  }

  #accuse(commit: string, code: RefusedCommit): void {
    if (this.#accused.has(commit)) return;
    this.#accused.add(commit);
    this.wrong = { commit, code };
  }

  #tell(step: Step, advance: Advance | undefined, isFirst: boolean): void {
    const { group } = this.share;
    if (!group) return;
    this.round = step.after.sitting.round;
    for (const listener of this.onRound) listener({ round: this.round, group, advance, isFirst });
  }

  #now(): number {
    return this.#options.monotonic();
  }
}

function is<K extends Kind>(act: Act, kind: K): act is Act & Act<K> {
  return act.kind === kind;
}

function sameAlarm({ at_ms: _, ...alarm }: Alarm, seen: Seen): boolean {
  return (
    alarm.cause === seen.cause &&
    alarm.by === seen.by &&
    alarm.code === seen.code &&
    alarm.theirs === seen.theirs &&
    alarm.place?.journal === seen.place?.journal &&
    alarm.place?.seq === seen.place?.seq
  );
}
