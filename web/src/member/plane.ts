/**
 * What screens see of a meeting held in private, and what they may ask for: values out by a store, acts in by methods.
 *
 * All of it is this device's own word: the charter by the link's authority, the record by its own fold, the roster and the words by its
 * MLS group. `AccreditedMember` (accredited.ts) is the one that there is.
 */
import type { Contents, Role, Text } from "../accreditation/charter.ts";
import type { DevicesSnapshot } from "../media/devices.ts";
import type { Path, RoomSnapshot } from "../media/room.ts";
import type { Statistics } from "../media/statistics.ts";
import type { Bodies, Kind } from "../meeting/acts.ts";
import type { Alarm } from "../meeting/alarm.ts";
import type { LobbyFacts } from "../meeting/doorway.ts";
import type { Seating } from "../meeting/seating.ts";
import type { RecordState } from "../meeting/state.ts";
import type { Code, Refusal } from "../refusal.ts";
import type { Readable } from "../store.ts";
import type { NetworkState } from "./network.ts";

export type { Choice, DevicesSnapshot, Input, InputState } from "../media/devices.ts";
export { SPEECH_DBFS, segmentsLit } from "../media/level.ts";
export type { Participant, PictureState } from "../media/participant.ts";
export type { Line, Path, RoomSnapshot } from "../media/room.ts";
export type { NetworkState } from "./network.ts";

/** Where this tab is. `room`: a Welcome was processed. */
export type Stand =
  | { readonly at: "arriving" }
  | { readonly at: "refused"; readonly code: Code }
  | { readonly at: "check" }
  | { readonly at: "lobby" }
  | { readonly at: "room" }
  /** `why` is absent when somebody left by will. */
  | { readonly at: "departure"; readonly why?: Code };

/** Who this device is, by the charter that the link's authority signed, and by its own chain. */
export interface Accreditation {
  /** The meeting's, from the part that an enrolled device may read; before, the organisation's name, which the charter's core has. */
  readonly title: Text;
  /** Thumbprint of the authority, from the link. */
  readonly authority: string;
  readonly delegation: string;
  readonly seat: string;
  /** What the delegation is called; undefined until the device may read who sits where (its first admission). */
  readonly name?: Text;
  /** Undefined until then, too. */
  readonly role?: Role;
  /** From the delegation's own part. */
  readonly person?: string;
  readonly telephone: string | null;
  /** The first is the language of the spoken words. */
  readonly languages: readonly string[];
  readonly isEnrolled: boolean;
  /** From where the page's own code comes: the installed program, or the server. */
  readonly page: "program" | "server";
  /** What the charter says to the server's own copy of the page. */
  readonly serverPage: "ask" | "forbid";
}

export interface PlaneSnapshot {
  readonly stand: Stand;
  readonly accreditation: Accreditation | undefined;
  readonly lobby: LobbyFacts;
  /** Our fold of `sitting`, merged with main; undefined until this device was admitted to it. */
  readonly record: RecordState | undefined;
  readonly contents: Contents | undefined;
  /** The sitting that this tab is in, or at whose door it stands. */
  readonly sitting: string | undefined;
  /** Thumbprint of our device; "" until it is made. */
  readonly device: string;
  /** Devices on the MLS roster, by the tree and not by claims. */
  readonly roster: readonly string[];
  readonly epoch: number | undefined;
  /** The eight words of the epoch, in the charter's first language. */
  readonly words: readonly string[] | undefined;
  /** Titles of restricted items that this device could open. */
  readonly titles: ReadonlyMap<string, Text>;
  readonly alarms: readonly Alarm[];
  /** Whether pictures and sound of ours may leave. */
  readonly isSending: boolean;
  /** The feed stands, and all that the server says it has was read. */
  readonly isLive: boolean;
  /** The last thing that was refused to this device, by stable code. */
  readonly refusal: Code | undefined;
  /** This tab slept: milliseconds since 1970. */
  readonly away: { readonly from: number; readonly to: number } | undefined;
  readonly network: NetworkState;
  readonly view: "speaker" | "chamber";
  readonly isLoudspeakerOn: boolean;
  readonly seating: Seating;
}

/** Whether an alarm stops our pictures and sound: a feed that stands still for a moment does not. */
export function isBlocking({ cause }: Pick<Alarm, "cause">): boolean {
  return cause !== "stalled";
}

/** The one object that screens of a private meeting talk to. */
export interface PrivateMember {
  readonly store: Readable<PlaneSnapshot>;
  readonly room: Readable<RoomSnapshot>;
  readonly devices: Readable<DevicesSnapshot>;
  /** Milliseconds since 1970, as acts say it. */
  readonly now: () => number;

  /** Reads the link's meeting; goes on by itself to where the tab was before a reload. */
  start(): Promise<void>;
  /** Uses the link up on this device. `enterLobby` does it by itself, but where the charter has the server's page ask first. */
  readonly enrol: () => Promise<Refusal | undefined>;
  /** From the check to the doors: knocks at the first open sitting that lists the seat. */
  readonly enterLobby: () => Promise<void>;
  /** Knocks at this sitting, out of the one before, from within the room too; after an exclusion or a refused knock again. */
  readonly knock: (sitting: string) => Promise<Refusal | undefined>;
  /** Opens a sitting, for who may: founds its group. */
  readonly open: (sitting: string) => Promise<Refusal | undefined>;
  /** Leaves the sitting; the others remove us. */
  readonly leave: () => Promise<void>;
  readonly comeBack: () => Promise<void>;
  /** Signs and files an act in the present sitting, or the main journal; answers when our own fold has it. */
  readonly act: <K extends Kind>(kind: K, body: Bodies[K]) => Promise<Refusal | undefined>;
  /** Opens an item's sealed title for the group: for who holds the private titles file. */
  readonly postTitle: (item: string, title: Text) => Promise<Refusal | undefined>;
  /** A person saw what must not be: it blocks like the others. */
  readonly raise: (alarm: Pick<Alarm, "cause">) => void;
  /** This device's record, with what it was shown of another one, to be kept as proof. */
  readonly proof: () => Promise<Blob | undefined>;
  /** The record that this device read, in the form that `incamera record verify` takes; undefined: it has read none. */
  readonly record: () => Promise<Blob | undefined>;
  readonly checkNetwork: () => Promise<void>;

  readonly retryDevices: () => Promise<void>;
  readonly chooseCamera: (id: string) => Promise<void>;
  readonly chooseMicrophone: (id: string) => Promise<void>;
  readonly chooseLoudspeaker: (id: string) => Promise<void>;
  readonly playTone: () => Promise<void>;
  readonly setCameraOn: (on: boolean) => Promise<void>;
  readonly setMicrophoneOpen: (open: boolean) => Promise<void>;
  readonly setLoudspeakerOn: (on: boolean) => void;
  readonly setView: (view: "speaker" | "chamber") => void;
  /** The microphone's level in dB below full scale; `undefined`: not known. */
  readonly level: () => number | undefined;
  readonly showOwnPicture: (element: HTMLVideoElement) => () => void;
  readonly showPicture: (identity: string, element: HTMLVideoElement) => () => void;
  readonly path: () => Promise<Path | undefined>;
  readonly statistics: () => Promise<Statistics>;
}
