/**
 * A participant with the product's room, seal and devices, and no member: rounds and the floor come from a test, which can lie to it.
 * Pictures are attached as the screens do it.
 */
import { Devices } from "../src/media/devices";
import { startFrames } from "../src/media/frames";
import { qualityNamed } from "../src/media/quality";
import { MediaRoom } from "../src/media/room";
import { type Change, deviceOf, Seal } from "../src/media/seal";

interface Shown {
  readonly element: HTMLVideoElement;
  readonly key: string;
  readonly detach: () => void;
}

const pictures = new Map<string, Shown>();
let seal: Seal;
let room: MediaRoom;
let devices: Devices;

async function keyOf(secret: number[], identity: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array([...secret, ...new TextEncoder().encode(identity)]);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function show(identity: string, key: string): void {
  const element = document.body.appendChild(document.createElement("video"));
  element.width = 320;
  element.muted = element.autoplay = true;
  pictures.set(identity, { element, key, detach: room.showPicture(identity, element) });
}

function hide(identity: string): void {
  pictures.get(identity)?.detach();
  pictures.get(identity)?.element.remove();
  pictures.delete(identity);
}

function draw(): void {
  const { others } = room.store.snapshot();
  for (const identity of pictures.keys())
    if (
      !others.some(({ seat, pictureKey }) => seat.identity === identity && pictureKey === pictures.get(identity)?.key)
    )
      hide(identity);
  for (const { seat, pictureKey } of others)
    if (pictureKey !== "" && !pictures.has(seat.identity)) show(seat.identity, pictureKey);
}

const harness = {
  async start(url: string, identity: string, token: string, publishes: boolean): Promise<void> {
    seal = new Seal({ identity, frames: startFrames(identity), now: () => performance.now() });
    devices = new Devices(qualityNamed("low"), { camera: "", microphone: "", loudspeaker: "" });
    if (publishes) {
      await devices.open();
      await devices.setMicrophoneOpen(true);
    }
    room = new MediaRoom({
      url,
      token,
      sealed: { seal, seatOf: (other) => ({ identity: other, delegation: deviceOf(other) }) },
      quality: qualityNamed("low"),
      loudspeaker: { on: true, id: "" },
      tracks: () => [devices.camera, devices.microphone].filter((track) => track !== undefined),
      now: () => Date.now(),
      random: () => Math.random(),
    });
    room.store.subscribe(draw);
    void room.stay();
  },

  enter(number: number, change: Change, roster: string[], secret: number[]): void {
    seal.enter({ number, change, roster: new Set(roster), frameKey: (identity) => keyOf(secret, identity) });
  },

  setSpeakers: (devices: string[]) => seal.setSpeakers(new Set(devices)),
  exclude: (device: string) => seal.exclude(device),
  allowSending: (may: boolean) => seal.allowSending(may),
  line: () => room.store.snapshot().line,
  others: () => room.store.snapshot().others,
  statistics: () => room.statistics(),
  seal: () => ({ ...seal.store.snapshot(), keyed: [...seal.store.snapshot().keyed] }),

  /** Identities whose picture is attached. */
  attached: () => [...pictures].filter(([, { element }]) => element.srcObject !== null).map(([identity]) => identity),
};

declare global {
  interface Window {
    room: typeof harness;
  }
}
window.room = harness;
