"""Deadlines: what the clock decides becomes an entry, once, also after a restart.

The deadlines stand in the fold: no timer is stored. The loop wakes at the soonest one, and whenever the record changes.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from incamera.clock import Clock
from incamera.meeting.lobby import deadlines
from incamera.meeting.state import RecordState
from incamera.proceedings.registrar import Registrar

LOOK_SECONDS: Final = 30.0
"""At least so often it looks: a clock that was set forward by hand is noticed then."""
RETRY_SECONDS: Final = 1.0
"""A deadline that could not be filed (a full disk) is tried again so often."""


def soonest_ms(record: RecordState) -> int | None:
    """When the next deadline passes; None: there is none."""
    times = (at for sitting in record.sittings for at, _ in deadlines(record.at(sitting)))
    return min(times, default=None)


@dataclass(slots=True)
class Deadlines:
    """Passes a meeting's deadlines."""

    registrar: Registrar
    clock: Clock
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def follow(self, before: RecordState, after: RecordState) -> None:
        """The record changed: there may be an earlier deadline."""
        if soonest_ms(before) != soonest_ms(after):
            self._news.set()

    async def run(self) -> None:
        """Pass each deadline when it is due, until cancelled."""
        while True:
            await self.registrar.pass_deadlines()
            self._news.clear()
            soonest = soonest_ms(self.registrar.record)
            seconds = LOOK_SECONDS
            if soonest is not None:
                until = (soonest - self.clock.now_ms()) / 1000
                seconds = min(LOOK_SECONDS, until if until > 0 else RETRY_SECONDS)
            try:
                async with asyncio.timeout(seconds):
                    await self._news.wait()
            except TimeoutError:
                continue
