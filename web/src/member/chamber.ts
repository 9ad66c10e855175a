/** The media of one sitting: its seal, which the group feeds, and its room, by tickets. */
import type { Seat } from "../accreditation/seat.ts";
import { backoff_ms } from "../media/backoff.ts";
import { startFrames } from "../media/frames.ts";
import { MediaRoom, type RoomSnapshot } from "../media/room.ts";
import { type Change, Seal } from "../media/seal.ts";
import type { Statistics } from "../media/statistics.ts";
import { speakers } from "../meeting/speech.ts";
import { type Code, isRefusal } from "../refusal.ts";
import { type Readable, Store } from "../store.ts";
import type { Client } from "./client.ts";
import type { Device } from "./device.ts";
import type { RoundReached } from "./membership.ts";
import type { Sitting } from "./sitting.ts";
import type { Station } from "./station.ts";

/** Refusals of a ticket after which there is no room for us. */
const FINAL: readonly Code[] = ["device.revoked", "sitting.closed", "sitting.unknown"];

export const outside: RoomSnapshot = { line: { state: "ended" }, others: [], soundBlocked: false };

export interface ChamberOptions {
  readonly sitting: Sitting;
  readonly device: Device;
  readonly client: Client;
  readonly station: Station;
  /** This page load's name in rooms. */
  readonly instance: string;
  /** The plate of a participant whose device is on the roster. */
  readonly seatOf: (identity: string) => Seat | undefined;
  readonly isLoudspeakerOn: () => boolean;
  readonly random: () => number;
  readonly now: () => number;
}

/** From the first round that we are in, until we leave. */
export class Chamber {
  readonly #options: ChamberOptions;
  readonly #seal: Seal;
  readonly #store = new Store<RoomSnapshot>(outside);
  #room: MediaRoom | undefined;
  #wake: (() => void) | undefined;
  #isOver = false;
  #hasRounds = false;
  #excluded = new Set<string>();
  #sendsUnder: number | undefined;

  constructor(options: ChamberOptions) {
    this.#options = options;
    const identity = `${options.device.thumbprint}.${options.instance}`;
    this.#seal = new Seal({ identity, frames: startFrames(identity), now: () => performance.now() });
    this.#seal.store.subscribe(() => this.#sealed());
    options.sitting.membership.tracks = () => this.#room?.published ?? [];
    options.sitting.membership.onHeard.push(({ by, beat }) => {
      if (!this.#isOver) this.#seal.switched(by.device, beat.sends_under);
    });
  }

  get room(): Readable<RoomSnapshot> {
    return this.#store;
  }

  get seal(): Seal {
    return this.#seal;
  }

  /** The group came to a round: its keys. */
  reached({ round, group, advance, isFirst }: RoundReached): void {
    if (this.#isOver) return;
    const { epoch, roster } = group.state;
    if (epoch === null) return;
    const hasGone = (advance?.removes.length ?? 0) > 0;
    const change: Change = isFirst || !this.#hasRounds ? "fresh" : hasGone ? "overwrite" : "overlap";
    this.#hasRounds = true;
    this.#excluded = new Set();
    this.#seal.enter({
      number: round,
      change,
      roster: new Set(roster.map(({ device }) => device)),
      frameKey: (identity) => group.frameKey(epoch, identity).catch(() => undefined), // a core that broke has no keys
    });
    this.follow();
  }

  /** The fold, or what may be sent, changed. */
  follow(maySend = true): void {
    const { state } = this.#options.sitting;
    if (this.#isOver || !state) return;
    for (const device of state.sitting.group.dues.keys()) {
      if (this.#excluded.has(device)) continue;
      this.#excluded.add(device);
      this.#seal.exclude(device);
    }
    this.#seal.setSpeakers(speakers(state));
    this.#seal.allowSending(maySend);
    this.#room?.follow();
  }

  /** Joins the room, with a new ticket as often as it takes; resolves when it is over: with a code where it is so for good. */
  async stay(): Promise<Code | undefined> {
    const { random } = this.#options;
    for (let attempt = 0; !this.#isOver; attempt += 1) {
      const why = await this.#once();
      if (this.#isOver) break;
      if (why !== undefined) return why;
      await this.#pause(backoff_ms(attempt, random()));
    }
    return undefined;
  }

  /** A track was opened. */
  publish(): void {
    this.#room?.publish();
  }

  setLoudspeaker(on: boolean): void {
    this.#room?.setLoudspeaker(on);
  }

  async chooseLoudspeaker(id: string): Promise<void> {
    await this.#room?.chooseLoudspeaker(id);
  }

  showPicture(identity: string, element: HTMLVideoElement): () => void {
    return this.#room?.showPicture(identity, element) ?? (() => undefined);
  }

  async path() {
    return this.#room?.path();
  }

  async statistics(): Promise<Statistics> {
    return (await this.#room?.statistics()) ?? {};
  }

  async leave(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#seal.allowSending(false); // at once; leaving the room may take a moment
    this.#options.sitting.membership.sendsUnder = undefined;
    this.#options.sitting.membership.tracks = () => [];
    this.#wake?.();
    await this.#room?.leave();
    this.#seal.close();
    this.#store.set(outside);
  }

  async #once(): Promise<Code | undefined> {
    const { client, device, sitting, instance, station, seatOf, isLoudspeakerOn, now, random } = this.#options;
    const ticket = await client.ticket(device, sitting.id, instance);
    if (isRefusal(ticket)) return FINAL.includes(ticket.refused) ? ticket.refused : undefined;
    if (this.#isOver) return undefined;
    const room = new MediaRoom({
      url: signallingUrl(ticket.url),
      token: ticket.token,
      sealed: { seal: this.#seal, seatOf },
      quality: station.quality,
      loudspeaker: { on: isLoudspeakerOn(), id: station.choices().loudspeaker },
      tracks: station.tracks,
      now,
      random,
    });
    this.#room = room;
    const unsubscribe = room.store.subscribe(() => this.#store.set(room.store.snapshot()));
    this.#store.set(room.store.snapshot());
    await room.stay();
    unsubscribe();
    this.#room = undefined;
    const { line } = room.store.snapshot();
    const why = line.state === "ended" ? line.why : undefined;
    if (this.#isOver) return undefined;
    this.#store.update((before) => ({ ...before, line: { state: "lost", since_ms: now() } }));
    // A ticket lives a minute: after a longer break the server knows it no more.
    return why === "token.invalid" ? undefined : why;
  }

  #sealed(): void {
    const { sendsUnder, maySpeak } = this.#seal.store.snapshot();
    const { sitting, station } = this.#options;
    void station.microphone(maySpeak ? "may_speak" : "may_not_speak");
    if (sendsUnder === this.#sendsUnder) return;
    this.#sendsUnder = sendsUnder;
    sitting.membership.sendsUnder = sendsUnder;
    sitting.hurry();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Signalling is on the page's own origin, whoever serves it, unless the ticket is for a media server elsewhere. */
function signallingUrl(elsewhere: string | null): string {
  if (elsewhere !== null && elsewhere !== "") return elsewhere;
  const url = new URL("/", window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
