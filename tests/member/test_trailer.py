"""A lying media server's own marker (`sif_trailer`): what ends with it is not opened by LiveKit's SDK, and not played.

The marker is chosen so that every sealed frame ends with it, which the SDK then takes for the server's own frames. It
lets through only such of them as carry a payload that it knows, a blank picture or silence, and says of all others
that they failed. Should a release of the SDK play them, this test says so.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from livekit import rtc

from incamera.clock import SystemClock
from incamera.member.broadcast import Camera, Microphone
from incamera.member.ring import KEY_BYTES, encryption
from incamera.sfu import membership
from tests.livekit.running import RunningSfu
from tests.support.delegates import SMALL, await_true

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
KEY, INDEX, IV_BYTES = b"k" * KEY_BYTES, 3, 12
EVERY_FRAME = bytes([IV_BYTES, INDEX])
"""How each frame ends that was sealed under this index: LiveKit's frame encryption."""
FAILED = rtc.EncryptionState.DECRYPTION_FAILED


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def sfu() -> Iterator[RunningSfu]:
    with RunningSfu() as running:
        yield running


@dataclass
class Listener:
    """A receiver with the right key."""

    room: rtc.Room = field(default_factory=rtc.Room)
    pictures: int = 0
    blocks: int = 0
    loudest: int = 0
    states: list[Any] = field(default_factory=list)
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def listen(self) -> None:
        def subscribed(track: rtc.Track, *_: object) -> None:
            read = self._watch if track.kind == rtc.TrackKind.KIND_VIDEO else self._hear
            self.tasks.append(asyncio.ensure_future(read(track)))

        self.room.on("track_subscribed", subscribed)
        self.room.on("e2ee_state_changed", lambda _, state: self.states.append(state))

    async def _watch(self, track: rtc.Track) -> None:
        async for _ in rtc.VideoStream(track):
            self.pictures += 1

    async def _hear(self, track: rtc.Track) -> None:
        async for event in rtc.AudioStream(track):
            self.blocks += 1
            self.loudest = max(self.loudest, int(np.abs(np.frombuffer(event.frame.data, dtype=np.int16)).max()))


@asynccontextmanager
async def listening(sfu: RunningSfu, trailer: bytes) -> AsyncIterator[Listener]:
    """Beside a sender of a picture and a tone, where the server names this marker to all."""
    welcome = membership._welcome

    def lies(*about: Any) -> Any:
        answer = welcome(*about)
        answer.sif_trailer = trailer
        return answer

    one, sender = Listener(), rtc.Room()
    with patch.object(membership, "_welcome", lies):
        try:
            one.listen()
            for room, identity in ((one.room, "listener"), (sender, "sender")):
                await room.connect(sfu.url, sfu.token(identity), rtc.RoomOptions(encryption=encryption()))
                provider = room.e2ee_manager.key_provider
                assert provider is not None
                provider.set_key("sender", KEY, INDEX)
            camera, microphone = Camera("Sender", SMALL, SystemClock()), Microphone(SMALL, SystemClock())
            for part in (camera, microphone):
                await sender.local_participant.publish_track(part.track, part.options())
            for cryptor in sender.e2ee_manager.frame_cryptors():
                cryptor.set_key_index(INDEX)
            one.tasks += [asyncio.create_task(camera.draw()), asyncio.create_task(microphone.sound())]
            yield one
        finally:
            for task in one.tasks:
                task.cancel()
            await asyncio.gather(*one.tasks, return_exceptions=True)
            await sender.disconnect()
            await one.room.disconnect()


async def test_frames_that_end_with_the_server_s_marker_are_dropped_and_said_to_have_failed(sfu: RunningSfu) -> None:
    async with listening(sfu, b"") as one:
        await await_true("it sees and hears", lambda: one.pictures > 5 and one.loudest > 1_000)

    async with listening(sfu, EVERY_FRAME) as one:
        await await_true("both tracks failed", lambda: one.states.count(FAILED) >= 2)
        # What came before the SDK stood in front of the decoder sounds, and fades: no member counts it (call.py).
        await later(one)
        one.loudest = 0
        await later(one)
        assert (one.pictures, one.loudest) == (0, 0)
        assert rtc.EncryptionState.OK not in one.states


async def later(one: Listener, blocks: int = 200) -> None:
    """Once it read two more seconds of sound."""
    had = one.blocks
    await await_true(f"{blocks} more blocks of sound", lambda: one.blocks >= had + blocks)
