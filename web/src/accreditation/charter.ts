/**
 * The charter: a signed core with the salted digests of its parts, and the parts (docs/reference/record.md, 2). A device gets the parts of
 * the scopes that it may see, and checks each against the core, whose authority it knows from its link.
 */
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import { b64u, type Primitives } from "./bytes.ts";
import { type Json, Malformed } from "./json.ts";
import { idOf, type Members, read, slugOf, textOf } from "./members.ts";
import { jwkMember, openSigned, type PublicKey, type Signed, thumbprint } from "./signature.ts";

/** The one MLS suite, by its name in draft-ietf-mls-pq-ciphersuites-06: no other is offered. */
export const SUITE = "MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519";
const SEATS_MAX = 500;
const DELEGATIONS_MAX = 200;
const SITTINGS_MAX = 100;
const ITEMS_MAX = 100;
const LANGUAGE = /^[a-z]{2,3}$/;

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

/** What a seat is for. */
export type Role = (typeof roles)[number];

/** A text in the meeting's languages: `{"en": …, "fr": …}`. */
export type Text = ReadonlyMap<string, string>;

/** The members that each statement and the charter begin with: times in milliseconds since 1970. */
export interface Claims {
  readonly meeting: string;
  readonly issuer: string;
  readonly issued: number;
  readonly from: number;
  readonly until: number;
}

export interface Policies {
  readonly admission: "by_hand" | "automatic";
  /** So many members who refuse a commit bring about a regroup without its author. */
  readonly refuseQuorum: number;
  readonly suite: string;
  /** What the server's own copy of the page does before it enrols. */
  readonly page: "ask" | "forbid";
  readonly decisions: readonly string[];
}

export interface Charter extends Claims {
  readonly number: number;
  readonly previous: string | null;
  readonly organisation: string;
  readonly authority: PublicKey;
  readonly registrar: PublicKey | null;
  readonly policies: Policies;
  /** Digest of each part by its id. */
  readonly parts: ReadonlyMap<string, string>;
}

/** What every enrolled device may read. */
export interface OpenPart {
  readonly kind: "open";
  readonly title: Text;
  readonly firstDay: string;
  readonly lastDay: string;
  /** The first is the language of the spoken words. */
  readonly languages: readonly string[];
  readonly telephone: string | null;
}

export interface Delegation {
  readonly delegation: string;
  readonly name: Text;
}

export interface Seat {
  readonly seat: string;
  readonly delegation: string;
  readonly role: Role;
  /** Of a chair: 0 leads, 1 is the deputy. */
  readonly rank: number | null;
}

/** All delegations and seats, in protocol order; read by who reads the main journal. */
export interface SeatsPart {
  readonly kind: "seats";
  readonly delegations: readonly Delegation[];
  readonly seats: readonly Seat[];
}

/** An item of a sitting's agenda. A restricted one has no title here: it is posted sealed. */
export interface Item {
  readonly item: string;
  readonly title: Text | null;
  readonly opens: number | null;
}

/** A sitting: times, items, admission list; read by the devices admitted to it. */
export interface SittingPart {
  readonly kind: "sitting";
  readonly sitting: string;
  readonly title: Text;
  readonly opens: number;
  readonly closes: number;
  readonly items: readonly Item[];
  readonly admission: readonly string[];
}

/** What a delegation's persons are called, by seat. */
export interface DelegationPart {
  readonly kind: "delegation";
  readonly delegation: string;
  readonly persons: ReadonlyMap<string, string>;
}

export type Part = OpenPart | SeatsPart | SittingPart | DelegationPart;

/** The parts that one has. */
export interface Contents {
  readonly open: OpenPart | null;
  readonly seats: SeatsPart | null;
  readonly sittings: ReadonlyMap<string, SittingPart>;
  readonly delegations: ReadonlyMap<string, DelegationPart>;
}

/** A charter that the authority of the link signed. */
export async function openCharter(
  jws: string,
  authority: string,
  primitives: Primitives,
): Promise<Signed<Charter> | Refusal> {
  const trusted = async (charter: Charter) => {
    const named = await thumbprint(charter.authority, primitives);
    return named === authority && charter.issuer === named ? charter.authority : refuse("charter.authority");
  };
  return openSigned(jws, "charter", parseCharter, trusted, primitives);
}

/** Whether each charter replaces the one before it, from number 0 on, by the same authority for the same meeting. */
export function succeeds(charters: readonly Signed<Charter>[]): boolean {
  return charters.every(({ payload }, at) => {
    const before = charters[at - 1];
    if (!before) return payload.number === 0 && payload.previous === null;
    const isNext = payload.number === before.payload.number + 1 && payload.previous === before.hash;
    return isNext && payload.meeting === before.payload.meeting && payload.issuer === before.payload.issuer;
  });
}

/** All parts that one was given, checked one by one and against each other. */
export async function openContents(
  parts: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  charter: Charter,
  primitives: Primitives,
): Promise<Contents | Refusal> {
  let open: OpenPart | null = null;
  let seats: SeatsPart | null = null;
  const sittings = new Map<string, SittingPart>();
  const delegations = new Map<string, DelegationPart>();
  for (const [name, bytes] of parts) {
    if (charter.parts.get(name) !== b64u(await primitives.sha256(bytes))) return refuse("charter.part");
    const part = read(bytes, parsePart);
    if (isRefusal(part)) return part;
    if (part.kind === "open" && name === "open") open = part;
    else if (part.kind === "seats" && name === "seats") seats = part;
    else if (part.kind === "sitting" && !sittings.has(part.sitting)) sittings.set(part.sitting, part);
    else if (part.kind === "delegation" && !delegations.has(part.delegation)) delegations.set(part.delegation, part);
    else return refuse("charter.part");
  }
  const contents = { open, seats, sittings, delegations };
  return isConsistent(contents) ? contents : refuse("charter.part");
}

export function parseClaims(members: Members): Claims {
  members.constant("v", 1);
  const meeting = members.id("meeting");
  const issuer = members.hash("iss");
  return {
    meeting,
    issuer,
    issued: members.integer("iat"),
    from: members.integer("nbf"),
    until: members.integer("exp"),
  };
}

function parseCharter(members: Members): Charter {
  const claims = parseClaims(members);
  const number = members.integer("number", 0, 999);
  const previous = members.optional("previous", (name) => members.hash(name));
  if ((number === 0) !== (previous === null))
    throw new Malformed("previous", "a first charter replaces none, a later one does");
  const organisation = members.text("organisation", 200);
  const authority = jwkMember(members, "authority");
  const registrar = members.optional("registrar", (name) => jwkMember(members, name));
  const policies = parsePolicies(members.object("policies"));
  const parts = new Map(members.object("parts").each(digest, 2 + SITTINGS_MAX + DELEGATIONS_MAX));
  return { ...claims, number, previous, organisation, authority, registrar, policies, parts };
}

function parsePolicies(members: Members): Policies {
  members.constant("suite", SUITE);
  return {
    admission: members.oneOf("admission", ["by_hand", "automatic"]),
    refuseQuorum: members.integer("refuse_quorum", 1, SEATS_MAX),
    suite: SUITE,
    page: members.oneOf("page", ["ask", "forbid"]),
    decisions: members.array("decisions", (value, path) => textOf(value, path, 32), 16),
  };
}

function digest(name: string, value: Json, path: string): [string, string] {
  if (name !== "open" && name !== "seats") idOf(name, path.slice(0, 80), 16);
  return [name, idOf(value, path, 32)];
}

function parsePart(members: Members): Part {
  members.octets("salt", 16);
  const content = members.object("content");
  switch (content.oneOf("kind", ["open", "seats", "sitting", "delegation"])) {
    case "open":
      return parseOpen(content);
    case "seats":
      return parseSeats(content);
    case "sitting":
      return parseSitting(content);
    case "delegation":
      return parseDelegation(content);
  }
}

function parseOpen(content: Members): OpenPart {
  return {
    kind: "open",
    title: text(content, "title"),
    firstDay: content.text("first_day", 10),
    lastDay: content.text("last_day", 10),
    languages: content.array("languages", (value, path) => textOf(value, path, 3), 8),
    telephone: content.optional("telephone", (name) => content.text(name, 40)),
  };
}

function parseSeats(content: Members): SeatsPart {
  const delegations = content
    .objects("delegations", DELEGATIONS_MAX)
    .map((one) => ({ delegation: one.slug("delegation"), name: text(one, "name") }));
  return { kind: "seats", delegations, seats: content.objects("seats", SEATS_MAX).map(parseSeat) };
}

function parseSeat(members: Members): Seat {
  const seat = members.slug("seat");
  const delegation = members.slug("delegation");
  const role = members.oneOf("role", roles);
  const rank = members.optional("rank", (name) => members.integer(name, 0, 99));
  if ((role === "chair") !== (rank !== null))
    throw new Malformed(members.at("rank"), "a chair has a rank, and nobody else");
  return { seat, delegation, role, rank };
}

function parseSitting(content: Members): SittingPart {
  return {
    kind: "sitting",
    sitting: content.id("sitting"),
    title: text(content, "title"),
    opens: content.integer("opens"),
    closes: content.integer("closes"),
    items: content.objects("items", ITEMS_MAX).map((one) => ({
      item: one.slug("item"),
      title: one.optional("title", (name) => text(one, name)),
      opens: one.optional("opens", (name) => one.integer(name)),
    })),
    admission: content.array("admission", slugOf, SEATS_MAX),
  };
}

function parseDelegation(content: Members): DelegationPart {
  const delegation = content.slug("delegation");
  const persons = content
    .object("persons")
    .each((name, value, path): [string, string] => [slugOf(name, path), textOf(value, path, 120)], SEATS_MAX);
  return { kind: "delegation", delegation, persons: new Map(persons) };
}

function text(members: Members, name: string): Text {
  const one = (language: string, value: Json, path: string): [string, string] => {
    if (!LANGUAGE.test(language)) throw new Malformed(path.slice(0, 80), "not a language's code");
    return [language, textOf(value, path, 300)];
  };
  return new Map(members.object(name).each(one, 8));
}

function isConsistent({ seats: part, sittings, delegations }: Contents): boolean {
  if (!part) return true;
  const names = new Set(part.delegations.map((one) => one.delegation));
  const seats = new Map(part.seats.map((one) => [one.seat, one]));
  const namesOnce = names.size === part.delegations.length && seats.size === part.seats.length;
  const seatsKnown = part.seats.every((one) => names.has(one.delegation));
  const listsKnown = [...sittings.values()].every(
    ({ admission }) => new Set(admission).size === admission.length && admission.every((seat) => seats.has(seat)),
  );
  const personsKnown = [...delegations.values()].every(({ delegation, persons }) =>
    [...persons.keys()].every((seat) => seats.get(seat)?.delegation === delegation),
  );
  return namesOnce && seatsKnown && listsKnown && personsKnown;
}
