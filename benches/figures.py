"""A figure of the meeting plane: what was measured, how often, and the target where there is one."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One quantity, measured some times."""

    part: str
    """`groups`, `record`, `joins` or `newcomer`."""
    what: str
    unit: str
    values: tuple[float, ...]
    bound: float | None = None
    """At most this much of the median (of 95 of 100, where the figure is a wait of many people)."""

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    @property
    def p95(self) -> float:
        """The value that 95 of 100 do not exceed (nearest rank)."""
        ordered = sorted(self.values)
        return ordered[max(0, -(-len(ordered) * 95 // 100) - 1)]

    @property
    def met(self) -> bool | None:
        """Whether the median keeps the bound; None: there is none."""
        return None if self.bound is None else self.median <= self.bound


def show(console: Console, figures: Sequence[Figure]) -> None:
    """Print the figures, a section a part."""
    table = Table(title="The meeting plane; targets apply to the median")
    for heading in ("part", "figure", "median", "95 of 100", "lowest", "highest", "times", "unit", "target"):
        table.add_column(heading, justify="left" if heading in {"part", "figure", "unit", "target"} else "right")
    for part in dict.fromkeys(figure.part for figure in figures):
        for figure in (one for one in figures if one.part == part):
            numbers = (figure.median, figure.p95, min(figure.values), max(figure.values))
            verdict = "" if figure.bound is None else f"≤ {figure.bound:g}: {'met' if figure.met else 'missed'}"
            table.add_row(part, figure.what, *map(_shown, numbers), str(len(figure.values)), figure.unit, verdict)
        table.add_section()
    console.print(table)


def as_json(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """All values, so that another reader can take other middles."""
    return [{**asdict(one), "median": one.median, "p95": one.p95, "met": one.met} for one in figures]


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}" if value < 10 else f"{value:.1f}"
