/** Enrolment: which devices are known, once a link; their revocation; what a link's second use leaves in the record. */
import type { PublicKey } from "../accreditation/signature.ts";
import { type Refusal, refuse } from "../refusal.ts";
import type { Placed, State } from "./state.ts";

const DEVICES_PER_SEAT = 4;
/** A second use of a link is written down at most once in this time, a seat: milliseconds. */
const CONTEST_MS = 60_000;
/** So many contests lock a link. */
const CONTESTS = 5;

/** An enrolled device: the name that acts have, whose it is, and the key that verifies what it signs. */
export interface Device {
  readonly thumbprint: string;
  readonly key: PublicKey;
  readonly delegation: string;
  readonly seat: string;
}

/** What happened to one seat's invitation since it was issued or last reopened. */
export interface Link {
  readonly usesLeft: number;
  /** How many devices it enrolled in all. */
  readonly devices: number;
  /** Second uses that the record has: time and the refused act's hash. */
  readonly contests: readonly (readonly [at: number, act: string])[];
  readonly isLocked: boolean;
}

export interface Enrolment {
  readonly devices: ReadonlyMap<string, Device>;
  /** Revoked devices, each with the act that revoked it. */
  readonly revoked: ReadonlyMap<string, string>;
  readonly links: ReadonlyMap<string, Link>;
}

export const noEnrolment: Enrolment = { devices: new Map(), revoked: new Map(), links: new Map() };
const unusedLink: Link = { usesLeft: 1, devices: 0, contests: [], isLocked: false };

export function linkOf(enrolment: Enrolment, seat: string): Link {
  return enrolment.links.get(seat) ?? unusedLink;
}

/** The device, if it is enrolled and not revoked. */
export function live(enrolment: Enrolment, device: string): Device | undefined {
  return enrolment.revoked.has(device) ? undefined : enrolment.devices.get(device);
}

export type Enrolled = { readonly device: Device };
export type Revoked = { readonly revoked: string; readonly act: string };
export type Reopened = { readonly seat: string };
export type Contested = { readonly seat: string; readonly at: number; readonly act: string };
export type Locked = { readonly seat: string };

/** A link enrols once, and once more for each reopening. The chain was validated: it says who the author is. */
export function decideEnrol(state: State, { author }: Placed<"device.enrol">): Enrolled | Refusal {
  const { enrolment } = state.meeting;
  if (enrolment.devices.has(author.thumbprint)) return refuse("enrolment.known");
  const link = linkOf(enrolment, author.seat);
  if (link.isLocked) return refuse("enrolment.locked");
  if (link.usesLeft === 0 || link.devices >= DEVICES_PER_SEAT) return refuse("enrolment.used");
  return { device: author };
}

export function applyEnrolled(state: State, { device }: Enrolled): State {
  const { enrolment } = state.meeting;
  const link = linkOf(enrolment, device.seat);
  const devices = new Map(enrolment.devices).set(device.thumbprint, device);
  return withLink(state, device.seat, { ...link, usesLeft: link.usesLeft - 1, devices: link.devices + 1 }, { devices });
}

/** Once a device, and for good. */
export function decideRevoke(state: State, { act, hash }: Placed<"device.revoke">): Revoked | Refusal {
  const { device } = act.body;
  if (!state.meeting.enrolment.devices.has(device)) return refuse("device.unknown");
  if (state.meeting.enrolment.revoked.has(device)) return refuse("device.revoked");
  return { revoked: device, act: hash };
}

/** No act of it counts any more; in a sitting, its removal is due (`advance` in rules.ts). */
export function applyRevoked(state: State, { revoked, act }: Revoked): State {
  const { enrolment } = state.meeting;
  const next = { ...enrolment, revoked: new Map(enrolment.revoked).set(revoked, act) };
  return state.inMeeting({ enrolment: next }).struck(revoked, "revoked", act);
}

/** Only a used link is reopened, once until it is used again. */
export function decideReopen(state: State, { act }: Placed<"invitation.reopen">): Reopened | Refusal {
  const { seat } = act.body;
  if (!state.meeting.terms.seats.has(seat)) return refuse("invitation.unknown");
  const link = linkOf(state.meeting.enrolment, seat);
  if (link.usesLeft > 0 && !link.isLocked) return refuse("invitation.open");
  return link.devices >= DEVICES_PER_SEAT ? refuse("limit.reached") : { seat };
}

/** One more use; earlier second uses are forgiven. */
export function applyReopened(state: State, { seat }: Reopened): State {
  const link = linkOf(state.meeting.enrolment, seat);
  return withLink(state, seat, { ...link, usesLeft: 1, contests: [], isLocked: false });
}

/** A second use is written down once, at most once a minute a seat, until the link is locked. */
export function dueContest(state: State, seat: string, act: string, at: number): Contested | Refusal {
  const { contests } = linkOf(state.meeting.enrolment, seat);
  const last = contests.at(-1);
  const isUndue = contests.some(([, known]) => known === act) || (last !== undefined && at - last[0] < CONTEST_MS);
  return isUndue ? refuse("own.undue") : { seat, at, act };
}

export function applyContested(state: State, { seat, at, act }: Contested): State {
  const link = linkOf(state.meeting.enrolment, seat);
  return withLink(state, seat, { ...link, contests: [...link.contests, [at, act]] });
}

/** A link is locked when it was contested often enough, once. */
export function dueLock(state: State, seat: string): Locked | Refusal {
  const link = linkOf(state.meeting.enrolment, seat);
  return link.isLocked || link.contests.length < CONTESTS ? refuse("own.undue") : { seat };
}

/** The link takes nothing more until it is reopened. */
export function applyLocked(state: State, { seat }: Locked): State {
  return withLink(state, seat, { ...linkOf(state.meeting.enrolment, seat), isLocked: true, usesLeft: 0 });
}

function withLink(state: State, seat: string, link: Link, more: Partial<Enrolment> = {}): State {
  const { enrolment } = state.meeting;
  const links = new Map(enrolment.links).set(seat, link);
  return state.inMeeting({ enrolment: { ...enrolment, ...more, links } });
}
