"""From samples to a table, to verdicts on the targets, and to JSON."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from benches.generator import Sample
from benches.servers import OURS, PEER

MEBIBYTE = 1 << 20
LOSS_MAX = 0.01
BUSY = 0.1
"""Others' share of a core over which figures are marked as those of a busy machine."""


@dataclass(frozen=True, slots=True)
class FirstFrame:
    """Milliseconds from `connect()` to the first decoded picture, one a connection."""

    server: str
    client: str
    milliseconds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """A figure of ours with the bound that it should keep."""

    what: str
    measured: float | None
    bound: float
    at_least: bool
    unit: str = ""

    @property
    def met(self) -> bool | None:
        """None: it was not measured."""
        if self.measured is None:
            return None
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound


def of(samples: Iterable[Sample], server: str, load: str) -> list[Sample]:
    """The rounds of one load on one server."""
    return [sample for sample in samples if sample.server == server and sample.load == load]


def middle(samples: Sequence[Sample], figure: Callable[[Sample], float]) -> float | None:
    """The median of a figure over the rounds; None without a round."""
    return statistics.median(figure(sample) for sample in samples) if samples else None


def ratio(samples: Sequence[Sample], load: str) -> float | None:
    """Packets per CPU-second: ours over livekit-server's, medians of the same run.

    Rounds that lost much are left out, since a server that drops is fast.
    """
    whole = [sample for sample in samples if sample.loss <= LOSS_MAX]
    mine = middle(of(whole, OURS, load), lambda s: s.packets_per_cpu_second)
    theirs = middle(of(whole, PEER, load), lambda s: s.packets_per_cpu_second)
    return mine / theirs if mine and theirs else None


def targets(samples: Sequence[Sample]) -> list[Target]:
    """What this release should reach; the loads are described in docs/explanation/performance.md."""

    def mine(load: str, figure: Callable[[Sample], float]) -> float | None:
        return middle(of(samples, OURS, load), figure)

    idle = [sample.rss_idle_bytes / MEBIBYTE for sample in samples if sample.server == OURS]
    return [
        Target("packets per CPU-second, multiple of livekit-server, a", ratio(samples, "a"), 2.5, True, "×"),
        Target("packets per CPU-second, multiple of livekit-server, b", ratio(samples, "b"), 1.5, True, "×"),
        Target("packets per CPU-second, multiple of livekit-server, c", ratio(samples, "c"), 1.5, True, "×"),
        Target("added latency, c, p50", mine("c", lambda s: s.latency.p50), 0.6, False, "ms"),
        Target("added latency, c, p99", mine("c", lambda s: s.latency.p99), 4, False, "ms"),
        Target("connect() to first packet, a, p50", mine("a", lambda s: s.first_media.p50), 150, False, "ms"),
        Target("connect() to first packet, a, p95", mine("a", lambda s: s.first_media.p95), 250, False, "ms"),
        Target("31 at once, connect() to first packet, p95", mine("d", lambda s: s.first_media.p95), 250, False, "ms"),
        Target("memory with 30, c", mine("c", lambda s: s.rss_loaded_bytes / MEBIBYTE), 120, False, "MiB"),
        Target("memory with 60, c60", mine("c60", lambda s: s.rss_loaded_bytes / MEBIBYTE), 250, False, "MiB"),
        Target("memory idle", statistics.median(idle) if idle else None, 90, False, "MiB"),
    ]


def show(console: Console, samples: Sequence[Sample], frames: Sequence[FirstFrame]) -> None:
    """Print all figures, and which targets they meet."""
    if samples:
        console.print(_load_table(samples))
    if frames:
        console.print(_frame_table(frames))
    if any(target.measured is not None for target in targets(samples)):
        console.print(_target_table(targets(samples)))
    if any(sample.others_share > BUSY for sample in samples):
        console.print("! Something else used the processors meanwhile: compare the ratios, not the figures.")


def _load_table(samples: Sequence[Sample]) -> Table:
    table = Table(title="Medians of the rounds; in brackets the lowest and the highest")
    spreads = ("latency ms\np50 / p99", "gaps", "join ms\np50 / p95", "first packet ms\np50 / p95", "MiB\nidle → load")
    for heading in ("load", "server", "packets/s", "packets per CPU-s", "×", *spreads):
        table.add_column(heading, justify="left" if heading in {"load", "server"} else "right")
    for load in dict.fromkeys(sample.load for sample in samples):
        for server in (PEER, OURS):
            if rounds := of(samples, server, load):
                table.add_row(*_load_row(samples, rounds, load, server))
        table.add_section()
    return table


def _load_row(samples: Sequence[Sample], rounds: list[Sample], load: str, server: str) -> tuple[str, ...]:
    def m(figure: Callable[[Sample], float]) -> float:
        return statistics.median(figure(sample) for sample in rounds)

    per_cpu = sorted(sample.packets_per_cpu_second / 1000 for sample in rounds)
    busy = " !" if any(sample.others_share > BUSY for sample in rounds) else ""
    silent = max(sample.silent for sample in rounds)
    pauses = sum(sample.pauses for sample in rounds)
    gaps = sum(sample.gaps for sample in rounds)
    loss = max(sample.loss for sample in rounds)
    multiple = ratio(samples, load) if server == OURS else None
    return (
        load,
        server,
        f"{m(lambda s: s.packets_per_second):,.0f}",
        f"{statistics.median(per_cpu):.0f}k ({per_cpu[0]:.0f}–{per_cpu[-1]:.0f}){busy}",
        f"{multiple:.2f}" if multiple else "",
        f"{m(lambda s: s.latency.p50):.2f} / {m(lambda s: s.latency.p99):.1f}",
        f"{gaps}"
        + (f" (≤ {loss:.0%})" if loss > LOSS_MAX else "")
        + (f"\n{pauses} pauses" if pauses else "")
        + (f"\n{silent} silent" if silent else ""),
        f"{m(lambda s: s.join.p50):.1f} / {m(lambda s: s.join.p95):.1f}",
        f"{m(lambda s: s.first_media.p50):.0f} / {m(lambda s: s.first_media.p95):.0f}",
        f"{m(lambda s: s.rss_idle_bytes) / MEBIBYTE:.0f} → {m(lambda s: s.rss_loaded_bytes) / MEBIBYTE:.0f}",
    )


def _frame_table(frames: Sequence[FirstFrame]) -> Table:
    table = Table(title="connect() to the first decoded picture, ms")
    for heading in ("client", "server", "median", "lowest", "highest", "connections"):
        table.add_column(heading, justify="left" if heading in {"client", "server"} else "right")
    for row in sorted(frames, key=lambda row: (row.client, row.server != PEER)):
        times = row.milliseconds
        figures = (f"{each:.0f}" for each in (statistics.median(times), min(times), max(times)))
        table.add_row(row.client, row.server, *figures, str(len(times)))
    return table


def _target_table(rows: Sequence[Target]) -> Table:
    table = Table(title="Targets")
    for heading in ("figure", "measured", "target", ""):
        table.add_column(heading, justify="left" if heading in {"figure", ""} else "right")
    for row in rows:
        if row.measured is not None:
            sign, verdict = ("≥" if row.at_least else "≤"), ("met" if row.met else "missed")
            table.add_row(row.what, f"{row.measured:.2f} {row.unit}", f"{sign} {row.bound:g} {row.unit}", verdict)
    return table


def as_json(samples: Sequence[Sample], frames: Sequence[FirstFrame]) -> dict[str, Any]:
    """All samples, so that another reader can take other middles; and ours over theirs."""
    loads = dict.fromkeys(sample.load for sample in samples)
    return {
        "samples": [asdict(sample) for sample in samples],
        "ratios": {load: ratio(samples, load) for load in loads},
        "first_frame": [asdict(row) for row in frames],
        "targets": [{**asdict(row), "met": row.met} for row in targets(samples)],
    }
