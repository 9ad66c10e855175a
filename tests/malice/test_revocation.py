"""A device is revoked: out of the media at once, and out of everything after the server began again.

Its client is patched: it stays in the room as long as the server lets it, and tries every ticket and token again.
"""

import asyncio
import secrets
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from livekit import api, rtc

from incamera.accreditation.signature import SigningKey
from incamera.api.page import Page
from incamera.clock import SystemClock
from incamera.e2ee.frame_keys import RING
from incamera.member.broadcast import Camera
from incamera.member.client import Client, Ticket, instance_of
from incamera.member.ring import encryption
from incamera.member.sitting import Sitting
from incamera.refusal import Code, Refusal
from incamera.server import Running, serving
from incamera.settings.fields import Data, Http, Meetings, Settings
from tests.malice.conspiracy import revoke
from tests.support.delegates import SMALL, Seated, await_true, ending, seated
from tests.support.private import LOOPBACK, WAIT_S, Chamber, chamber, reached

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(not Page().built, reason="the page is not built: make setup"),
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Participant:
    """A room's participant that goes when it is put out, and not before."""

    frames: int = 0
    out: asyncio.Event = field(default_factory=asyncio.Event)
    out_at_s: float = 0.0
    reason: int = -1
    room: rtc.Room = field(default_factory=rtc.Room)
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def listen(self) -> None:
        def subscribed(track: rtc.Track, *_: object) -> None:
            if track.kind == rtc.TrackKind.KIND_VIDEO:
                self.tasks.append(asyncio.ensure_future(self._count(track)))

        def disconnected(reason: int) -> None:
            self.out_at_s, self.reason = time.monotonic(), reason
            self.out.set()

        self.room.on("track_subscribed", subscribed)
        self.room.on("disconnected", disconnected)

    async def _count(self, track: rtc.Track) -> None:
        async for _ in rtc.VideoStream(track):
            self.frames += 1

    def take_keys(self, sitting: Sitting, own: str) -> None:
        """The keys of the sitting's present round, of all who are in the room; none once it was put out."""
        group, provider = sitting.group, self.room.e2ee_manager.key_provider
        assert provider is not None
        if group is None:
            return
        index = sitting.round % RING
        for identity in (own, *self.room.remote_participants):
            key = group.frame_key(identity)
            assert isinstance(key, bytes), key
            provider.set_key(identity, key, index)
        for cryptor in self.room.e2ee_manager.frame_cryptors():
            cryptor.set_key_index(index)

    async def publish(self) -> None:
        camera = Camera("Belgium", SMALL, SystemClock())
        await self.room.local_participant.publish_track(camera.track, camera.options())
        self.tasks.append(asyncio.create_task(camera.draw()))


@asynccontextmanager
async def connected(running: Running, token: str) -> AsyncIterator[Participant]:
    """In the room with this ticket; raises `rtc.ConnectError` if it is refused."""
    one = Participant()
    one.listen()
    try:
        await one.room.connect(running.origin.replace("http", "ws", 1), token, rtc.RoomOptions(encryption=encryption()))
        yield one
    finally:
        for task in one.tasks:
            task.cancel()
        await asyncio.gather(*one.tasks, return_exceptions=True)
        await one.room.disconnect()


async def refused(running: Running, token: str) -> None:
    """The media server does not take it."""
    with pytest.raises(rtc.ConnectError):
        async with connected(running, token):
            pass


def lasting(meeting: Chamber, identity: str) -> str:
    """What the media server gives a participant again and again while it is in, so that it can come back for hours."""
    [(key, secret)] = meeting.running.keys.items()
    grants = api.VideoGrants(room_join=True, room=meeting.first, can_publish_sources=["camera"])
    token = api.AccessToken(key, secret).with_identity(identity).with_grants(grants).with_ttl(timedelta(hours=1))
    return str(token.to_jwt())


@asynccontextmanager
async def restarted(meeting: Chamber) -> AsyncIterator[Running]:
    """The server, begun again with its data folder, when the first one has ended."""
    settings = Settings(
        http=Http(port=0),
        media=LOOPBACK,
        meetings=Meetings(authorities=(meeting.authority.thumbprint,)),
        data=Data(folder=meeting.data),
    )
    async with serving(settings, clock=SystemClock(), environ={}) as running:
        yield running


async def test_a_revoked_device_is_out_of_the_media_at_once_and_of_everything_after_a_restart(tmp_path: Path) -> None:
    async with chamber(tmp_path) as meeting:
        secretariat = await meeting.enter("doorkeeper", opens=True, admits=True).member()
        chair = seated(meeting, "chair")
        async with ending(chair):
            host = await chair.entered()
            present = meeting.enter("bel-head")
            belgium = await present.member()
            await reached(host, lambda one: any(seat.device == belgium.me for seat in one.roster()))
            device, client = present.attendee.identity, present.attendee.client
            assert device is not None
            ticket = await client.ticket(device.key, meeting.first, instance_of(secrets.token_bytes(8)))
            assert isinstance(ticket, Ticket)
            kept = lasting(meeting, ticket.identity)
            async with connected(meeting.running, ticket.token.value) as participant:
                # In each round anew: a leaf may be updated at any time.
                belgium.membership.on_round.append(lambda _: participant.take_keys(belgium, ticket.identity))
                participant.take_keys(belgium, ticket.identity)
                await participant.publish()
                participant.take_keys(belgium, ticket.identity)
                await await_true("it sees the chair", lambda: participant.frames >= 5)
                await await_true("the chair sees it", lambda: shown(chair) >= 5)

                began_s = time.monotonic()
                await revoke(secretariat, belgium.me)
                await asyncio.wait_for(participant.out.wait(), WAIT_S)
                print(f"out of the media {(participant.out_at_s - began_s) * 1000:.0f} ms after the act was sent")
                assert participant.reason == rtc.DisconnectReason.PARTICIPANT_REMOVED
                await reached(host, lambda one: all(seat.device != belgium.me for seat in one.roster()))
                had = participant.frames, shown(chair)
                for token in (ticket.token.value, kept):
                    await refused(meeting.running, token)
                assert (participant.frames, shown(chair)) == had, "nothing of it is shown, and nothing reaches it"
            assert await present.task == "revoked"
            await is_nobody(meeting, meeting.running, device.key)
        others = lasting(meeting, f"{host.me}.AAAAAAAAAAA"), lasting(meeting, f"{belgium.me}.AAAAAAAAAAA")

    async with restarted(meeting) as running:
        # Nobody has asked for the meeting since: who comes to the door wakes it, whoever comes first.
        await refused(running, kept)
        async with connected(running, others[0]) as stays:
            for token in (kept, others[1]):
                await refused(running, token)
            assert not stays.out.is_set(), "a member's ticket is good"
        await is_nobody(meeting, running, device.key)


def shown(chair: Seated) -> int:
    """How many pictures of Belgium the chair was shown."""
    return chair.of("bel-head")["video_frames"]


async def is_nobody(meeting: Chamber, running: Running, key: SigningKey) -> None:
    """A device without a token, so without a ticket, a feed and a Welcome, whose acts are refused."""
    client = Client(running.origin, meeting.founded.meeting, SystemClock(), ssl.create_default_context())
    try:
        for answer in (await client.prove(key), await client.ticket(key, meeting.first, "AAAAAAAAAAA")):
            assert isinstance(answer, Refusal)
            assert answer.code is Code.PROOF_INVALID
    finally:
        await client.aclose()
