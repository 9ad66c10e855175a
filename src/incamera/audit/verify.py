"""The verdict on an export: intact, or the first thing that is wrong; and what an intact record does not prove.

Needs the file and the authority's thumbprint, and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from incamera.accreditation.strict import Hash, SittingId, Thumbprint
from incamera.audit.account import Account
from incamera.audit.archive import COMPARE
from incamera.audit.reading import Broken, Reading, Step, open_reading
from incamera.meeting.acts import Commit
from incamera.meeting.delivery import CommitRefused
from incamera.meeting.state import RecordState
from incamera.record.entry import JournalId, Place
from incamera.record.journal import Head, open_head
from incamera.refusal import Code, Refusal


@dataclass(frozen=True, slots=True)
class Intact:
    """A record in which nothing was changed, left out or moved, up to the head that the registrar signed."""

    reading: Reading
    record: RecordState
    head: Head
    entries: int
    account: Account
    unproven: tuple[str, ...]
    """What it does not prove, in sentences."""


@dataclass(slots=True)
class _Heard:
    """What is remembered of the entries on the way, for what is said of them at the end."""

    entries: int = 0
    account: Account = field(default_factory=Account)
    commits: int = 0
    seen_main: int = 0
    """The last entry of main that a device signed to have seen."""
    refused: int = 0
    told: list[str] = field(default_factory=list)
    places: dict[Hash, str] = field(default_factory=dict)
    """Where each commit stands, by its act's hash."""

    def take(self, step: Step, reading: Reading) -> None:
        self.entries += 1
        self.account = self.account.after(step)
        act = step.act()
        if act is None:
            return
        if act.seen_main is not None:
            self.seen_main = max(self.seen_main, act.seen_main[0])
        names, header = reading.names, step.entry.header
        author = names.device(step.after, act.by)
        where = f"entry {header.seq} of {names.journal(header.journal)}"
        if isinstance(act.body, Commit):
            self.commits += 1
            self.places[header.body] = f"The commit in {where}, by {author},"
            self.told += [
                f"{where} removed {names.device(step.after, remove.device)} as silent: on the word of {author}."
                for remove in act.body.removes
                if remove.because == "silent"
            ]
        if isinstance(step.decided.event, CommitRefused):
            event = step.decided.event
            self.refused += 1
            self.told.append(f"{self.places[event.commit]} was refused by {author}: {event.code}.")


def verify(data: bytes, authority: Thumbprint) -> Intact | Broken | Refusal:
    """The verdict on an export's bytes; a `Refusal`: they are no export, so there is nothing to judge."""
    reading = open_reading(data, authority)
    if not isinstance(reading, Reading):
        return reading
    record, heard = reading.beginning, _Heard()
    for step in reading.steps():
        if isinstance(step, Broken):
            return step
        record = step.after
        heard.take(step, reading)
    head = close(reading, record)
    if isinstance(head, Refusal):
        return Broken(head)
    return Intact(reading, record, head, heard.entries, heard.account, _unproven(reading, record, heard))


def close(reading: Reading, record: RecordState) -> Head | Refusal:
    """The registrar's head, if the file ends as it must and with what its entries came to."""
    jws = reading.file.close()
    return jws if isinstance(jws, Refusal) else _check_head(jws, reading, record)


def ends(record: RecordState) -> Mapping[JournalId, Place]:
    """The end of each journal that has an entry."""
    tails = (record.meeting.tail, *(sitting.tail for sitting in record.sittings.values()))
    return {tail.journal: tail.place for tail in tails if tail.place is not None}


def _check_head(jws: str, reading: Reading, record: RecordState) -> Head | Refusal:
    registrar = record.meeting.registrar
    if registrar is None or record.meeting.tail.place is None:
        return Refusal(
            Code.ARCHIVE_BROKEN, "The export has no entry: a record begins with the server's start.", COMPARE
        )
    signed = open_head(jws, registrar, reading.charter.meeting)
    if isinstance(signed, Refusal):
        return signed
    found, said = ends(record), signed.payload.heads
    for journal in dict.fromkeys((*said, *found)):
        if found.get(journal) == said.get(journal):
            continue
        here, there = found.get(journal, (0, ""))[0], said.get(journal, (0, ""))[0]
        name = reading.names.journal(journal) if journal in found else f"journal {journal}"
        return Refusal(
            Code.HEAD_BROKEN,
            f"The signed head says that {name} ends with entry {there}, and in the file it ends with entry {here}"
            f"{'' if here != there else ', another one'}.",
            f"Entries were left out, or the head is another record's. {COMPARE}",
        )
    return signed.payload


def _unproven(reading: Reading, record: RecordState, heard: _Heard) -> tuple[str, ...]:
    told: list[str] = []
    for sitting, state in record.sittings.items():
        if state.stage == "open":
            told.append(f"{_name(reading, sitting)} is not closed: its end is on the server's word.")
        if JournalId(sitting) not in ends(record):
            told.append(f"{_name(reading, sitting)} has no journal in the file: nothing is said of what came of it.")
    last = record.meeting.tail.seq
    if heard.seen_main < last:
        told.append(
            f"Main's entries after {heard.seen_main}, to {last}, are on the server's word: no device signed in this "
            "record that it saw them."
        )
    if heard.commits:
        count = "1 commit stands" if heard.commits == 1 else f"{heard.commits} commits stand"
        rest = "but for those refused" if heard.refused else "none of whom refused"
        told.append(f"{count} on the word of the members, {rest}.")
    told += [one[0].upper() + one[1:] for one in heard.told]
    if sum(state.stage != "unopened" for state in record.sittings.values()) > 1:
        told.append("In which order entries of different sittings came is on the server's word.")
    told += _withheld(reading)
    return tuple(told)


def _withheld(reading: Reading) -> tuple[str, ...]:
    """What the file's author could not see, or left away. A part's id tells not of whom it is."""
    count = len(reading.charter.parts) - len(reading.file.title.parts)
    if not count:
        return ()
    parts = "1 part of the charter is" if count == 1 else f"{count} parts of the charter are"
    read = ", ".join(map(reading.names.sitting, reading.contents.sittings)) or "no sitting"
    return (
        f"{parts} not in the file: nothing is said of what they name.",
        f"The file knows of {read}: whether there were other sittings, and what happened there, it does not say.",
    )


def _name(reading: Reading, sitting: SittingId) -> str:
    name = reading.names.sitting(sitting)
    return name[0].upper() + name[1:]
