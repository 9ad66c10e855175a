/** What arrived from each participant, by the browser's own counters: the tests' measure of "others see and hear me". */
import type { TrackCounts } from "./gateMessages.ts";

/** Counters since the page was loaded; they never go back, also when a track is published anew. */
export interface Received {
  readonly video_frames: number;
  /** Frames of 20 ms that were decoded, not concealed. */
  readonly audio_frames: number;
  /** Of the picture decoded last; 0 when there was none. */
  readonly width: number;
  readonly height: number;
  readonly freezes: number;
  /** Sealed frames that arrived and were not shown: without a key that counts now, played before, or not sealed at all. */
  readonly failed: number;
}

export type Statistics = Readonly<Record<string, Received>>;

/** The inbound counters of one report of `RTCRtpReceiver.getStats()`. */
export interface Counters {
  readonly video_frames: number;
  readonly audio_frames: number;
  readonly freezes: number;
  readonly width: number;
  readonly height: number;
}

/** Frames that the gate dropped, but for those that it drops by design: of a section that nobody has, or of who has not the floor. */
export function failedOf({ dropped }: Pick<TrackCounts, "dropped">): number {
  const { unassigned: _, no_floor: __, ...failed } = dropped;
  return Object.values(failed).reduce((sum, frames) => sum + frames, 0);
}

const nothing: Counters = { video_frames: 0, audio_frames: 0, freezes: 0, width: 0, height: 0 };
const AUDIO_FRAME_S = 0.02;
/** Opus always decodes at this rate in browsers. */
const AUDIO_RATE_HZ = 48_000;

export function countersOf(report: Iterable<Record<string, unknown>>): Counters {
  const number = (value: unknown) => (typeof value === "number" ? value : 0);
  let counters = nothing;
  for (const entry of report) {
    if (entry["type"] !== "inbound-rtp") continue;
    const decoded = number(entry["totalSamplesReceived"]) - number(entry["concealedSamples"]);
    counters = {
      video_frames: counters.video_frames + number(entry["framesDecoded"]),
      audio_frames: counters.audio_frames + Math.floor(Math.max(0, decoded) / (AUDIO_RATE_HZ * AUDIO_FRAME_S)),
      freezes: counters.freezes + number(entry["freezeCount"]),
      width: number(entry["frameWidth"]) || counters.width,
      height: number(entry["frameHeight"]) || counters.height,
    };
  }
  return counters;
}

/** Adds up the tracks of each participant over their lives: a track's counters end with it, ours do not. */
export class Tally {
  readonly #tracks = new Map<string, Map<string, Life>>();
  readonly #failed = new Map<string, Map<string, Failed>>();

  /** A track that ended reports nothing; its section used again counts anew: what was counted before is kept. */
  record(identity: string, track: string, now: Counters): void {
    if (now.video_frames === 0 && now.audio_frames === 0) return;
    const tracks = this.#tracks.get(identity) ?? new Map<string, Life>();
    const { before, last } = tracks.get(track) ?? { before: nothing, last: nothing };
    const isAnew = now.video_frames < last.video_frames || now.audio_frames < last.audio_frames;
    tracks.set(track, { before: isAnew ? sum([before, last]) : before, last: now });
    this.#tracks.set(identity, tracks);
  }

  /** The gate counts a track anew when its section is used again: what it counted before is kept. */
  recordFailed(identity: string, track: string, now: number): void {
    const tracks = this.#failed.get(identity) ?? new Map<string, Failed>();
    const { before = 0, last = 0 } = tracks.get(track) ?? {};
    tracks.set(track, { before: now < last ? before + last : before, last: now });
    this.#failed.set(identity, tracks);
  }

  statistics(): Statistics {
    const identities = new Set([...this.#tracks.keys(), ...this.#failed.keys()]);
    return Object.fromEntries([...identities].map((identity) => [identity, this.#of(identity)]));
  }

  #of(identity: string): Received {
    const failed = [...(this.#failed.get(identity)?.values() ?? [])].reduce(
      (sum, one) => sum + one.before + one.last,
      0,
    );
    const lives = [...(this.#tracks.get(identity)?.values() ?? [])];
    return { ...sum(lives.flatMap(({ before, last }) => [before, last])), failed };
  }
}

interface Life {
  readonly before: Counters;
  readonly last: Counters;
}

interface Failed {
  readonly before: number;
  readonly last: number;
}

function sum(tracks: readonly Counters[]): Counters {
  return tracks.reduce<Counters>(
    (all, one) => ({
      video_frames: all.video_frames + one.video_frames,
      audio_frames: all.audio_frames + one.audio_frames,
      freezes: all.freezes + one.freezes,
      width: one.width || all.width,
      height: one.height || all.height,
    }),
    nothing,
  );
}
