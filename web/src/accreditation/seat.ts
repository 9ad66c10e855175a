/** A seat as a plate shows it: who sits there, in which place of the protocol's order. */

import { type Role, roles } from "./charter.ts";

export interface Seat {
  /** The participant's identity in the room; its device's name while it is in none. */
  readonly identity: string;
  /** The delegation's name, as it is displayed; never cut. */
  readonly delegation: string;
  /** The person's name; absent where the charter keeps it to the members. */
  readonly person?: string;
  readonly role?: Role;
  /** Code of the flag, as flag-icons names it ("ee"); absent: a neutral plate. */
  readonly flag?: string;
  /** Place in protocol order, from 1; absent: after all who have one. */
  readonly order?: number;
}

/** After all who have a place. */
const LAST = 1000;

/** Protocol order: the place, then the role (the head before the adviser), the name, the identity: all readers see the same. */
export function byProtocol(a: Seat, b: Seat): number {
  return (
    (a.order ?? LAST) - (b.order ?? LAST) ||
    rank(a.role) - rank(b.role) ||
    compare(a.delegation, b.delegation) ||
    compare(a.identity, b.identity)
  );
}

function rank(role: Role | undefined): number {
  return role === undefined ? roles.length : roles.indexOf(role);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
