/** A person's place at this computer: camera, microphone, loudspeaker, what the tab remembers of them; whatever room they go to. */
import { Devices, type DevicesSnapshot } from "../media/devices.ts";
import { closedMicrophone, type Microphone, type MicrophoneEvent, microphoneAfter } from "../media/microphone.ts";
import type { Quality } from "../media/quality.ts";
import { playTone } from "../media/tone.ts";
import { type Readable, Store } from "../store.ts";
import type { TabMemory } from "./memory.ts";

export class Station {
  /** Tells the room that there is a track to send which was not there before. */
  onTrack: () => void = () => undefined;
  readonly #memory: TabMemory;
  readonly #quality: Quality;
  readonly #store: Store<DevicesSnapshot>;
  #devices: Devices;
  #microphone: Microphone = closedMicrophone;

  constructor(memory: TabMemory, quality: Quality) {
    this.#memory = memory;
    this.#quality = quality;
    this.#devices = this.#make();
    this.#store = new Store(this.#devices.store.snapshot());
  }

  get store(): Readable<DevicesSnapshot> {
    return this.#store;
  }

  get quality(): Quality {
    return this.#quality;
  }

  readonly tracks = () => [this.#devices.camera, this.#devices.microphone].filter((track) => track !== undefined);

  open(): Promise<void> {
    return this.#devices.open();
  }

  /** Lights out; they are opened anew when somebody comes back. */
  close(): void {
    this.#devices.close();
    this.#devices = this.#make();
    this.#microphone = closedMicrophone;
  }

  choices() {
    return this.#devices.choices();
  }

  retry(): Promise<void> {
    return this.#devices.retry();
  }

  async chooseCamera(id: string): Promise<void> {
    await this.#devices.chooseCamera(id);
    this.#remember();
  }

  async chooseMicrophone(id: string): Promise<void> {
    await this.#devices.chooseMicrophone(id);
    this.#remember();
  }

  chooseLoudspeaker(id: string): void {
    this.#devices.chooseLoudspeaker(id);
    this.#remember();
  }

  playTone(): Promise<void> {
    return playTone(this.#devices.choices().loudspeaker);
  }

  async setCameraOn(on: boolean): Promise<void> {
    this.#memory.keep({ isCameraOn: on });
    await this.#devices.setCameraOn(on);
  }

  /** The holder pressed, or the floor came or went: the microphone is open only while both want it. */
  async microphone(event: MicrophoneEvent): Promise<void> {
    const before = this.#microphone;
    this.#microphone = microphoneAfter(before, event);
    if (this.#microphone.isOpen !== before.isOpen) await this.#devices.setMicrophoneOpen(this.#microphone.isOpen);
  }

  get isMicrophoneOpen(): boolean {
    return this.#microphone.isOpen;
  }

  /** The microphone's level in dB below full scale; `undefined`: not known. */
  level(): number | undefined {
    return this.#devices.level();
  }

  showCamera(element: HTMLVideoElement): () => void {
    return this.#devices.showCamera(element);
  }

  #make(): Devices {
    const { now } = this.#memory;
    const devices = new Devices(this.#quality, now, now.isCameraOn);
    devices.store.subscribe(() => this.#store.set(devices.store.snapshot()));
    devices.onTrack = () => this.onTrack();
    return devices;
  }

  #remember(): void {
    this.#memory.keep(this.#devices.choices());
  }
}
