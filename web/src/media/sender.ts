/**
 * What of our own is published: the camera, and the microphone while we may speak; nothing before it can be sealed.
 *
 * The floor's second hold (e2ee.md). The server's grants may come later than our fold, and refuse: then it is tried again when they
 * change.
 */
import {
  type LocalAudioTrack,
  type LocalTrack,
  type LocalTrackPublication,
  type LocalVideoTrack,
  type Room,
  Track,
} from "livekit-client";
import type { Seal } from "./seal.ts";

type Own = LocalVideoTrack | LocalAudioTrack;

/** A track of ours in the room, as a heartbeat says it (docs/reference/record.md, 6); its streams' numbers are said by no member yet. */
export interface Published {
  readonly sid: string;
  readonly kind: "audio" | "video";
  readonly source: string;
  readonly ssrcs: readonly number[];
}

/** In the order of their ids; what the room has not numbered yet is not published. */
export function publishedOf(
  publications: readonly Pick<LocalTrackPublication, "trackSid" | "kind" | "source">[],
): readonly Published[] {
  return publications
    .filter(({ trackSid }) => trackSid !== "")
    .map(({ trackSid, kind, source }) => ({
      sid: trackSid,
      kind: kind === Track.Kind.Audio ? ("audio" as const) : ("video" as const),
      source,
      ssrcs: [],
    }))
    .sort((a, b) => (a.sid < b.sid ? -1 : 1));
}

/** Of one connection to the room. */
export class Sender {
  readonly #room: Room;
  readonly #tracks: () => readonly Own[];
  readonly #seal: Seal;
  #isBusy = false;
  #isAsked = false;
  #isKeyed = false;

  constructor(room: Room, tracks: () => readonly Own[], seal: Seal) {
    this.#room = room;
    this.#tracks = tracks;
    this.#seal = seal;
  }

  /** Publishes what should be and is not, and the other way round; one after the other, and again if it was asked for meanwhile. */
  async follow(): Promise<void> {
    this.#isAsked = true;
    if (this.#isBusy) return;
    this.#isBusy = true;
    while (this.#isAsked && this.#room.state === "connected") {
      this.#isAsked = false;
      // A track that fails while the connection breaks, or for want of a grant, is tried again when either is there.
      for (const track of this.#tracks()) await this.#settle(track).catch(() => undefined);
    }
    this.#isBusy = false;
  }

  /** What is published now: what our heartbeats say of us. */
  get published(): readonly Published[] {
    return publishedOf([...this.#room.localParticipant.trackPublications.values()]);
  }

  async #settle(track: Own): Promise<void> {
    const { localParticipant } = this.#room;
    const isSent = [...localParticipant.trackPublications.values()].some((sent) => sent.track === track);
    const mustBeSent = this.#mayBeSent(track);
    if (isSent === mustBeSent) return;
    // The casts: livekit-client's own types are not written for `exactOptionalPropertyTypes`.
    if (mustBeSent)
      await localParticipant.publishTrack(track as LocalTrack, {
        source: track.kind === Track.Kind.Video ? Track.Source.Camera : Track.Source.Microphone,
      });
    else await localParticipant.unpublishTrack(track as LocalTrack, false);
  }

  #mayBeSent(track: Own): boolean {
    const { sendsUnder, maySpeak } = this.#seal.store.snapshot();
    // Once published, a track stays so while the next key is due: the gate keeps its frames back.
    this.#isKeyed ||= sendsUnder !== undefined;
    return this.#isKeyed && (track.kind === Track.Kind.Video || maySpeak);
  }
}
