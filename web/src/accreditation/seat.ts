/** A seat as a participant carries it: who sits there, in which place of the protocol's order. */

/** The roles of DESIGN.md 3. */
export const roles = [
  "chair",
  "secretariat",
  "head",
  "adviser",
  "interpreter",
  "press",
  "recorder",
  "witness",
] as const;
export type Role = (typeof roles)[number];

export interface Seat {
  /** The participant's identity in the room. */
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

/** Largest place that is believed: a chamber has pages of 30, and thirty pages are more than any meeting. */
const ORDER_MAX = 900;
/** Longest text taken from a participant: longer than any official name of a state. */
const TEXT_CHARS_MAX = 200;

/**
 * The seat of a participant, from its name and attributes.
 *
 * The attributes come from the server's ticket: they say what the server says, nothing is proven by them.
 */
export function readSeat(identity: string, name: string, attributes: Readonly<Record<string, string>>): Seat {
  const person = text(attributes["person"]);
  const role = roles.find((known) => known === attributes["role"]);
  const flag = readFlag(attributes["flag"] ?? attributes["code"] ?? attributes["delegation"]);
  const order = readOrder(attributes["order"]);
  return {
    identity,
    delegation: text(name) ?? text(attributes["delegation"]) ?? identity,
    ...(person !== undefined && { person }),
    ...(role !== undefined && { role }),
    ...(flag !== undefined && { flag }),
    ...(order !== undefined && { order }),
  };
}

/** Protocol order: the place, then the role (the head before the adviser), the name, the identity: all readers see the same. */
export function byProtocol(a: Seat, b: Seat): number {
  return (
    (a.order ?? ORDER_MAX + 1) - (b.order ?? ORDER_MAX + 1) ||
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

function text(value: string | undefined): string | undefined {
  const trimmed = value?.trim().slice(0, TEXT_CHARS_MAX);
  return trimmed === "" ? undefined : trimmed;
}

function readFlag(value: string | undefined): string | undefined {
  const code = value?.trim().toLowerCase();
  return code !== undefined && /^[a-z]{2}$/.test(code) ? code : undefined;
}

function readOrder(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,4}$/.test(value)) return undefined;
  const order = Number(value);
  return order >= 1 && order <= ORDER_MAX ? order : undefined;
}
