"""The time, asked in one place: everything else is given a clock, so that tests can pass a false one."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the shells ask the time of."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC: what stands in acts, entries and statements."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment, never falling: for time-outs and intervals."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment."""
        return time.monotonic()


def instant(ms: int) -> datetime:
    """A time in milliseconds since 1970 as an aware datetime in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC)
