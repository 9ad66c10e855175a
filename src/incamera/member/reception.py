"""What a member without a screen receives: tracks read to their end, and counted by who sent them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from livekit import rtc

from incamera.clock import Clock
from incamera.member.attendance import Attendance, Figures
from incamera.member.broadcast import always
from incamera.member.synthetic import SAMPLE_RATE


class Reception:
    """All that arrived, by seat (or identity where there is none)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._received: dict[str, Attendance] = {}

    def of(self, who: str) -> Attendance:
        """One participant's figures."""
        return self._received.setdefault(who, Attendance())

    def report(self) -> dict[str, Figures]:
        """The figures so far."""
        return {who: attendance.figures() for who, attendance in sorted(self._received.items())}

    async def read(self, track: Any, who: str, counts: Callable[[], bool] = always) -> None:
        """Read a track that the SDK subscribed. What arrives while `counts` says no counts as nothing."""
        attendance = self.of(who)
        if track.kind == rtc.TrackKind.KIND_VIDEO:
            await self._watch(track, attendance, counts)
        else:
            await self._hear(track, attendance, counts)

    async def _watch(self, track: rtc.RemoteVideoTrack, attendance: Attendance, counts: Callable[[], bool]) -> None:
        stream = rtc.VideoStream(track, capacity=2)
        try:
            async for _ in stream:
                if counts():
                    attendance.picture(self._clock.monotonic())
        finally:
            attendance.picture_paused()
            await stream.aclose()

    async def _hear(self, track: rtc.RemoteAudioTrack, attendance: Attendance, counts: Callable[[], bool]) -> None:
        stream = rtc.AudioStream(track, sample_rate=SAMPLE_RATE, num_channels=1)
        try:
            async for event in stream:
                if counts():
                    attendance.sound(np.frombuffer(event.frame.data, dtype=np.int16).copy())
        finally:
            await stream.aclose()
