"""The doorkeeper as its own process: it opens, lets in, tells titles, and goes on after it was killed."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from structlog.testing import capture_logs

from incamera.accreditation.charter import Role
from incamera.accreditation.strict import ItemId, SeatId, SittingId
from incamera.api.page import Page
from incamera.clock import SystemClock
from incamera.member import titles
from incamera.member.doorkeeper import Order, _post_titles, keep_door
from incamera.member.sitting import Sitting
from incamera.refusal import Code, Refusal
from tests.support.private import WAIT_S, Chamber, agreed_on_words, chamber, reached

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
            assert await asyncio.wait_for(process.wait(), WAIT_S) == 0
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


class Reluctant:
    """A sitting that refuses every title; its record goes on when the test says so."""

    id = SittingId("aaaa")
    can_send = True

    def __init__(self) -> None:
        self.seq = 1
        self.tried = 0
        self.deeds = self
        self.changed = asyncio.Condition()

    @property
    def state(self) -> object:
        """A new object each time, as a sitting's is."""
        return SimpleNamespace(sitting=SimpleNamespace(tail=SimpleNamespace(seq=self.seq)))

    async def post_title(self, *_: object) -> Refusal:
        self.tried += 1
        assert self.tried < 10, "for ever"
        return Refusal(Code.ITEM_KEY_UNKNOWN, "The item's key is not here.", "Ask for it.")

    async def reached(self, holds: Callable[[object], bool]) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: holds(self))

    async def goes_on(self, by: int = 0) -> None:
        self.seq += by
        async with self.changed:
            self.changed.notify_all()
        for _ in range(5):
            await asyncio.sleep(0)


async def test_a_title_that_was_refused_is_posted_again_once_the_record_went_on_and_not_for_ever() -> None:
    sitting = Reluctant()
    with patch.object(titles, "missing", lambda *_: [ITEM]):
        posting = asyncio.create_task(_post_titles(sitting, {ITEM: {"en": "Lessons"}}))  # type: ignore[arg-type]
        await sitting.goes_on()
        assert sitting.tried == 1
        await sitting.goes_on()
        assert sitting.tried == 1, "nothing is new"
        await sitting.goes_on(by=1)
        assert sitting.tried == 2
        assert not posting.done()
        posting.cancel()


class Hall:
    """An attendee in one sitting, until it is ended."""

    refusal: Refusal | None = None

    def __init__(self, *_: object, **__: object) -> None:
        self.on_sitting: list[Callable[[object], None]] = []
        self.how: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def end(self, how: str) -> None:
        self.how.set_result(how)

    async def run(self, _: asyncio.Event) -> str:
        for listener in self.on_sitting:
            listener(Reluctant())
        return await asyncio.wait_for(self.how, WAIT_S)


async def test_a_fault_while_titles_are_posted_is_logged_and_ends_the_doorkeeper_who_is_started_again(
    tmp_path: Path,
) -> None:
    order = Order(None, tmp_path / "state", "all", {Reluctant.id: {ITEM: {"en": "Lessons"}}}, None)  # type: ignore[arg-type]
    fault = patch.object(titles, "missing", side_effect=KeyError("a title"))
    with fault, patch("incamera.member.doorkeeper.Attendee", Hall), capture_logs() as logs:
        assert await keep_door(order, asyncio.Event(), SystemClock()) == "alarmed"
    assert [(line["event"], line.get("how")) for line in logs] == [
        ("titles.failed", None),
        ("doorkeeper.ended", "alarmed"),
    ]
    assert "Lessons" not in str(logs)
