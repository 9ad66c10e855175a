/** A device in one sitting: the loop that follows the record and asks `conduct` what to do next (deeds.ts does it). */
import { b64u, type Primitives } from "../accreditation/bytes.ts";
import type { Core } from "../e2ee/core.ts";
import type { Group, Language, RosterSeat } from "../e2ee/group.ts";
import { nextUpdate } from "../e2ee/heartbeat.ts";
import type { Act, RefusedKnock } from "../meeting/acts.ts";
import type { Alarm } from "../meeting/alarm.ts";
import type { State } from "../meeting/state.ts";
import type { Refusal } from "../refusal.ts";
import type { Client, Posted } from "./client.ts";
import { isExcluded, isOurs, type Manner, nextMove, type View, work } from "./conduct.ts";
import { Deeds, type Sign } from "./deeds.ts";
import type { Device } from "./device.ts";
import type { Door } from "./feed.ts";
import type { Membership } from "./membership.ts";
import { News } from "./news.ts";
import { peekAct, type Reader, type Step } from "./reader.ts";
import { Share } from "./share.ts";

export type SittingPhase = "outside" | "knocking" | "member" | "blocked" | "closed";

const SIGNALS_MAX = 256;
/** How often a member without a feed looks whether it has been long. */
const LOOK_MS = 1_000;

export interface SittingOptions {
  readonly sitting: string;
  readonly core: Core;
  readonly device: Device;
  readonly reader: Reader;
  readonly client: Client;
  readonly sign: Sign;
  readonly primitives: Primitives;
  /** Relays a message to the group's members. A lost signal breaks nothing. */
  readonly signal: (sitting: string, message: string) => void;
  readonly manner: () => Manner;
  readonly knownElsewhere: () => ReadonlySet<string>;
  /** Called whenever something may have changed. */
  readonly changed: () => void;
  readonly monotonic: () => number;
  readonly now: () => number;
  readonly random: (length: number) => Uint8Array;
}

/** One sitting as this device takes part in it. `run` is its life; the attendee hands it entries, doors, signals. */
export class Sitting {
  readonly id: string;
  readonly deeds: Deeds;
  readonly membership: Membership;
  /** Our knock was refused, for this reason. */
  knockRefused: RefusedKnock | undefined;
  readonly #options: SittingOptions;
  readonly #share: Share;
  #inbox: Step[] = [];
  /** Of our journal: the last entry that our share of the group heard. */
  #processed = 0;
  #signals: Uint8Array[] = [];
  #door: Door | undefined;
  #noticed: ReadonlyMap<string, number> = new Map();
  #inspected = new Set<string>();
  #bad: ReadonlySet<string> = new Set();
  #wantsIn = false;
  #insists = false;
  #isLive = false;
  #isOver = false;
  readonly #news = new News();

  constructor(options: SittingOptions) {
    this.#options = options;
    this.id = options.sitting;
    this.#share = new Share(options.core, options.device, options.reader.meeting, options.sitting);
    this.deeds = new Deeds({ ...options, share: this.#share });
    this.membership = this.deeds.membership;
  }

  // What others see of it.

  /** Our fold. */
  get state(): State | undefined {
    return this.#options.reader.state(this.id);
  }

  get alarms(): readonly Alarm[] {
    return this.membership.alarms;
  }

  get wantsIn(): boolean {
    return this.#wantsIn;
  }

  get door(): Door | undefined {
    return this.#door;
  }

  /** Whether others were shown another record: that blocks. Heartbeats go on, so that they see it too. */
  get isForked(): boolean {
    return this.alarms.some(({ cause }) => cause === "fork");
  }

  /** Where we stand. */
  get phase(): SittingPhase {
    const { state } = this;
    const core = this.#share.state;
    if (state?.sitting.stage === "closed") return "closed";
    if (isOurs({ core, state, me: this.#me })) return core?.phase === "blocked" || this.isForked ? "blocked" : "member";
    return core?.phase === "knocking" ? "knocking" : "outside";
  }

  /** Our share of the present group, if we are in it and nothing blocks it. */
  get group(): Group | undefined {
    return this.phase === "member" ? this.#share.group : undefined;
  }

  /** Whether messages of ours may go to the group: after a reload a commit comes first. */
  get canSend(): boolean {
    return this.group !== undefined && !this.group.state.mustUpdate;
  }

  /** The group's epoch, while we are in it. */
  get epoch(): number | undefined {
    return this.#share.state?.epoch ?? undefined;
  }

  /** The members as the authority signed them; nobody while we are not in the group. */
  get roster(): readonly RosterSeat[] {
    const isIn = this.phase === "member" || this.phase === "blocked";
    return isIn ? (this.#share.state?.roster ?? []) : [];
  }

  /** The epoch's eight words. */
  async words(language: Language): Promise<readonly string[] | undefined> {
    return this.group?.words(language);
  }

  // What the attendee hands over.

  /** The next entry, folded. */
  take(step: Step): void {
    this.#inbox.push(step);
    this.#news.tell();
  }

  /** An entry that names us or our knock, while we do not read the sitting. */
  receipt(act: Act): void {
    this.#hearAnswer(act);
    this.#news.tell();
  }

  /** What the server says of the sitting while we do not read it. */
  atTheDoor(door: Door | undefined): void {
    this.#door = door;
    this.#news.tell();
  }

  /** Another member's signal. */
  signal(message: Uint8Array): void {
    this.#signals = [...this.#signals.slice(1 - SIGNALS_MAX), message];
    this.#news.tell();
  }

  /** Whether the feed stands and all that it had was read: nothing is decided on less. */
  live(isLive: boolean): void {
    this.#isLive = isLive;
    this.#news.tell();
  }

  /** Say at once what we send under. */
  hurry(): void {
    this.membership.vigil?.hurry();
    this.#news.tell();
  }

  // What a person asks for.

  /** Be in this sitting, by itself wherever no hand is needed. */
  enter(): void {
    this.#wantsIn = true;
    this.#news.tell();
  }

  /** Come in, after an exclusion, a refused knock or a leave too. */
  knock(): void {
    this.#wantsIn = true;
    this.#insists = true;
    this.knockRefused = undefined;
    this.#news.tell();
  }

  /** Leave; the others remove us. */
  async leave(): Promise<Posted | Refusal> {
    this.stayOut();
    return this.deeds.act("lobby.leave", {});
  }

  /** Do nothing more of itself here. */
  stayOut(): void {
    this.#wantsIn = false;
    this.#insists = false;
  }

  // Its life.

  /** Until `end`. */
  async run(): Promise<void> {
    const unread = await this.membership.load();
    if (unread) this.deeds.refusal = unread;
    while (!this.#isOver) {
      const until = await this.#turn();
      this.#options.changed();
      await this.#news.wait(until === undefined ? undefined : Math.max(until - this.#now(), 0));
    }
  }

  end(): void {
    this.#isOver = true;
    this.#news.tell();
  }

  /** All that can be done now; when to look again without news. */
  async #turn(): Promise<number | undefined> {
    const { membership, deeds } = this;
    for (let step = this.#inbox.shift(); step; step = this.#inbox.shift()) {
      await membership.process(step);
      this.#processed = step.entry.header.seq;
      if (step.act) this.#hearAnswer(step.act);
      deeds.conflictAt = undefined;
    }
    for (let message = this.#signals.shift(); message; message = this.#signals.shift()) await membership.hear(message);
    if (!this.#isLive) return this.#overhear();
    await this.#notice();
    await membership.follow();
    if (this.#share.note.act !== null && !deeds.isPosting) return deeds.postAgain();
    await this.#beat();
    if (!this.isForked) await deeds.tellKeys();
    const move = await nextMove(await this.#view());
    if (move.do !== "wait") {
      await deeds.carryOut(move);
      return Math.max(this.#now(), deeds.notBefore);
    }
    const times = [move.until, deeds.conflictAt, membership.beatAt, membership.watchAt].filter(
      (time) => time !== undefined,
    );
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** Without a feed nothing is decided, and its silence is an alarm all the same: a server could just hang up. */
  async #overhear(): Promise<number | undefined> {
    await this.membership.follow();
    return this.membership.vigil && this.#wantsIn ? this.#now() + LOOK_MS : undefined;
  }

  async #view(): Promise<View> {
    const { membership, deeds } = this;
    const core = this.#share.state;
    const { vigil } = membership;
    const own = core?.leaf ?? undefined;
    const leaves = core?.roster.map(({ leaf }) => leaf) ?? [];
    const now = this.#now();
    const silent = vigil ? await vigil.presence.silent(now, leaves) : [];
    const updateAt =
      vigil && own !== undefined
        ? await nextUpdate(this.#options.core, own, vigil.joined, membership.updated)
        : undefined;
    const door = this.#door;
    return {
      me: this.#me,
      now,
      manner: this.#options.manner(),
      wantsIn: this.#wantsIn,
      insists: this.#insists,
      state: this.state,
      door: door && { isOpen: door.state === "open", group: groupOf(door) },
      core,
      knocked: membership.knocked,
      isRefused: this.knockRefused !== undefined,
      isPosting: deeds.isPosting,
      isBehind: (this.#options.reader.entries.get(this.id)?.length ?? 0) > this.#processed,
      isForked: this.isForked,
      wrong: membership.wrong,
      turn: async (leaving, since) =>
        vigil && own !== undefined ? vigil.presence.turn(now, own, leaves, leaving, since) : undefined,
      noticed: this.#noticed,
      silent: new Set(silent.filter((leaf) => leaf !== own)),
      badKnocks: this.#bad,
      knownElsewhere: this.#options.knownElsewhere(),
      committed: membership.committed,
      grouped: membership.grouped,
      updateAt,
      notBefore: deeds.notBefore,
    };
  }

  /** When each thing became due here, and which knocks nobody could add: one of them spoils a whole commit. */
  async #notice(): Promise<void> {
    const { membership, deeds, state } = this;
    const { group } = this.#share;
    const isOut = state !== undefined && isExcluded(state, this.#me);
    if (group && isOut && group.state.phase !== "knocking") await membership.drop();
    await deeds.dropLost();
    if (deeds.hasKnocked) {
      deeds.hasKnocked = false;
      this.#insists = false;
    }
    if (group && state && isOurs({ core: this.#share.state, state, me: this.#me })) await this.#inspect(group);
    const now = this.#now();
    const due = work(await this.#view());
    this.#noticed = new Map([...due].map((name) => [name, this.#noticed.get(name) ?? now]));
  }

  /** Looks at each new knock as if it were admitted: the core takes the admitted for the enrolled. */
  async #inspect(group: Group): Promise<void> {
    const facts = this.deeds.facts();
    const fresh = [...facts.knocks].filter(([act]) => !this.#inspected.has(act));
    const bad = new Set([...this.#bad].filter((act) => facts.knocks.has(act)));
    const unadmitted = fresh.map(([, { device }]): [string, readonly string[]] => [device, []]);
    const known = { ...facts, admitted: new Map([...unadmitted, ...facts.admitted]) };
    for (const [act, knock] of fresh) if (await group.inspect(knock, known)) bad.add(act);
    this.#inspected = new Set(facts.knocks.keys());
    this.#bad = bad;
  }

  async #beat(): Promise<void> {
    const message = await this.membership.beat(b64u(this.#options.random(8)));
    if (message) this.#options.signal(this.id, b64u(message));
  }

  /** An answer to our knock: it was refused, or we were let in. A key package that could not be added is made anew. */
  #hearAnswer(act: Act): void {
    const { knocked } = this.membership;
    if (isAct(act, "lobby.refuse") && act.body.knock === knocked?.act) {
      if (act.body.code === "key_package") this.membership.knocked = undefined;
      else this.knockRefused = act.body.code;
    }
    if (isAct(act, "lobby.admit") && act.body.device === this.#me) this.knockRefused = undefined;
  }

  get #me(): string {
    return this.#options.device.thumbprint;
  }

  #now(): number {
    return this.#options.monotonic();
  }
}

/** The present group, by the open or regroup act. A knocker can't check who signed it: a wrong one keeps it out. */
function groupOf({ act }: Door): string | undefined {
  const opened = act === null ? undefined : peekAct(act);
  if (!opened) return undefined;
  return isAct(opened, "sitting.open") || isAct(opened, "sitting.regroup") ? opened.body.group : undefined;
}

function isAct<K extends Act["kind"]>(act: Act, kind: K): act is Act & Act<K> {
  return act.kind === kind;
}
