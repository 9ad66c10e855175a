/** A member whose meeting never was: it shows its story, and answers each act with nothing. */
import { deviceOf, NOW, SITTING, told } from "../harness/sample.ts";
import type { Seat } from "../src/accreditation/seat.ts";
import type { DevicesSnapshot } from "../src/media/devices.ts";
import type { RoomSnapshot } from "../src/media/room.ts";
import type { PlaneSnapshot, PrivateMember } from "../src/member/plane.ts";
import { Store } from "../src/store.ts";
import { showPortrait } from "./portrait.ts";
import type { Story } from "./stories.ts";

const nothing = async (): Promise<undefined> => undefined;
const WORDS = ["harbour", "lantern", "cedar", "north", "velvet", "orchard", "silver", "bridge"];

export class SampleMember implements PrivateMember {
  readonly store: Store<PlaneSnapshot>;
  readonly room: Store<RoomSnapshot>;
  readonly devices: Store<DevicesSnapshot>;
  readonly #story: Story;

  constructor(story: Story) {
    this.#story = story;
    this.store = new Store(planeOf(story));
    this.room = new Store(roomOf(story));
    this.devices = new Store(devicesOf(story));
  }

  readonly now = (): number => NOW;
  readonly start = nothing;
  readonly enrol = nothing;
  readonly enterLobby = nothing;
  readonly knock = nothing;
  readonly open = nothing;
  readonly leave = nothing;
  readonly comeBack = nothing;
  readonly act = nothing;
  readonly postTitle = nothing;
  readonly raise: PrivateMember["raise"] = (alarm) =>
    this.store.update((plane) => ({ ...plane, alarms: [{ ...alarm, at_ms: NOW }] }));
  readonly proof = nothing;
  readonly record = nothing;
  readonly checkNetwork = nothing;
  readonly retryDevices = nothing;
  readonly chooseCamera = nothing;
  readonly chooseMicrophone = nothing;
  readonly chooseLoudspeaker = nothing;
  readonly playTone = nothing;
  readonly setCameraOn = nothing;
  readonly setMicrophoneOpen = nothing;
  readonly setLoudspeakerOn = (): void => undefined;
  readonly setView: PrivateMember["setView"] = (view) => this.store.update((plane) => ({ ...plane, view }));
  readonly level = (): number => -45;
  readonly showOwnPicture = (element: HTMLVideoElement): (() => void) =>
    showPortrait(seedOf(deviceOf(this.#story.me)), element);
  readonly showPicture = (identity: string, element: HTMLVideoElement): (() => void) =>
    showPortrait(seedOf(identity), element);
  readonly path = nothing;
  readonly statistics = async () => ({});
}

function seedOf(identity: string): number {
  return [...identity].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 65_521, 7);
}

function planeOf(story: Story): PlaneSnapshot {
  const { record, contents, device } = told(story);
  const seat = contents.seats?.seats.find((one) => one.seat === story.me);
  const delegation = contents.seats?.delegations.find((one) => one.delegation === seat?.delegation);
  if (!seat || !delegation || !contents.open) throw new Error("the sample has no such seat");
  const isInside = story.stand.at === "room";
  const person = story.me === "be-adviser" ? "T. Claes" : story.me === "ee-head" ? "M. Raudsepp" : undefined;
  return {
    stand: story.stand,
    accreditation: {
      title: contents.open.title,
      authority: "Kq3vTz81WmYc0bRd7uXhLs5eJgNfPa9o2iVkQxEtM4A",
      delegation: seat.delegation,
      seat: seat.seat,
      name: delegation.name,
      role: seat.role,
      ...(person !== undefined && { person }),
      telephone: contents.open.telephone,
      languages: contents.open.languages,
      isEnrolled: story.isEnrolled ?? isInside,
      page: story.page ?? "program",
      serverPage: "ask",
    },
    lobby: story.lobby ?? { doors: [], sitting: undefined, step: { at: "outside" } },
    record: isInside ? record : undefined,
    contents: isInside ? contents : undefined,
    sitting: SITTING,
    device,
    roster: [...(record.sittings.get(SITTING)?.group.members.keys() ?? [])],
    epoch: 41,
    words: WORDS,
    titles: new Map(),
    alarms: story.alarms ?? [],
    isSending: (story.alarms ?? []).length === 0,
    isLive: story.isLive ?? true,
    refusal: undefined,
    away: story.away,
    network: { state: "ok", roundTrip_ms: 12 },
    view: story.view ?? "speaker",
    isLoudspeakerOn: true,
    seating: new Map(),
  };
}

function roomOf(story: Story): RoomSnapshot {
  const { present = [], soundOnly = [], lost = [] } = story;
  const others = ["chair", "secretariat", ...present].filter((name) => name !== story.me);
  return {
    line: { state: "open" },
    soundBlocked: false,
    others: others.map((name) => {
      const seat: Seat = { identity: `${deviceOf(name)}.AAAAAAAAAAA`, delegation: "" };
      return {
        seat,
        picture: soundOnly.includes(name) || lost.includes(name) ? "none" : "on",
        pictureKey: "1",
        sound: true,
        ...(lost.includes(name) && { lost_ms: NOW }),
      };
    }),
  };
}

function devicesOf({ microphone = false }: Story): DevicesSnapshot {
  const one = (id: string, label: string) => ({ id, choices: [{ id, label }], state: "ready" as const });
  return {
    camera: { ...one("camera", "Conference room camera"), picture: { width: 1280, height: 720, rate_fps: 30 } },
    microphone: { ...one("microphone", "Table microphone"), open: microphone },
    loudspeaker: { id: "speaker", choices: [{ id: "speaker", label: "Room loudspeaker" }], selectable: true },
  };
}
