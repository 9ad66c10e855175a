"""A record read entry by entry from its export: each by the rules of the chain and the fold, named where it is wrong.

Contract: whoever relies on the record takes `steps` to their end, and stops at a `Broken`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from incamera.accreditation.charter import (
    Charter,
    Contents,
    check_succession,
    open_charter,
    open_contents,
    parse_charter,
)
from incamera.accreditation.signature import PublicKey, Signed, Typ, open_signed, split
from incamera.accreditation.statements import DelegationStatement, parse_delegation, parse_seat
from incamera.accreditation.strict import Thumbprint, read, unb64u
from incamera.audit.archive import COMPARE, File, Line, broken, open_file
from incamera.audit.names import Names
from incamera.meeting.acts import Act, Body, read_act
from incamera.meeting.own import is_own, read_own
from incamera.meeting.rules import Decided, advance, author_of, chain_refusal, decided_at
from incamera.meeting.state import RecordState, initial
from incamera.meeting.terms import meeting_terms
from incamera.record.entry import Entry, Header
from incamera.refusal import Code, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Culprit:
    """The first entry that is wrong, and what it says of itself."""

    journal: str
    """`main`, or `sitting 2`."""
    seq: int
    kind: str | None
    """None: it can't be read."""
    delegation: str | None
    """Of the device that it names as its author; None for the server's own, or if nobody knows that device."""


@dataclass(frozen=True, slots=True)
class Broken:
    """Why a record is not intact."""

    refusal: Refusal
    culprit: Culprit | None = None
    """None if it is no entry that is wrong."""


@dataclass(frozen=True, slots=True)
class Step:
    """An entry that may stand where it does, and what the record folds to before and after it."""

    entry: Entry
    decided: Decided
    before: RecordState
    after: RecordState

    def act(self) -> Act[Body] | None:
        """The act that it is; None for the server's own."""
        body = self.entry.body
        return None if body is None else _act(body)


@dataclass(frozen=True, slots=True)
class Reading:
    """An export whose first line holds: what the authority signed. Its entries are not judged yet."""

    file: File
    charters: Sequence[Signed[Charter]]
    contents: Contents
    names: Names
    beginning: RecordState

    @property
    def charter(self) -> Charter:
        """The charter in force."""
        return self.charters[-1].payload

    def steps(self) -> Iterator[Step | Broken]:
        """The entries in their order, up to the first that is wrong."""
        record = self.beginning
        for line in self.file.entries():
            step = self._step(record, line)
            yield step
            if isinstance(step, Broken):
                return
            record = step.after

    def _step(self, record: RecordState, line: Line) -> Step | Broken:
        entry = line.entry
        if isinstance(entry, Refusal):
            return self._wrong(record, line, entry)
        refusal = chain_refusal(record, entry)
        if refusal is not None:
            return self._wrong(record, line, refusal)
        decided = decided_at(record, entry)
        if isinstance(decided, Refusal):
            return self._wrong(record, line, decided)
        return Step(entry, decided, record, advance(record, entry, decided))

    def _wrong(self, record: RecordState, line: Line, refusal: Refusal) -> Broken:
        reason = refusal.reason.rpartition(" is refused by ")[2].rstrip(".")
        if line.header is None:
            return Broken(broken(line.number, reason))
        journal = self.names.journal(line.header.journal)
        kind, author = self._claims(record, line.header, line.body)
        culprit = Culprit(journal=journal, seq=line.header.seq, kind=kind, delegation=author)
        whose = ", ".join((kind or "unreadable", author or ("server" if _is_servers(line.body) else "author unknown")))
        return Broken(
            Refusal(
                Code.ARCHIVE_BROKEN,
                f"Line {line.number}, entry {culprit.seq} of {journal} ({whose}): {reason}.",
                f"It or an entry before it was changed, or it may not stand there. {COMPARE}",
            ),
            culprit,
        )

    def _claims(self, record: RecordState, header: Header, body: str | None) -> tuple[str | None, str | None]:
        if body is None:
            return None, None
        if is_own(body):
            own = read_own(body)
            return (None if isinstance(own, Refusal) else own.kind), None
        act = _act(body)
        if act is None:
            return None, None
        author = author_of(record.meeting, act, header.at_ms)
        known = record.meeting.enrolment.devices.get(act.by) if isinstance(author, Refusal) else author
        return act.kind, None if known is None else self.names.delegation(known.delegation)


def open_reading(data: bytes, authority: Thumbprint | None) -> Reading | Broken | Refusal:
    """The export in a file's bytes, held to an authority; None takes the one that the file names, and proves nothing.

    A `Refusal` says that it is no export at all.
    """
    file = open_file(data)
    if isinstance(file, Refusal):
        return file if file.code is Code.ARCHIVE_UNREADABLE else Broken(file)
    reading = _open_title(file, authority)
    if isinstance(reading, Refusal):
        is_said = reading.code in {Code.ARCHIVE_BROKEN, Code.CHARTER_AUTHORITY}
        return Broken(reading if is_said else broken(1, _within(reading.reason)))
    return reading


def _open_title(file: File, authority: Thumbprint | None) -> Reading | Refusal:
    title = file.title
    if not title.charters:
        return broken(1, "it has no charter")
    trusted = _own_authority(title.charters[0]) if authority is None else authority
    charters: list[Signed[Charter]] = []
    for jws in title.charters:
        signed = open_charter(jws, authorities=[trusted])
        if isinstance(signed, Refusal):
            return signed
        charters.append(signed)
    refusal = check_succession(charters)
    if refusal is not None:
        return refusal
    charter = charters[-1].payload
    if charter.meeting != title.meeting:
        return broken(1, "it names another meeting than its charter")
    contents = open_contents(title.parts, charter)
    if isinstance(contents, Refusal):
        return contents
    terms = meeting_terms(charters, contents)
    if isinstance(terms, Refusal):
        return terms
    refusal = _check_statements(title.statements, charter)
    if refusal is not None:
        return refusal
    return Reading(file, charters, contents, Names(contents, tuple(terms.sittings)), initial(terms))


def _own_authority(jws: str) -> Thumbprint:
    form = split(jws, typ=Typ.CHARTER)
    charter = form if isinstance(form, Refusal) else read(form.payload, parse_charter, what="charter")
    return Thumbprint("") if isinstance(charter, Refusal) else charter.authority.thumbprint


def _check_statements(statements: Sequence[str], charter: Charter) -> Refusal | None:
    """Each statement beside the charter is a delegation's by the authority, or a seat's by a delegation's key."""
    keys: dict[Thumbprint, PublicKey] = {}
    rest: list[str] = []
    for jws in statements:
        signed = open_signed(jws, typ=Typ.DELEGATION, key=charter.authority, parse=parse_delegation)
        if isinstance(signed, Refusal):
            rest.append(jws)
        elif _is_of(signed.payload, charter):
            keys[signed.payload.key.thumbprint] = signed.payload.key
        else:
            return broken(1, "a delegation's statement is of another meeting or authority")
    for jws in rest:
        form = split(jws, typ=Typ.SEAT)
        seat = form if isinstance(form, Refusal) else read(form.payload, parse_seat, what="statement")
        key = None if isinstance(seat, Refusal) or seat.meeting != charter.meeting else keys.get(seat.issuer)
        if key is None or isinstance(open_signed(jws, typ=Typ.SEAT, key=key, parse=parse_seat), Refusal):
            return broken(1, "a statement is not signed by whom it must be")
    return None


def _is_of(statement: DelegationStatement, charter: Charter) -> bool:
    return (statement.meeting, statement.issuer) == (charter.meeting, charter.authority.thumbprint)


def _within(reason: str) -> str:
    return reason[0].lower() + reason[1:].rstrip(".")


def _act(body: str) -> Act[Body] | None:
    # Of an entry that is wrong, too: header and signature are not looked at.
    payload = unb64u("".join(body.split(".")[1:2]))
    act = None if payload is None else read(payload, read_act, what="act")
    return None if isinstance(act, Refusal) else act


def _is_servers(body: str | None) -> bool:
    return body is not None and is_own(body)
