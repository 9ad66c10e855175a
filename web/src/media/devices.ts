/**
 * The camera, the microphone and the loudspeaker of this device: opened once, for the check and for the room.
 *
 * Nothing here sends: the tracks are handed to the room when somebody enters.
 */

import {
  createLocalAudioTrack,
  createLocalVideoTrack,
  type LocalAudioTrack,
  type LocalVideoTrack,
  MediaDeviceFailure,
  Room,
  TrackEvent,
} from "livekit-client";
import { type Readable, Store } from "../store.ts";
import { LevelMeter } from "./level.ts";
import type { Quality } from "./quality.ts";

/** `off`: by its holder's choice. `failed`: the browser gave no reason that we know. */
export type InputState = "asking" | "ready" | "off" | "denied" | "missing" | "busy" | "failed";

export interface Choice {
  readonly id: string;
  /** The device's own name; empty until the browser was allowed to tell it. */
  readonly label: string;
}

export interface Input {
  readonly state: InputState;
  readonly id: string;
  readonly choices: readonly Choice[];
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rate_fps: number;
}

export interface DevicesSnapshot {
  readonly camera: Input & { readonly picture?: Picture };
  readonly microphone: Input & { readonly open: boolean };
  readonly loudspeaker: { readonly id: string; readonly choices: readonly Choice[]; readonly selectable: boolean };
}

/** What a tab remembers of its choices, by device id; "" is the system's choice. */
export interface DeviceChoices {
  readonly camera: string;
  readonly microphone: string;
  readonly loudspeaker: string;
}

const unopened: Input = { state: "asking", id: "", choices: [] };

export class Devices {
  readonly #store: Store<DevicesSnapshot>;
  readonly #quality: Quality;
  readonly #cameraWanted: boolean;
  #camera: LocalVideoTrack | undefined;
  #microphone: LocalAudioTrack | undefined;
  #meter: LevelMeter | undefined;
  /** Tells the room that there is a track to send which was not there before. */
  onTrack: (track: LocalVideoTrack | LocalAudioTrack) => void = () => undefined;

  constructor(quality: Quality, choices: DeviceChoices, cameraWanted = true) {
    this.#quality = quality;
    this.#cameraWanted = cameraWanted;
    this.#store = new Store<DevicesSnapshot>({
      camera: { ...unopened, id: choices.camera },
      microphone: { ...unopened, id: choices.microphone, open: false },
      loudspeaker: { id: choices.loudspeaker, choices: [], selectable: "setSinkId" in HTMLMediaElement.prototype },
    });
  }

  get store(): Readable<DevicesSnapshot> {
    return this.#store;
  }

  get camera(): LocalVideoTrack | undefined {
    return this.#camera;
  }

  get microphone(): LocalAudioTrack | undefined {
    return this.#microphone;
  }

  /** Asks for what is not open yet: the camera first, so that the two questions of the browser come one after the other. */
  async open(): Promise<void> {
    navigator.mediaDevices?.addEventListener("devicechange", this.#onChange);
    if (this.#cameraWanted) await this.openCamera();
    else this.#setCamera({ state: "off" });
    await this.openMicrophone();
    await this.#list();
  }

  async openCamera(): Promise<void> {
    if (this.#camera !== undefined) return;
    this.#setCamera({ state: "asking" });
    const { width, height, rate_fps } = this.#quality;
    const id = this.#store.snapshot().camera.id;
    try {
      const camera = await createLocalVideoTrack({
        ...(id !== "" && { deviceId: id }),
        resolution: { width, height, frameRate: rate_fps },
      });
      this.#camera = camera;
      camera.on(TrackEvent.Restarted, () => this.#describeCamera());
      camera.on(TrackEvent.Ended, () => this.#setCamera({ state: "missing" }));
      this.#describeCamera();
      this.onTrack(camera);
    } catch (error) {
      this.#setCamera({ state: stateOf(error) });
    }
  }

  async openMicrophone(): Promise<void> {
    if (this.#microphone !== undefined) return;
    this.#setMicrophone({ state: "asking" });
    const id = this.#store.snapshot().microphone.id;
    try {
      const microphone = await createLocalAudioTrack({
        ...(id !== "" && { deviceId: id }),
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
      });
      await microphone.mute(); // it is opened by a press in the room, and by nothing else
      this.#microphone = microphone;
      microphone.on(TrackEvent.Restarted, () => this.#listen());
      microphone.on(TrackEvent.Ended, () => this.#setMicrophone({ state: "missing", open: false }));
      this.#listen();
      this.#setMicrophone({ state: "ready", id: (await microphone.getDeviceId(false)) ?? id });
      this.onTrack(microphone);
    } catch (error) {
      this.#setMicrophone({ state: stateOf(error) });
    }
  }

  /** Tries again what failed: after the browser's permission was changed, or a device was plugged in. */
  async retry(): Promise<void> {
    const { camera, microphone } = this.#store.snapshot();
    if (isFailed(camera.state)) {
      this.#camera?.stop();
      this.#camera = undefined;
      await this.openCamera();
    }
    if (isFailed(microphone.state)) {
      this.#microphone?.stop();
      this.#microphone = undefined;
      await this.openMicrophone();
    }
    await this.#list();
  }

  async chooseCamera(id: string): Promise<void> {
    this.#setCamera({ id });
    if (this.#camera === undefined) return this.openCamera();
    await this.#camera.setDeviceId({ exact: id }).catch((error) => this.#setCamera({ state: stateOf(error) }));
    this.#describeCamera();
  }

  async chooseMicrophone(id: string): Promise<void> {
    this.#setMicrophone({ id });
    if (this.#microphone === undefined) return this.openMicrophone();
    await this.#microphone.setDeviceId({ exact: id }).catch((error) => this.#setMicrophone({ state: stateOf(error) }));
    this.#listen();
  }

  chooseLoudspeaker(id: string): void {
    this.#store.update((now) => ({ ...now, loudspeaker: { ...now.loudspeaker, id } }));
  }

  /** Off means off: the camera's light goes out. */
  async setCameraOn(on: boolean): Promise<void> {
    if (on && this.#camera === undefined) return this.openCamera();
    if (on) await this.#camera?.unmute();
    else await this.#camera?.mute();
    this.#setCamera({ state: on ? "ready" : "off" });
  }

  async setMicrophoneOpen(open: boolean): Promise<void> {
    if (this.#microphone === undefined) return;
    if (open) await this.#microphone.unmute();
    else await this.#microphone.mute();
    this.#setMicrophone({ open });
  }

  /** Shows what others get in `element`, until the returned function is called. */
  showCamera(element: HTMLVideoElement): () => void {
    const camera = this.#camera;
    camera?.attach(element);
    return () => void camera?.detach(element);
  }

  /** The microphone's level in dB below full scale, also while it is closed; `undefined`: not known. */
  level(): number | undefined {
    return this.#meter?.read();
  }

  choices(): DeviceChoices {
    const { camera, microphone, loudspeaker } = this.#store.snapshot();
    return { camera: camera.id, microphone: microphone.id, loudspeaker: loudspeaker.id };
  }

  close(): void {
    navigator.mediaDevices?.removeEventListener("devicechange", this.#onChange);
    this.#meter?.close();
    this.#meter = undefined;
    this.#camera?.stop();
    this.#camera = undefined;
    this.#microphone?.stop();
    this.#microphone = undefined;
    this.#setMicrophone({ open: false });
  }

  readonly #onChange = () => void this.retry();

  #describeCamera(): void {
    const settings = this.#camera?.getSourceTrackSettings();
    if (settings === undefined) return;
    const { width = 0, height = 0, frameRate = 0, deviceId = "" } = settings;
    this.#setCamera({ state: "ready", id: deviceId, picture: { width, height, rate_fps: Math.round(frameRate) } });
  }

  #listen(): void {
    this.#meter?.close();
    this.#meter = this.#microphone && new LevelMeter(this.#microphone.mediaStreamTrack);
  }

  async #list(): Promise<void> {
    const [cameras, microphones, loudspeakers] = await Promise.all([
      list("videoinput"),
      list("audioinput"),
      list("audiooutput"),
    ]);
    this.#setCamera({ choices: cameras });
    this.#setMicrophone({ choices: microphones });
    this.#store.update((now) => ({ ...now, loudspeaker: { ...now.loudspeaker, choices: loudspeakers } }));
  }

  #setCamera(change: Partial<DevicesSnapshot["camera"]>): void {
    this.#store.update((now) => ({ ...now, camera: { ...now.camera, ...change } }));
  }

  #setMicrophone(change: Partial<DevicesSnapshot["microphone"]>): void {
    this.#store.update((now) => ({ ...now, microphone: { ...now.microphone, ...change } }));
  }
}

function isFailed(state: InputState): boolean {
  return state !== "asking" && state !== "ready" && state !== "off";
}

async function list(kind: MediaDeviceKind): Promise<readonly Choice[]> {
  const devices = await Room.getLocalDevices(kind, false).catch(() => []);
  return devices.map(({ deviceId, label }) => ({ id: deviceId, label }));
}

function stateOf(error: unknown): InputState {
  switch (MediaDeviceFailure.getFailure(error)) {
    case MediaDeviceFailure.PermissionDenied:
      return "denied";
    case MediaDeviceFailure.NotFound:
      return "missing";
    case MediaDeviceFailure.DeviceInUse:
      return "busy";
    default:
      return "failed";
  }
}
