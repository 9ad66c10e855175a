"""A record is intact, or the first entry that is wrong is named: for accidents, and for a forger."""

import random
from dataclasses import replace

import pytest

from incamera.accreditation.strict import compact, sha256
from incamera.audit.archive import File, open_file, read_archive, write
from incamera.audit.reading import Broken
from incamera.audit.verify import Intact, verify
from incamera.limits import STATEMENTS
from incamera.meeting.acts import CloseSitting, RequestFloor
from incamera.record import journal
from incamera.refusal import Code, Refusal
from tests.audit.exports import closed, export, head, small, two_sittings
from tests.support.paper import FIRST, SECOND, Paper, key

AUTHORITY = key("authority").thumbprint


def intact(data: bytes) -> Intact:
    verdict = verify(data, AUTHORITY)
    assert isinstance(verdict, Intact), verdict
    return verdict


def broken(data: bytes) -> Broken:
    verdict = verify(data, AUTHORITY)
    assert isinstance(verdict, Broken), verdict
    return verdict


def changed(data: bytes, place: int, by: int = 1) -> bytes:
    return data[:place] + bytes([data[place] ^ by]) + data[place + 1 :]


def forge(data: bytes, place: int) -> bytes | None:
    """One byte changed, and the file's hash made anew; None where that byte is in the last line."""
    lines = changed(data, place).split(b"\n")
    return None if place >= data.rindex(b"\n", 0, -1) else closed(lines[:-1])


def test_a_record_is_intact() -> None:
    paper = two_sittings()
    verdict = intact(export(paper))
    assert verdict.entries == len(paper.entries)
    assert verdict.record == paper.record


def test_every_single_byte_change_is_found() -> None:
    data = export(small())
    for place in range(len(data)):
        tried = changed(data, place)
        # The form finds it, but for the head in the last line, whose signature does; the form alone is quick to ask.
        assert isinstance(read_archive(tried), Refusal) or isinstance(verify(tried, AUTHORITY), Broken), place


def test_a_byte_changed_and_the_hash_made_anew_is_found() -> None:
    data = export(small())
    places = random.Random(6).sample(range(data.rindex(b"\n", 0, -1)), 400)
    missed = [place for place in places if isinstance(verify(forge(data, place) or b"", AUTHORITY), Intact)]
    assert missed == []


@pytest.mark.long
def test_every_byte_changed_and_the_hash_made_anew_is_found() -> None:
    data = export(small())
    for place in range(len(data)):
        for tried in (changed(data, place), changed(data, place, 128), forge(data, place) or b""):
            assert not isinstance(verify(tried, AUTHORITY), Intact), place


def test_every_cut_is_found() -> None:
    data = export(small())
    for length in range(len(data)):
        assert isinstance(read_archive(data[:length]), Refusal), length
    assert not isinstance(verify(data + b"\n", AUTHORITY), Intact)


@pytest.mark.parametrize("is_forged", [False, True], ids=["by accident", "by a forger"])
def test_every_line_removed_doubled_or_moved_is_found(is_forged: bool) -> None:
    data = export(small())
    lines = data.split(b"\n")[:-1]
    inner = range(1, len(lines) - 1)
    tried = [[*lines[:at], *lines[at + 1 :]] for at in inner]
    tried += [[*lines[:at], lines[at], *lines[at:]] for at in inner]
    tried += [
        [*rest[:to], lines[at], *rest[to:]]
        for at in inner
        for rest in [[*lines[:at], *lines[at + 1 :]]]
        for to in inner
        if to != at
    ]
    tried += [[*lines[:at], *lines[-1:]] for at in inner]
    for one in tried:
        verdict = verify(closed(one) if is_forged else b"\n".join([*one, b""]), AUTHORITY)
        assert isinstance(verdict, Broken), one


def test_the_first_wrong_entry_is_named_with_its_kind_and_delegation() -> None:
    paper = two_sittings()
    lines = export(paper).split(b"\n")[:-1]
    at = next(
        place for place, entry in enumerate(paper.entries, start=1) if str(entry.header.journal) != FIRST and place > 8
    )
    culprit = broken(closed([*lines[:at], *lines[at + 1 :]])).culprit
    assert culprit is not None
    follower = next(
        entry for entry in paper.entries[at:] if entry.header.journal == paper.entries[at - 1].header.journal
    )
    assert culprit.seq == follower.header.seq
    assert culprit.kind is not None
    assert culprit.delegation is not None


def test_an_entry_that_the_server_let_through_against_the_rules_is_named() -> None:
    paper = two_sittings()
    finland = paper.charters.device("fi-head")
    jws = paper.signed(finland, RequestFloor(), SECOND)
    tail = paper.record.sittings[SECOND].tail
    paper.entries.append(journal.link(tail, at_ms=paper.now, main=paper.record.meeting.tail.place, body=jws))
    found = broken(export(paper))
    assert found.culprit is not None
    assert (found.culprit.journal, found.culprit.kind, found.culprit.delegation) == ("sitting 1", "floor.request", "fi")


def test_entries_left_out_at_the_end_contradict_the_signed_head() -> None:
    lines = export(two_sittings()).split(b"\n")[:-1]
    assert broken(closed([*lines[:-2], lines[-1]])).refusal.code is Code.HEAD_BROKEN


def test_a_whole_sitting_left_out_contradicts_the_signed_head() -> None:
    paper = two_sittings()
    partner, whole = export(paper, sittings=[FIRST]).split(b"\n")[:-1], export(paper).split(b"\n")[:-1]
    assert broken(closed([*partner[:-1], whole[-1]])).refusal.code is Code.HEAD_BROKEN


def test_a_head_of_another_key_is_refused() -> None:
    paper = small()
    lines = export(paper).split(b"\n")[:-1]
    paper.charters.registrar = key("another")
    forged = compact({"head": head(paper, paper.entries), "file": sha256(b"")})
    assert broken(closed([*lines[:-1], forged])).refusal.code is Code.HEAD_BROKEN


def test_another_authority_is_refused() -> None:
    verdict = verify(export(small()), key("another").thumbprint)
    assert isinstance(verdict, Broken)
    assert verdict.refusal.code is Code.CHARTER_AUTHORITY


def test_what_is_no_export_is_unreadable() -> None:
    for data in (b"", b"PK\x03\x04", b"{}\n"):
        verdict = verify(data, AUTHORITY)
        assert isinstance(verdict, Refusal)
        assert verdict.code is Code.ARCHIVE_UNREADABLE


def test_a_partners_export_verifies_and_says_what_it_lacks() -> None:
    verdict = intact(export(two_sittings(), sittings=[FIRST]))
    assert set(verdict.record.sittings) == {FIRST}
    assert any("parts of the charter are not in the file" in said for said in verdict.unproven)


def test_an_open_sittings_end_is_on_the_servers_word() -> None:
    said = " ".join(intact(export(two_sittings())).unproven)
    # Both begin at one time; the second one's id comes first.
    assert 'Sitting 1 ("A sitting") is not closed: its end is on the server\'s word.' in said
    assert "Sitting 2" not in said


def test_commits_stand_on_the_word_of_the_members_and_refused_ones_are_named() -> None:
    said = " ".join(intact(export(two_sittings())).unproven)
    assert "by be (be-head), was refused by ee (ee-head): cannot_process." in said
    paper = Paper()
    chair, belgium = paper.enrolled("chair"), paper.enrolled("be-head")
    paper.open(chair)
    paper.admitted(chair, belgium)
    paper.must(chair, CloseSitting(), FIRST)
    said = " ".join(intact(export(paper)).unproven)
    assert "1 commit stands on the word of the members, none of whom refused." in said


def test_a_file_keeps_its_head_when_it_is_broken_before() -> None:
    data = export(small())
    file = open_file(changed(data, data.index(b'{"h"') + 40))
    whole = open_file(data)
    assert not isinstance(file, Refusal)
    assert not isinstance(whole, Refusal)
    assert isinstance(file.close(), Refusal)
    assert file.end() == whole.close()


def test_a_record_with_as_many_statements_as_a_meeting_may_have_is_intact() -> None:
    paper = small()
    whole = open_file(export(paper))
    assert isinstance(whole, File)
    pair = paper.charters.statements("chair")
    title = replace(whole.title, statements=pair * (STATEMENTS.value // 2))
    intact(b"".join(write(title, paper.entries, head(paper, paper.entries))))
