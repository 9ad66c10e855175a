/** A participant with the product's frames worker and key provider, and keys that a test gives it. */
import { Room, RoomEvent, Track } from "livekit-client";
import type { Epoch } from "../src/media/gate";
import type { FromGate, GatePort, ToGate, TrackCounts } from "../src/media/gateMessages";
import { FrameKeyProvider, importFrameKey } from "../src/media/keyProvider";

/** How a test page is put together: `stock` is LiveKit's own worker, to show what the gate is for. */
type Frames = "gate" | "stock" | "none";

const provider = new FrameKeyProvider();
const gate = new MessageChannel();
let counts: readonly TrackCounts[] = [];
let sending = { sent: 0, blocked: 0 };
let room: Room;

gate.port1.onmessage = ({ data }: MessageEvent<FromGate>) => {
  if ("counts" in data) counts = data.counts;
  else sending = data.sending;
};

function framesWorker(frames: Frames): Worker {
  if (frames === "stock") return new Worker(new URL("livekit-client/e2ee-worker", import.meta.url), { type: "module" });
  const worker = new Worker(new URL("../src/media/frames.worker.ts", import.meta.url), { type: "module" });
  worker.postMessage({ kind: "incamera.gate", port: gate.port2 } satisfies GatePort, [gate.port2]);
  return worker;
}

const harness = {
  async connect(url: string, token: string, frames: Frames, publish: boolean): Promise<void> {
    room = new Room(frames === "none" ? {} : { encryption: { keyProvider: provider, worker: framesWorker(frames) } });
    room.on(RoomEvent.TrackSubscribed, (track) => document.body.append(track.attach()));
    if (frames !== "none") await room.setE2EEEnabled(true);
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
    provider.setKey(await importFrameKey(identity, index, Uint8Array.from(bytes)));
  },

  sendUnder(identity: string, index: number): void {
    provider.sendUnder(identity, index);
  },

  enter(epoch: Epoch): void {
    gate.port1.postMessage({ epoch } satisfies ToGate);
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
