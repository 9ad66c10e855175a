"""A server that lies to Python members about the record: one that stands still, ghosts in it."""

from pathlib import Path

import pytest

from incamera.api.page import Page
from incamera.clock import SystemClock
from incamera.meeting.acts import EnrolDevice, Knock, RequestFloor
from incamera.member.sitting import Sitting
from incamera.member.vigil import STALL_MS
from incamera.record.entry import JournalId
from tests.malice import conspiracy
from tests.malice.conspiracy import lied_to, now_ms
from tests.support.private import agreed, reached

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not Page().built, reason="the page is not built: make setup")]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Ahead(SystemClock):
    """A clock that a test moves on: deadlines pass, and nobody waits for them."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s


def causes(sitting: Sitting) -> set[str]:
    return {alarm.cause for alarm in sitting.alarms}


async def test_a_record_that_stands_still_is_seen_within_30_s_though_heartbeats_pass(tmp_path: Path) -> None:
    async with lied_to(tmp_path) as (meeting, liar):
        clock = Ahead()
        chair = await meeting.enter("chair", opens=True, admits=True).member()
        albania = await meeting.enter("alb-head", clock=clock).member()
        belgium = await meeting.enter("bel-head").member()
        await agreed(chair, albania, belgium)
        history = liar.lines[albania.me].history
        assert history is not None
        history.is_closed = True
        await belgium.deeds.act(RequestFloor())
        ahead = albania.round
        heard: list[object] = []
        albania.membership.on_heard.append(heard.append)
        await reached(belgium, lambda one: one.state is not None and bool(one.state.sitting.floor.waiting))
        belgium.hurry()
        await reached(albania, lambda _: bool(heard))
        assert not albania.alarms, "it may be on its way"
        clock.ahead_s += STALL_MS / 1000
        albania.hurry()
        await reached(albania, lambda one: "stalled" in causes(one))
        assert albania.round == ahead
        assert STALL_MS == 30_000
        assert not chair.alarms


async def test_a_silent_feed_is_seen_within_30_s(tmp_path: Path) -> None:
    async with lied_to(tmp_path) as (meeting, liar):
        clock = Ahead()
        chair = await meeting.enter("chair", opens=True, admits=True).member()
        albania = await meeting.enter("alb-head", clock=clock).member()
        await agreed(chair, albania)
        liar.lines[albania.me].is_frozen = True
        assert "stalled" not in causes(albania)
        clock.ahead_s += STALL_MS / 1000
        albania.hurry()
        await reached(albania, lambda one: "stalled" in causes(one))


@pytest.mark.parametrize("make", [conspiracy.own])
async def test_a_ghost_that_the_server_lets_enrol_ends_every_member_s_trust(tmp_path: Path, make: object) -> None:
    async with lied_to(tmp_path) as (meeting, liar):
        chair = await meeting.enter("chair", opens=True, admits=True).member()
        albania = await meeting.enter("alb-head").member()
        await agreed(chair, albania)
        ghost = make(meeting)  # type: ignore[operator]
        body = ghost.sign(EnrolDevice(ghost.chain), None)
        for one in (chair, albania):
            await liar.lines[one.me].insert(JournalId(meeting.founded.meeting), body, now_ms())
        for seat in ("chair", "alb-head"):
            assert await meeting.present[seat].task == "alarmed"
            assert [alarm.cause for alarm in meeting.present[seat].attendee.alarms] == ["record"]


async def test_a_knock_of_a_device_that_never_enrolled_ends_every_member_s_trust(tmp_path: Path) -> None:
    async with lied_to(tmp_path) as (meeting, liar):
        chair = await meeting.enter("chair", opens=True, admits=True).member()
        albania = await meeting.enter("alb-head").member()
        await agreed(chair, albania)
        ghost, group = conspiracy.unknown(meeting), chair.state
        assert group is not None
        knock = ghost.knock(meeting.first, group.sitting.group.id)
        body = ghost.sign(Knock(knock.chain, knock.key_package), meeting.first)
        for one in (chair, albania):
            await liar.lines[one.me].insert(JournalId(meeting.first), body, now_ms())
        for seat in ("chair", "alb-head"):
            assert await meeting.present[seat].task == "alarmed"
