"""Who is speaking: from the core's audio levels to the changes that LiveKit's `speakers_changed` carries. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

ACTIVE_DBOV: Final = 35
"""A participant speaks while its loudest level is above -35 dBov (RFC 6464 writes it without the sign) ..."""
ACTIVE_SHARE: Final = 0.3
"""... for at least this share of the interval."""
STEPS: Final = 8
"""Levels are told in eighths, so that breathing does not send a message a participant every 400 ms."""
SILENT_AFTER_S: Final = 1.0
"""The core reports every 400 ms while anything is heard: after this long without, nothing is."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """One participant's loudness: 0 (silent) to 1, and whether it counts as speaking."""

    sid: str
    level: float
    active: bool


class Speakers:
    """The speakers of one room."""

    def __init__(self) -> None:
        self._speaking: dict[str, Speaker] = {}
        self._heard_at = 0.0

    def observe(self, levels: Iterable[tuple[str, int, float]], now: float) -> list[Speaker]:
        """One interval: (participant, level as in RFC 6464, share of it that was loud) of each that was heard.

        A participant with several microphones counts with its loudest. Returns what changed, the loudest first.
        """
        self._heard_at = now
        loudest: dict[str, float] = {}
        for sid, dbov, share in levels:
            if dbov <= ACTIVE_DBOV and share >= ACTIVE_SHARE:
                loudest[sid] = max(loudest.get(sid, 0.0), _linear(dbov))
        return self._become({sid: Speaker(sid, level, True) for sid, level in loudest.items()})

    def tick(self, now: float) -> list[Speaker]:
        """Everybody falls silent once the core has not reported for a while."""
        if self._speaking and now - self._heard_at >= SILENT_AFTER_S:
            return self._become({})
        return []

    def forget(self, sid: str) -> None:
        """A participant left: its `update` says so, no message about its loudness does."""
        self._speaking.pop(sid, None)

    @property
    def due(self) -> float | None:
        """When `tick` should be asked next, if anybody speaks."""
        return self._heard_at + SILENT_AFTER_S if self._speaking else None

    def current(self) -> list[Speaker]:
        """Who speaks now: for who comes in."""
        return _loudest_first(self._speaking.values())

    def _become(self, speaking: Mapping[str, Speaker]) -> list[Speaker]:
        silent = [Speaker(sid, 0.0, False) for sid in self._speaking if sid not in speaking]
        changed = [speaker for sid, speaker in speaking.items() if self._speaking.get(sid) != speaker]
        self._speaking = dict(speaking)
        return _loudest_first(changed) + silent


def _linear(dbov: int) -> float:
    """Decibels below full scale as an amplitude, in steps: 0 dBov is 1; never 0, for who is active is heard."""
    return max(1, round(STEPS * 10 ** (-max(dbov, 0) / 20))) / STEPS


def _loudest_first(speakers: Iterable[Speaker]) -> list[Speaker]:
    return sorted(speakers, key=lambda speaker: -speaker.level)
