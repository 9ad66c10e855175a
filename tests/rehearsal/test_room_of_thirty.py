"""A sitting of thirty on our media server, with LiveKit's Python SDK: each receives what it subscribed to for a minute.

As small as two cores allow, which carry all thirty clients as well: three speak (Opus, 48 kHz) and are subscribed by
all; three show a picture (160 x 90, 5 a second, one layer), and each member subscribes to one of them.
"""

import asyncio
import math
import os
import time
from array import array
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest
from livekit import api, rtc

from tests.support.servers import Process

pytestmark = [pytest.mark.long]

MEMBERS, SPEAKERS, SECONDS = 30, 3, 60
RATE_HZ, FRAME_SAMPLES, CHUNK_MS = 48_000, 960, 100
WIDTH, HEIGHT, FPS = 160, 90, 5
GAP_MAX_S = 5.0
"""A stream has a gap when nothing of it is read for longer; shorter ones are this process, which reads 87 streams."""


@dataclass
class Received:
    """What one member got of one other."""

    frames: int = 0
    last: float = 0.0
    gap_s: float = 0.0

    def note(self) -> None:
        now = time.monotonic()
        if self.frames:
            self.gap_s = max(self.gap_s, now - self.last)
        self.frames, self.last = self.frames + 1, now


@dataclass
class Member:
    number: int
    room: rtc.Room = field(default_factory=rtc.Room)
    audio: dict[str, Received] = field(default_factory=dict)
    video: dict[str, Received] = field(default_factory=dict)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def identity(self) -> str:
        return f"seat-{self.number:02}"

    @property
    def watched(self) -> str:
        """The one whose picture it subscribes to: never its own."""
        return f"seat-{(self.number + 1) % SPEAKERS:02}"

    async def join(self, url: str) -> None:
        grants = api.VideoGrants(room_join=True, room="thirty")
        token = api.AccessToken("devkey", "secret").with_identity(self.identity).with_grants(grants).to_jwt()
        self.room.on("track_subscribed", self._subscribed)
        self.room.on("track_published", self._published)
        await self.room.connect(url, token, rtc.RoomOptions(auto_subscribe=False))
        for participant in self.room.remote_participants.values():
            for publication in participant.track_publications.values():
                self._published(publication, participant)

    def _published(self, publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant) -> None:
        if publication.kind == rtc.TrackKind.KIND_AUDIO or participant.identity == self.watched:
            publication.set_subscribed(True)

    def _subscribed(
        self, track: rtc.Track, publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant
    ) -> None:
        is_audio = track.kind == rtc.TrackKind.KIND_AUDIO
        received = (self.audio if is_audio else self.video)[participant.identity] = Received()
        # Sound in chunks of 100 ms: a chunk each 10 ms for 87 streams is more than one Python process takes.
        sound_or_picture = (
            rtc.AudioStream(track, sample_rate=RATE_HZ, num_channels=1, frame_size_ms=CHUNK_MS)
            if is_audio
            else rtc.VideoStream(track)
        )
        self.tasks.append(asyncio.ensure_future(self._count(sound_or_picture, received)))

    async def _count(self, stream: rtc.AudioStream | rtc.VideoStream, received: Received) -> None:
        async for _ in stream:
            received.note()

    async def speak(self) -> None:
        """Publish a tone and a moving picture."""
        sound = rtc.AudioSource(RATE_HZ, 1)
        microphone = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=False, red=False)
        await self.room.local_participant.publish_track(
            rtc.LocalAudioTrack.create_audio_track("tone", sound), microphone
        )
        picture = rtc.VideoSource(WIDTH, HEIGHT)
        camera = rtc.TrackPublishOptions(
            source=rtc.TrackSource.SOURCE_CAMERA,
            simulcast=False,
            video_encoding=rtc.VideoEncoding(max_bitrate=60_000, max_framerate=FPS),
        )
        await self.room.local_participant.publish_track(
            rtc.LocalVideoTrack.create_video_track("picture", picture), camera
        )
        self.tasks += [asyncio.ensure_future(self._tone(sound)), asyncio.ensure_future(self._picture(picture))]

    async def _tone(self, sound: rtc.AudioSource) -> None:
        step = 2 * math.pi * (300 + 100 * self.number) / RATE_HZ
        wave = array("h", (round(8000 * math.sin(step * n)) for n in range(RATE_HZ))).tobytes()
        place = 0
        while True:
            samples = wave[place : place + 2 * FRAME_SAMPLES]
            await sound.capture_frame(rtc.AudioFrame(samples, RATE_HZ, 1, FRAME_SAMPLES))
            place = (place + 2 * FRAME_SAMPLES) % len(wave)

    async def _picture(self, picture: rtc.VideoSource) -> None:
        shade = 0
        while True:
            frame = bytes([shade]) * (WIDTH * HEIGHT) + b"\x80" * (WIDTH * HEIGHT // 2)
            picture.capture_frame(rtc.VideoFrame(WIDTH, HEIGHT, rtc.VideoBufferType.I420, frame))
            shade = (shade + 7) % 256
            await asyncio.sleep(1 / FPS)

    async def leave(self) -> None:
        for task in self.tasks:
            task.cancel()
        await self.room.disconnect()

    def missing(self) -> list[str]:
        """What it should receive and does not."""
        speakers = {f"seat-{n:02}" for n in range(SPEAKERS)} - {self.identity}
        sounds = {name for name, received in self.audio.items() if received.frames}
        pictures = {name for name, received in self.video.items() if received.frames}
        lacks = [f"{self.identity}: no sound of {name}" for name in sorted(speakers - sounds)]
        return lacks if self.watched in pictures else [*lacks, f"{self.identity}: no picture of {self.watched}"]


@asynccontextmanager
async def members(url: str) -> AsyncIterator[list[Member]]:
    async with AsyncExitStack() as stack:
        all_of_them = [Member(n) for n in range(MEMBERS)]
        for member in all_of_them:
            stack.push_async_callback(member.leave)
        await asyncio.gather(*(member.join(url) for member in all_of_them))
        await asyncio.gather(*(member.speak() for member in all_of_them[:SPEAKERS]))
        yield all_of_them


@pytest.fixture
def url() -> Iterator[str]:
    if url := os.environ.get("LIVEKIT_URL"):
        yield url
        return
    with Process("sfu", "--dev", "--json", "--port", "0", "--udp-port", "0", "--tcp-port", "0") as process:
        yield process.ready["url"].replace("http", "ws")


async def sit(url: str) -> None:
    async with members(url) as all_of_them:
        async with asyncio.timeout(60):
            while lacking := [lack for member in all_of_them for lack in member.missing()]:
                print(f"{len(lacking)} streams still to come, such as {lacking[0]}")
                await asyncio.sleep(1)
        streams = [received for member in all_of_them for received in (*member.audio.values(), *member.video.values())]
        for received in streams:
            received.frames = 0
        await asyncio.sleep(SECONDS)
        for member in all_of_them:
            for name, received in member.audio.items():
                assert received.frames > 0.95 * SECONDS * 1000 / CHUNK_MS, f"{member.identity} lost sound of {name}"
                assert received.gap_s < GAP_MAX_S, (
                    f"{member.identity}: a gap of {received.gap_s:.1f} s in {name}'s sound"
                )
            for name, received in member.video.items():
                assert received.frames > 0.7 * SECONDS * FPS, f"{member.identity} lost pictures of {name}"
                assert received.gap_s < GAP_MAX_S, f"{member.identity}: {received.gap_s:.1f} s without {name}'s picture"


def test_each_of_thirty_receives_what_it_subscribed_to_for_a_minute(url: str) -> None:
    asyncio.run(sit(url))
