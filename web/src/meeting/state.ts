/** The state of a meeting: a fold of its journals, one frozen part a noun. */
import type { Role } from "../accreditation/charter.ts";
import type { PublicKey } from "../accreditation/signature.ts";
import type { Tail } from "../record/journal.ts";
import { type Refusal, refuse } from "../refusal.ts";
import type { Act, Kind, RemovalReason } from "./acts.ts";
import { type Agenda, noAgenda } from "./agenda.ts";
import { type Group, noGroup, removalDue } from "./delivery.ts";
import { type Device, type Enrolment, live, noEnrolment } from "./enrolment.ts";
import { type Floor, noFloor, withoutDevice } from "./floor.ts";
import { type Lobby, noLobby, struckFrom } from "./lobby.ts";
import type { MeetingTerms, SittingTerms } from "./terms.ts";
import { Trail } from "./trail.ts";

export type Stage = "unopened" | "open" | "closed";

/** What the main journal folds to. */
export interface MeetingState {
  readonly terms: MeetingTerms;
  /** The key that signs heads: the charter's, or the one of main's first entry. */
  readonly registrar: PublicKey | null;
  readonly tail: Tail;
  readonly trail: Trail;
  readonly enrolment: Enrolment;
}

/** What a sitting's journal folds to, merged with main. */
export interface SittingState {
  readonly id: string;
  readonly tail: Tail;
  readonly stage: Stage;
  readonly trail: Trail;
  /** Accepted opens, regroups and commits; it never restarts. */
  readonly round: number;
  readonly group: Group;
  /** The ids of all groups that it had. */
  readonly groups: ReadonlySet<string>;
  readonly lobby: Lobby;
  readonly floor: Floor;
  readonly agenda: Agenda;
}

/** What a chain of statements proves: the validator's answer (crates/e2ee). */
export interface Credential {
  readonly delegation: string;
  readonly seat: string;
  /** Thumbprint and key of the device. */
  readonly device: string;
  readonly key: PublicKey;
  /** The leaf key's thumbprint, in a chain of four. */
  readonly leaf: string | null;
  /** The first end among its statements: milliseconds since 1970. */
  readonly until: number;
}

/** The fold of all journals that somebody reads: main and some sittings. */
export interface RecordState {
  readonly meeting: MeetingState;
  readonly sittings: ReadonlyMap<string, SittingState>;
}

/** What `decide` looks at: the meeting, and the one sitting that an act is about. */
export class State {
  readonly meeting: MeetingState;
  readonly ofSitting: SittingState | null;

  constructor(meeting: MeetingState, ofSitting: SittingState | null = null) {
    this.meeting = meeting;
    this.ofSitting = ofSitting;
  }

  /** The sitting; an act of the main journal has none. */
  get sitting(): SittingState {
    if (!this.ofSitting) throw new Error("rules.ts looks the sitting up for each kind of its journal");
    return this.ofSitting;
  }

  get terms(): SittingTerms {
    const terms = this.meeting.terms.sittings.get(this.sitting.id);
    if (!terms) throw new Error("a sitting that is read has its part");
    return terms;
  }

  get trail(): Trail {
    return this.ofSitting ? this.ofSitting.trail : this.meeting.trail;
  }

  inMeeting(parts: Partial<MeetingState>): State {
    return new State({ ...this.meeting, ...parts }, this.ofSitting);
  }

  inSitting(parts: Partial<SittingState>): State {
    return new State(this.meeting, { ...this.sitting, ...parts });
  }

  /** The state after a device lost its admission: its removal is due, it stands at no door, speaks nowhere. */
  struck(device: string, because: RemovalReason, act: string): State {
    if (!this.ofSitting) return this;
    const { group, lobby, floor } = this.ofSitting;
    return this.inSitting({
      group: removalDue(group, device, because, act),
      lobby: struckFrom(lobby, device),
      floor: withoutDevice(floor, device),
    });
  }
}

/** An act at the place in its journal that it asks for, its author known: what each kind's `decide` judges. */
export interface Placed<K extends Kind> {
  readonly act: Act<K>;
  readonly hash: string;
  readonly author: Device;
  /** The entry's time. */
  readonly at: number;
  /** What the chain in the act's body proves; null for a kind that carries none. */
  readonly credential: Credential | Refusal | null;
}

/** The credential that the chain in an act proves of its author: its own leaf. */
export function ownCredential(placed: Placed<Kind>): Credential | Refusal {
  const { credential, author } = placed;
  if (!credential) throw new Error("a kind that carries a chain is given its verdict");
  if ("refused" in credential) return credential;
  const isOwn = credential.device === author.thumbprint && credential.seat === author.seat;
  return isOwn ? credential : refuse("enrolment.signer");
}

/** The role of a device's seat; undefined if the charter has that seat no more. */
export function roleOf(meeting: MeetingState, device: Device): Role | undefined {
  return meeting.terms.seats.get(device.seat)?.role;
}

/** The role of a device by its name; undefined if no such device is enrolled and live. */
export function roleOfThumbprint(meeting: MeetingState, device: string): Role | undefined {
  const found = live(meeting.enrolment, device);
  return found && roleOf(meeting, found);
}

/** Before the first entry: `tails` are the beginnings of main and of each sitting that is read. */
export function initial(terms: MeetingTerms, main: Tail, sittings: ReadonlyMap<string, Tail>): RecordState {
  const meeting = { terms, registrar: terms.registrar, tail: main, trail: Trail.empty(), enrolment: noEnrolment };
  return { meeting, sittings: new Map([...sittings].map(([id, tail]) => [id, unopened(id, tail)])) };
}

/** A sitting of which nothing is known yet. */
export function unopened(id: string, tail: Tail): SittingState {
  return {
    id,
    tail,
    stage: "unopened",
    trail: Trail.empty(),
    round: 0,
    group: noGroup,
    groups: new Set(),
    lobby: noLobby,
    floor: noFloor,
    agenda: noAgenda,
  };
}
