/**
 * Journals: check the chain, open and compare heads, name a fork (docs/reference/record.md, 4). The rules of the chain are ENTRY-3 to
 * ENTRY-7; those that need the meeting's state (who may, what it cites) are the fold's.
 */
import { ascii, b64u, type Primitives } from "../accreditation/bytes.ts";
import type { Json } from "../accreditation/json.ts";
import { idOf, type Members } from "../accreditation/members.ts";
import { openSigned, type PublicKey, type Signed } from "../accreditation/signature.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import { type Entry, type Place, placeIn } from "./entry.ts";

/** The end of a journal: what the next entry must follow. */
export interface Tail {
  readonly meeting: string;
  readonly journal: string;
  /** 0: there is no entry yet. */
  readonly seq: number;
  /** The newest entry's hash; the journal's genesis while there is none. */
  readonly hash: string;
  readonly at: number;
  /** The main entry that the newest one names. */
  readonly main: Place | null;
}

/** Two different entries shown for one place of a journal: the record was forked. */
export interface Fork {
  readonly journal: string;
  readonly seq: number;
  readonly ours: string;
  readonly theirs: string;
}

/** What the registrar says about the ends of journals: two for one seq convict it. */
export interface Head {
  readonly meeting: string;
  readonly heads: ReadonlyMap<string, Place>;
  readonly at: number;
}

/** A head, and the registrar's signature with it. */
export interface SignedHead {
  readonly head: Head;
  readonly jws: string;
}

const SITTINGS_MAX = 100;

/** The end of a journal that has no entry yet: its first `prev` is SHA-256 of "incamera journal" 0x00 meeting 0x00 journal. */
export async function beginning(meeting: string, journal: string, primitives: Primitives): Promise<Tail> {
  const genesis = await primitives.sha256(ascii(`incamera journal\0${meeting}\0${journal}`));
  return { meeting, journal, seq: 0, hash: b64u(genesis), at: 0, main: null };
}

/** The journal's end after an entry, or the refusal. `mainHolds`: whether a place is on the main chain that the reader has. */
export function check(tail: Tail, entry: Entry, mainHolds: (place: Place) => boolean): Tail | Refusal {
  const { meeting, journal, seq, prev, at, main } = entry.header;
  const follows =
    meeting === tail.meeting && // ENTRY-3
    journal === tail.journal &&
    seq === tail.seq + 1 && // ENTRY-4
    prev === tail.hash && // ENTRY-5
    at >= tail.at && // ENTRY-6
    namesMain(tail, main, mainHolds); // ENTRY-7
  return follows ? { meeting, journal, seq, hash: entry.hash, at, main } : refuse("entry.broken");
}

function namesMain(tail: Tail, main: Place | null, mainHolds: (place: Place) => boolean): boolean {
  if (tail.journal === tail.meeting) return main === null;
  return main !== null && mainHolds(main) && (tail.main === null || tail.main[0] <= main[0]);
}

/**
 * The order of a sitting's fold: each entry of the sitting right after the main entry that it names. Both journals are checked
 * before. Entries that name a main entry beyond the end of `main` come last.
 */
export function* merge(main: Iterable<Entry>, sitting: Iterable<Entry>): Generator<Entry> {
  const waiting = [...sitting];
  let next = 0;
  for (const entry of main) {
    for (let following = waiting[next]; following && (following.header.main?.[0] ?? 0) < entry.header.seq; ) {
      yield following;
      next += 1;
      following = waiting[next];
    }
    yield entry;
  }
  yield* waiting.slice(next);
}

/**
 * The fork, if what somebody saw (in an act's `seen`, a heartbeat, a head) is not what stands here at that seq. `hashAt` gives
 * undefined for an entry that has not arrived yet: that is no fork.
 */
export function compare(journal: string, hashAt: (seq: number) => string | undefined, theirs: Place): Fork | undefined {
  const [seq, theirHash] = theirs;
  const ours = hashAt(seq);
  return ours === undefined || ours === theirHash ? undefined : { journal, seq, ours, theirs: theirHash };
}

/** Two signed heads that can't both be true: one registrar, one journal, one seq, two hashes. */
export function contradiction(one: Head, other: Head): Fork | undefined {
  if (one.meeting !== other.meeting) return undefined;
  for (const [journal, [seq, ours]] of one.heads) {
    const theirs = other.heads.get(journal);
    if (theirs && theirs[0] === seq && theirs[1] !== ours) return { journal, seq, ours, theirs: theirs[1] };
  }
  return undefined;
}

/** A head that this registrar signed for this meeting. */
export async function openHead(
  jws: string,
  registrar: PublicKey,
  meeting: string,
  primitives: Primitives,
): Promise<Signed<Head> | Refusal> {
  const signed = await openSigned(jws, "head", parseHead, () => registrar, primitives);
  return isRefusal(signed) || signed.payload.meeting !== meeting ? refuse("head.broken") : signed;
}

function parseHead(members: Members): Head {
  members.constant("v", 1);
  const meeting = members.id("meeting");
  const heads = new Map(members.object("heads").each(journalPlace, SITTINGS_MAX + 1));
  return { meeting, heads, at: members.integer("at") };
}

function journalPlace(name: string, value: Json, path: string): [string, Place] {
  return [idOf(name, path, 16), placeIn(value, path)];
}
