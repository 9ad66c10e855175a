"""How good a participant's connection is: the core's losses and round trips as LiveKit's `connection_quality`. Pure."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Quality(IntEnum):
    """LiveKit's `ConnectionQuality`."""

    POOR = 0
    GOOD = 1
    EXCELLENT = 2
    LOST = 3


@dataclass(frozen=True, slots=True)
class Score:
    """A mean opinion score (1 to 5) and the word for it."""

    mos: float
    quality: Quality


LOST: Final = Score(0.0, Quality.LOST)
EXCELLENT_FROM: Final = 4.1
GOOD_FROM: Final = 3.0


def score(loss_up: float, loss_down: float, rtt_ms: float | None) -> Score:
    """The simplified E-model (ITU-T G.107): R falls with delay and loss, the score follows from R.

    Of both directions the worse counts. Losses are shares (0 to 1).
    """
    one_way_ms = (rtt_ms or 0.0) / 2 + 40  # 40 ms: the playout buffer
    r = 93.2 - one_way_ms * 0.024 - max(0.0, one_way_ms - 177.3) * 0.11
    loss_percent = 100 * min(1.0, max(loss_up, loss_down, 0.0))
    r = max(0.0, r - 2.5 * loss_percent)
    mos = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6
    mos = min(5.0, max(1.0, mos))
    if mos >= EXCELLENT_FROM:
        return Score(mos, Quality.EXCELLENT)
    return Score(mos, Quality.GOOD if mos >= GOOD_FROM else Quality.POOR)
