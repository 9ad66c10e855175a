"""A member with the `livekit` Python SDK, unmodified: a synthetic picture and a tone out, what arrived counted."""

import asyncio
import math
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Self

import numpy as np
from livekit import rtc

from tests.support.patience import PATIENCE_S

RATE = 48_000
WIDTH, HEIGHT, FPS = 320, 180, 15


class Member:
    """One participant; `async with` connects and publishes."""

    def __init__(self, url: str, token: str, *, tone_hz: float | None = None, picture: bool = False) -> None:
        self._url = url
        self._token = token
        self._tone_hz = tone_hz
        self._picture = picture
        self._tasks: list[asyncio.Task[None]] = []
        self.room = rtc.Room()
        self.frames: Counter[str] = Counter()
        """Decoded pictures by sender's identity."""
        self.sound: defaultdict[str, list[np.ndarray]] = defaultdict(list)
        """Decoded sound by sender's identity."""
        self.data: list[rtc.DataPacket] = []
        self.disconnected: list[object] = []
        self.room.on("track_subscribed", self._subscribed)
        self.room.on("data_received", self.data.append)
        self.room.on("disconnected", self.disconnected.append)

    async def __aenter__(self) -> Self:
        await asyncio.wait_for(self.room.connect(self._url, self._token), PATIENCE_S)
        if self._tone_hz is not None:
            await self._publish_tone(self._tone_hz)
        if self._picture:
            await self._publish_picture()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.room.disconnect()

    def pitch(self, identity: str) -> float:
        """The loudest frequency of the last second that arrived from a participant, in hertz."""
        samples = np.concatenate(self.sound[identity])[-RATE:].astype(float)
        spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
        return float(np.argmax(spectrum[1:]) + 1) * RATE / len(samples)

    def loudness(self, identity: str) -> float:
        """The root mean square of the last half second that arrived from a participant."""
        samples = np.concatenate(self.sound[identity])[-RATE // 2 :].astype(float)
        return float(np.sqrt(np.mean(samples**2)))

    async def _publish_tone(self, hertz: float) -> None:
        source = rtc.AudioSource(RATE, 1)
        track = rtc.LocalAudioTrack.create_audio_track("tone", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=False)
        await asyncio.wait_for(self.room.local_participant.publish_track(track, options), PATIENCE_S)
        self._tasks.append(asyncio.create_task(self._play(source, hertz)))

    async def _play(self, source: rtc.AudioSource, hertz: float) -> None:
        step, at = RATE // 50, 0
        while True:
            phase = 2 * math.pi * hertz * (np.arange(step) + at) / RATE
            samples = (np.sin(phase) * 12_000).astype(np.int16)
            await source.capture_frame(rtc.AudioFrame(samples.tobytes(), RATE, 1, step))
            at += step

    async def _publish_picture(self) -> None:
        source = rtc.VideoSource(WIDTH, HEIGHT)
        track = rtc.LocalVideoTrack.create_video_track("picture", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA, simulcast=True)
        await asyncio.wait_for(self.room.local_participant.publish_track(track, options), PATIENCE_S)
        self._tasks.append(asyncio.create_task(self._show(source)))

    async def _show(self, source: rtc.VideoSource) -> None:
        shade = 0
        while True:
            shade = (shade + 5) % 256
            pixels = np.full((HEIGHT, WIDTH, 4), shade, np.uint8)
            source.capture_frame(rtc.VideoFrame(WIDTH, HEIGHT, rtc.VideoBufferType.RGBA, pixels.tobytes()))
            await asyncio.sleep(1 / FPS)

    def _subscribed(
        self, track: rtc.Track, publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant
    ) -> None:
        work = self._watch if track.kind == rtc.TrackKind.KIND_VIDEO else self._listen
        self._tasks.append(asyncio.get_running_loop().create_task(work(track, participant.identity)))

    async def _watch(self, track: rtc.Track, identity: str) -> None:
        async for _ in rtc.VideoStream(track):
            self.frames[identity] += 1

    async def _listen(self, track: rtc.Track, identity: str) -> None:
        async for event in rtc.AudioStream(track, sample_rate=RATE, num_channels=1):
            self.sound[identity].append(np.frombuffer(event.frame.data, np.int16).copy())


async def await_true(what: str, condition: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Ask until the answer is true; fail with what was awaited."""
    try:
        async with asyncio.timeout(patience_s):
            while not condition():  # noqa: ASYNC110  # what is awaited may be anything
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"not seen within {patience_s:.0f} s: {what}") from None
