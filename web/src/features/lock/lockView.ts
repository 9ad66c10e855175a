/** Who can see and hear the sitting, from the record and the group's roster: what the lock shows. Pure. */
import type { Role } from "../../accreditation/charter.ts";
import { isPresent } from "../../meeting/delivery.ts";
import { type DelegationName, type Plate, plateOf, type Sight, sittingOf } from "../../meeting/sight.ts";

/** The order of the table. A recorder's row stands there when there is none, too. */
const ROWS = [
  "chair",
  "head",
  "adviser",
  "interpreter",
  "secretariat",
  "press",
  "witness",
  "recorder",
] as const satisfies readonly Role[];
/** Their absence is worth a row. */
const ALWAYS: ReadonlySet<Role> = new Set<Role>(["chair", "head", "secretariat", "recorder"]);

export interface RoleCount {
  readonly role: Role;
  /** Seats: the authority signed each. */
  readonly seats: number;
  readonly devices: number;
}

export interface DelegationRoster extends DelegationName {
  readonly members: readonly RosterMember[];
}

export interface RosterMember extends Plate {
  readonly isSelf: boolean;
  /** Its removal is due with the next change of keys. */
  readonly isLeaving: boolean;
}

export interface LockView {
  readonly roster: readonly DelegationRoster[];
  readonly counts: readonly RoleCount[];
  readonly seats: number;
  readonly devices: number;
  /** Whose presence the pill says in a word. */
  readonly recorders: readonly RosterMember[];
  readonly guests: readonly Role[];
  /** How many entries this device has checked. */
  readonly entries: number;
}

export function lockView(sight: Sight): LockView {
  const { group, trail } = sittingOf(sight);
  const members = [...group.members.keys()].flatMap((device): RosterMember[] => {
    const plate = plateOf(sight, device);
    return plate ? [{ ...plate, isSelf: device === sight.device, isLeaving: !isPresent(group, device) }] : [];
  });
  const sorted = members.sort((a, b) => a.order - b.order || rank(a) - rank(b) || compare(a.seat, b.seat));
  const counts = ROWS.map((role): RoleCount => {
    const those = sorted.filter((member) => member.role === role);
    return { role, seats: new Set(those.map(({ seat }) => seat)).size, devices: those.length };
  });
  return {
    roster: byDelegation(sorted),
    counts: counts.filter(({ role, devices }) => devices > 0 || ALWAYS.has(role)),
    seats: new Set(sorted.map(({ seat }) => seat)).size,
    devices: sorted.length,
    recorders: sorted.filter(({ role }) => role === "recorder"),
    guests: (["press", "witness"] as const).filter((role) => sorted.some((member) => member.role === role)),
    entries: sight.record.meeting.trail.seq + trail.seq,
  };
}

function byDelegation(members: readonly RosterMember[]): readonly DelegationRoster[] {
  const rows = new Map<string, RosterMember[]>();
  for (const member of members) rows.set(member.delegation, [...(rows.get(member.delegation) ?? []), member]);
  return [...rows.values()].flatMap((those) => {
    const [first] = those;
    return first ? [{ delegation: first.delegation, name: first.name, order: first.order, members: those }] : [];
  });
}

function rank({ role }: Plate): number {
  return ROWS.indexOf(role);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
