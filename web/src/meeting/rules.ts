/**
 * THE TABLE: which kinds of acts there are, in which journal, by whom, and what decides and applies each. Python's meeting/rules.py is
 * the same table; tests/vectors holds the two together: same states, same refusals.
 *
 * `decide` looks at, in this order: meeting; journal; author; that the sitting is there for the author; hash and nonce are new; time;
 * `seen`; role; the sitting's stage; the author's standing in it; that a reader says what it saw; what the kind itself asks.
 */

import { b64u, type Primitives, unb64u } from "../accreditation/bytes.ts";
import { type Role, roles } from "../accreditation/charter.ts";
import { openSigned, type PublicKey, type Signed } from "../accreditation/signature.ts";
import type { Place } from "../record/entry.ts";
import { type Code, isRefusal, type Refusal, refuse } from "../refusal.ts";
import { type Act, type Kind, readAct } from "./acts.ts";
import * as agenda from "./agenda.ts";
import * as delivery from "./delivery.ts";
import type { Device } from "./enrolment.ts";
import * as enrolment from "./enrolment.ts";
import * as floor from "./floor.ts";
import * as lobby from "./lobby.ts";
import * as sittings from "./sittings.ts";
import {
  type Credential,
  type MeetingState,
  type Placed,
  type RecordState,
  roleOf,
  type SittingState,
  State,
} from "./state.ts";

const ACT_LENGTH_MAX = 16 * 1024;
const MESSAGE_ACT_LENGTH_MAX = 32 * 1024;
const COMMIT_ACT_LENGTH_MAX = 512 * 1024;
/** How far an act's time may be from its entry's: milliseconds. */
const SKEW_MS = 5 * 60 * 1000;

/** What the author must be, beside its role. */
type StandingOf = "invited" | "enrolled" | "listed" | "admitted" | "member";

interface Rule<K extends Kind, Event> {
  readonly journal: "main" | "sitting";
  readonly roles: ReadonlySet<Role>;
  readonly standing: StandingOf;
  readonly decide: (state: State, placed: Placed<K>, keyPackage: string) => Event | Refusal;
  readonly apply: (state: State, event: Event) => State;
  /** The longest act of the kind. */
  readonly longest: number;
}

/** A row with its event's type hidden: `decide` and `apply` of one row fit one another. */
interface Row {
  readonly journal: "main" | "sitting";
  readonly roles: ReadonlySet<Role>;
  readonly standing: StandingOf;
  readonly longest: number;
  readonly decide: (state: State, placed: Placed<Kind>, keyPackage: string) => Outcome | Refusal;
}

/** What follows from an act that stands. */
export interface Outcome {
  readonly apply: (state: State) => State;
  /** The device whose revocation it is: it strikes every sitting. */
  readonly revoked?: enrolment.Revoked;
}

const ANYONE: ReadonlySet<Role> = new Set(roles);
const RUNS: ReadonlySet<Role> = new Set<Role>(["chair", "secretariat"]);
const CHAIR: ReadonlySet<Role> = new Set<Role>(["chair"]);
const SECRETARIAT: ReadonlySet<Role> = new Set<Role>(["secretariat"]);
const DELEGATES: ReadonlySet<Role> = new Set<Role>(["head", "adviser"]);

function row<K extends Kind, Event extends object>(
  journal: Rule<K, Event>["journal"],
  allowed: ReadonlySet<Role>,
  standing: StandingOf,
  decide: Rule<K, Event>["decide"],
  apply: Rule<K, Event>["apply"],
  longest = ACT_LENGTH_MAX,
): Row {
  return {
    journal,
    roles: allowed,
    standing,
    longest,
    decide: (state, placed, keyPackage) => {
      const event = decide(state, placed as unknown as Placed<K>, keyPackage);
      if (isRefusal(event)) return event;
      const outcome: Outcome = { apply: (before) => apply(before, event) };
      return "revoked" in event ? { ...outcome, revoked: event as unknown as enrolment.Revoked } : outcome;
    },
  };
}

export const RULES: { readonly [K in Kind]: Row } = {
  "device.enrol": row("main", ANYONE, "invited", enrolment.decideEnrol, enrolment.applyEnrolled),
  "device.revoke": row("main", SECRETARIAT, "enrolled", enrolment.decideRevoke, enrolment.applyRevoked),
  "invitation.reopen": row("main", SECRETARIAT, "enrolled", enrolment.decideReopen, enrolment.applyReopened),
  "sitting.open": row("sitting", RUNS, "listed", sittings.decideOpen, sittings.applyOpened),
  "sitting.regroup": row("sitting", RUNS, "listed", sittings.decideRegroup, sittings.applyRegrouped),
  "sitting.close": row("sitting", RUNS, "admitted", sittings.decideClose, sittings.applyClosed),
  "lobby.knock": row("sitting", ANYONE, "listed", lobby.decideKnock, lobby.applyKnocked),
  "lobby.admit": row("sitting", RUNS, "admitted", lobby.decideAdmit, lobby.applyAdmitted),
  "lobby.refuse": row("sitting", RUNS, "admitted", lobby.decideRefuse, lobby.applyKnockRefused),
  "lobby.exclude": row("sitting", RUNS, "admitted", lobby.decideExclude, lobby.applyExcluded),
  "lobby.leave": row("sitting", ANYONE, "listed", lobby.decideLeave, lobby.applyLeft),
  "mls.commit": row("sitting", ANYONE, "member", delivery.decideCommit, delivery.applyCommitted, COMMIT_ACT_LENGTH_MAX),
  "mls.refuse": row("sitting", ANYONE, "member", delivery.decideRefuse, delivery.applyRefused),
  "mls.message": row("sitting", ANYONE, "member", delivery.decideMessage, (state) => state, MESSAGE_ACT_LENGTH_MAX),
  "floor.request": row("sitting", DELEGATES, "member", floor.decideRequest, floor.applyRequested),
  "floor.withdraw": row("sitting", DELEGATES, "member", floor.decideWithdraw, floor.applyWithdrawn),
  "floor.give": row("sitting", CHAIR, "admitted", floor.decideGive, floor.applyGiven),
  "floor.take_back": row("sitting", floor.SPEAKERS, "admitted", floor.decideTakeBack, floor.applyTakenBack),
  "agenda.title": row("sitting", RUNS, "admitted", agenda.decideTitle, agenda.applyTitled),
  "agenda.open": row("sitting", CHAIR, "admitted", agenda.decideOpen, agenda.applyOpened),
  "agenda.close": row("sitting", CHAIR, "admitted", agenda.decideClose, agenda.applyClosed),
};

/** What a chain is held to: from the link, the charter and the record, never from whoever shows the chain. */
export interface Expected {
  readonly authority: PublicKey;
  readonly meeting: string;
  readonly charters: readonly string[];
  readonly leaf: { readonly sitting: string; readonly group: string } | null;
  /** The charter's seats, each with its delegation. */
  readonly seats: ReadonlyMap<string, string>;
  /** Devices whose enrolment is in the record; null while a device enrols. */
  readonly enrolled: readonly string[] | null;
  readonly revoked: readonly string[];
}

/** What the fold is given to check with: WebCrypto, and the validator of chains, which is written once, in crates/e2ee. */
export interface Checks extends Primitives {
  validate(chain: string, expected: Expected, at: number): Promise<Credential | Refusal>;
}

/** What was looked up before `decide`, which is synchronous. */
interface Proof {
  readonly author: Device | Refusal;
  readonly credential: Credential | Refusal | null;
  /** SHA-256 of a knock's key package. */
  readonly keyPackage: string;
}

/** A body that may stand next in a journal, and what follows from it. */
export interface Decided {
  /** The journal: null is main. */
  readonly sitting: string | null;
  readonly body: string;
  /** "" for the server's own. */
  readonly author: string;
  readonly nonce: string;
  readonly outcome: Outcome;
}

/** An act that the device which it names signed: an enrolled one, or one whose own chain is in the act. */
export async function openAct(
  meeting: MeetingState,
  jws: string,
  at: number,
  checks: Checks,
): Promise<Signed<Act> | Refusal> {
  if (jws.length > COMMIT_ACT_LENGTH_MAX) return refuse("signature.malformed");
  const keyOf = async (act: Act) => {
    const author = await authorOf(meeting, act, at, checks);
    return isRefusal(author) ? author : author.key;
  };
  const signed = await openSigned(jws, "act", readAct, keyOf, checks);
  if (isRefusal(signed)) return signed;
  return jws.length > RULES[signed.payload.kind].longest ? refuse("act.too_large") : signed;
}

/** Looks up what `decide` needs of an act and is not synchronous in browsers. */
export async function prove(record: RecordState, act: Act, at: number, checks: Checks): Promise<Proof> {
  const { meeting } = record;
  const author = await authorOf(meeting, act, at, checks);
  const place = leafPlace(record, act);
  const credential = place ? await checks.validate(place.chain, expected(meeting, place, true), at) : null;
  const octets = isKind(act, "lobby.knock") ? unb64u(act.body.key_package) : undefined;
  const keyPackage = octets ? b64u(await checks.sha256(octets)) : "";
  return { author, credential, keyPackage };
}

/** Whether an act may stand next in its journal at this time, and what follows if it does. */
export function decide(
  record: RecordState,
  { payload: act, hash }: Pick<Signed<Act>, "payload" | "hash">,
  at: number,
  proof: Proof,
): Decided | Refusal {
  const rule = RULES[act.kind];
  const state = stateFor(record, act, rule, proof.author);
  if (isRefusal(state)) return state;
  const author = proof.author as Device;
  const refusal = checkNew(state, act, hash, at) ?? checkMay(state, act, author, rule);
  if (refusal) return refusal;
  const outcome = rule.decide(state, { act, hash, author, at, credential: proof.credential }, proof.keyPackage);
  if (isRefusal(outcome)) return outcome;
  return { sitting: act.sitting, body: hash, author: act.by, nonce: act.nonce, outcome };
}

/**
 * Why a device could not do something now, for a button that says so; undefined if it may. For kinds without a chain; the act is as it
 * would be signed.
 */
export function mayNot(record: RecordState, act: Act, at: number): Code | undefined {
  const author = record.meeting.enrolment.devices.get(act.by) ?? refuse("device.unknown");
  const decided = decide(record, { payload: act, hash: "" }, at, { author, credential: null, keyPackage: "" });
  return isRefusal(decided) ? decided.refused : undefined;
}

async function authorOf(meeting: MeetingState, act: Act, at: number, checks: Checks): Promise<Device | Refusal> {
  if (isKind(act, "device.enrol")) return newcomer(meeting, act, at, checks);
  if (meeting.enrolment.revoked.has(act.by)) return refuse("device.revoked");
  return meeting.enrolment.devices.get(act.by) ?? refuse("device.unknown");
}

async function newcomer(
  meeting: MeetingState,
  act: Act<"device.enrol">,
  at: number,
  checks: Checks,
): Promise<Device | Refusal> {
  const credential = await checks.validate(act.body.chain, expected(meeting, null, false), at);
  if ("refused" in credential) return credential;
  if (credential.device !== act.by) return refuse("enrolment.signer");
  const { device, key, delegation, seat } = credential;
  return { thumbprint: device, key, delegation, seat };
}

function expected(
  meeting: MeetingState,
  leaf: { sitting: string; group: string } | null,
  isEnrolled: boolean,
): Expected {
  const { terms, enrolment: known } = meeting;
  return {
    authority: terms.authority,
    meeting: terms.meeting,
    charters: terms.charters,
    leaf: leaf && { sitting: leaf.sitting, group: leaf.group },
    seats: new Map([...terms.seats].map(([seat, { delegation }]) => [seat, delegation])),
    enrolled: isEnrolled ? [...known.devices.keys()] : null,
    revoked: [...known.revoked.keys()],
  };
}

/** Where the leaf of an act's chain must stand: in the group that the act makes, or in the sitting's present one. */
function leafPlace(record: RecordState, act: Act): { chain: string; sitting: string; group: string } | undefined {
  const sitting = act.sitting === null ? undefined : record.sittings.get(act.sitting);
  if (!sitting) return undefined;
  if (isKind(act, "sitting.open") || isKind(act, "sitting.regroup"))
    return { chain: act.body.chain, sitting: sitting.id, group: act.body.group };
  if (isKind(act, "lobby.knock")) return { chain: act.body.chain, sitting: sitting.id, group: sitting.group.id };
  return undefined;
}

export function isKind<K extends Kind>(act: Act, kind: K): act is Act & Act<K> {
  return act.kind === kind;
}

function stateFor(record: RecordState, act: Act, rule: Row, author: Device | Refusal): State | Refusal {
  const { meeting } = record;
  if (act.meeting !== meeting.terms.meeting) return refuse("act.meeting");
  const isSittings = rule.journal === "sitting";
  if ((act.sitting !== null) !== isSittings || (!isSittings && act.seen.sitting !== null)) return refuse("act.journal");
  if (isRefusal(author)) return author;
  if (act.sitting === null) return new State(meeting);
  const terms = meeting.terms.sittings.get(act.sitting);
  const sitting = record.sittings.get(act.sitting);
  // "Not there" and "not for you" are one answer.
  return terms && sitting && terms.listed.has(author.seat) ? new State(meeting, sitting) : refuse("sitting.unknown");
}

function checkNew(state: State, act: Act, hash: string, at: number): Refusal | undefined {
  const { trail, meeting } = state;
  if (trail.bodies.has(hash)) return refuse("act.known");
  if (trail.usedNonce(act.by, act.nonce)) return refuse("act.nonce");
  if (Math.abs(at - act.at) > SKEW_MS) return refuse("act.time");
  const holds = (of: { holds(place: Place): boolean }, seen: Place | null) => seen === null || of.holds(seen);
  return holds(meeting.trail, act.seen.main) && holds(trail, act.seen.sitting) ? undefined : refuse("act.seen");
}

function checkMay(state: State, act: Act, author: Device, rule: Row): Refusal | undefined {
  const role = roleOf(state.meeting, author);
  if (!role || !rule.roles.has(role)) return refuse("act.role");
  if (rule.journal === "main") return undefined;
  return checkStage(state.sitting, act.kind) ?? checkStanding(state.sitting, act, rule.standing);
}

function checkStage({ stage }: SittingState, kind: Kind): Refusal | undefined {
  if (stage === "closed") return refuse("sitting.closed");
  if (kind === "sitting.open") return stage === "open" ? refuse("sitting.open") : undefined;
  return stage === "unopened" ? refuse("sitting.unopened") : undefined;
}

function checkStanding({ lobby: door, group }: SittingState, act: Act, standing: StandingOf): Refusal | undefined {
  if (standing === "admitted" && !door.admits.has(act.by)) return refuse("admission.missing");
  if (standing === "member" && !delivery.isPresent(group, act.by)) return refuse("member.missing");
  const reads = standing === "admitted" || standing === "member";
  return reads && (act.seen.main === null || act.seen.sitting === null) ? refuse("act.unseeing") : undefined;
}
