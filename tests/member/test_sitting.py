"""Members with MLS in one sitting on the real server: in, on, out, and in again, by the record alone."""

import contextlib
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from incamera.api.page import Page
from incamera.clock import SystemClock
from incamera.meeting.acts import Admit
from tests.support.private import agreed, agreed_on_words, chamber, close, reached

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not Page().built, reason="the page is not built: make setup")]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Later(SystemClock):
    """A clock that a test moves on."""

    later_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.later_s


class HangingUp:
    """A server that ends the feed of everybody, and takes nobody's call any more."""

    def __init__(self) -> None:
        self._lines: list[Send] = []
        self._is_over = False

    def around(self, app: ASGIApp) -> ASGIApp:
        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "websocket" and scope["path"].endswith("/feed"):
                if self._is_over:
                    await send({"type": "websocket.close"})
                    return
                self._lines.append(send)
            await app(scope, receive, send)

        return serve

    async def hang_up(self) -> None:
        self._is_over = True
        for line in self._lines:
            with contextlib.suppress(RuntimeError):  # it ended by itself
                await line({"type": "websocket.close"})


async def test_two_members_agree_on_epoch_and_words_and_hear_each_other(tmp_path: Path) -> None:
    async with chamber(tmp_path) as meeting:
        chair = await meeting.enter("chair", opens=True, admits=True).member()
        albania = await meeting.enter("alb-head").member()
        await agreed(chair, albania)
        heard: list[object] = []
        albania.membership.on_heard.append(heard.append)
        chair.hurry()
        await reached(albania, lambda _: bool(heard))
        assert not chair.alarms
        assert not albania.alarms


async def test_five_members_come_leave_are_excluded_and_come_again(tmp_path: Path) -> None:
    async with chamber(tmp_path) as meeting:
        chair = await meeting.enter("chair", opens=True, admits=True).member()
        seats = ("alb-head", "bel-head", "bgr-head", "can-head")
        others = {seat: meeting.enter(seat) for seat in seats}
        sittings = {seat: await other.member() for seat, other in others.items()}
        await agreed(chair, *sittings.values())

        await sittings["can-head"].leave()
        await agreed(chair, *(sittings[seat] for seat in seats[:3]))
        assert sittings["can-head"].phase == "outside"

        excluded = sittings["bgr-head"]
        await chair.exclude(excluded.me)
        await agreed(chair, sittings["alb-head"], sittings["bel-head"])
        await reached(excluded, lambda one: one.phase == "outside")

        # Who left comes back without a hand, who was excluded needs one.
        sittings["can-head"].knock()
        await agreed(chair, sittings["alb-head"], sittings["bel-head"], sittings["can-head"])
        excluded.knock()
        await reached(chair, lambda one: one.state is not None and excluded.me in one.state.sitting.lobby.knocks)
        await chair.deeds.act(Admit(excluded.me))
        await agreed(chair, *sittings.values())
        assert not any(one.alarms for one in (chair, *sittings.values()))


async def test_a_member_that_was_restarted_goes_on_from_its_sealed_state(tmp_path: Path) -> None:
    async with chamber(tmp_path, updates=False) as meeting:
        chair = await meeting.enter("chair", opens=True, admits=True).member()
        albania = meeting.enter("alb-head")
        await agreed(chair, await albania.member())
        leaf = next(seat.leaf for seat in chair.roster() if seat.seat == "alb-head")
        await albania.kill()

        again = await meeting.enter("alb-head").member()
        await agreed(chair, again)
        assert chair.state is not None
        member = chair.state.sitting.group.members[again.me]
        assert member.leaf == leaf
        assert member.since_round == 2, "it did not knock again: it went on with its leaf, after an update"


async def test_a_member_that_lost_its_group_knocks_and_is_replaced_without_a_hand(tmp_path: Path) -> None:
    async with chamber(tmp_path, is_automatic=False) as meeting:
        chair = await meeting.enter("chair", opens=True).member()
        albania = meeting.enter("alb-head")
        door = await albania.sitting()
        await reached(chair, lambda one: one.state is not None and bool(one.state.sitting.lobby.knocks))
        await chair.deeds.act(Admit(door.me))
        await agreed(chair, door)
        await albania.kill()
        (albania.folder.path / f"{meeting.first}.group").unlink()

        again = await meeting.enter("alb-head").member()
        await agreed(chair, again)
        assert chair.state is not None
        assert again.me in chair.state.sitting.group.present


async def test_two_knocks_with_the_committer_killed_in_between_both_come_in(tmp_path: Path) -> None:
    async with chamber(tmp_path) as meeting:
        first = meeting.enter("doorkeeper", opens=True, admits=True)
        keeper = await first.member()
        albania = await meeting.enter("alb-head").member()
        chair = await meeting.enter("chair", admits=True).member()
        await agreed(keeper, albania, chair)
        assert min(keeper.roster(), key=lambda seat: seat.leaf).seat == "doorkeeper"

        belgium = meeting.enter("bel-head")
        await reached(chair, lambda one: one.state is not None and bool(one.state.sitting.lobby.knocks))
        await first.kill()
        bulgaria = meeting.enter("bgr-head")
        came = [await belgium.member(), await bulgaria.member()]
        await agreed_on_words(albania, chair, *came)


async def test_the_opener_that_lost_its_state_alone_makes_a_new_group(tmp_path: Path) -> None:
    async with chamber(tmp_path, updates=False) as meeting:
        keeper = meeting.enter("doorkeeper", opens=True, admits=True)
        await keeper.member()
        await keeper.kill()
        (keeper.folder.path / f"{meeting.first}.group").unlink()

        again = await meeting.enter("doorkeeper", opens=True, admits=True).member()
        assert again.round == 2
        albania = await meeting.enter("alb-head").member()
        await agreed(again, albania)


async def test_a_feed_that_is_hung_up_is_an_alarm_after_30_s_and_stops_the_sending_after_100(tmp_path: Path) -> None:
    server, clock = HangingUp(), Later()
    async with chamber(tmp_path, around=server.around) as meeting:
        chair = await meeting.enter("chair", opens=True, admits=True).member()
        albania = await meeting.enter("alb-head", clock=clock).member()
        await agreed(chair, albania)
        await server.hang_up()
        assert not albania.alarms
        clock.later_s += 30
        await reached(albania, lambda one: [alarm.cause for alarm in one.alarms] == ["stalled"])
        clock.later_s += 70
        await reached(albania, lambda one: [alarm.cause for alarm in one.alarms] == ["stopped"])


async def test_the_silence_after_a_sitting_s_close_is_no_alarm(tmp_path: Path) -> None:
    clock = Later()
    async with chamber(tmp_path) as meeting:
        chair = await meeting.enter("chair", opens=True, admits=True).member()
        albania = await meeting.enter("alb-head", clock=clock).member()
        await agreed(chair, albania)
        await close(chair)
        await reached(albania, lambda one: one.phase == "closed")
        clock.later_s += 100
        albania.hurry()
        albania.membership.follow()
        assert not albania.alarms
