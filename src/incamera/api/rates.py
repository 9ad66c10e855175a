"""Rates: so many of something a time and key, refused before any work is done for more (limits.py has the figures)."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from incamera.clock import Clock
from incamera.limits import Limit
from incamera.refusal import Code, Refusal

KEYS_MAX: Final = 10_000
"""So many keys are remembered; the ones longest unused are forgotten first, which lets them begin anew."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


@dataclass(slots=True)
class Rate:
    """A token bucket a key: `limit` at once, and refilled over `seconds`."""

    limit: Limit
    seconds: float
    clock: Clock
    refused: int = 0
    _buckets: "OrderedDict[str, _Bucket]" = field(default_factory=OrderedDict)

    def take(self, key: str) -> Refusal | None:
        """One more for this key, or why not yet."""
        now = self.clock.monotonic()
        bucket = self._buckets.pop(key, None) or _Bucket(float(self.limit.value), now)
        self._buckets[key] = bucket
        if len(self._buckets) > KEYS_MAX:
            self._buckets.popitem(last=False)
        gained = (now - bucket.at) * self.limit.value / self.seconds
        bucket.left, bucket.at = min(float(self.limit.value), bucket.left + gained), now
        if bucket.left >= 1:
            bucket.left -= 1
            return None
        self.refused += 1
        wait = (1 - bucket.left) * self.seconds / self.limit.value
        return Refusal(
            Code.RATE_LIMITED,
            f"More than {self.limit.value} {self.limit.unit} came from here.",
            f"Try again in {max(1, round(wait))} s.",
        )
