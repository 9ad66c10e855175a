"""Journals: link and check entries, sign and compare heads, name a fork (docs/reference/record.md, 4). Pure.

The rules of the chain are ENTRY-3 to ENTRY-7; those that need the meeting's state (who may, what it cites): the fold's.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from incamera.accreditation.signature import PublicKey, Signed, SigningKey, Typ, open_signed, sign
from incamera.accreditation.strict import ID_BYTES, Hash, Json, Malformed, MeetingId, Members, b64u, is_id, read, sha256
from incamera.limits import SITTINGS
from incamera.record.entry import Entry, Header, JournalId, Place, make_entry, place_of
from incamera.refusal import Code, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """The end of a journal: what the next entry must follow."""

    meeting: MeetingId
    journal: JournalId
    seq: int
    """0: there is no entry yet."""
    hash: Hash
    """The newest entry's hash; `genesis` while there is none."""
    at_ms: int
    main: Place | None
    """The main entry that the newest one names."""

    @property
    def place(self) -> Place | None:
        """The newest entry's place, if there is one."""
        return (self.seq, self.hash) if self.seq else None

    @property
    def is_main(self) -> bool:
        """Whether it is the meeting's main journal."""
        return is_main(self.meeting, self.journal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the registrar says about the ends of journals: two for one seq convict it."""

    meeting: MeetingId
    heads: Mapping[JournalId, Place]
    at_ms: int


@dataclass(frozen=True, slots=True)
class Fork:
    """Two different entries shown for one place of a journal: the record was forked."""

    journal: JournalId
    seq: int
    ours: Hash
    theirs: Hash

    def __str__(self) -> str:
        return f"journal {self.journal}, entry {self.seq}: {self.ours} here, {self.theirs} there"


def is_main(meeting: MeetingId, journal: JournalId) -> bool:
    """Whether a journal is the meeting's main one: it has the meeting's id."""
    return str(journal) == str(meeting)


def genesis(meeting: MeetingId, journal: JournalId) -> Hash:
    """What the first entry's `prev` is: SHA-256 of "incamera journal" 0x00 meeting 0x00 journal, ids as their text."""
    seed = b"\x00".join((b"incamera journal", meeting.encode("ascii"), journal.encode("ascii")))
    return Hash(b64u(hashlib.sha256(seed).digest()))


def beginning(meeting: MeetingId, journal: JournalId) -> Tail:
    """The end of a journal that has no entry yet."""
    return Tail(meeting=meeting, journal=journal, seq=0, hash=genesis(meeting, journal), at_ms=0, main=None)


def link(tail: Tail, *, at_ms: int, main: Place | None, body: str) -> Entry:
    """The next entry of a journal. `main` is the main journal's end, None in the main journal itself.

    The time is held up where the clock fell behind the entry before: within a journal `at` never falls.
    """
    assert (main is None) == tail.is_main, "each entry of a sitting names a main entry, and no other does"
    header = Header(
        meeting=tail.meeting,
        journal=tail.journal,
        seq=tail.seq + 1,
        prev=tail.hash,
        at_ms=max(at_ms, tail.at_ms),
        main=main,
        body=sha256(body.encode("utf-8")),
    )
    return make_entry(header, body)


def check(tail: Tail, entry: Entry, main_holds: Callable[[Place], bool]) -> Tail | Refusal:
    """The journal's end after an entry, or the first rule that the entry breaks.

    `main_holds` says whether a place is on the main chain that the reader has.
    """
    header = entry.header
    if (header.meeting, header.journal) != (tail.meeting, tail.journal):
        return _refusal(tail, "ENTRY-3: it is of another meeting or journal")
    if header.seq != tail.seq + 1:
        return _refusal(tail, f"ENTRY-4: it is number {header.seq}, after {tail.seq}")
    if header.prev != tail.hash:
        return _refusal(tail, f"ENTRY-5: its previous hash is not the hash of entry {tail.seq}")
    if header.at_ms < tail.at_ms:
        return _refusal(tail, "ENTRY-6: it is older than the entry before")
    if not _names_main(tail, header.main, main_holds):
        return _refusal(tail, "ENTRY-7: the main entry that it names is not there, or before the last one named")
    return follow(tail, entry)


def follow(tail: Tail, entry: Entry) -> Tail:
    """The journal's end after an entry that `link` made or `check` passed."""
    assert entry.header.prev == tail.hash, "an entry names the one before it"
    return Tail(
        meeting=tail.meeting,
        journal=tail.journal,
        seq=entry.header.seq,
        hash=entry.hash,
        at_ms=entry.header.at_ms,
        main=entry.header.main,
    )


def merge(main: Iterable[Entry], sitting: Iterable[Entry]) -> Iterator[Entry]:
    """The order of a sitting's fold: each entry of the sitting right after the main entry that it names.

    Both journals are checked before. Entries that name a main entry beyond the end of `main` come last.
    """
    waiting = iter(sitting)
    following = next(waiting, None)
    for entry in main:
        while (
            following is not None and following.header.main is not None and following.header.main[0] < entry.header.seq
        ):
            yield following
            following = next(waiting, None)
        yield entry
    if following is not None:
        yield following
        yield from waiting


def compare(journal: JournalId, hash_at: Callable[[int], Hash | None], theirs: Place) -> Fork | None:
    """The fork, if what somebody saw (in an act's `seen`, a heartbeat, a head) is not what stands here at that seq.

    `hash_at` gives the hash of an entry by its seq, None for one that has not arrived yet: that is no fork.
    """
    seq, their_hash = theirs
    ours = hash_at(seq)
    return Fork(journal, seq, ours, their_hash) if ours is not None and ours != their_hash else None


def contradiction(one: Head, other: Head) -> Fork | None:
    """Two signed heads that can't both be true: one registrar, one journal, one seq, two hashes."""
    if one.meeting != other.meeting:
        return None
    for journal, (seq, our_hash) in one.heads.items():
        their_seq, their_hash = other.heads.get(journal, (0, our_hash))
        if seq == their_seq and our_hash != their_hash:
            return Fork(journal, seq, our_hash, their_hash)
    return None


def sign_head(registrar: SigningKey, head: Head) -> str:
    """The registrar's word about the ends of journals, as a JWS."""
    heads: dict[str, Json] = {str(journal): list(place) for journal, place in head.heads.items()}
    return sign(registrar, Typ.HEAD, {"v": 1, "meeting": head.meeting, "heads": heads, "at": head.at_ms})


def open_head(jws: str, registrar: PublicKey, meeting: MeetingId) -> Signed[Head] | Refusal:
    """A head that this registrar signed for this meeting."""
    signed = open_signed(jws, typ=Typ.HEAD, key=registrar, parse=_parse_head)
    if isinstance(signed, Refusal):
        return Refusal(Code.HEAD_BROKEN, f"The head is not the registrar's: {signed.reason}", signed.remedy)
    if signed.payload.meeting != meeting:
        return Refusal(Code.HEAD_BROKEN, "The head is of another meeting.", "Compare heads with another delegation.")
    return signed


def read_head(payload: bytes) -> Head | Refusal:
    """What a head says, whoever signed it: to be compared, not believed."""
    return read(payload, _parse_head, what="head")


def _parse_head(members: Members) -> Head:
    members.constant("v", 1)
    meeting = members.meeting()
    heads = dict(members.object("heads").each(_journal_place, most=SITTINGS.value + 1))
    return Head(meeting=meeting, heads=heads, at_ms=members.integer("at"))


def _journal_place(name: str, value: Json, path: str) -> tuple[JournalId, Place]:
    if not is_id(name, ID_BYTES):
        raise Malformed(path[:80], "not a journal's id")
    return JournalId(name), place_of(value, path)


def _names_main(tail: Tail, main: Place | None, main_holds: Callable[[Place], bool]) -> bool:
    if tail.is_main or main is None:
        return tail.is_main and main is None
    return main_holds(main) and (tail.main is None or tail.main[0] <= main[0])


def _refusal(tail: Tail, reason: str) -> Refusal:
    return Refusal(
        Code.ENTRY_BROKEN,
        f"Entry {tail.seq + 1} of journal {tail.journal} is refused by {reason}.",
        "Keep what you have; compare heads with another delegation.",
    )
