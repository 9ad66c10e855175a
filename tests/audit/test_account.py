"""Who could decrypt which item follows from the record alone."""

from incamera.accreditation.strict import Thumbprint
from incamera.audit.account import Account
from incamera.audit.reading import Reading, Step, open_reading
from incamera.meeting.acts import CloseItem, Exclude, OpenItem
from tests.audit.exports import AFGHANISTAN, DETERRENCE, export, two_sittings
from tests.support.paper import FIRST, SECOND, Paper


def account(data: bytes) -> Account:
    reading = open_reading(data, None)
    assert isinstance(reading, Reading), reading
    found = Account()
    for step in reading.steps():
        assert isinstance(step, Step), step
        found = found.after(step)
    return found


def seats(shares: Account, *key: object) -> dict[str, tuple[int, ...]]:
    return {str(one.seat): one.rounds for one in shares.shares[key].values()}  # type: ignore[index]


def test_an_items_readers_are_the_members_of_its_rounds_and_nobody_else() -> None:
    found = account(export(two_sittings()))
    # Round 3 names the item; Finland leaves, and round 4 removes it; Estonia comes after the item was closed.
    assert seats(found, FIRST, AFGHANISTAN) == {"chair": (3, 4), "be-head": (3, 4), "fi-head": (3,)}
    assert set(seats(found, SECOND, DETERRENCE)) == {"chair", "be-head", "ee-head"}


def test_an_item_that_no_commit_named_was_open_to_nobody() -> None:
    paper = Paper()
    chair = paper.enrolled("chair")
    paper.open(chair)
    paper.must(chair, OpenItem(AFGHANISTAN), FIRST)
    paper.must(chair, CloseItem(AFGHANISTAN), FIRST)
    assert account(export(paper)).shares == {}


def test_who_is_excluded_has_the_keys_until_a_commit_removes_it() -> None:
    paper = Paper()
    chair, belgium = paper.enrolled("chair"), paper.enrolled("be-head")
    paper.open(chair)
    paper.admitted(chair, belgium)
    paper.must(chair, Exclude(belgium.thumbprint), FIRST)
    paper.must(chair, OpenItem(AFGHANISTAN), FIRST)
    paper.commit(chair, item="afghanistan")
    assert list(account(export(paper)).shares[FIRST, AFGHANISTAN]) == [Thumbprint(chair.thumbprint)]


def test_an_item_closed_and_opened_again_counts_both_spans() -> None:
    paper = Paper()
    chair, belgium = paper.enrolled("chair"), paper.enrolled("be-head")
    paper.open(chair)
    paper.must(chair, OpenItem(AFGHANISTAN), FIRST)
    paper.commit(chair, item="afghanistan")
    paper.must(chair, CloseItem(AFGHANISTAN), FIRST)
    paper.now += 1000
    paper.admitted(chair, belgium)
    paper.must(chair, OpenItem(AFGHANISTAN), FIRST)
    paper.commit(belgium, item="afghanistan")
    assert seats(account(export(paper)), FIRST, AFGHANISTAN) == {"chair": (2, 4), "be-head": (4,)}
