/** Who can see and hear the sitting, from the record and the group's roster: what the lock shows. Pure. */
import type { Role } from "../../accreditation/charter.ts";
import { isPresent } from "../../meeting/delivery.ts";
import { type DelegationName, type Plate, plateOf, refusalOf, type Sight, sittingOf } from "../../meeting/sight.ts";
import { OPENERS } from "../../meeting/sittings.ts";
import type { Code } from "../../refusal.ts";

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
  /** Chair and secretariat may send it out; nobody itself. */
  readonly exclude: { readonly refusal: Code | undefined } | undefined;
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
  /** For the security officer: where both journals stand. */
  readonly heads: { readonly main: string; readonly sitting: string };
}

/** `roster`: the devices that this device's own MLS group has as members, by its tree; never a list of the server's. */
export function lockView(sight: Sight, roster: readonly string[], now_ms: number): LockView {
  const { group, trail } = sittingOf(sight);
  const own = plateOf(sight, sight.device)?.role;
  const runs = own !== undefined && OPENERS.has(own);
  const members = roster.flatMap((device): RosterMember[] => {
    const plate = plateOf(sight, device);
    if (!plate) return [];
    const isSelf = device === sight.device;
    const exclude = runs && !isSelf ? { refusal: refusalOf(sight, "lobby.exclude", { device }, now_ms) } : undefined;
    return [{ ...plate, isSelf, isLeaving: !isPresent(group, device), exclude }];
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
    heads: { main: headOf(sight.record.meeting.tail), sitting: headOf(sittingOf(sight).tail) },
  };
}

function headOf({ seq, hash }: { readonly seq: number; readonly hash: string }): string {
  return `${seq} ${hash}`;
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
