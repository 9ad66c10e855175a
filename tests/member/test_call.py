"""Members with MLS see and hear each other, end-to-end encrypted, over all that happens in a sitting."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest

from incamera.accreditation.strict import DelegationId
from incamera.api.page import Page
from incamera.e2ee.frame_keys import Command, FrameKeys
from incamera.meeting.acts import Admit, GiveFloor, TakeBackFloor
from incamera.member import ring
from incamera.member.reader import Step
from incamera.settings.fields import Media
from tests.support.delegates import SMALL, Seated, await_true, ending, hears, seated, sees
from tests.support.private import Chamber, agreed, chamber, reached
from tests.support.relay import CALM, Network, Weather

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(not Page().built, reason="the page is not built: make setup"),
]
CUT_S = 5.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def network() -> Iterator[Network]:
    with Network(seed=6) as network:
        yield network


def chair_of(meeting: Chamber) -> Seated:
    """The chair, which is always heard: 440 Hz."""
    return seated(meeting, "chair", replace(SMALL, tone_hz=440), opens=True, admits=True)


async def all_see_each_other(*members: Seated) -> None:
    for one in members:
        await sees(one, *(other for other in members if other is not one))


async def test_two_members_see_each_other_and_the_floor_says_who_is_heard(tmp_path: Path) -> None:
    async with chamber(tmp_path) as meeting:
        albania = seated(meeting, "alb-head", replace(SMALL, tone_hz=880))
        async with ending(chair_of(meeting), albania) as (chair, _):
            host, guest = await chair.entered(), await albania.entered()
            await all_see_each_other(chair, albania)
            await hears(albania, chair, 440)
            assert chair.of(albania)["audio_frames"] == 0, "it has not the floor"
            assert guest.membership.tracks == tuple(t for t in guest.membership.tracks if t.kind == "video")

            await host.deeds.act(GiveFloor(DelegationId("alb"), guest.me))
            await hears(chair, albania, 880)

            await host.deeds.act(TakeBackFloor())
            await reached(guest, lambda one: all(track.kind == "video" for track in one.membership.tracks))
            await reached(host, lambda one: one.state is not None and one.state.sitting.floor.holder is None)
            await sees(chair, albania, frames=3)  # the chair has read it; now it looks which tracks it may have
            had = chair.of(albania)["audio_frames"]
            await sees(chair, albania)
            assert chair.of(albania)["audio_frames"] == had, "the floor was taken back"


async def test_pictures_and_the_tone_last_over_a_join_a_leave_an_exclusion_and_a_readmission(tmp_path: Path) -> None:
    async with chamber(tmp_path) as meeting:
        albania, belgium = seated(meeting, "alb-head"), seated(meeting, "bel-head")
        async with ending(chair_of(meeting), albania, belgium) as attending:
            chair = attending[0]
            host, _, excluded = await chair.entered(), await albania.entered(), await belgium.entered()
            await all_see_each_other(chair, albania, belgium)

            canada = seated(meeting, "can-head")
            attending.append(canada)
            left = await canada.entered()
            await all_see_each_other(chair, albania, belgium, canada)
            await hears(canada, chair, 440)

            await left.leave()
            await reached(left, lambda one: one.phase == "outside")
            await await_true("who left is out of the room", lambda: not canada.delegate.connected)
            await all_see_each_other(chair, albania, belgium)

            await host.exclude(excluded.me)
            await reached(excluded, lambda one: one.phase == "outside")
            await await_true("who was excluded is out of the room", lambda: not belgium.delegate.connected)
            had = {one.seat: belgium.of(one) for one in (chair, albania)}
            await all_see_each_other(chair, albania)
            await hears(albania, chair, 440)
            assert {one.seat: belgium.of(one) for one in (chair, albania)} == had

            excluded.knock()
            await reached(host, lambda one: one.state is not None and excluded.me in one.state.sitting.lobby.knocks)
            await host.deeds.act(Admit(excluded.me))
            await agreed(host, await albania.member(), excluded)
            await all_see_each_other(chair, albania, belgium)
            await hears(belgium, chair, 440)

            for one in (chair, albania, belgium):
                assert not (await one.member()).alarms
                assert all(figures["refused"] == 0 for figures in one.delegate.report().values())


async def test_who_comes_in_takes_a_track_once_its_sender_says_that_it_switched_so_that_no_frame_fails(
    tmp_path: Path,
) -> None:
    may_switch = asyncio.Event()

    class Hesitant(FrameKeys):
        """A sender that goes on under the round before: there is nothing yet that a newcomer could read."""

        def due(self, now_ms: int) -> list[Command]:
            return super().due(now_ms) if self.sends_under is None or may_switch.is_set() else []

        def next_ms(self) -> int | None:
            return super().next_ms() if may_switch.is_set() else None

    with patch.object(ring, "FrameKeys", Hesitant):
        async with chamber(tmp_path, updates=False) as meeting:
            chair = chair_of(meeting)
            async with ending(chair) as attending:
                host = await chair.entered()
                albania = seated(meeting, "alb-head")
                attending.append(albania)
                guest = await albania.entered()
                await sees(chair, albania)
                assert host.membership.sends_under is not None
                assert host.membership.sends_under < guest.round
                seen = albania.of(chair)
                assert (seen["video_frames"], seen["failed"]) == (0, 0), "neither opened nor failed"

                may_switch.set()
                guest.hurry()  # a heartbeat: the chair looks again
                await all_see_each_other(chair, albania)
                await hears(albania, chair, 440)
                seen = albania.of(chair)
                assert (seen["failed"], seen["early"], seen["refused"]) == (0, 0, 0)


async def test_a_frame_under_a_round_that_has_not_come_here_is_early_and_no_failure(tmp_path: Path) -> None:
    async with chamber(tmp_path, updates=False) as meeting:
        chair, albania = chair_of(meeting), seated(meeting, "alb-head")
        async with ending(chair, albania) as attending:
            host, guest = await chair.entered(), await albania.entered()
            await all_see_each_other(chair, albania)
            await hears(albania, chair, 440)

            comes, process = asyncio.Event(), guest.membership.process

            async def late(step: Step) -> None:
                await comes.wait()
                await process(step)

            with patch.object(guest.membership, "process", late):
                attending.append(seated(meeting, "bel-head"))
                await attending[-1].entered()
                await await_true("the chair switched", lambda: host.membership.sends_under == host.round)
                await await_true("its frames stay shut", lambda: albania.of(chair)["failed"] == 2)
                comes.set()
                await agreed(host, guest, await attending[-1].member())
            await sees(albania, chair)
            await hears(albania, chair, 440)
            await await_true("each track was opened again", lambda: albania.of(chair)["early"] == 2)
            assert albania.of(chair)["failed"] == 0


async def test_a_member_goes_on_after_its_network_was_cut_for_five_seconds(tmp_path: Path, network: Network) -> None:
    udp = network.udp()
    media = Media(host="127.0.0.1", udp_port=0, tcp_port=None, announce_udp=(f"127.0.0.1:{udp.port}",))
    async with chamber(tmp_path, media=media) as meeting:
        udp.target = ("127.0.0.1", meeting.running.udp_port)
        door = network.tcp(("127.0.0.1", int(meeting.running.origin.rpartition(":")[2])))
        albania = seated(meeting, "alb-head", origin=f"http://localhost:{door.port}")
        async with ending(chair_of(meeting), albania) as (chair, _):
            await chair.entered()
            await albania.entered()
            await all_see_each_other(chair, albania)

            # Media of all and albania's record; a clock's time passes here, since a cut is one.
            udp.weather = door.weather = Weather(cut=True)
            await passes(chair, CUT_S)
            had = chair.of(albania)["video_frames"]
            udp.weather = door.weather = CALM
            await await_true("its picture comes again", lambda: chair.of(albania)["video_frames"] >= had + 10)
            await sees(albania, chair)
            await hears(albania, chair, 440)
            host, guest = await chair.member(), await albania.member()
            await agreed(host, guest)
            assert host.round == guest.round


async def passes(seat: Seated, seconds: float) -> None:
    """Until so much of a member's own time has passed."""
    clock = seat.delegate.clock
    until = clock.monotonic() + seconds
    await await_true(f"{seconds} s pass", lambda: clock.monotonic() >= until)
