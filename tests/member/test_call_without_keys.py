"""Who may not see: a participant without MLS keys and one that was excluded, though the media server serves both.

The usher is told to turn nobody away and to put nobody out, so that what stops them is keys and folds, not the server's
good manners.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import pytest
from livekit import api, rtc

from incamera.api.page import Page
from incamera.clock import SystemClock
from incamera.e2ee.frame_keys import RING
from incamera.member import call
from incamera.member.broadcast import Camera
from incamera.member.client import instance_of
from incamera.member.ring import encryption
from incamera.proceedings.usher import Usher
from tests.malice.conspiracy import lied_to
from tests.support.delegates import SMALL, Seated, await_true, ending, seated, sees
from tests.support.private import Chamber, chamber, reached

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(not Page().built, reason="the page is not built: make setup"),
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def media_server_that_puts_nobody_out() -> Iterator[None]:
    async def let_be(*_: object) -> None:
        return None

    with patch.object(Usher, "_allow", let_be), patch.object(Usher, "may_enter", lambda *_: None):
        yield


class Stubborn(call.Connection):
    """A patched client: excluded, it stays in the room with the keys that it had, and goes on sending."""

    async def _end(self) -> None:
        await asyncio.Event().wait()

    def _may_send(self) -> bool:
        return True

    def _may_show(self) -> bool:
        return True


@dataclass
class Outsider:
    """A participant of the room that is no member of the group; it subscribes to all."""

    identity: str
    room: rtc.Room = field(default_factory=rtc.Room)
    sealed: set[str] = field(default_factory=set)
    subscribed: set[str] = field(default_factory=set)
    opened: int = 0
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def listen(self) -> None:
        def subscribed(track: rtc.Track, publication: rtc.RemoteTrackPublication, _: rtc.RemoteParticipant) -> None:
            self.subscribed.add(publication.sid)
            if track.kind == rtc.TrackKind.KIND_VIDEO:
                self.tasks.append(asyncio.ensure_future(self._count(track)))

        def encrypted(participant: rtc.Participant, state: int) -> None:
            if state == rtc.EncryptionState.OK:
                self.sealed.add(participant.identity)

        self.room.on("track_subscribed", subscribed)
        self.room.on("e2ee_state_changed", encrypted)

    async def _count(self, track: rtc.Track) -> None:
        async for _ in rtc.VideoStream(track):
            self.opened += bool(self.sealed - {self.identity})


@asynccontextmanager
async def outsider(meeting: Chamber, encryption: rtc.E2EEOptions | None) -> AsyncIterator[Outsider]:
    """Into the sitting's room with a ticket that a server that lies would give."""
    [(key, secret)] = meeting.running.keys.items()
    one = Outsider(f"{instance_of(secrets.token_bytes(8))}.{instance_of(secrets.token_bytes(8))}")
    grants = api.VideoGrants(room_join=True, room=meeting.first)
    ticket = api.AccessToken(key, secret).with_identity(one.identity).with_grants(grants).to_jwt()
    one.listen()
    try:
        await one.room.connect(
            meeting.running.origin.replace("http", "ws", 1), ticket, rtc.RoomOptions(encryption=encryption)
        )
        yield one
    finally:
        for task in one.tasks:
            task.cancel()
        await asyncio.gather(*one.tasks, return_exceptions=True)
        await one.room.disconnect()


async def refuses(member: Seated, one: Outsider, publication: rtc.LocalTrackPublication) -> None:
    await await_true(f"{member.seat} refuses {publication.sid}", lambda: member.of(one.identity)["refused"] >= 1)


async def publish(one: Outsider) -> rtc.LocalTrackPublication:
    camera = Camera("Nobody", SMALL, SystemClock())
    publication = await one.room.local_participant.publish_track(camera.track, camera.options())
    one.tasks.append(asyncio.create_task(camera.draw()))
    return publication


async def test_a_participant_without_keys_decodes_nothing_and_is_shown_to_nobody(tmp_path: Path) -> None:
    async with chamber(tmp_path) as meeting:
        chair, albania = seated(meeting, "chair", opens=True, admits=True), seated(meeting, "alb-head")
        async with ending(chair, albania):
            await chair.entered()
            await albania.entered()
            await sees(albania, chair)

            async with outsider(meeting, encryption()) as guesser, outsider(meeting, None) as plain:
                provider = guesser.room.e2ee_manager.key_provider
                assert provider is not None
                for identity in guesser.room.remote_participants:
                    for index in range(RING):
                        provider.set_key(identity, secrets.token_bytes(32), index)
                await await_true("the server serves both", lambda: len(guesser.subscribed & plain.subscribed) >= 2)
                for one in (guesser, plain):
                    publication = await publish(one)
                    await refuses(chair, one, publication)
                    await refuses(albania, one, publication)
                await sees(albania, chair, frames=30)
                assert guesser.opened == 0
                assert plain.opened == 0
                for member in (chair, albania):
                    for one in (guesser, plain):
                        assert member.of(one.identity)["video_frames"] == 0


async def test_who_was_excluded_reads_nothing_more_and_is_shown_no_more_though_it_stays(tmp_path: Path) -> None:
    async with lied_to(tmp_path) as (meeting, liar):
        chair, albania = seated(meeting, "chair", opens=True, admits=True), seated(meeting, "alb-head")
        async with ending(chair, albania) as attending:
            host, _ = await chair.entered(), await albania.entered()
            with patch.object(call, "Connection", Stubborn):
                belgium = seated(meeting, "bel-head")
                attending.append(belgium)
                excluded = await belgium.entered()
            await sees(belgium, chair, albania)
            await sees(chair, albania, belgium)

            # Its client is patched to keep its share of the group, and the feed goes on to it as well.
            guest = await albania.member()
            excluded._is_excluded = lambda: False  # type: ignore[method-assign]
            excluded.membership.drop = lambda: None  # type: ignore[method-assign]
            liar.lines[guest.me].listeners.append(liar.lines[excluded.me])
            await host.exclude(excluded.me)
            for one in (host, guest):
                await reached(one, lambda one: all(seat.device != excluded.me for seat in one.roster()))
            await sees(chair, albania)
            await sees(albania, chair)  # what was under way has come
            had = {one.seat: belgium.of(one)["video_frames"] for one in (chair, albania)}
            shown = {one.seat: one.of(belgium)["video_frames"] for one in (chair, albania)}

            await sees(chair, albania, frames=30)
            await sees(albania, chair, frames=30)
            assert belgium.delegate.connected, "the server did not put it out"
            await reached(
                excluded, lambda one: one.state is not None and excluded.me not in one.state.sitting.group.members
            )
            assert {one.seat: belgium.of(one)["video_frames"] for one in (chair, albania)} == had
            assert {one.seat: one.of(belgium)["video_frames"] for one in (chair, albania)} == shown
