"""What a member has read: the charter's parts, the journals, and its own fold of them; forks and breaches by name.

Sans-I/O: the shell fetches parts and hands entries over as they come. Nothing here believes the server: the charter is
held to the link's thumbprint, parts to the charter, entries to the chain and to `decide`, heads to the entries here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from incamera.accreditation.charter import Charter, Contents, PartId, check_succession, open_charter, open_contents
from incamera.accreditation.signature import Signed
from incamera.accreditation.strict import Hash, MeetingId, SittingId, Thumbprint
from incamera.e2ee.facts import Due, Facts, Head, Heads, RosterLeaf, Trust
from incamera.e2ee.facts import Knock as KnockFact
from incamera.meeting.acts import Act, Body, Knock, Seen
from incamera.meeting.opening import OpenedActs
from incamera.meeting.rules import Breach, fold
from incamera.meeting.state import RecordState, State, initial
from incamera.meeting.terms import MeetingTerms, meeting_terms
from incamera.record.entry import Entry, JournalId, Place
from incamera.record.journal import Fork, compare, merge, open_head
from incamera.refusal import Code, Refusal


@dataclass(frozen=True, slots=True)
class Step:
    """An entry of a sitting's journal, folded: its act, and the states before and after it."""

    sitting: SittingId
    entry: Entry
    act: Act[Body] | None
    """None for the server's own entries."""
    before: State
    after: State
    facts: Facts
    """What the record says at the entry's place: by it a commit is judged."""

    @property
    def act_hash(self) -> Hash:
        """The hash that others cite the act by."""
        return self.entry.header.body


@dataclass(slots=True)
class _SittingFold:
    """One sitting, merged with main, as far as both have come."""

    record: RecordState
    knocks: dict[Hash, KnockFact] = field(default_factory=dict)
    round_at: dict[int, int] = field(default_factory=dict)


class Reader:
    """One device's reading of one meeting."""

    def __init__(self, authority: Thumbprint, meeting: MeetingId) -> None:
        self._authority = authority
        self.meeting = meeting
        self.charters: tuple[Signed[Charter], ...] = ()
        self.contents = Contents()
        self.terms: MeetingTerms | None = None
        self.entries: dict[JournalId, list[Entry]] = {}
        self._main: RecordState | None = None
        self._acts = OpenedActs()
        self._folds: dict[SittingId, _SittingFold] = {}
        self._told: dict[SittingId, int] = {}
        self._receipts: dict[tuple[JournalId, int], Hash] = {}
        self.parts: dict[PartId, bytes] = {}

    # Charters and parts.

    def learn(self, charters: Sequence[str], parts: Mapping[PartId, bytes]) -> Refusal | None:
        """What the server has of the charter: each core is the authority's, each part the core's."""
        signed = []
        for jws in charters:
            charter = open_charter(jws, authorities={self._authority})
            if isinstance(charter, Refusal):
                return charter
            if charter.payload.meeting != self.meeting:
                return Refusal(Code.CHAIN_MEETING, "The charter is of another meeting.", "Call the secretariat.")
            signed.append(charter)
        refusal = check_succession(signed)
        if refusal is not None or not signed:
            return refusal or Refusal(Code.CHARTER_PART, "The server sent no charter.", "Ask again.")
        contents = open_contents({**self.parts, **parts}, signed[-1].payload)
        if isinstance(contents, Refusal):
            return contents
        self.charters, self.contents = tuple(signed), contents
        self.parts.update(parts)
        if contents.seats is not None:
            terms = meeting_terms(signed, contents)
            if isinstance(terms, Refusal):
                return terms
            self.terms = terms
        return None

    def trust(self) -> Trust:
        """Whom the core trusts; the charter must be here."""
        charter = self.charters[-1].payload
        return Trust(
            authority=self._authority,
            key=charter.authority,
            meeting=self.meeting,
            charters=frozenset(signed.hash for signed in self.charters),
            seats=None if self.terms is None else self.terms.delegations,
        )

    def lacks_parts(self, journals: Collection[JournalId]) -> bool:
        """Whether parts must be asked for before entries of these journals can be folded."""
        if self.terms is None:
            return bool(journals)
        return any(name != self.main and SittingId(name) not in self.terms.sittings for name in journals)

    # Journals.

    @property
    def main(self) -> JournalId:
        """The main journal's name."""
        return JournalId(self.meeting)

    def after(self) -> dict[JournalId, int]:
        """Where the reading stands: the feed goes on after it."""
        return {name: len(entries) for name, entries in self.entries.items()}

    def has(self, heads: Mapping[JournalId, Place]) -> bool:
        """Whether all has been read that these heads name."""
        return all(len(self.entries.get(name, ())) >= seq for name, (seq, _) in heads.items())

    def state(self, sitting: SittingId) -> State | None:
        """Our fold of a sitting that we read, or read until we were excluded."""
        folded = self._folds.get(sitting)
        return None if folded is None else folded.record.at(sitting)

    def main_state(self) -> RecordState | None:
        """Our fold of the main journal; None before the first admission."""
        return self._main

    def facts(self, sitting: SittingId, at_ms: int) -> Facts | None:
        """What the record says at its end, as far as it was read."""
        folded = self._folds.get(sitting)
        if folded is None:
            return None
        return _facts(folded.record.at(sitting), folded.knocks, at_ms)

    def heads(self, sitting: SittingId) -> Heads:
        """The places up to which both journals were read: they stand in each MLS message of ours."""
        main, own = self.seen(sitting)
        return Heads(None if main is None else Head(*main), None if own is None else Head(*own))

    def seen(self, sitting: SittingId | None) -> tuple[Seen | None, Seen | None]:
        """The same for acts."""
        return self._end(self.main), None if sitting is None else self._end(JournalId(sitting))

    def roster(self, step: Step) -> tuple[RosterLeaf, ...]:
        """The group that the claims fold to after a commit, and when each leaf came: what a Welcome is held to."""
        round_at = self._folds[step.sitting].round_at
        members = step.after.sitting.group.members.items()
        return tuple(RosterLeaf(member.leaf, device, round_at[member.since_round]) for device, member in members)

    def take(self, entries: Iterable[Entry]) -> tuple[list[Step], Breach | None]:
        """The next entries: those of sittings come back folded, once each. A breach stops the reading, by name."""
        steps: list[Step] = []
        for entry in entries:
            breach = self._place(entry)
            if breach is None:
                breach = self._fold(entry, steps)
            if breach is not None:
                return steps, breach
        return steps, None

    def receipt(self, entry: Entry) -> Breach | None:
        """An entry of a journal that we do not read: it must be found there once we do."""
        journal, seq = entry.header.journal, entry.header.seq
        known = self.entries.get(journal, [])
        ours = known[seq - 1].hash if seq <= len(known) else self._receipts.setdefault((journal, seq), entry.hash)
        return None if ours == entry.hash else _forked(entry, ours)

    def check_head(self, jws: str) -> Mapping[JournalId, Place] | Fork | Refusal:
        """A head that came: signed by the registrar that the record or the charter names, true of what we have read."""
        charter = self.charters[-1].payload
        registrar = charter.registrar if self._main is None else self._main.meeting.registrar
        if registrar is None:
            return {}
        head = open_head(jws, registrar, self.meeting)
        if isinstance(head, Refusal):
            return head
        for journal, place in head.payload.heads.items():
            entries = self.entries.get(journal, [])
            fork = compare(journal, lambda seq, of=entries: of[seq - 1].hash if seq <= len(of) else None, place)  # type: ignore[misc]
            if fork is not None:
                return fork
        return head.payload.heads

    def _end(self, journal: JournalId) -> Seen | None:
        entries = self.entries.get(journal)
        return entries[-1].place if entries else None

    def _place(self, entry: Entry) -> Breach | None:
        journal, seq = entry.header.journal, entry.header.seq
        entries = self.entries.setdefault(journal, [])
        if seq <= len(entries):
            return None if entries[seq - 1].hash == entry.hash else _forked(entry, entries[seq - 1].hash)
        known = self._receipts.pop((journal, seq), entry.hash)
        if known != entry.hash:
            return _forked(entry, known)
        if seq != len(entries) + 1:
            return Breach(journal, seq, entry.hash, Refusal(Code.ENTRY_BROKEN, "The feed left an entry out.", _KEEP))
        entries.append(entry)
        return None

    def _fold(self, entry: Entry, steps: list[Step]) -> Breach | None:
        terms = self.terms
        assert terms is not None, "the shell asks `lacks_parts` first"
        journal = entry.header.journal
        if journal == self.main:
            if self._main is not None and self._main.meeting.tail.seq >= entry.header.seq:
                return None
            folded = fold(self._main or initial(replace(terms, sittings={})), entry, self._acts.open)
            if isinstance(folded, Breach):
                return folded
            self._main = folded
        read_here = [sitting for sitting in terms.sittings if JournalId(sitting) in self.entries]
        for sitting in read_here:
            if journal in (self.main, JournalId(sitting)):
                breach = self._fold_sitting(terms, sitting, entry, steps)
                if breach is not None:
                    return breach
        return None

    def _fold_sitting(self, terms: MeetingTerms, sitting: SittingId, entry: Entry, steps: list[Step]) -> Breach | None:
        folded = self._folds.get(sitting)
        if folded is not None and _is_next(folded.record, sitting, entry):
            return self._advance(folded, sitting, entry, steps)
        if folded is not None and _has(folded.record, sitting, entry):
            return None
        # The journal came after main had gone on: both again, merged. What was told is not told twice.
        again = _SittingFold(initial(replace(terms, sittings={sitting: terms.sittings[sitting]})))
        self._folds[sitting] = again
        for one in merge(self.entries.get(self.main, []), self.entries[JournalId(sitting)]):
            if one.header.main is not None and one.header.main[0] > again.record.meeting.tail.seq:
                return None  # main has not come so far: its next entry goes on here
            breach = self._advance(again, sitting, one, steps)
            if breach is not None:
                return breach
        return None

    def _advance(self, folded: _SittingFold, sitting: SittingId, entry: Entry, steps: list[Step]) -> Breach | None:
        before = folded.record
        after = fold(before, entry, self._acts.open)
        if isinstance(after, Breach):
            return after
        folded.record = after
        if entry.header.journal == self.main:
            return None
        act = self._acts.opened(entry.body)
        self._acts.forget(entry.body)
        facts = _facts(before.at(sitting), folded.knocks, entry.header.at_ms)
        if after.sittings[sitting].round != before.sittings[sitting].round:
            folded.round_at[after.sittings[sitting].round] = entry.header.at_ms
        if act is not None and isinstance(act.body, Knock):
            folded.knocks[entry.header.body] = KnockFact(act.by, act.body.chain, act.body.key_package)
        standing = {knock.act for knock in after.sittings[sitting].lobby.knocks.values()}
        folded.knocks = {name: knock for name, knock in folded.knocks.items() if name in standing}
        if entry.header.seq > self._told.get(sitting, 0):
            self._told[sitting] = entry.header.seq
            steps.append(Step(sitting, entry, act, before.at(sitting), after.at(sitting), facts))
        return None


_KEEP = "Stop, keep what you have as proof, and compare heads with another delegation."


def _facts(state: State, knocks: Mapping[Hash, KnockFact], at_ms: int) -> Facts:
    lobby, group = state.sitting.lobby, state.sitting.group
    return Facts(
        at_ms=at_ms,
        admitted={device: frozenset({act}) for device, act in lobby.admits.items()},
        knocks=dict(knocks),
        due=tuple(Due(device, due.because, due.cites) for device, dues in group.dues.items() for due in dues),
        revoked=frozenset(state.meeting.enrolment.revoked),
    )


def _is_next(record: RecordState, sitting: SittingId, entry: Entry) -> bool:
    if entry.header.main is None:
        return entry.header.seq == record.meeting.tail.seq + 1
    return entry.header.main == record.meeting.tail.place and entry.header.seq == record.sittings[sitting].tail.seq + 1


def _has(record: RecordState, sitting: SittingId, entry: Entry) -> bool:
    tail = record.meeting.tail if entry.header.main is None else record.sittings[sitting].tail
    return entry.header.seq <= tail.seq


def _forked(entry: Entry, ours: Hash) -> Breach:
    reason = f"The server showed two entries for one place: {ours} before, {entry.hash} now."
    return Breach(entry.header.journal, entry.header.seq, entry.hash, Refusal(Code.ENTRY_BROKEN, reason, _KEEP))
