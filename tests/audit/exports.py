"""Exports to be judged: the stories of tests/vectors/fold as files, whole, of a partner, and forged."""

import hashlib
from collections.abc import Collection, Sequence

from incamera.accreditation.charter import OPEN, SEATS_PART
from incamera.accreditation.strict import ItemId, SittingId, b64u, compact, load
from incamera.audit.archive import Title, write
from incamera.meeting.acts import CloseItem, CloseSitting, Leave, OpenItem, RefuseCommit
from incamera.record.entry import Entry, JournalId, Place
from incamera.record.journal import Head, sign_head
from tests.support.paper import FIRST, SECOND, Paper

AFGHANISTAN, DETERRENCE = ItemId("afghanistan"), ItemId("deterrence")


def small() -> Paper:
    """The server's start, an enrolment, an opening, a close."""
    paper = Paper()
    chair = paper.enrolled("chair")
    paper.open(chair)
    paper.must(chair, CloseSitting(), FIRST)
    return paper


def two_sittings() -> Paper:
    """The first sitting with a partner, closed; the second without it, not closed: two items, a refused commit."""
    paper = Paper()
    chair, belgium, finland = paper.enrolled("chair"), paper.enrolled("be-head"), paper.enrolled("fi-head")
    estonia = paper.enrolled("ee-head")
    paper.open(chair)
    paper.admitted(chair, belgium, finland)
    paper.must(chair, OpenItem(AFGHANISTAN), FIRST)
    paper.commit(belgium, item="afghanistan")
    paper.must(finland, Leave(), FIRST)
    paper.open(chair, SECOND, group="group 2")
    paper.admitted(chair, belgium, estonia, sitting=SECOND)
    paper.commit(belgium)
    paper.must(chair, CloseItem(AFGHANISTAN), FIRST)
    paper.admitted(chair, estonia)
    paper.must(chair, OpenItem(DETERRENCE), SECOND)
    wrong = paper.commit(belgium, sitting=SECOND, item="deterrence")
    paper.must(estonia, RefuseCommit(wrong, "cannot_process"), SECOND)
    paper.must(chair, CloseSitting(), FIRST)
    return paper


def export(paper: Paper, *, sittings: Collection[SittingId] = (FIRST, SECOND)) -> bytes:
    """The file of who reads main and these sittings: the operator all, a partner one of them."""
    charters = paper.charters
    _, contents = charters.opened()
    is_whole = set(sittings) == set(contents.sittings)
    read = {OPEN, SEATS_PART, *(contents.ids[sitting] for sitting in sittings)}
    journals = {JournalId(charters.meeting), *map(JournalId, sittings)}
    title = Title(
        meeting=charters.meeting,
        charters=(charters.charter,),
        parts={part: data for part, data in charters.parts.items() if is_whole or part in read},
        statements=charters.statements("chair"),
    )
    entries = [entry for entry in paper.entries if entry.header.journal in journals]
    return b"".join(write(title, entries, head(paper, entries)))


def head(paper: Paper, entries: Sequence[Entry]) -> str:
    places: dict[JournalId, Place] = {entry.header.journal: entry.place for entry in entries}
    return sign_head(paper.charters.registrar, Head(meeting=paper.charters.meeting, heads=places, at_ms=paper.now))


def closed(lines: Sequence[bytes]) -> bytes:
    """The lines, all but the last, with a file hash made anew: what a forger does, who lacks the registrar's key."""
    before = b"".join(line + b"\n" for line in lines[:-1])
    end = load(lines[-1])
    assert isinstance(end, dict)
    return before + compact(end | {"file": b64u(hashlib.sha256(before).digest())}) + b"\n"
