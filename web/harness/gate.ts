/** A participant with the product's frames worker and key provider, and keys that a test gives it. */
import { Encryption_Type, Room, RoomEvent, Track } from "livekit-client";
import { type Frames as Gated, startFrames } from "../src/media/frames";
import type { Epoch } from "../src/media/gate";
import type { SendingCounts, TrackCounts } from "../src/media/gateMessages";
import { FrameKeyProvider, importFrameKey } from "../src/media/keyProvider";

/**
 * How a test page is put together: `stock` is LiveKit's own worker, to show what the gate is for; `none` sends in clear, and `liar`
 * sends in clear what it calls sealed.
 */
type Frames = "gate" | "stock" | "none" | "liar";

const provider = new FrameKeyProvider();
let gated: Gated | undefined;
let epoch: Epoch | undefined;
let sendUnder: number | null = null;
const met = new Set<string>();
let counts: readonly TrackCounts[] = [];
let sending: SendingCounts = { index: null, sent: 0, blocked: 0 };
let room: Room;

function framesWorker(frames: Frames, identity: string): Worker {
  if (frames === "stock") return new Worker(new URL("livekit-client/e2ee-worker", import.meta.url), { type: "module" });
  gated = startFrames(identity);
  gated.listen((message) => {
    if ("counts" in message) counts = message.counts;
    else sending = message.sending;
  });
  return gated.worker;
}

function tell(): void {
  if (epoch !== undefined) gated?.tell({ epoch, sendUnder, heard: [...met], maySpeak: true });
}

const harness = {
  async connect(url: string, identity: string, token: string, frames: Frames, publish: boolean): Promise<void> {
    room = new Room(
      frames === "none" || frames === "liar"
        ? {}
        : { encryption: { keyProvider: provider, worker: framesWorker(frames, identity) } },
    );
    room.on(RoomEvent.TrackSubscribed, (track) => document.body.append(track.attach()));
    if (frames === "gate" || frames === "stock") await room.setE2EEEnabled(true);
    if (frames === "liar") Object.assign(room.localParticipant, { encryptionType: Encryption_Type.GCM });
    await room.connect(url, token);
    if (!publish) return;
    const [video, audio] = (
      await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 180, frameRate: 15 } })
    )
      .getTracks()
      .sort((a, b) => (a.kind < b.kind ? 1 : -1));
    const plain = { simulcast: false, videoCodec: "vp8" as const };
    if (video) await room.localParticipant.publishTrack(video, { ...plain, source: Track.Source.Camera });
    if (audio) await room.localParticipant.publishTrack(audio, { source: Track.Source.Microphone });
  },

  async setKey(identity: string, index: number, bytes: number[]): Promise<void> {
    met.add(identity);
    tell();
    provider.setKey(await importFrameKey(identity, index, Uint8Array.from(bytes)));
  },

  sendUnder(identity: string, index: number): void {
    sendUnder = index;
    tell();
    provider.sendUnder(identity, index);
  },

  enter(next: Epoch): void {
    epoch = next;
    tell();
  },

  counts: () => counts,
  sending: () => sending,

  /** What was decoded so far: frames, seconds in which the picture stood still, energy that was heard. */
  async statistics() {
    const decoded: Record<string, { frames: number; freezes: number; frozen_s: number; energy: number }> = {};
    for (const participant of room.remoteParticipants.values()) {
      const seen = { frames: 0, freezes: 0, frozen_s: 0, energy: 0 };
      for (const publication of participant.trackPublications.values()) {
        for (const report of (await publication.track?.getRTCStatsReport())?.values() ?? []) {
          if (report.type !== "inbound-rtp") continue;
          seen.frames += report.framesDecoded ?? 0;
          seen.freezes += report.freezeCount ?? 0;
          seen.frozen_s += report.totalFreezesDuration ?? 0;
          seen.energy += report.totalAudioEnergy ?? 0;
        }
      }
      decoded[participant.identity] = seen;
    }
    return decoded;
  },
};

declare global {
  interface Window {
    harness: typeof harness;
  }
}
window.harness = harness;
