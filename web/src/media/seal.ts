/**
 * The seal of one sitting's media: which keys open and close frames now, and what the gate counted.
 *
 * The member gives it a round's keys and roster as its group comes to them (`enter`), and what heartbeats say (`switched`); the room
 * asks it for the worker and the key provider, and whom and what it may show. Nothing here takes a server's word.
 */
import { type Readable, Store } from "../store.ts";
import type { Frames } from "./frames.ts";
import type { SendingCounts, TrackCounts } from "./gateMessages.ts";
import { FrameKeyProvider, importFrameKey } from "./keyProvider.ts";
import { type Change, indexOf, Rounds } from "./rounds.ts";

export type { Change };

/** A round of the sitting's group, as its member sees it. */
export interface Round {
  /** The sitting's round by the fold: opens, regroups and commits are numbered, and never restart. */
  readonly number: number;
  readonly change: Change;
  /** Thumbprints of all devices on the group's roster, one's own too. */
  readonly roster: ReadonlySet<string>;
  /** Exports the key of one participant in *this* round, 32 bytes (they are overwritten); undefined once the group is past it. */
  readonly frameKey: (identity: string) => Promise<Uint8Array<ArrayBuffer> | undefined>;
}

export interface SealSnapshot {
  /** The round that our frames leave under; absent: none leave. The heartbeat says it. */
  readonly sendsUnder?: number;
  /** Whether we may be heard, by the floor. */
  readonly maySpeak: boolean;
  /** What the gate counted, a track. */
  readonly counts: readonly TrackCounts[];
  /** Frames of our own that left sealed, and that were kept back for want of a key. */
  readonly sending: { readonly sent: number; readonly blocked: number };
  /** Identities of devices on the roster that have a key of the newest round. */
  readonly keyed: ReadonlySet<string>;
}

export interface SealOptions {
  /** One's own participant in the room: `<device>.<instance>`. */
  readonly identity: string;
  readonly frames: Frames;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/** The device of a participant's identity. */
export function deviceOf(identity: string): string {
  const end = identity.indexOf(".");
  return end < 0 ? identity : identity.slice(0, end);
}

export class Seal {
  readonly identity: string;
  readonly keyProvider = new FrameKeyProvider();
  readonly #options: SealOptions;
  readonly #store = new Store<SealSnapshot>({
    maySpeak: false,
    counts: [],
    sending: { sent: 0, blocked: 0 },
    keyed: new Set(),
  });
  /** Identities that are or were in the room: keys are for them. */
  readonly #met = new Set<string>();
  readonly #excluded = new Set<string>();
  /** Device → the newest round that its heartbeats say it sends under. */
  readonly #sendsUnder = new Map<string, number>();
  #rounds: Rounds | undefined;
  #round: Round | undefined;
  /** Rounds of which our own key is set, and the one that we asked to send under. */
  readonly #ownRounds = new Set<number>();
  #askedRound = -1;
  #maySend = true;
  #speakers: ReadonlySet<string> = new Set();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SealOptions) {
    this.#options = options;
    this.identity = options.identity;
    this.#met.add(options.identity);
    options.frames.listen((message) => {
      if ("counts" in message) this.#store.update((before) => ({ ...before, counts: message.counts }));
      else this.#hearSending(message.sending);
    });
  }

  get store(): Readable<SealSnapshot> {
    return this.#store;
  }

  get worker(): Worker {
    return this.#options.frames.worker;
  }

  /** Whether a participant's device is on the newest round's roster, and nothing ended its part since. */
  isRostered(identity: string): boolean {
    const device = deviceOf(identity);
    return (this.#round?.roster.has(device) ?? false) && !this.#excluded.has(device);
  }

  /** The group came to a round. */
  enter(round: Round): void {
    const now = this.#options.now();
    if (this.#rounds !== undefined && round.number <= this.#rounds.newest) return;
    this.#rounds = this.#rounds?.enter(round.number, round.change, now) ?? Rounds.first(round.number);
    this.#round = round;
    this.#excluded.clear();
    this.#store.update((before) => ({ ...before, keyed: new Set() }));
    this.#apply();
    for (const identity of this.#met) void this.#fetchKey(round, identity);
  }

  /** The record ended a device's part, and the commit that removes it is to come: nothing of it is shown from now on. */
  exclude(device: string): void {
    this.#excluded.add(device);
    this.#apply();
  }

  /** A device's heartbeat says which round it sends under: its older keys pass no more. */
  switched(device: string, round: number): void {
    if (round <= (this.#sendsUnder.get(device) ?? -1)) return;
    this.#sendsUnder.set(device, round);
    this.#apply();
  }

  /** A participant is in the room: if its device is on the roster, its key is needed. */
  meet(identity: string): void {
    if (this.#met.has(identity)) return;
    this.#met.add(identity);
    this.#apply();
    if (this.#round !== undefined) void this.#fetchKey(this.#round, identity);
  }

  /** Whether anything of ours may leave: false on a breach, a fork, a record that stands still. */
  allowSending(may: boolean): void {
    this.#maySend = may;
    this.#apply();
  }

  /** Devices that may be heard now, by the floor: nobody else's sound passes, ours neither. */
  setSpeakers(devices: ReadonlySet<string>): void {
    this.#speakers = devices;
    this.#apply();
    const maySpeak = this.#maySpeak;
    this.#store.update((before) => (before.maySpeak === maySpeak ? before : { ...before, maySpeak }));
  }

  /** How many frames of a track a current key of this participant opened: nothing is shown before the first. */
  opened(identity: string, track: string): number {
    const counts = this.#store.snapshot().counts;
    return counts.find((one) => one.identity === identity && one.track === track)?.opened ?? 0;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.keyProvider.removeAllListeners();
    this.#options.frames.end();
  }

  get #maySpeak(): boolean {
    return this.#speakers.has(deviceOf(this.identity));
  }

  async #fetchKey(round: Round, identity: string): Promise<void> {
    if (!round.roster.has(deviceOf(identity))) return;
    const bytes = await round.frameKey(identity);
    if (bytes === undefined) return;
    const key = await importFrameKey(identity, indexOf(round.number), bytes);
    if (round !== this.#round) return;
    this.keyProvider.setKey(key);
    this.#store.update((before) => ({ ...before, keyed: new Set(before.keyed).add(identity) }));
    if (identity === this.identity) {
      this.#ownRounds.add(round.number);
      this.#apply();
    }
  }

  /** Tells the gate and the key provider how things stand, and looks again when they will be otherwise. */
  #apply(): void {
    if (this.#rounds === undefined) return;
    const now = this.#options.now();
    this.#rounds = this.#rounds.at(now);
    const { newest, oldest, sending, indices, changesAt_ms } = this.#rounds;
    this.#options.frames.tell({
      epoch: {
        newest: indexOf(newest),
        oldest: indexOf(oldest),
        denied: [...this.#met].filter((identity) => !this.isRostered(identity)),
        switched: [...this.#met].filter((identity) => (this.#sendsUnder.get(deviceOf(identity)) ?? -1) >= newest),
      },
      sendUnder: this.#maySend ? indexOf(sending) : null,
      heard: [...this.#met].filter((identity) => this.#speakers.has(deviceOf(identity))),
      maySpeak: this.#maySpeak,
    });
    this.keyProvider.keepOnly(indices);
    if (this.#ownRounds.has(sending) && this.#askedRound !== sending) {
      this.#askedRound = sending;
      this.keyProvider.sendUnder(this.identity, indexOf(sending));
    }
    clearTimeout(this.#timer);
    if (changesAt_ms !== undefined) this.#timer = setTimeout(() => this.#apply(), changesAt_ms - now);
  }

  #hearSending({ index, sent, blocked }: SendingCounts): void {
    const round = this.#roundAt(index);
    this.#store.update(({ sendsUnder: _, ...before }) => ({
      ...before,
      sending: { sent, blocked },
      ...(round !== undefined && { sendsUnder: round }),
    }));
  }

  #roundAt(index: number | null): number | undefined {
    if (index === null || this.#rounds === undefined) return undefined;
    for (let round = this.#rounds.newest; round >= Math.max(0, this.#rounds.newest - 15); round -= 1)
      if (indexOf(round) === index) return round;
    return undefined;
  }
}
