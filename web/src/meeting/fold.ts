/**
 * The fold: what a reader makes of entries, one after the other. Each is held to its chain, to the rules (rules.ts), and, where it is the
 * server's own, to whether it was due; the first one that does not stand stops the reading, by name. Python's is meeting/rules.py.
 */

import { ascii, b64u } from "../accreditation/bytes.ts";
import { type PublicKey, thumbprint } from "../accreditation/signature.ts";
import { type Entry, placeOf } from "../record/entry.ts";
import { check } from "../record/journal.ts";
import { type Code, isRefusal, type Refusal, refuse } from "../refusal.ts";
import * as enrolment from "./enrolment.ts";
import * as lobby from "./lobby.ts";
import { isOwn, type Own, ownBody, readOwn } from "./own.ts";
import { type Checks, type Decided, decide, isKind, type Outcome, openAct, prove } from "./rules.ts";
import { type RecordState, type SittingState, State } from "./state.ts";

/** An entry that must not stand where it does: the journal stops there, by name. */
export interface Breach {
  readonly breach: Code;
  readonly journal: string;
  readonly seq: number;
  readonly hash: string;
}

/** The state after an entry that stands. */
export function advance(record: RecordState, entry: Entry, decided: Decided): RecordState {
  const { outcome, sitting } = decided;
  const after = grown(outcome.apply(stateOf(record, sitting)), entry, decided);
  if (sitting !== null) return { ...record, sittings: new Map(record.sittings).set(sitting, after.sitting) };
  const { revoked } = outcome;
  if (!revoked) return { ...record, meeting: after.meeting };
  const struck = [...record.sittings].map(([id, of]): [string, SittingState] => {
    return [id, new State(after.meeting, of).struck(revoked.revoked, "revoked", revoked.act).sitting];
  });
  return { meeting: after.meeting, sittings: new Map(struck) };
}

/**
 * The state after an entry as a reader takes it: chain, signature, `decide` on its own state, then what follows. Entries come in the
 * order of the merge: a sitting's entry right after the main entry that it names.
 */
export async function fold(record: RecordState, entry: Entry, checks: Checks): Promise<RecordState | Breach> {
  const decided = follows(record, entry) ?? (await decidedAt(record, entry, checks));
  return isRefusal(decided) ? breach(entry, decided) : advance(record, entry, decided);
}

function stateOf(record: RecordState, sitting: string | null): State {
  return new State(record.meeting, sitting === null ? null : (record.sittings.get(sitting) ?? null));
}

/** Why an entry does not follow here: the journal's chain (ENTRY-3 to -7), and the order of the merge (ENTRY-8). */
function follows(record: RecordState, entry: Entry): Refusal | undefined {
  const { meeting } = record;
  const sitting = record.sittings.get(entry.header.journal);
  if (!sitting && entry.header.journal !== meeting.terms.meeting) return refuse("entry.broken");
  const tail = check(sitting?.tail ?? meeting.tail, entry, (place) => meeting.trail.holds(place));
  if (isRefusal(tail)) return tail;
  const isNext = !sitting || entry.header.main?.[0] === meeting.tail.seq;
  return isNext ? undefined : refuse("entry.broken");
}

async function decidedAt(record: RecordState, entry: Entry, checks: Checks): Promise<Decided | Refusal> {
  const { body, header } = entry;
  const sitting = header.journal === record.meeting.terms.meeting ? null : header.journal;
  if (body === null) return refuse("entry.broken");
  if (isOwn(body)) {
    const own = readOwn(body);
    if (isRefusal(own)) return own;
    return ownBody(own) === body ? due(record, sitting, own, body, header.at, checks) : refuse("own.undue");
  }
  const signed = await openAct(record.meeting, body, header.at, checks);
  if (isRefusal(signed)) return signed;
  if (signed.payload.sitting !== sitting) return refuse("act.journal");
  if (record.meeting.trail.seq === 0) return refuse("own.undue");
  return decide(record, signed, header.at, await prove(record, signed.payload, header.at, checks));
}

/** Whether an entry of the server's own may stand next in a journal at this time, and what follows. */
async function due(
  record: RecordState,
  sitting: string | null,
  own: Own,
  body: string,
  at: number,
  checks: Checks,
): Promise<Decided | Refusal> {
  const state = stateOf(record, sitting);
  if (state.trail.usedNonce("", own.nonce)) return refuse("own.undue");
  if (state.meeting.trail.seq === 0 && own.kind !== "server.started") return refuse("own.undue");
  const isMain = sitting === null;
  if ((own.kind === "deadline.passed") === isMain) return refuse("own.undue");
  const outcome = await dueOutcome(state, own, at, checks);
  if (isRefusal(outcome)) return outcome;
  const hash = b64u(await checks.sha256(ascii(body)));
  return { sitting, body: hash, author: "", nonce: own.nonce, outcome };
}

async function dueOutcome(state: State, own: Own, at: number, checks: Checks): Promise<Outcome | Refusal> {
  switch (own.kind) {
    case "server.started":
      return dueStart(state, own.charter, own.registrar, checks);
    case "enrolment.contested": {
      const event = await dueContest(state, own.because, at, checks);
      return isRefusal(event) ? event : { apply: (before) => enrolment.applyContested(before, event) };
    }
    case "enrolment.locked": {
      const event = enrolment.dueLock(state, own.seat);
      return isRefusal(event) ? event : { apply: (before) => enrolment.applyLocked(before, event) };
    }
    case "deadline.passed": {
      const event = lobby.dueLapse(state, own.because, at);
      return isRefusal(event) ? event : { apply: (before) => lobby.applyKnockRefused(before, event) };
    }
  }
}

async function dueStart(
  state: State,
  charter: string,
  registrar: PublicKey,
  checks: Checks,
): Promise<Outcome | Refusal> {
  const { terms, registrar: known } = state.meeting;
  const isKnown = !known || (await thumbprint(known, checks)) === (await thumbprint(registrar, checks));
  if (charter !== terms.charters.at(-1) || !isKnown) return refuse("own.undue");
  return { apply: (before) => before.inMeeting({ registrar }) };
}

async function dueContest(
  state: State,
  because: string,
  at: number,
  checks: Checks,
): Promise<enrolment.Contested | Refusal> {
  const record: RecordState = { meeting: state.meeting, sittings: new Map() };
  const signed = await openAct(state.meeting, because, at, checks);
  if (isRefusal(signed)) return signed;
  const proof = await prove(record, signed.payload, at, checks);
  const refused = decide(record, signed, at, proof);
  const isSecondUse =
    isKind(signed.payload, "device.enrol") && isRefusal(refused) && refused.refused === "enrolment.used";
  if (!isSecondUse || isRefusal(proof.author)) return refuse("own.undue");
  return enrolment.dueContest(state, proof.author.seat, signed.hash, at);
}

function grown(state: State, entry: Entry, { body, author, nonce, sitting }: Decided): State {
  const [, hash] = placeOf(entry);
  const trail = state.trail.grown({ hash, body, author, nonce });
  const { meeting, journal, seq, at, main } = entry.header;
  const tail = { meeting, journal, seq, hash, at, main };
  return sitting === null ? state.inMeeting({ trail, tail }) : state.inSitting({ trail, tail });
}

function breach(entry: Entry, { refused }: Refusal): Breach {
  return { breach: refused, journal: entry.header.journal, seq: entry.header.seq, hash: entry.hash };
}
