"""What a member without a screen sends, on LiveKit's Python SDK: a synthetic picture and a tone."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from livekit import rtc

from incamera.clock import Clock
from incamera.member.synthetic import SAMPLE_RATE, Picture, Tone, frequency_of

BLOCK_MS: Final = 100
"""Sound is handed over in blocks of this length: fewer calls than the codec's 20 ms, a lag that nobody talks into."""
TURN_S: Final = 6

Subscribe: TypeAlias = Literal["all", "sound", "none"]


@dataclass(frozen=True, slots=True)
class Manner:
    """What a member sends and wants to receive."""

    place: int = 0
    """Its number among synthetic delegations: chooses hue and tone."""
    picture: bool = True
    width: int = 320
    height: int = 180
    fps: int = 10
    tone: bool = True
    tone_hz: float | None = None
    """None: the place's own."""
    turn: tuple[int, int] | None = None
    """(n, of): sounds in the n-th of every `of` turns of `TURN_S` only, so that one speaks at a time."""
    subscribe: Subscribe = "all"


def always() -> bool:
    """For who may send at any time."""
    return True


class Camera:
    """A synthetic picture as a track."""

    def __init__(self, name: str, manner: Manner, clock: Clock) -> None:
        self._name, self._manner, self._clock = name, manner, clock
        self._source = rtc.VideoSource(manner.width, manner.height)
        self.track = rtc.LocalVideoTrack.create_video_track("camera", self._source)

    def options(self) -> rtc.TrackPublishOptions:
        """One layer of VP8."""
        return rtc.TrackPublishOptions(
            source=rtc.TrackSource.SOURCE_CAMERA,
            simulcast=False,
            video_codec=rtc.VideoCodec.VP8,
            video_encoding=rtc.VideoEncoding(max_bitrate=150_000, max_framerate=self._manner.fps),
        )

    async def draw(self, may_send: Callable[[], bool] = always) -> None:
        """Until cancelled; while `may_send` says no, nothing is handed to the SDK."""
        manner = self._manner
        picture = Picture(self._name, manner.place, manner.width, manner.height)
        started, number = self._clock.monotonic(), 0
        while True:
            if may_send():
                frame = rtc.VideoFrame(manner.width, manner.height, rtc.VideoBufferType.I420, picture.frame(number))
                self._source.capture_frame(frame)
            # By the clock, not by counting: a member that was held up does not send what it missed.
            elapsed = self._clock.monotonic() - started
            number = int(elapsed * manner.fps) + 1
            await asyncio.sleep(max(number / manner.fps - elapsed, 0.001))


class Microphone:
    """A tone as a track."""

    def __init__(self, manner: Manner, clock: Clock) -> None:
        self._manner, self._clock = manner, clock
        self._source = rtc.AudioSource(SAMPLE_RATE, 1, queue_size_ms=4 * BLOCK_MS)
        self.track = rtc.LocalAudioTrack.create_audio_track("microphone", self._source)

    def options(self) -> rtc.TrackPublishOptions:
        """Opus with DTX; without RED, which encryption excludes."""
        return rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=True, red=False)

    async def sound(self, may_send: Callable[[], bool] = always) -> None:
        """Until cancelled. Nothing handed over is silence: the SDK sends that by itself, and at no cost here."""
        manner = self._manner
        tone = Tone(manner.tone_hz or frequency_of(manner.place))
        count, first = SAMPLE_RATE * BLOCK_MS // 1000, 0
        while True:
            if manner.turn is not None:
                turn, rest_s = divmod(self._clock.monotonic(), TURN_S)
                if int(turn) % manner.turn[1] != manner.turn[0]:
                    await asyncio.sleep(TURN_S - rest_s)
                    continue
            if not may_send():
                await asyncio.sleep(BLOCK_MS / 1000)
                continue
            samples = tone.samples(first, count).tobytes()
            await self._source.capture_frame(rtc.AudioFrame(samples, SAMPLE_RATE, 1, count))
            first += count
