/**
 * A device at a meeting: enrols by its link, follows the feed, is in the sitting that it chose, across lost connections.
 *
 * It meets the server on the wire only. `attend` ends when it is asked to, when the device is revoked, or at a breach of the record.
 */
import { b64u } from "../accreditation/bytes.ts";
import { checksWith } from "../e2ee/chains.ts";
import type { Core } from "../e2ee/core.ts";
import type { Act, Bodies, Kind } from "../meeting/acts.ts";
import { wireForm } from "../meeting/acts.ts";
import type { Alarm } from "../meeting/alarm.ts";
import type { Breach } from "../meeting/fold.ts";
import { type Entry, openEntry, type Place } from "../record/entry.ts";
import { type Code, isRefusal, type Refusal, refuse } from "../refusal.ts";
import type { Wants } from "./choice.ts";
import type { Client } from "./client.ts";
import type { Manner } from "./conduct.ts";
import { Device } from "./device.ts";
import { type LinkKey, type Vouching, vouch, vouching } from "./enrolment.ts";
import { type Door, Feed, type Message } from "./feed.ts";
import { News } from "./news.ts";
import { journalsIn, peekAct, Reader } from "./reader.ts";
import { Sitting } from "./sitting.ts";
import { Sittings } from "./sittings.ts";
import type { Seen as Noticed } from "./vigil.ts";
import { webcrypto } from "./webcrypto.ts";

const RETRY_MS = 250;
const RETRY_MAX_MS = 8_000;
/** Where the feed stalls, a new connection is tried so often. */
const MEND_MS = 20_000;

export type End = "asked" | "revoked" | "alarmed" | "refused";

/** Refusals that asking again does not change. */
const LASTING: readonly Code[] = [
  "enrolment.used",
  "enrolment.locked",
  "enrolment.unknown",
  "charter.authority",
  "charter.part",
  "chain.meeting",
  "chain.issuer",
  "chain.time",
  "device.revoked",
  "meeting.unknown",
  "link.missing",
];

export interface AttendeeOptions {
  readonly meeting: string;
  /** Thumbprint of the link's authority. */
  readonly authority: string;
  /** Thumbprint of the link's one-time key. */
  readonly invitation: string;
  /** The link's key, where this tab still has it: a device that is enrolled needs it no more. */
  readonly link: LinkKey | undefined;
  readonly core: Core;
  readonly client: Client;
  readonly manner: (sitting: Sitting) => Manner;
  /** Called whenever something may have changed. */
  readonly changed: () => void;
  /** Called when a mistake of this program stopped it. */
  readonly broke: () => void;
  readonly monotonic: () => number;
  readonly now: () => number;
  readonly random: (length: number) => Uint8Array;
}

/** One seat's device at one meeting. */
export class Attendee {
  readonly reader: Reader;
  alarms: readonly Alarm[] = [];
  /** Why it is not in: the last thing that the server refused. */
  refusal: Refusal | undefined;
  device: Device | undefined;
  /** Whose link it is, by the statements that the authority signed. */
  vouching: Vouching | undefined;
  /** The record has this device's enrolment. */
  isEnrolled = false;
  /** Called with each sitting that it goes into, before that does anything. */
  readonly onSitting: ((sitting: Sitting) => void)[] = [];
  readonly #options: AttendeeOptions;
  readonly #feed: Feed;
  readonly #sittings: Sittings;
  /** Where our journals end, as the server says on this connection; undefined: it has not said yet. */
  #ends: ReadonlyMap<string, Place> | undefined;
  #isConnected = false;
  #mendedAt = 0;
  #isRestored = false;
  #end: End | undefined;
  readonly #news = new News();

  constructor(options: AttendeeOptions) {
    this.#options = options;
    const { meeting, authority, core, client } = options;
    this.reader = new Reader(authority, meeting, checksWith(core, webcrypto));
    this.#sittings = new Sittings({
      reader: this.reader,
      make: (name) => this.#made(name),
      begin: (sitting) => {
        sitting.live(this.isLive);
        for (const listener of this.onSitting) listener(sitting);
        sitting.run().catch(() => this.#broke());
      },
    });
    this.#feed = new Feed({
      meeting,
      token: () => (this.device ? client.prove(this.device) : Promise.resolve(refuse("link.missing"))),
      after: () => this.reader.after(),
      random: Math.random,
      take: (message) => this.#hear(message),
      isOpen: (isOpen) => this.#connected(isOpen),
    });
  }

  // What others see of it.

  get me(): string {
    return this.device?.thumbprint ?? "";
  }

  /** The sitting that this device is in, or at whose door it stands. */
  get sitting(): Sitting | undefined {
    return this.#sittings.current;
  }

  /** All that it heard of, by id. */
  get sittings(): ReadonlyMap<string, Sitting> {
    return this.#sittings.known;
  }

  get doors(): ReadonlyMap<string, Door> {
    return this.#sittings.doors;
  }

  /** Milliseconds on the monotonic clock. */
  get elapsed(): number {
    return this.#options.monotonic();
  }

  /** The feed stands, and all that the server says it has was read. */
  get isLive(): boolean {
    return this.#isConnected && this.#ends !== undefined && this.reader.has(this.#ends);
  }

  /** Whether the charter lets nobody enrol on the server's own copy of the page. */
  get forbidsServerPage(): boolean {
    return this.reader.charter.payload.policies.page === "forbid";
  }

  get end(): End | undefined {
    return this.#end;
  }

  // What a person asks for.

  /** Reads what the link invites to, without using it up. */
  async arrive(): Promise<Refusal | undefined> {
    const { meeting, invitation, client } = this.#options;
    this.device = await Device.find(meeting, invitation);
    if (this.device) {
      const kept = await this.device.charter();
      const refusal = kept && (await this.reader.learn(kept.charters, kept.parts));
      if (refusal || kept) return refusal;
    }
    const invited = await client.enrolment(invitation);
    if (isRefusal(invited)) return invited;
    const refusal = await this.reader.learn(invited.charters, new Map());
    if (refusal || !this.#options.link) return refusal ?? (this.device ? undefined : refuse("link.missing"));
    const found = await vouching(this.#options.link.public, this.reader.charter, invited.statements, webcrypto);
    if (isRefusal(found)) return found;
    this.vouching = found;
    return undefined;
  }

  /** The device, enrolled, with its charter: whatever of it is not there yet. It uses the link up. */
  async enrol(): Promise<Refusal | undefined> {
    const { meeting, invitation, client, link, now } = this.#options;
    if (!this.device) {
      if (!link || !this.vouching) return refuse("link.missing");
      const { charter } = this.reader;
      const found = this.vouching;
      this.device = await Device.make(meeting, invitation, (key) => vouch(link, found, charter, key, now(), webcrypto));
    }
    let token = await client.token(this.device);
    if (isRefusal(token) && token.refused === "proof.invalid") {
      const posted = await client.post(await this.sign("device.enrol", { chain: this.device.chain }, null));
      if (isRefusal(posted) && posted.refused !== "enrolment.known") return posted;
      token = await client.token(this.device);
    }
    if (isRefusal(token)) return token;
    this.isEnrolled = true;
    return this.#learn();
  }

  /** Be in the first open sitting, in this one, or in none. */
  choose(wants: Wants): void {
    this.#sittings.want(wants);
  }

  /** An act of this device, that says what it has seen of its own journals. */
  async sign<K extends Kind>(kind: K, body: Bodies[K], sitting: string | null): Promise<string> {
    if (!this.device) throw new Error("who signs has a device");
    const { meeting, now, random } = this.#options;
    const seen = this.reader.seen(sitting);
    const nonce = b64u(random(16));
    const act: Act<K> = { meeting, by: this.me, kind, sitting, seen, at: now(), nonce, body };
    return this.device.sign("act", wireForm(act as Act));
  }

  /** Signs and files an act; answers when our own fold has it. */
  async act<K extends Kind>(kind: K, body: Bodies[K], sitting: string | null): Promise<Refusal | undefined> {
    const posted = await this.#options.client.post(await this.sign(kind, body, sitting));
    if (isRefusal(posted)) return posted;
    const { journal, seq } = posted.entry.header;
    const isHere = () => !this.reader.entries.has(journal) || (this.reader.after()[journal] ?? 0) >= seq;
    // On a record that is held back or forked it may never come.
    await this.until(() => isHere() || (this.sittings.get(journal)?.alarms.length ?? 0) > 0);
    return undefined;
  }

  /** Waits until something holds; for good once it has ended. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds() && this.#end === undefined) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
  #waiting: (() => void)[] = [];

  /** Attends until asked to end, or until it can't go on. */
  async attend(): Promise<End> {
    await this.#attending().catch(() => this.#broke());
    this.#feed.stop();
    for (const sitting of this.sittings.values()) sitting.end();
    return this.#end ?? "asked";
  }

  async #attending(): Promise<void> {
    let delay = RETRY_MS;
    while (this.#end === undefined) {
      const refusal = (await this.enrol()) ?? (await this.#restore()) ?? (await this.#follow());
      if (refusal) {
        this.refusal = refusal;
        if (LASTING.includes(refusal.refused))
          this.#finish(refusal.refused === "device.revoked" ? "revoked" : "refused");
        this.#changed();
      } else delay = RETRY_MS;
      if (this.#end === undefined) await this.#news.wait(delay);
      delay = Math.min(delay * 2, RETRY_MAX_MS);
    }
  }

  /** The network is back, or the device woke up: the old connection may be dead. */
  wake(): void {
    this.#news.tell();
    this.#feed.reconnect();
  }

  stop(): void {
    this.#finish("asked");
    this.#changed();
  }

  /** This program broke, and there is no beginning anew: what was read stays, and the screen says why nothing goes on. */
  giveUp(): void {
    this.#alarm({ cause: "fault", code: "core.internal" });
  }

  /** Something of the record, or a word of a person, says that it can't be trusted. */
  raise(seen: Noticed): void {
    this.alarms = [...this.alarms, { ...seen, at_ms: this.#options.now() }];
    this.#changed();
  }

  // Getting in.

  async #learn(): Promise<Refusal | undefined> {
    if (!this.device) return refuse("link.missing");
    const given = await this.#options.client.charters(this.device);
    if (isRefusal(given)) return given;
    const refusal = await this.reader.learn(given.charters, given.parts);
    if (refusal) return refusal;
    await this.device.keepCharter({ charters: given.charters, parts: this.reader.parts });
    for (const sitting of this.sittings.values()) await sitting.membership.trusts();
    this.#changed();
    return undefined;
  }

  /** The journals of an earlier life: main first, so that the sittings' fold merged. */
  async #restore(): Promise<Refusal | undefined> {
    if (this.#isRestored || !this.device) return undefined;
    this.#isRestored = true;
    const journals = new Map(await this.device.journals());
    const main = journals.get(this.reader.meeting) ?? [];
    journals.delete(this.reader.meeting);
    const refusal = await this.#take([...main, ...[...journals.values()].flat()], false);
    for (const head of await this.device.heads()) await this.reader.checkHead(head);
    return refusal;
  }

  #finish(end: End): void {
    this.#end ??= end;
    this.#feed.stop();
    this.#news.tell();
  }

  #broke(): void {
    if (this.#end === undefined) this.#options.broke();
  }

  // Following.

  #follow(): Promise<Refusal | undefined> {
    return this.#end === undefined ? this.#feed.follow() : Promise.resolve(undefined);
  }

  #connected(isOpen: boolean): void {
    this.#isConnected = isOpen;
    this.#ends = undefined;
    this.#goOn();
  }

  async #hear(message: Message): Promise<void> {
    if (this.#end !== undefined) return;
    if ("entries" in message) {
      const entries: Entry[] = [];
      for (const { h, b } of message.entries) {
        const entry = await openEntry(h, b, webcrypto);
        if (isRefusal(entry)) return this.#alarm({ cause: "record", code: entry.refused });
        entries.push(entry);
      }
      const refusal = await this.#take(entries, true);
      if (refusal) this.refusal = refusal;
      else if (this.#end === undefined) await this.#checkHead(message.head);
    } else if ("door" in message) {
      // A reader is told first where its journals end: who was not, reads none.
      this.#ends ??= new Map();
      this.#sittings.see(message.door);
    } else if ("receipt" in message) await this.#receipt(message.receipt.h, message.receipt.b);
    else if ("signal" in message) this.sittings.get(message.signal.sitting)?.signal(message.signal.message);
    else if ("problem" in message) this.refusal = message.problem;
    this.#goOn();
  }

  async #receipt(h: Uint8Array<ArrayBuffer>, b: string | null): Promise<void> {
    const entry = await openEntry(h, b, webcrypto);
    if (isRefusal(entry)) return this.#alarm({ cause: "record", code: entry.refused });
    const breach = this.reader.receipt(entry);
    if (breach) return this.#breached(breach);
    const act = entry.body === null ? undefined : peekAct(entry.body);
    if (act) this.sittings.get(entry.header.journal)?.receipt(act);
  }

  async #take(entries: readonly Entry[], isNew: boolean): Promise<Refusal | undefined> {
    const journals = new Set(entries.map(({ header }) => header.journal));
    if (this.reader.lacksParts(journals)) {
      const refusal = await this.#learn();
      if (refusal) return refusal;
      if (this.reader.lacksParts(journals)) return refuse("charter.part");
    }
    const had = this.reader.after();
    const { steps, breach } = await this.reader.take(entries);
    const fresh = entries.filter(({ header }) => header.seq > (had[header.journal] ?? 0));
    if (isNew) await this.device?.append(fresh);
    for (const step of steps) this.#sittings.of(step.sitting).take(step);
    if (breach) this.#breached(breach);
    this.#sittings.choose();
    return undefined;
  }

  async #checkHead(jws: string): Promise<void> {
    const checked = await this.reader.checkHead(jws);
    if (isRefusal(checked)) this.#alarm({ cause: "head", code: checked.refused });
    else if ("ours" in checked) {
      const { journal, seq, ours, theirs } = checked;
      this.#alarm({ cause: "head", place: { journal: this.#kindOf(journal), seq }, ours, theirs });
    } else {
      this.#ends = checked;
      // Not waited for: the next connection brings another one.
      if (checked.size > 0 && this.reader.has(checked))
        void this.device?.keepHead(journalsIn(checked), jws).catch(() => undefined);
    }
  }

  #breached({ breach, journal, seq, hash }: Breach): void {
    const ours = this.reader.entries.get(journal)?.[seq - 1]?.hash;
    const place = { journal: this.#kindOf(journal), seq };
    const isFork = ours !== undefined && ours !== hash;
    this.#alarm({ cause: "record", code: breach, place, theirs: hash, ...(isFork && { ours }) });
    this.refusal = refuse(breach);
  }

  #kindOf(journal: string): "main" | "sitting" {
    return journal === this.reader.meeting ? "main" : "sitting";
  }

  /** The record is not what it must be: nothing more is done on its word. */
  #alarm(seen: Noticed): void {
    this.raise(seen);
    this.#finish("alarmed");
  }

  #goOn(): void {
    for (const sitting of this.sittings.values()) sitting.live(this.isLive);
    this.#changed();
  }

  /** Nothing of ours comes back: by another connection perhaps. */
  #mend(sitting: Sitting): void {
    const now = this.#options.monotonic();
    const isStalled = sitting.alarms.some(({ cause }) => cause === "stalled" || cause === "stopped");
    if (!isStalled || now < this.#mendedAt + MEND_MS) return;
    this.#mendedAt = now;
    this.#feed.reconnect();
  }

  #changed(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
    this.#options.changed();
  }

  #made(name: string): Sitting {
    if (!this.device) throw new Error("who reads has a device");
    const { core, client, manner, monotonic, now, random } = this.#options;
    const sitting: Sitting = new Sitting({
      sitting: name,
      core,
      device: this.device,
      reader: this.reader,
      client,
      sign: (kind, body, of) => this.sign(kind, body, of),
      primitives: webcrypto,
      signal: (of, message) => this.#feed.signal(of, message),
      manner: () => manner(sitting),
      knownElsewhere: () => this.#sittings.knownElsewhere(name),
      changed: () => {
        this.#mend(sitting);
        this.#changed();
      },
      monotonic,
      now,
      random,
    });
    return sitting;
  }
}
