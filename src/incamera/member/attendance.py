"""What arrived from each participant, counted: the report of `incamera attend`. Pure: arrivals in, figures out."""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TypedDict

import numpy as np

from incamera.member.synthetic import SAMPLE_RATE, Samples, loudest_hz

_RECENT_FRAMES = 30
_RECENT_SAMPLES = SAMPLE_RATE


class Figures(TypedDict):
    """One participant's line in the report."""

    video_frames: int
    audio_frames: int
    failed: int
    """Tracks that could not be had, and how often a frame came that was not sealed at all, or marked as the server's.

    Of a frame that the key at its index does not open LiveKit's SDK says nothing, since no number of such frames may
    make a key invalid (`failure_tolerance`); it is dropped. So neither an index that came round the ring nor a key that
    was overwritten while frames were under way counts here (tried with version 1.2.1).
    """
    early: int
    """How often a frame came under a round's key that was not here, while rounds changed, and the next was opened.

    The round had not come here yet, or was over here before its sender left it. LiveKit's SDK has no place in which to
    hold a frame: it is lost. The page holds it (e2ee.md).
    """
    refused: int
    """Tracks that were not taken: no member's, or not encrypted."""
    freezes: int
    tone_hz: float | None
    """The loudest frequency of the last second heard: which tone it was."""


@dataclass(slots=True)
class Attendance:
    """One participant as it was received."""

    video_frames: int = 0
    audio_frames: int = 0
    failed: int = 0
    early: int = 0
    freezes: int = 0
    refused: set[str] = field(default_factory=set)
    """The tracks that were not taken, by their ids."""
    _shut: Counter[int | None] = field(default_factory=Counter)
    """Frames that stayed shut since the last one that was opened, by the round in which we were; None: no key."""
    _last_s: float | None = None
    _intervals: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT_FRAMES))
    _heard: deque[Samples] = field(default_factory=deque)
    _heard_samples: int = 0

    def picture(self, at_s: float) -> None:
        """A decoded frame at `at_s` (seconds, monotonic).

        A freeze is an interval above max(3 δ, δ + 150 ms), δ the mean of the last 30: W3C webrtc-stats, `freezeCount`.
        """
        self.video_frames += 1
        if self._last_s is not None:
            interval = at_s - self._last_s
            if len(self._intervals) >= 2:
                mean = sum(self._intervals) / len(self._intervals)
                self.freezes += interval > max(3 * mean, mean + 0.15)
            self._intervals.append(interval)
        self._last_s = at_s

    def picture_paused(self) -> None:
        """The camera was closed or the track ended: the gap that follows is nobody's freeze."""
        self._last_s = None
        self._intervals.clear()

    def stayed_shut(self, round_: int | None) -> None:
        """The key did not open a frame, in this round: the newest here, or an older one that its sender says.

        None: no key was there at all.
        """
        self._shut[round_] += 1

    def was_opened(self, round_: int) -> None:
        """A key opened a frame: what had no key, or stayed shut in a round before this one, was no failure."""
        for before, times in self._shut.items():
            if before is None or before < round_:
                self.early += times
            else:
                self.failed += times
        self._shut.clear()

    def sound(self, samples: Samples) -> None:
        """A decoded block of sound."""
        self.audio_frames += 1
        self._heard.append(samples)
        self._heard_samples += samples.size
        while self._heard_samples - self._heard[0].size >= _RECENT_SAMPLES:
            self._heard_samples -= self._heard.popleft().size

    def figures(self) -> Figures:
        """Its line in the report."""
        heard = np.concatenate(self._heard) if self._heard else np.zeros(0, dtype=np.int16)
        tone = loudest_hz(heard)
        return {
            "video_frames": self.video_frames,
            "audio_frames": self.audio_frames,
            "failed": self.failed + self._shut.total(),
            "early": self.early,
            "refused": len(self.refused),
            "freezes": int(self.freezes),
            "tone_hz": None if tone is None else round(tone, 1),
        }
