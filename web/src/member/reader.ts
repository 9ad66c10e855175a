/**
 * What a member has read: the charter's parts, the journals, and its own fold of them; forks and breaches by name.
 *
 * Nothing here believes the server: the charter is held to the link's thumbprint, parts to the charter, entries to the chain and to
 * `decide`, heads to the entries here. The shell fetches parts and hands entries over as they come, one batch after the other.
 */
import { unb64u } from "../accreditation/bytes.ts";
import { type Charter, type Contents, openCharter, openContents, succeeds } from "../accreditation/charter.ts";
import { read } from "../accreditation/members.ts";
import type { Signed } from "../accreditation/signature.ts";
import type { Facts, Heads, Knock, RosterLeaf, Trust } from "../e2ee/facts.ts";
import { type Act, readAct } from "../meeting/acts.ts";
import { type Breach, fold } from "../meeting/fold.ts";
import { isOwn } from "../meeting/own.ts";
import type { Checks } from "../meeting/rules.ts";
import { initial, type RecordState, State } from "../meeting/state.ts";
import { type MeetingTerms, meetingTerms } from "../meeting/terms.ts";
import { type Entry, type Place, placeOf } from "../record/entry.ts";
import { beginning, compare, type Fork, merge, openHead, type SignedHead } from "../record/journal.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";

/** An entry of a sitting's journal, folded: its act, and the states before and after it. */
export interface Step {
  readonly sitting: string;
  readonly entry: Entry;
  /** Null for the server's own entries. */
  readonly act: Act | null;
  readonly before: State;
  readonly after: State;
  /** What the record says at the entry's place: by it a commit is judged. */
  readonly facts: Facts;
}

/** One sitting, merged with main, as far as both have come. */
interface SittingFold {
  record: RecordState;
  knocks: Map<string, Knock>;
  readonly roundAt: Map<number, number>;
}

const nothing: Contents = { open: null, seats: null, sittings: new Map(), delegations: new Map() };

/** One device's reading of one meeting. */
export class Reader {
  readonly meeting: string;
  charters: readonly Signed<Charter>[] = [];
  contents: Contents = nothing;
  terms: MeetingTerms | undefined;
  readonly parts = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly entries = new Map<string, Entry[]>();
  /** For each set of journals that was read at one time: the newest head over it that was true of what we have read. */
  readonly heads = new Map<string, SignedHead>();
  /** Heads of the registrar that were not: with a head of `heads`, or an act's `seen`, they convict it. */
  readonly forked: string[] = [];
  readonly #authority: string;
  readonly #checks: Checks;
  #main: RecordState | undefined;
  readonly #folds = new Map<string, SittingFold>();
  readonly #told = new Map<string, number>();
  readonly #receipts = new Map<string, string>();

  constructor(authority: string, meeting: string, checks: Checks) {
    this.#authority = authority;
    this.meeting = meeting;
    this.#checks = checks;
  }

  // Charters and parts.

  /** What the server has of the charter: each core is the authority's, each part the core's. */
  async learn(
    charters: readonly string[],
    parts: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  ): Promise<Refusal | undefined> {
    const signed: Signed<Charter>[] = [];
    for (const jws of charters) {
      const charter = await openCharter(jws, this.#authority, this.#checks);
      if (isRefusal(charter)) return charter;
      if (charter.payload.meeting !== this.meeting) return refuse("chain.meeting");
      signed.push(charter);
    }
    const last = signed.at(-1);
    if (!last || !succeeds(signed)) return refuse("charter.part");
    const contents = await openContents(new Map([...this.parts, ...parts]), last.payload, this.#checks);
    if (isRefusal(contents)) return contents;
    const terms = contents.seats ? meetingTerms(signed, contents) : undefined;
    if (isRefusal(terms)) return terms;
    this.charters = signed;
    this.contents = contents;
    for (const [name, data] of parts) this.parts.set(name, data);
    if (terms) this.terms = terms;
    return undefined;
  }

  /** The charter in force; it must be here. */
  get charter(): Signed<Charter> {
    const last = this.charters.at(-1);
    if (!last) throw new Error("the shell asks for the charter first");
    return last;
  }

  /** Whom the core trusts; the charter must be here. */
  trust(): Trust {
    return {
      authority: this.#authority,
      key: this.charter.payload.authority,
      meeting: this.meeting,
      charters: this.charters.map(({ hash }) => hash),
      seats: this.terms ? new Map([...this.terms.seats].map(([seat, { delegation }]) => [seat, delegation])) : null,
    };
  }

  /** Whether parts must be asked for before entries of these journals can be folded. */
  lacksParts(journals: ReadonlySet<string>): boolean {
    const { terms } = this;
    if (!terms) return journals.size > 0;
    return [...journals].some((name) => name !== this.meeting && !terms.sittings.has(name));
  }

  // Journals. The main one's name is the meeting's.

  /** Where the reading stands: the feed goes on after it. */
  after(): Record<string, number> {
    return Object.fromEntries([...this.entries].map(([name, entries]) => [name, entries.length]));
  }

  /** Whether all has been read that these heads name. */
  has(heads: ReadonlyMap<string, Place>): boolean {
    return [...heads].every(([name, [seq]]) => this.#entriesOf(name).length >= seq);
  }

  /** The sittings whose journals we read, or read until we were excluded. */
  get sittings(): readonly string[] {
    return [...this.entries.keys()].filter((name) => name !== this.meeting);
  }

  /** Our fold of a sitting. */
  state(sitting: string): State | undefined {
    const record = this.#folds.get(sitting)?.record;
    return record && stateIn(record, sitting);
  }

  /** The same, whole: the meeting, and this one sitting. */
  record(sitting: string): RecordState | undefined {
    return this.#folds.get(sitting)?.record;
  }

  /** Our fold of the main journal; undefined before the first admission. */
  get main(): RecordState | undefined {
    return this.#main;
  }

  /** What the record says at its end, as far as it was read. */
  facts(sitting: string, at: number): Facts | undefined {
    const folded = this.#folds.get(sitting);
    return folded && factsOf(stateIn(folded.record, sitting), folded.knocks, at);
  }

  /** The places up to which both journals were read: they stand in each act and each MLS message of ours. */
  seen(sitting: string | null): Heads {
    return { main: this.#end(this.meeting), sitting: sitting === null ? null : this.#end(sitting) };
  }

  /** The group that the claims fold to after a commit, and when each leaf came: what a Welcome is held to. */
  roster(step: Step): readonly RosterLeaf[] {
    const roundAt = this.#folds.get(step.sitting)?.roundAt;
    const members = [...step.after.sitting.group.members];
    return members.map(([device, { leaf, sinceRound }]) => ({ leaf, device, at: roundAt?.get(sinceRound) ?? 0 }));
  }

  /** The next entries: those of sittings come back folded, once each. A breach stops the reading, by name. */
  async take(entries: readonly Entry[]): Promise<{ readonly steps: readonly Step[]; readonly breach?: Breach }> {
    const steps: Step[] = [];
    for (const entry of entries) {
      const breach = this.#place(entry) ?? (await this.#fold(entry, steps));
      if (breach) return { steps, breach };
    }
    return { steps };
  }

  /** An entry of a journal that we do not read: it must be found there once we do. */
  receipt(entry: Entry): Breach | undefined {
    const { journal, seq } = entry.header;
    const name = `${journal}/${seq}`;
    const ours = this.#entriesOf(journal)[seq - 1]?.hash ?? this.#receipts.get(name);
    if (ours === undefined) this.#receipts.set(name, entry.hash);
    return ours === undefined || ours === entry.hash ? undefined : broken(entry);
  }

  /** A head that came: signed by the registrar that the record or the charter names, true of what we have read. */
  async checkHead(jws: string): Promise<ReadonlyMap<string, Place> | Fork | Refusal> {
    const registrar = this.#main ? this.#main.meeting.registrar : this.charter.payload.registrar;
    if (!registrar) return new Map();
    const head = await openHead(jws, registrar, this.meeting, this.#checks);
    if (isRefusal(head)) return head;
    for (const [journal, place] of head.payload.heads) {
      const fork = compare(journal, (seq) => this.#entriesOf(journal)[seq - 1]?.hash, place);
      if (!fork) continue;
      this.forked.push(jws);
      return fork;
    }
    const { heads } = head.payload;
    if (this.has(heads)) this.heads.set(journalsIn(heads), { head: head.payload, jws });
    return heads;
  }

  #entriesOf(journal: string): readonly Entry[] {
    return this.entries.get(journal) ?? [];
  }

  #end(journal: string): Place | null {
    const last = this.#entriesOf(journal).at(-1);
    return last ? placeOf(last) : null;
  }

  #place(entry: Entry): Breach | undefined {
    const { journal, seq } = entry.header;
    const entries = this.entries.get(journal) ?? [];
    const ours = entries[seq - 1];
    if (ours) return ours.hash === entry.hash ? undefined : broken(entry);
    const name = `${journal}/${seq}`;
    const known = this.#receipts.get(name) ?? entry.hash;
    this.#receipts.delete(name);
    if (known !== entry.hash || seq !== entries.length + 1) return broken(entry);
    entries.push(entry);
    this.entries.set(journal, entries);
    return undefined;
  }

  async #fold(entry: Entry, steps: Step[]): Promise<Breach | undefined> {
    const { terms } = this;
    if (!terms) throw new Error("the shell asks `lacksParts` first");
    const { journal, seq } = entry.header;
    if (journal === this.meeting) {
      if (this.#main && this.#main.meeting.tail.seq >= seq) return undefined;
      const before = this.#main ?? (await this.#begin(terms, []));
      const folded = await fold(before, entry, this.#checks);
      if ("breach" in folded) return folded;
      this.#main = folded;
    }
    for (const sitting of terms.sittings.keys()) {
      if (!this.entries.has(sitting) || (journal !== this.meeting && journal !== sitting)) continue;
      const breach = await this.#foldSitting(terms, sitting, entry, steps);
      if (breach) return breach;
    }
    return undefined;
  }

  async #foldSitting(terms: MeetingTerms, sitting: string, entry: Entry, steps: Step[]): Promise<Breach | undefined> {
    const folded = this.#folds.get(sitting);
    if (folded && isNext(folded.record, sitting, entry)) return this.#advance(folded, sitting, entry, steps);
    if (folded && isKnown(folded.record, sitting, entry)) return undefined;
    // The journal came after main had gone on: both again, merged. What was told is not told twice.
    const record = await this.#begin(terms, [sitting]);
    const again: SittingFold = { record, knocks: new Map(), roundAt: new Map() };
    this.#folds.set(sitting, again);
    for (const one of merge(this.#entriesOf(this.meeting), this.#entriesOf(sitting))) {
      // Main has not come so far: its next entry goes on here.
      if (one.header.main && one.header.main[0] > again.record.meeting.tail.seq) return undefined;
      const breach = await this.#advance(again, sitting, one, steps);
      if (breach) return breach;
    }
    return undefined;
  }

  async #advance(folded: SittingFold, sitting: string, entry: Entry, steps: Step[]): Promise<Breach | undefined> {
    const before = stateIn(folded.record, sitting);
    const record = await fold(folded.record, entry, this.#checks);
    if ("breach" in record) return record;
    folded.record = record;
    if (entry.header.main === null) return undefined;
    const after = stateIn(record, sitting);
    const act = actOf(entry);
    const facts = factsOf(before, folded.knocks, entry.header.at);
    const { round } = after.sitting;
    if (round !== before.sitting.round) folded.roundAt.set(round, entry.header.at);
    if (act && isKnock(act))
      folded.knocks.set(entry.header.body, {
        device: act.by,
        chain: act.body.chain,
        keyPackage: act.body.key_package,
      });
    const standing = new Set([...after.sitting.lobby.knocks.values()].map((knock) => knock.act));
    folded.knocks = new Map([...folded.knocks].filter(([name]) => standing.has(name)));
    if (entry.header.seq > (this.#told.get(sitting) ?? 0)) {
      this.#told.set(sitting, entry.header.seq);
      steps.push({ sitting, entry, act, before, after, facts });
    }
    return undefined;
  }

  async #begin(terms: MeetingTerms, sittings: readonly string[]): Promise<RecordState> {
    const seen = new Map([...terms.sittings].filter(([sitting]) => sittings.includes(sitting)));
    const tails = await Promise.all(
      sittings.map(async (sitting) => [sitting, await beginning(this.meeting, sitting, this.#checks)] as const),
    );
    const main = await beginning(this.meeting, this.meeting, this.#checks);
    return initial({ ...terms, sittings: seen }, main, new Map(tails));
  }
}

/** The act of a body that a fold let stand, or of one whose signature is none of our business: undefined if it is no act. */
export function peekAct(jws: string): Act | undefined {
  const payload = unb64u(jws.split(".")[1] ?? "");
  const act = payload ? read(payload, readAct) : undefined;
  return isRefusal(act) ? undefined : act;
}

function actOf({ body }: Entry): Act | null {
  return body === null || isOwn(body) ? null : (peekAct(body) ?? null);
}

function isKnock(act: Act): act is Act & Act<"lobby.knock"> {
  return act.kind === "lobby.knock";
}

/** The name of a set of journals. */
export function journalsIn(heads: ReadonlyMap<string, Place>): string {
  return [...heads.keys()].sort().join();
}

function stateIn(record: RecordState, sitting: string): State {
  return new State(record.meeting, record.sittings.get(sitting) ?? null);
}

function factsOf(state: State, knocks: ReadonlyMap<string, Knock>, at: number): Facts {
  const { lobby, group } = state.sitting;
  return {
    at,
    admitted: new Map([...lobby.admits].map(([device, act]) => [device, [act]])),
    knocks: new Map(knocks),
    due: [...group.dues].flatMap(([device, dues]) => dues.map(({ because, cites }) => ({ device, because, cites }))),
    revoked: [...state.meeting.enrolment.revoked.keys()],
  };
}

function isNext(record: RecordState, sitting: string, { header }: Entry): boolean {
  const { tail: main } = record.meeting;
  if (header.main === null) return header.seq === main.seq + 1;
  const [seq, hash] = header.main;
  return seq === main.seq && hash === main.hash && header.seq === (record.sittings.get(sitting)?.tail.seq ?? 0) + 1;
}

function isKnown(record: RecordState, sitting: string, { header }: Entry): boolean {
  const tail = header.main === null ? record.meeting.tail : record.sittings.get(sitting)?.tail;
  return header.seq <= (tail?.seq ?? 0);
}

/** Two entries for one place, or one left out. */
function broken(entry: Entry): Breach {
  return { breach: "entry.broken", journal: entry.header.journal, seq: entry.header.seq, hash: entry.hash };
}
