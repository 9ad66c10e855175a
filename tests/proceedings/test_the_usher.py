"""Media follows state: what is carried out, again after an outage, and who connects with an old ticket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from incamera.accreditation.strict import DelegationId
from incamera.media.plane import Identity, RoomName, Source
from incamera.meeting.acts import CloseSitting, Exclude, GiveFloor, Leave, TakeBackFloor
from incamera.proceedings import usher as ushers
from incamera.proceedings.usher import Usher
from tests.support.house import Hands
from tests.support.paper import FIRST, Device, Paper
from tests.support.plane import PaperPlane

pytestmark = pytest.mark.anyio
ROOM = RoomName(FIRST)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Stage:
    """A chair and Belgium in an open sitting, and an usher that follows their paper."""

    def __init__(self) -> None:
        self.paper = Paper()
        self.plane = PaperPlane()
        self.chair, self.belgium = self.paper.enrolled("chair"), self.paper.enrolled("be-head")
        self.paper.open(self.chair)
        self.paper.admitted(self.chair, self.belgium)
        self.usher = Usher(self.plane, Hands(), lambda: self.paper.record)

    def act(self, device: Device, body: object) -> None:
        before = self.paper.record
        self.paper.must(device, body, FIRST)  # type: ignore[arg-type]
        self.usher.follow(before, self.paper.record)

    async def connected(self, device: Device, instance: str = "first") -> Identity:
        ticket = await self.usher.ticket(FIRST, device.thumbprint, instance)
        assert ticket is not None
        return self.plane.connect(ticket.token)

    def may(self, who: Identity) -> frozenset[Source] | None:
        grants = self.plane.rooms.get(ROOM, {}).get(who)
        return None if grants is None else grants.publish


@asynccontextmanager
async def ushering() -> AsyncIterator[Stage]:
    stage = Stage()
    task = asyncio.create_task(stage.usher.run())
    await settled()
    try:
        yield stage
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def settled() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


async def test_a_microphone_is_allowed_with_the_floor_and_not_after() -> None:
    async with ushering() as stage:
        who = await stage.connected(stage.belgium)
        assert Source.MICROPHONE not in (stage.may(who) or ())
        stage.act(stage.chair, GiveFloor(DelegationId("be"), stage.belgium.thumbprint))
        await settled()
        assert Source.MICROPHONE in (stage.may(who) or ())
        stage.act(stage.belgium, TakeBackFloor())
        await settled()
        assert stage.may(who) == {Source.CAMERA}


async def test_who_is_excluded_or_leaves_is_put_out() -> None:
    async with ushering() as stage:
        who = await stage.connected(stage.belgium)
        stage.act(stage.chair, Exclude(stage.belgium.thumbprint))
        await settled()
        assert stage.may(who) is None
        assert await stage.usher.ticket(FIRST, stage.belgium.thumbprint, "second") is None
        chair = await stage.connected(stage.chair)
        stage.act(stage.chair, Leave())
        await settled()
        assert stage.may(chair) is None


async def test_a_ticket_of_before_the_exclusion_opens_nothing() -> None:
    async with ushering() as stage:
        ticket = await stage.usher.ticket(FIRST, stage.belgium.thumbprint, "first")
        assert ticket is not None
        stage.act(stage.chair, Exclude(stage.belgium.thumbprint))
        await settled()
        who = stage.plane.connect(ticket.token)
        await settled()
        assert stage.may(who) is None


async def test_a_new_page_load_puts_the_older_participant_out_and_keeps_it_out() -> None:
    async with ushering() as stage:
        first_ticket = await stage.usher.ticket(FIRST, stage.belgium.thumbprint, "first")
        assert first_ticket is not None
        old = stage.plane.connect(first_ticket.token)
        new = await stage.connected(stage.belgium, "second")
        await settled()
        assert stage.may(old) is None
        assert stage.may(new) is not None
        assert stage.plane.connect(first_ticket.token) == old
        await settled()
        assert stage.may(old) is None
        assert stage.may(new) is not None


async def test_a_closed_sitting_has_no_room() -> None:
    async with ushering() as stage:
        await stage.connected(stage.belgium)
        stage.act(stage.chair, CloseSitting())
        await settled()
        assert ROOM not in stage.plane.rooms


async def test_what_a_media_server_did_not_take_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ushers, "RETRY_SECONDS", 0.0)
    async with ushering() as stage:
        who = await stage.connected(stage.belgium)
        stage.plane.is_down = True
        stage.act(stage.chair, Exclude(stage.belgium.thumbprint))
        await settled()
        assert stage.may(who) is not None
        assert stage.usher.statistics()["failures"] > 0
        stage.plane.is_down = False
        await settled()
        assert stage.may(who) is None
