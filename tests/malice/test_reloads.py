"""A device that dies between its post and the answer, or while alone; and one that reads late.

After a restart it posts the same bytes again, or finds them in the record: nothing is lost, and nothing is there twice.
"""

import asyncio
from pathlib import Path

import pytest

from incamera.accreditation.strict import DelegationId
from incamera.api.page import Page
from incamera.meeting.acts import Admit, GiveFloor, RequestFloor, TakeBackFloor
from incamera.member.sitting import Sitting
from incamera.record.entry import JournalId
from tests.malice.conspiracy import additions, assert_one_commit_an_epoch, lied_to, revoke
from tests.malice.liar import kind_of
from tests.support.private import WAIT_S, agreed, chamber, reached

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(not Page().built, reason="the page is not built: make setup"),
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def times(sitting: Sitting, kind: str) -> int:
    """How often an act of a kind stands in the sitting's journal, as this member reads it."""
    return [kind_of(entry) for entry in sitting._reader.entries[JournalId(sitting.id)]].count(kind)


@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(("kind", "seat"), [("sitting.open", "chair"), ("lobby.knock", "alb-head")])
async def test_a_device_that_dies_before_it_is_answered_is_in_once_when_it_comes_again(
    tmp_path: Path, kind: str, seat: str, is_before: bool
) -> None:
    """`before`: its act never comes to the server until it is back; `after`: it stands, and it does not know."""
    async with lied_to(tmp_path) as (meeting, liar):
        opener = None if seat == "chair" else await meeting.enter("chair", opens=True, admits=True).member()
        hold = liar.hold(kind, is_before=is_before)
        first = meeting.enter(seat, opens=seat == "chair", admits=seat == "chair")
        await asyncio.wait_for(hold.reached.wait(), WAIT_S)
        await first.kill()

        again = await meeting.enter(seat, opens=seat == "chair", admits=seat == "chair").member()
        hold.over.set()
        belgium = await meeting.enter("bel-head").member()
        everybody = [one for one in (opener, again, belgium) if one is not None]
        await agreed(*everybody)
        for one in everybody:
            assert times(one, "sitting.open") == 1
            assert times(one, "sitting.regroup") == 0
            assert [len(additions(one, each.me)) for each in everybody[1:]] == [1] * (len(everybody) - 1)
            assert_one_commit_an_epoch(one)
            await reached(one, lambda one: not one.alarms)  # a machine that stood still is an alarm until it goes on


async def test_a_chair_that_is_restarted_while_alone_goes_on_in_its_group(tmp_path: Path) -> None:
    async with chamber(tmp_path) as meeting:
        first = meeting.enter("chair", opens=True, admits=True)
        before = (await first.member()).state
        await first.kill()

        again = await meeting.enter("chair", opens=True, admits=True).member()
        await reached(again, lambda one: one.can_send)
        albania = await meeting.enter("alb-head").member()
        await agreed(again, albania)
        assert before is not None
        assert again.state is not None
        assert again.state.sitting.group.id == before.sitting.group.id
        assert times(again, "sitting.regroup") == 0


async def test_who_reads_first_when_all_has_happened_folds_to_the_same_state(tmp_path: Path) -> None:
    """Both journals have gone on: the floor, an exclusion, a re-admission, a revocation between two acts."""
    async with chamber(tmp_path) as meeting:
        chair = await meeting.enter("chair", opens=True, admits=True).member()
        secretariat = await meeting.enter("doorkeeper").member()
        albania = await meeting.enter("alb-head").member()
        bulgaria = await meeting.enter("bgr-head").member()
        await agreed(chair, secretariat, albania, bulgaria)
        await albania.deeds.act(RequestFloor())
        await reached(chair, lambda one: one.state is not None and bool(one.state.sitting.floor.waiting))
        await chair.deeds.act(GiveFloor(DelegationId("alb"), albania.me))
        await revoke(secretariat, bulgaria.me)
        await chair.deeds.act(TakeBackFloor())
        await chair.exclude(albania.me)
        await reached(albania, lambda one: one.phase == "outside")
        albania.knock()
        await reached(chair, lambda one: one.state is not None and albania.me in one.state.sitting.lobby.knocks)
        await chair.deeds.act(Admit(albania.me))
        await agreed(chair, secretariat, albania)

        belgium = await meeting.enter("bel-head").member()
        await agreed(chair, secretariat, albania, belgium)
        for one in (chair, secretariat, albania):
            await reached(one, lambda one: one.state == belgium.state)
        assert belgium.state is not None
        assert bulgaria.me in belgium.state.meeting.enrolment.revoked
