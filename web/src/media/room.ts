/**
 * One participant's place in a room of the media plane: the only module that speaks to livekit-client's `Room`.
 *
 * What screens see is `RoomSnapshot`, in our own words. Coming back is this module's work: livekit-client resumes and reconnects
 * by itself; where it gives up, we join anew, and go on trying until somebody leaves or the server says no for good.
 */

import {
  ConnectionError,
  ConnectionErrorReason,
  DisconnectReason,
  type LocalAudioTrack,
  type LocalVideoTrack,
  type RemoteParticipant,
  RemoteTrack,
  Room,
  RoomEvent,
  VideoPreset,
} from "livekit-client";
import { byProtocol, type Seat } from "../accreditation/seat.ts";
import type { Code } from "../refusal.ts";
import { type Readable, Store } from "../store.ts";
import { backoff_ms } from "./backoff.ts";
import { ignoreGone } from "./goneParticipants.ts";
import type { Participant } from "./participant.ts";
import type { Quality } from "./quality.ts";
import { Reception, takeAway } from "./reception.ts";
import type { Seal } from "./seal.ts";
import { type Published, Sender } from "./sender.ts";
import { countersOf, failedOf, type Statistics, Tally } from "./statistics.ts";

export type { Participant, PictureState } from "./participant.ts";

/** Our own connection. `lost`: it comes back by itself; `ended`: it does not. */
export type Line =
  | { readonly state: "joining"; readonly since_ms: number }
  | { readonly state: "open" }
  | { readonly state: "lost"; readonly since_ms: number }
  | { readonly state: "ended"; readonly why?: Code };

/** How media goes: UDP, or TCP where a network lets nothing else through. */
export interface Path {
  readonly protocol: string;
  readonly roundTrip_ms: number;
}

export interface RoomSnapshot {
  readonly line: Line;
  /** The others, in protocol order. */
  readonly others: readonly Participant[];
  /** The browser plays no sound until somebody presses something. */
  readonly soundBlocked: boolean;
}

/** What makes a room private: its keys, and whom the members' roster knows. */
export interface Sealed {
  readonly seal: Seal;
  /** The plate of a participant by charter and fold; undefined for a device that is not on the roster. */
  readonly seatOf: (identity: string) => Seat | undefined;
}

export interface RoomOptions {
  /** `ws:` or `wss:`, the page's own origin. */
  readonly url: string;
  readonly token: string;
  readonly sealed: Sealed;
  readonly quality: Quality;
  readonly loudspeaker: { readonly on: boolean; readonly id: string };
  readonly tracks: () => readonly (LocalVideoTrack | LocalAudioTrack)[];
  readonly now: () => number;
  readonly random: () => number;
}

/** A seat whose connection is lost keeps its tile so long: a silent device is removed after it (e2ee.md). */
const LOST_KEPT_MS = 10 * 60_000;

/** An attempt of ours that we gave up may reach the server so much later, and put out the one that succeeded. */
const OWN_ATTEMPT_MS = 30_000;

/** Reasons for which trying again would be wrong, and what to call them. */
const FINAL: Partial<Record<DisconnectReason, Code>> = {
  [DisconnectReason.DUPLICATE_IDENTITY]: "seat.taken_over",
  [DisconnectReason.PARTICIPANT_REMOVED]: "seat.withdrawn",
  [DisconnectReason.ROOM_DELETED]: "sitting.closed",
  [DisconnectReason.ROOM_CLOSED]: "sitting.closed",
};

/** Who left so, left by will or was sent out: no tile waits for them. */
const GONE: ReadonlySet<DisconnectReason> = new Set([
  DisconnectReason.CLIENT_INITIATED,
  DisconnectReason.DUPLICATE_IDENTITY,
  DisconnectReason.PARTICIPANT_REMOVED,
  DisconnectReason.ROOM_DELETED,
  DisconnectReason.ROOM_CLOSED,
]);

export class MediaRoom {
  readonly #options: RoomOptions;
  readonly #store: Store<RoomSnapshot>;
  readonly #lost = new Map<string, Participant & { readonly lost_ms: number }>();
  readonly #tally = new Tally();
  readonly #left = new AbortController();
  readonly #reception: Reception;
  #loudspeaker: { on: boolean; id: string };
  #room: Room | undefined;
  #sender: Sender | undefined;
  #failedAt_ms = Number.NEGATIVE_INFINITY;

  constructor(options: RoomOptions) {
    this.#options = options;
    const line: Line = { state: "joining", since_ms: options.now() };
    this.#store = new Store<RoomSnapshot>({ line, others: [], soundBlocked: false });
    this.#loudspeaker = { ...options.loudspeaker };
    const { sealed, now } = options;
    this.#reception = new Reception(sealed.seal, sealed.seatOf, now, options.loudspeaker.on);
  }

  get store(): Readable<RoomSnapshot> {
    return this.#store;
  }

  /** Our own tracks in the room. */
  get published(): readonly Published[] {
    return this.#room?.state === "connected" ? (this.#sender?.published ?? []) : [];
  }

  /** Joins, and comes back as often as it takes; resolves when it has ended. */
  async stay(): Promise<void> {
    const { seal } = this.#options.sealed;
    const unsubscribe = seal.store.subscribe(() => this.follow());
    // Before LiveKit listens to the worker: who listens first hears first.
    const stopIgnoring = ignoreGone(
      seal.worker,
      (identity) => this.#room?.getParticipantByIdentity(identity) !== undefined,
    );
    await this.#stay();
    stopIgnoring();
    unsubscribe();
  }

  /** Roster, plates or the floor changed. (What the seal learns, it says itself.) */
  follow(): void {
    if (this.#room !== undefined) this.#refresh(this.#room);
    void this.#sender?.follow();
  }

  async #stay(): Promise<void> {
    for (let attempt = 0; !this.#left.signal.aborted; attempt++) {
      const outcome = await this.#joinOnce(() => {
        attempt = 0;
      });
      if (this.#left.signal.aborted) break;
      if (outcome !== undefined) return this.#end(outcome);
      this.#lose();
      await pause(backoff_ms(attempt, this.#options.random()), this.#left.signal);
    }
    this.#end();
  }

  async leave(): Promise<void> {
    this.#left.abort();
    await this.#room?.disconnect(false);
  }

  /** There is a track to send that was opened after we joined. */
  publish(): void {
    void this.#sender?.follow();
  }

  setLoudspeaker(on: boolean): void {
    this.#loudspeaker.on = on;
    this.#reception.setLoudspeaker(on, this.#room);
    if (on) void this.#room?.startAudio().catch(() => undefined);
  }

  async chooseLoudspeaker(id: string): Promise<void> {
    this.#loudspeaker.id = id;
    await this.#room?.switchActiveDevice("audiooutput", id).catch(() => false);
  }

  /** Shows a participant's picture in `element`, until the returned function is called. */
  showPicture(identity: string, element: HTMLVideoElement): () => void {
    const participant = this.#room?.remoteParticipants.get(identity);
    const track = this.#reception.picture(participant);
    track?.attach(element);
    return () => void track?.detach(element);
  }

  async path(): Promise<Path | undefined> {
    const camera = this.#room?.localParticipant.trackPublications.values().next().value?.track;
    const report = await camera?.getRTCStatsReport();
    if (report === undefined) return undefined;
    const entries = [...report.values()];
    const pair = entries.find(
      (entry) => entry.type === "candidate-pair" && entry.nominated && entry.state === "succeeded",
    );
    const local = entries.find((entry) => entry.id === pair?.localCandidateId);
    return (
      pair && local && { protocol: local.protocol, roundTrip_ms: Math.round((pair.currentRoundTripTime ?? 0) * 1000) }
    );
  }

  async statistics(): Promise<Statistics> {
    for (const participant of this.#room?.remoteParticipants.values() ?? [])
      for (const { track } of participant.trackPublications.values())
        if (track instanceof RemoteTrack) {
          const report = await track.getRTCStatsReport();
          this.#tally.record(participant.identity, track.mediaStreamTrack.id, countersOf(report?.values() ?? []));
        }
    const counts = this.#options.sealed.seal.store.snapshot().counts;
    for (const count of counts) this.#tally.recordFailed(count.identity, count.track, failedOf(count));
    return this.#tally.statistics();
  }

  /** Resolves when the connection is over: with a code where it is for good, else `undefined`. */
  async #joinOnce(joined: () => void): Promise<Code | undefined> {
    const { url, token, quality, sealed, tracks } = this.#options;
    // A room before this one may have left its listeners: keys are told to the present one alone.
    sealed.seal.keyProvider.removeAllListeners();
    const room = new Room({
      encryption: { keyProvider: sealed.seal.keyProvider, worker: sealed.seal.worker },
      adaptiveStream: true, // a tile that is not shown is not sent
      dynacast: true, // a layer that nobody watches is not encoded
      stopLocalTrackOnUnpublish: false, // the devices are ours: they outlive a connection
      ...(this.#loudspeaker.id !== "" && { audioOutput: { deviceId: this.#loudspeaker.id } }),
      publishDefaults: {
        videoCodec: "vp8",
        backupCodec: false,
        simulcast: true,
        videoEncoding: { maxBitrate: quality.bitrate_bps, maxFramerate: quality.rate_fps },
        videoSimulcastLayers: [new VideoPreset(320, 180, 150_000, 15), new VideoPreset(640, 360, 400_000, 20)],
      },
    });
    const over = this.#listen(room);
    this.#room = room;
    this.#sender = new Sender(room, tracks, sealed.seal);
    try {
      await room.setE2EEEnabled(true);
      await room.connect(url, token, { autoSubscribe: false });
    } catch (error) {
      this.#failedAt_ms = this.#options.now();
      if (room.state !== "disconnected") await room.disconnect(false);
      return refusalOf(error);
    }
    if (room.localParticipant.identity !== sealed.seal.identity) {
      await room.disconnect(false);
      return "seat.another";
    }
    joined();
    this.#lost.clear();
    this.#refresh(room, { state: "open" });
    void this.#sender?.follow();
    return this.#outcomeOf(await over);
  }

  #outcomeOf(reason: DisconnectReason | undefined): Code | undefined {
    if (reason === undefined) return undefined;
    const isOurOwn = this.#options.now() - this.#failedAt_ms < OWN_ATTEMPT_MS;
    return reason === DisconnectReason.DUPLICATE_IDENTITY && isOurOwn ? undefined : FINAL[reason];
  }

  #listen(room: Room): Promise<DisconnectReason | undefined> {
    const refresh = () => this.#refresh(room);
    for (const event of [
      RoomEvent.ParticipantActive,
      RoomEvent.ParticipantNameChanged,
      RoomEvent.ParticipantAttributesChanged,
      RoomEvent.TrackPublished,
      RoomEvent.TrackUnpublished,
      RoomEvent.TrackUnsubscribed,
      RoomEvent.TrackMuted,
      RoomEvent.TrackUnmuted,
      RoomEvent.TrackStreamStateChanged,
      RoomEvent.AudioPlaybackStatusChanged,
    ] as const)
      room.on(event, refresh);
    room.on(RoomEvent.ParticipantConnected, ({ identity }) => {
      this.#lost.delete(identity);
      refresh();
    });
    room.on(RoomEvent.ParticipantDisconnected, (participant, reason) => {
      if (reason === undefined || !GONE.has(reason)) this.#keepLost(participant);
      refresh();
    });
    room.on(RoomEvent.TrackSubscribed, refresh);
    room.on(RoomEvent.TrackUnsubscribed, (track) => {
      takeAway(track);
    });
    room.on(RoomEvent.SignalReconnecting, () => this.#lose());
    room.on(RoomEvent.Reconnecting, () => this.#lose());
    room.on(RoomEvent.Reconnected, () => {
      this.#refresh(room, { state: "open" });
      void this.#sender?.follow();
    });
    room.on(RoomEvent.ParticipantPermissionsChanged, (_, participant) => {
      if (participant === room.localParticipant) void this.#sender?.follow();
    });
    return new Promise((resolve) => room.once(RoomEvent.Disconnected, resolve));
  }

  #keepLost(participant: RemoteParticipant): void {
    const here = this.#describe(participant);
    if (here === undefined) return;
    const lost = { ...here, picture: "none" as const, lost_ms: this.#options.now() };
    this.#lost.set(participant.identity, lost);
  }

  #refresh(room: Room, line?: Line): void {
    if (room !== this.#room || room.state === "disconnected") return; // the others stay as they were last seen
    const now = this.#options.now();
    for (const [identity, { lost_ms }] of this.#lost) if (now - lost_ms > LOST_KEPT_MS) this.#lost.delete(identity);
    this.#reception.follow(room);
    const here = [...room.remoteParticipants.values()].map((participant) => this.#describe(participant));
    const lost = [...this.#lost.values()].filter(({ seat }) => this.#isKnown(seat.identity));
    const others = [...here, ...lost]
      .filter((participant) => participant !== undefined)
      .sort((a, b) => byProtocol(a.seat, b.seat));
    this.#store.update((before) => {
      const after = { line: line ?? before.line, others, soundBlocked: !room.canPlaybackAudio };
      // The gate counts five times a second: what is drawn changes seldom.
      return JSON.stringify(after) === JSON.stringify(before) ? before : after;
    });
  }

  #describe(participant: RemoteParticipant): Participant | undefined {
    return this.#reception.describe(participant);
  }

  #isKnown(identity: string): boolean {
    return this.#options.sealed.seal.isRostered(identity);
  }

  #lose(): void {
    this.#store.update((before) =>
      before.line.state === "open" ? { ...before, line: { state: "lost", since_ms: this.#options.now() } } : before,
    );
  }

  #end(why?: Code): void {
    this.#store.update((before) => ({ ...before, line: { state: "ended", ...(why !== undefined && { why }) } }));
  }
}

/** The code of an error for which trying again would be wrong; `undefined`: try again. */
function refusalOf(error: unknown): Code | undefined {
  if (!(error instanceof ConnectionError)) return undefined;
  if (error.reason === ConnectionErrorReason.NotAllowed) return error.status === 503 ? "room.full" : "token.invalid";
  if (error.reason === ConnectionErrorReason.LeaveRequest) return FINAL[error.context as DisconnectReason];
  return undefined;
}

/** Waits; ends early when the network is said to be back, or when `signal` aborts. */
function pause(duration_ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, duration_ms);
    window.addEventListener("online", done);
    signal.addEventListener("abort", done, { once: true });
  });
}
