"""Sittings, the door, the floor and the agenda by example, with no server."""

from incamera.meeting.acts import (
    Admit,
    CloseItem,
    CloseSitting,
    Exclude,
    GiveFloor,
    Leave,
    OpenItem,
    RequestFloor,
    RevokeDevice,
    TakeBackFloor,
)
from incamera.refusal import Code, Refusal
from tests.support.paper import FIRST, SECOND, Paper


def code(refusal: Refusal | None) -> Code | None:
    return None if refusal is None else refusal.code


def test_a_delegation_asks_for_the_floor_gets_it_and_gives_it_back() -> None:
    paper = Paper()
    chair, belgium = paper.enrolled("chair"), paper.enrolled("be-head")
    paper.open(chair)
    paper.admitted(chair, belgium)

    paper.must(belgium, RequestFloor(), FIRST)
    assert code(paper.act(belgium, RequestFloor(), FIRST)) is Code.FLOOR_WAITING
    paper.must(chair, GiveFloor("be", belgium.thumbprint), FIRST)
    floor = paper.state().sitting.floor
    assert floor.holder is not None
    assert floor.holder.device == belgium.thumbprint
    assert floor.waiting == ()
    paper.must(belgium, TakeBackFloor(), FIRST)
    assert paper.state().sitting.floor.holder is None


def test_a_revoked_device_loses_floor_and_door_and_its_removal_is_due() -> None:
    paper = Paper()
    chair, secretariat, belgium = paper.enrolled("chair"), paper.enrolled("secretariat"), paper.enrolled("be-head")
    paper.open(chair)
    paper.admitted(chair, belgium, secretariat)
    paper.must(chair, GiveFloor("be", belgium.thumbprint), FIRST)

    paper.must(secretariat, RevokeDevice(belgium.thumbprint))
    sitting = paper.state().sitting
    assert sitting.floor.holder is None
    assert belgium.thumbprint in sitting.group.dues
    assert code(paper.act(belgium, RequestFloor(), FIRST)) is Code.DEVICE_REVOKED
    paper.now += 1000
    assert code(paper.act(chair, paper.committing(removes=()), FIRST)) is Code.COMMIT_STALE
    paper.commit(chair)
    assert belgium.thumbprint not in paper.state().sitting.group.members


def test_who_was_admitted_comes_back_without_a_hand_until_it_is_excluded() -> None:
    paper = Paper()
    chair, belgium = paper.enrolled("chair"), paper.enrolled("be-head")
    paper.open(chair)
    paper.admitted(chair, belgium)
    paper.must(belgium, Leave(), FIRST)
    paper.commit(chair)

    paper.knock(belgium)
    assert code(paper.act(chair, Admit(belgium.thumbprint), FIRST)) is Code.ADMISSION_STANDS
    paper.commit(chair, belgium)
    paper.must(chair, Exclude(belgium.thumbprint), FIRST)
    paper.knock(belgium)
    assert belgium.thumbprint not in paper.state().sitting.lobby.admits


def test_an_item_is_open_from_the_commit_that_names_it() -> None:
    paper = Paper()
    chair = paper.enrolled("chair")
    paper.open(chair)
    paper.must(chair, OpenItem("afghanistan"), FIRST)
    assert paper.state().sitting.agenda.open is None
    assert code(paper.act(chair, OpenItem("deterrence"), FIRST)) is Code.ITEM_OPEN

    paper.commit(chair, item="afghanistan")
    assert paper.state().sitting.agenda.spans == {"afghanistan": ((2, None),)}
    paper.commit(chair)
    paper.must(chair, CloseItem("afghanistan"), FIRST)
    assert paper.state().sitting.agenda.spans == {"afghanistan": ((2, 3),)}


def test_a_sitting_is_closed_only_by_who_saw_its_last_entry() -> None:
    paper = Paper()
    chair, belgium = paper.enrolled("chair"), paper.enrolled("be-head")
    paper.open(chair)
    seen = paper.seen(FIRST)
    paper.knock(belgium)
    assert code(paper.post(paper.signed(chair, CloseSitting(), FIRST, seen=seen))) is Code.SITTING_MOVED
    paper.must(chair, CloseSitting(), FIRST)
    assert code(paper.act(belgium, paper.knocking(belgium), FIRST)) is Code.SITTING_CLOSED


def test_a_sitting_that_does_not_list_a_seat_is_not_there_for_it() -> None:
    paper = Paper()
    chair, finland = paper.enrolled("chair"), paper.enrolled("fi-head")
    paper.open(chair, SECOND)
    assert code(paper.act(finland, paper.knocking(finland, SECOND), SECOND)) is Code.SITTING_UNKNOWN
