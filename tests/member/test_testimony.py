"""What lies in a member's state folder becomes an export, whatever it read and however its process ended."""

from collections.abc import Collection
from pathlib import Path

import pytest

from incamera.accreditation.credential import join
from incamera.accreditation.strict import SittingId
from incamera.audit.verify import Intact, verify
from incamera.member.device import Identity, StateFolder
from incamera.member.testimony import testimony as shown_by
from incamera.record.entry import Entry, JournalId
from incamera.refusal import Code, Refusal
from tests.audit.exports import head, two_sittings
from tests.support.paper import FIRST, SECOND, Paper


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "device"


def settled(folder: Path, paper: Paper, seat: str = "be-head") -> StateFolder:
    """A folder in which a device lives that has the charter; it has read nothing."""
    state, device = StateFolder.open(folder), paper.charters.device(seat)
    assert isinstance(state, StateFolder)
    invitation = paper.charters.seat_key(seat).thumbprint
    state.keep_identity(paper.charters.meeting, Identity(device.key, join(device.chain), invitation))
    state.keep_charter([paper.charters.charter], paper.charters.parts)
    return state


def entries_of(paper: Paper, sittings: Collection[SittingId]) -> list[Entry]:
    """Main and these sittings' journals."""
    names = {JournalId(paper.charters.meeting), *map(JournalId, sittings)}
    return [entry for entry in paper.entries if entry.header.journal in names]


def read(state: StateFolder, paper: Paper, *sittings: SittingId, until: int | None = None) -> None:
    """The device was given these journals whole, and the head of them up to the n-th entry."""
    entries = entries_of(paper, sittings)
    known = state.journals()
    state.append(entry for entry in entries if entry.header.seq > len(known.get(entry.header.journal, ())))
    covered = entries[:until]
    state.keep_head({entry.header.journal for entry in covered}, head(paper, covered))


def judged(folder: Path, paper: Paper) -> Intact:
    own = shown_by(folder)
    assert not isinstance(own, Refusal), own
    verdict = verify(b"".join(own.lines()), paper.charters.authority.thumbprint)
    assert isinstance(verdict, Intact), verdict
    return verdict


def test_two_journals_whose_entries_crossed_are_one_file_that_verifies(folder: Path) -> None:
    paper = two_sittings()
    read(settled(folder, paper), paper, FIRST, SECOND)
    verdict = judged(folder, paper)
    assert verdict.entries == len(paper.entries)
    assert verdict.record == paper.record


def test_it_ends_where_the_newest_head_ends_and_counts_the_rest(folder: Path) -> None:
    paper = two_sittings()
    read(settled(folder, paper), paper, FIRST, SECOND, until=-3)
    assert judged(folder, paper).entries == len(paper.entries) - 3
    own = shown_by(folder)
    assert not isinstance(own, Refusal)
    assert own.left_out == 3


def test_of_heads_over_different_journals_the_widest_counts_and_of_these_the_newest(folder: Path) -> None:
    paper = two_sittings()
    state = settled(folder, paper)
    read(state, paper, FIRST, SECOND, until=-3)
    read(state, paper, FIRST, SECOND)
    # It was put out of the second sitting: the heads after it are over less.
    paper.now += 1000
    read(state, paper, FIRST)
    assert set(judged(folder, paper).record.sittings) == {FIRST, SECOND}
    assert judged(folder, paper).entries == len(paper.entries)


def test_who_read_main_alone_exports_main_and_nothing_is_said_of_sittings(folder: Path) -> None:
    paper = two_sittings()
    read(settled(folder, paper), paper)
    said = " ".join(judged(folder, paper).unproven)
    assert 'Sitting 1 ("A sitting") has no journal in the file: nothing is said of what came of it.' in said


def test_a_line_that_was_cut_is_left_out_and_left_alone(folder: Path) -> None:
    paper = two_sittings()
    state = settled(folder, paper)
    read(state, paper, FIRST)
    journal = folder / f"{FIRST}.journal"
    journal.write_bytes(journal.read_bytes() + b'{"h":"AAAA')
    before = journal.read_bytes()
    assert judged(folder, paper).entries == len(entries_of(paper, [FIRST]))
    assert journal.read_bytes() == before, "a process may attend with the folder: nobody else writes there"


def test_it_holds_no_key_of_the_device(folder: Path) -> None:
    paper = two_sittings()
    state = settled(folder, paper)
    read(state, paper, FIRST)
    own = shown_by(folder)
    assert not isinstance(own, Refusal)
    assert own.title.statements == paper.charters.statements("be-head")
    assert state.key not in b"".join(own.lines())


def test_who_was_never_let_in_has_nothing_to_show(folder: Path) -> None:
    settled(folder, two_sittings())
    refusal = shown_by(folder)
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.STATE_UNREADABLE
    assert "never let in" in refusal.reason


def test_a_folder_without_a_device_is_refused_and_none_is_made(folder: Path) -> None:
    refusal = shown_by(folder)
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.FILE_UNUSABLE
    assert not folder.exists()
