/** The floor: who may speak, and the intervention list of those who asked to. */
import type { Role } from "../accreditation/charter.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { isPresent } from "./delivery.ts";
import { type Placed, roleOf, type State } from "./state.ts";

/** Whose devices may be given the floor. Interpreters have their booth, and the others came to hear. */
export const SPEAKERS: ReadonlySet<Role> = new Set<Role>(["chair", "secretariat", "head", "adviser"]);

/** A place on the intervention list. */
export interface Waiting {
  readonly delegation: string;
  readonly device: string;
  readonly request: string;
  readonly at: number;
}

/** Who has the floor, by which act, and since when. */
export interface Holder {
  readonly delegation: string;
  readonly device: string;
  readonly given: string;
  readonly since: number;
}

/** One holder at most, and who comes next, in the order of asking. */
export interface Floor {
  readonly holder: Holder | null;
  readonly waiting: readonly Waiting[];
}

export const noFloor: Floor = { holder: null, waiting: [] };

/** The floor after a device lost its part in the sitting: it neither speaks nor waits. */
export function withoutDevice(floor: Floor, device: string): Floor {
  const holder = floor.holder?.device === device ? null : floor.holder;
  return { holder, waiting: floor.waiting.filter((waiting) => waiting.device !== device) };
}

function isWaiting(floor: Floor, delegation: string): boolean {
  return floor.waiting.some((waiting) => waiting.delegation === delegation);
}

export type Requested = { readonly waiting: Waiting };
export type Withdrawn = { readonly delegation: string };
export type Given = { readonly holder: Holder };
export type TakenBack = { readonly holder: null };

/** A delegation waits once, and not while it speaks. */
export function decideRequest(state: State, { author, hash, at }: Placed<"floor.request">): Requested | Refusal {
  const { floor } = state.sitting;
  const { delegation, thumbprint } = author;
  if (isWaiting(floor, delegation)) return refuse("floor.waiting");
  if (floor.holder?.delegation === delegation) return refuse("floor.held");
  return { waiting: { delegation, device: thumbprint, request: hash, at } };
}

export function applyRequested(state: State, { waiting }: Requested): State {
  const { floor } = state.sitting;
  return state.inSitting({ floor: { ...floor, waiting: [...floor.waiting, waiting] } });
}

/** Any device of a delegation withdraws what one of them asked for. */
export function decideWithdraw(state: State, { author }: Placed<"floor.withdraw">): Withdrawn | Refusal {
  const { delegation } = author;
  return isWaiting(state.sitting.floor, delegation) ? { delegation } : refuse("floor.not_waiting");
}

export function applyWithdrawn(state: State, { delegation }: Withdrawn): State {
  const { floor } = state.sitting;
  const waiting = floor.waiting.filter((place) => place.delegation !== delegation);
  return state.inSitting({ floor: { ...floor, waiting } });
}

/** The chair gives the floor to a member that may speak, asked for or not; whoever had it loses it. */
export function decideGive(state: State, { act, hash, at }: Placed<"floor.give">): Given | Refusal {
  const { delegation, device: thumbprint } = act.body;
  const { group, floor } = state.sitting;
  const device = state.meeting.enrolment.devices.get(thumbprint);
  const role = device && roleOf(state.meeting, device);
  const maySpeak = device?.delegation === delegation && isPresent(group, thumbprint) && !!role && SPEAKERS.has(role);
  if (!maySpeak) return refuse("floor.device");
  if (floor.holder?.device === thumbprint) return refuse("floor.held");
  return { holder: { delegation, device: thumbprint, given: hash, since: at } };
}

/** The holder speaks and waits no more. */
export function applyGiven(state: State, { holder }: Given): State {
  const waiting = state.sitting.floor.waiting.filter((place) => place.delegation !== holder.delegation);
  return state.inSitting({ floor: { holder, waiting } });
}

/** The chair takes the floor back, or its holder gives it back. */
export function decideTakeBack(state: State, { author }: Placed<"floor.take_back">): TakenBack | Refusal {
  const { holder } = state.sitting.floor;
  if (!holder) return refuse("floor.free");
  const isTheirs = roleOf(state.meeting, author) === "chair" || holder.device === author.thumbprint;
  return isTheirs ? { holder: null } : refuse("floor.others");
}

/** Nobody speaks; the list stands. */
export function applyTakenBack(state: State): State {
  return state.inSitting({ floor: { ...state.sitting.floor, holder: null } });
}
