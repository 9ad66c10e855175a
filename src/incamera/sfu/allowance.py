"""A token bucket: so many a second, so many at once."""

from dataclasses import dataclass


@dataclass(slots=True)
class Allowance:
    """What one participant may still send. Time is passed in (seconds, monotonic)."""

    per_second: float
    burst: float
    left: float = -1.0
    at: float = 0.0

    def delay(self, now: float) -> float:
        """Take one; seconds to wait until it may go (0: at once)."""
        self._fill(now)
        self.left -= 1
        return max(0.0, -self.left / self.per_second)

    def take(self, now: float) -> bool:
        """Take one if there is one."""
        self._fill(now)
        if self.left < 1:
            return False
        self.left -= 1
        return True

    def _fill(self, now: float) -> None:
        if self.left < 0 and self.at == 0.0:
            self.left = self.burst
        else:
            self.left = min(self.burst, self.left + (now - self.at) * self.per_second)
        self.at = now
