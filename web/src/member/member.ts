/** The one object that screens talk to: who I am, where I am, my devices, and the room. */

import type { Seat } from "../accreditation/seat.ts";
import type { Ticket } from "../accreditation/ticket.ts";
import { Devices, type DevicesSnapshot } from "../media/devices.ts";
import { SPEECH_DBFS, segmentsLit } from "../media/level.ts";
import type { Quality } from "../media/quality.ts";
import { MediaRoom, type Path, type RoomSnapshot } from "../media/room.ts";
import type { Statistics } from "../media/statistics.ts";
import { playTone } from "../media/tone.ts";
import { nobody, place, type Seating } from "../meeting/seating.ts";
import type { Code } from "../refusal.ts";
import { type Readable, Store } from "../store.ts";
import type { TabMemory } from "./memory.ts";
import { checkNetwork, type NetworkState } from "./network.ts";

export type { Choice, DevicesSnapshot, Input, InputState } from "../media/devices.ts";
export type { Line, Participant, Path, PictureState, RoomSnapshot } from "../media/room.ts";
export type { NetworkState };
export { SPEECH_DBFS, segmentsLit };

export type Place =
  | { readonly at: "check" }
  | { readonly at: "room" }
  /** `why` is absent when somebody left by will. */
  | { readonly at: "departure"; readonly why?: Code };

export type View = "speaker" | "chamber";

export interface MemberSnapshot {
  readonly place: Place;
  readonly network: NetworkState;
  readonly view: View;
  readonly isLoudspeakerOn: boolean;
  readonly seating: Seating;
}

export interface MemberOptions {
  readonly meeting: string;
  readonly ticket: Ticket;
  readonly memory: TabMemory;
  readonly quality: Quality;
  readonly isFirstTab: Promise<boolean>;
  readonly now: () => number;
  readonly random: () => number;
}

const outside: RoomSnapshot = { line: { state: "ended" }, others: [], soundBlocked: false };

export class Member {
  readonly ticket: Ticket;
  readonly #options: MemberOptions;
  readonly #store: Store<MemberSnapshot>;
  readonly #roomStore = new Store<RoomSnapshot>(outside);
  #devices: Devices;
  readonly #devicesStore: Store<DevicesSnapshot>;
  #room: MediaRoom | undefined;

  constructor(options: MemberOptions) {
    const { memory, ticket } = options;
    this.#options = options;
    this.ticket = ticket;
    this.#devices = this.#makeDevices();
    this.#devicesStore = new Store(this.#devices.store.snapshot());
    this.#store = new Store<MemberSnapshot>({
      place: { at: "check" },
      network: { state: "running" },
      view: memory.now.view,
      isLoudspeakerOn: memory.now.isLoudspeakerOn ?? false,
      seating: place(nobody, [ticket.seat]),
    });
  }

  /** Opens the devices, and goes back into the room by itself when this tab was inside before it was reloaded. */
  async start(): Promise<void> {
    const { memory, isFirstTab } = this.#options;
    if (memory.now.isLoudspeakerOn === undefined) this.#change({ isLoudspeakerOn: await isFirstTab });
    if (memory.now.isInside) return this.enter();
    await Promise.all([this.#openDevices(), this.checkNetwork()]);
  }

  get seat(): Seat {
    return this.ticket.seat;
  }

  get title(): string {
    return this.ticket.title ?? this.#options.meeting;
  }

  get store(): Readable<MemberSnapshot> {
    return this.#store;
  }

  get room(): Readable<RoomSnapshot> {
    return this.#roomStore;
  }

  get devices(): Readable<DevicesSnapshot> {
    return this.#devicesStore;
  }

  readonly checkNetwork = async (): Promise<void> => {
    this.#change({ network: { state: "running" } });
    this.#change({ network: await checkNetwork(this.ticket.token) });
  };

  readonly enter = async (): Promise<void> => {
    if (this.#room !== undefined) return;
    const { memory, quality, now, random } = this.#options;
    memory.keep({ isInside: true, ...this.#devices.choices() });
    this.#roomStore.set({ ...outside, line: { state: "joining", since_ms: now() } });
    this.#change({ place: { at: "room" } });
    const devices = this.#openDevices();
    if (memory.now.isCameraOn) await devices; // a first picture with the join is quicker than one after it
    const { loudspeaker } = this.#devices.choices();
    const room = new MediaRoom({
      url: signallingUrl(),
      token: this.ticket.token,
      quality,
      loudspeaker: { on: this.#store.snapshot().isLoudspeakerOn, id: loudspeaker },
      tracks: () => [this.#devices.camera, this.#devices.microphone].filter((track) => track !== undefined),
      now,
      random,
    });
    this.#room = room;
    this.#devices.onTrack = () => room.publish();
    const unsubscribe = room.store.subscribe(() => this.#follow(room.store.snapshot()));
    await room.stay();
    unsubscribe();
    const { line } = room.store.snapshot();
    this.#depart(line.state === "ended" ? line.why : undefined);
  };

  readonly leave = async (): Promise<void> => {
    this.#options.memory.keep({ isInside: false });
    await this.#room?.leave();
  };

  /** From the last page back to the room: the check is one press away, but who was inside wants back in. */
  readonly comeBack = (): Promise<void> => this.enter();

  readonly retryDevices = (): Promise<void> => this.#devices.retry();

  readonly chooseCamera = async (id: string): Promise<void> => {
    await this.#devices.chooseCamera(id);
    this.#rememberDevices();
  };

  readonly chooseMicrophone = async (id: string): Promise<void> => {
    await this.#devices.chooseMicrophone(id);
    this.#rememberDevices();
  };

  readonly chooseLoudspeaker = async (id: string): Promise<void> => {
    this.#devices.chooseLoudspeaker(id);
    this.#rememberDevices();
    await this.#room?.chooseLoudspeaker(id);
  };

  readonly playTone = (): Promise<void> => playTone(this.#devices.choices().loudspeaker);

  readonly setCameraOn = async (on: boolean): Promise<void> => {
    this.#options.memory.keep({ isCameraOn: on });
    await this.#devices.setCameraOn(on);
  };

  readonly setMicrophoneOpen = (open: boolean): Promise<void> => this.#devices.setMicrophoneOpen(open);

  readonly setLoudspeakerOn = (on: boolean): void => {
    this.#options.memory.keep({ isLoudspeakerOn: on });
    this.#change({ isLoudspeakerOn: on });
    this.#room?.setLoudspeaker(on);
  };

  readonly setView = (view: View): void => {
    this.#options.memory.keep({ view });
    this.#change({ view });
  };

  /** The microphone's level in dB below full scale; `undefined`: not known. */
  readonly level = (): number | undefined => this.#devices.level();

  readonly showOwnPicture = (element: HTMLVideoElement): (() => void) => this.#devices.showCamera(element);

  readonly showPicture = (identity: string, element: HTMLVideoElement): (() => void) =>
    this.#room?.showPicture(identity, element) ?? (() => undefined);

  readonly path = async (): Promise<Path | undefined> => this.#room?.path();

  readonly statistics = async (): Promise<Statistics> => (await this.#room?.statistics()) ?? {};

  #follow(room: RoomSnapshot): void {
    const seats = room.others.map(({ seat }) => seat);
    this.#change({ seating: place(this.#store.snapshot().seating, seats) });
    this.#roomStore.set(room);
  }

  #depart(why: Code | undefined): void {
    this.#options.memory.keep({ isInside: false });
    this.#room = undefined;
    this.#devices.close();
    this.#devices = this.#makeDevices();
    this.#roomStore.set(outside);
    this.#change({
      place: { at: "departure", ...(why !== undefined && { why }) },
      seating: place(nobody, [this.seat]),
    });
  }

  #makeDevices(): Devices {
    const { quality, memory } = this.#options;
    const devices = new Devices(quality, memory.now, memory.now.isCameraOn);
    devices.store.subscribe(() => this.#devicesStore.set(devices.store.snapshot()));
    return devices;
  }

  async #openDevices(): Promise<void> {
    await this.#devices.open();
  }

  #rememberDevices(): void {
    this.#options.memory.keep(this.#devices.choices());
  }

  #change(change: Partial<MemberSnapshot>): void {
    this.#store.update((before) => ({ ...before, ...change }));
  }
}

/** Signalling is on the page's own origin, whoever serves it: the server, or `incamera join` on this computer. */
function signallingUrl(): string {
  const url = new URL("/", window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
