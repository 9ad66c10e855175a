"""The doorkeeper as its own process: it opens, lets in, tells titles, and goes on after it was killed."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from incamera.accreditation.charter import Role
from incamera.accreditation.strict import ItemId, SeatId
from incamera.api.page import Page
from incamera.member import titles
from incamera.member.sitting import Sitting
from tests.support.private import Chamber, agreed_on_words, chamber, reached

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not Page().built, reason="the page is not built: make setup")]
ITEM = ItemId("item-2")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def doorkeeper(meeting: Chamber, admits: str = "all") -> AsyncIterator[asyncio.subprocess.Process]:
    """The process; ended in order unless it was killed before."""
    founded = meeting.founded
    order = {
        "link": founded.invited[SeatId("doorkeeper")].link,
        "state": str(meeting.folder / "doorkeeper"),
        "admits": admits,
        "titles": {
            sitting: {item: dict(text) for item, text in of.items()} for sitting, of in meeting.founded.titles.items()
        },
        "ca": None,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "incamera.member.doorkeeper", stdin=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(order).encode() + b"\n")
    await process.stdin.drain()
    try:
        yield process
    finally:
        if process.returncode is None:
            process.stdin.close()
            assert await asyncio.wait_for(process.wait(), 20) == 0
        with contextlib.suppress(ProcessLookupError):
            process.kill()


def title(sitting: Sitting) -> object:
    """The restricted item's title as this member reads it."""
    group, state = sitting.group, sitting.state
    return None if group is None or state is None else titles.opened(group, state, ITEM)


async def test_it_opens_both_sittings_lets_in_and_tells_the_restricted_title(tmp_path: Path) -> None:
    async with chamber(tmp_path) as meeting, doorkeeper(meeting):
        chair = await meeting.enter("chair").member()
        albania = await meeting.enter("alb-head").member()
        finland = await meeting.enter("fin-head", sitting=meeting.second).member(meeting.second)
        wanted = {"en": "Lessons of the exercise", "fr": "Leçons de l'exercice"}
        for sitting in (chair, albania):
            await reached(sitting, lambda one: title(one) == wanted)
        assert meeting.first not in meeting.present["fin-head"].attendee.sittings
        assert {seat.seat for seat in finland.roster()} == {"doorkeeper", "fin-head"}
        await agreed_on_words(chair, albania)


async def test_killed_and_started_again_it_keeps_its_leaf_and_lets_in(tmp_path: Path) -> None:
    async with chamber(tmp_path) as meeting:
        async with doorkeeper(meeting) as process:
            albania = await meeting.enter("alb-head").member()
            before = next(seat for seat in albania.roster() if seat.seat == "doorkeeper")
            process.send_signal(signal.SIGKILL)
            await process.wait()
        async with doorkeeper(meeting):
            belgium = await meeting.enter("bel-head").member()
            await agreed_on_words(albania, belgium)
            assert before in belgium.roster()
            assert belgium.state is not None
            assert len(belgium.state.sitting.groups) == 1


async def test_by_hand_it_lets_in_the_chair_and_leaves_the_rest_to_it(tmp_path: Path) -> None:
    async with chamber(tmp_path, is_automatic=False) as meeting, doorkeeper(meeting, "chairs"):
        chair = await meeting.enter("chair").member()
        albania = await meeting.enter("alb-head").sitting()
        await reached(chair, lambda one: one.state is not None and albania.me in one.state.sitting.lobby.knocks)
        assert chair.state is not None
        admitted = {chair.state.meeting.role_of(device) for device in chair.state.sitting.lobby.admits}
        assert admitted == {Role.CHAIR, Role.SECRETARIAT}
