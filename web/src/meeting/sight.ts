/**
 * What a screen of a sitting is drawn from: the fold, the charter's parts, and whose eyes. Pure: names, and why something may not be
 * done, come from what the authority and the devices signed, never from the server's word.
 */
import type { Contents, Role, Text } from "../accreditation/charter.ts";
import type { Code } from "../refusal.ts";
import type { Act, Bodies, Kind } from "./acts.ts";
import { mayNot, RULES } from "./rules.ts";
import { type RecordState, type SittingState, State } from "./state.ts";

export interface Sight {
  readonly record: RecordState;
  readonly contents: Contents;
  readonly sitting: string;
  /** Thumbprint of the reader's own device. */
  readonly device: string;
  /** The reader's language: names are in it where the charter has it. */
  readonly language: string;
}

/** A delegation as it is named on a plate. */
export interface DelegationName {
  /** The charter's id. */
  readonly delegation: string;
  readonly name: string;
  /** Place in protocol order, from 0. */
  readonly order: number;
}

/** Who a device is, by its seat. */
export interface Plate extends DelegationName {
  readonly device: string;
  readonly seat: string;
  readonly role: Role;
  readonly person?: string;
}

/** A nonce that nobody sends: what is asked for here is never signed. */
const UNSENT = "AAAAAAAAAAAAAAAAAAAAAA";

/** A text in one of its languages: the reader's, else the first that there is. */
export function inLanguage(text: Text, language: string): string {
  return text.get(language) ?? text.values().next().value ?? "";
}

export function sittingOf({ record, sitting }: Sight): SittingState {
  const found = record.sittings.get(sitting);
  if (!found) throw new Error("a sight is of a sitting that is read");
  return found;
}

export function stateOf(sight: Sight): State {
  return new State(sight.record.meeting, sittingOf(sight));
}

export function delegationName({ contents, language }: Sight, delegation: string): DelegationName {
  const all = contents.seats?.delegations ?? [];
  const order = all.findIndex((one) => one.delegation === delegation);
  const known = all[order];
  return {
    delegation,
    name: known ? inLanguage(known.name, language) : delegation,
    order: known ? order : all.length,
  };
}

/** Undefined for a device that is not enrolled, or whose seat the charter has no more. */
export function plateOf(sight: Sight, device: string): Plate | undefined {
  const { meeting } = sight.record;
  const enrolled = meeting.enrolment.devices.get(device);
  const seat = enrolled && meeting.terms.seats.get(enrolled.seat);
  if (!seat) return undefined;
  const person = sight.contents.delegations.get(seat.delegation)?.persons.get(seat.seat);
  return {
    ...delegationName(sight, seat.delegation),
    device,
    seat: seat.seat,
    role: seat.role,
    ...(person !== undefined && { person }),
  };
}

/** Why this device may not do that now, for a button that says so; undefined if it may. */
export function refusalOf<K extends Kind>(sight: Sight, kind: K, body: Bodies[K], at: number): Code | undefined {
  const { meeting } = sight.record;
  const { tail } = sittingOf(sight);
  const inSitting = RULES[kind].journal === "sitting";
  const seen = ({ seq, hash }: { seq: number; hash: string }) => (seq === 0 ? null : ([seq, hash] as const));
  const act: Act = {
    meeting: meeting.terms.meeting,
    by: sight.device,
    kind,
    sitting: inSitting ? sight.sitting : null,
    seen: { main: seen(meeting.tail), sitting: inSitting ? seen(tail) : null },
    at,
    nonce: UNSENT,
    body,
  };
  return mayNot(sight.record, act, at);
}
