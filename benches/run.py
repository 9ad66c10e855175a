"""`make bench`: each load on livekit-server and on ours in turn, in one run; a table, and JSON.

A server starts anew for each load and round, so that its memory is that of this load; they take turns at going first.
"""

import asyncio
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console

from benches import figures, first_frame, generator, groups, joins, newcomer, record, report
from benches.figures import Figure
from benches.generator import Sample, Signalling
from benches.report import FirstFrame
from benches.servers import OURS, PEER, Contender, NotMeasurable, Server, ours, peer
from incamera import log

ATTEMPTS = 2
DEFAULT_LOADS = "a,a6,b,c,d"
PARTS = ("media", "groups", "record", "joins", "newcomer")
GET_PEER = "go install github.com/livekit/livekit-server/cmd/server@v1.13.5"
LATEST = generator.ROOT / ".build" / "bench" / "latest.json"

app = typer.Typer(add_completion=False)


@app.command()
def main(
    loads: Annotated[str, typer.Option(help="Comma-separated: a, a6, b, c, c6, c10, c60, d.")] = DEFAULT_LOADS,
    rounds: Annotated[int, typer.Option(min=1, max=20, help="Rounds, of which the median is shown.")] = 3,
    seconds: Annotated[float, typer.Option(min=1, max=120, help="The measured window.")] = 5,
    settle: Annotated[float, typer.Option(min=0, max=60, help="Seconds of warm-up before it, with all flowing.")] = 3,
    quick: Annotated[bool, typer.Option("--quick", help="One round of a, b and c, 2 s windows, few connects.")] = False,
    connects: Annotated[int, typer.Option(min=0, max=100, help="Connections to a first picture; 0: none.")] = 10,
    only: Annotated[str | None, typer.Option(help="One server alone: incamera or livekit-server.")] = None,
    calm: Annotated[float, typer.Option(help="Seconds to wait, at most, before each load for a machine at rest.")] = 0,
    signalling: Annotated[str, typer.Option(help="rtc/v1 (one connection, as today's SDKs) or rtc (two).")] = "rtc/v1",
    parts: Annotated[str, typer.Option(help=f"Of {', '.join(PARTS)}; media: the loads.")] = ",".join(PARTS),
    json_file: Annotated[Path, typer.Option("--json", help="Where the figures go.")] = LATEST,
) -> None:
    """Measure what the media server costs, beside livekit-server if it is on the PATH (or LIVEKIT_SERVER names it)."""
    console = Console(width=None if sys.stdout.isatty() else 150)  # a file or a pipe has no width of its own
    notes = Console(stderr=True)
    if signalling not in get_args(Signalling):
        raise typer.BadParameter(f"{signalling!r} is neither rtc/v1 nor rtc", param_hint="--signalling")
    chosen = frozenset(parts.split(","))
    if not chosen <= {*PARTS}:
        raise typer.BadParameter(f"{parts!r} has one that is none of {', '.join(PARTS)}", param_hint="--parts")
    if "media" not in chosen:
        loads, connects = "", 0
    if quick:
        loads, rounds, seconds, settle, connects = ("a,b,c" if loads else ""), 1, 2, 1, min(connects, 3)
    try:
        contenders = _contenders(notes, only) if loads else []
        if loads:
            generator.build()
        plan = _Plan(tuple(loads.split(",")) if loads else (), rounds, seconds, settle, calm, _signalling(signalling))
        samples = list(_loads(notes, contenders, plan))
        frames = _first_frames(notes, contenders, connects) if connects else []
        plane = _plane(notes, chosen, rounds, seconds)
    except NotMeasurable as failure:
        notes.print(str(failure), markup=False)
        raise typer.Exit(1) from None
    report.show(console, samples, frames)
    if plane:
        figures.show(console, plane)
    json_file.parent.mkdir(parents=True, exist_ok=True)
    json_file.write_text(
        json.dumps(report.as_json(samples, frames) | {"plane": figures.as_json(plane)}, indent=1) + "\n"
    )
    notes.print(f"All figures: {json_file}")
    if len(samples) < len(plan.loads) * plan.rounds * len(contenders):
        raise typer.Exit(1)


def _plane(notes: Console, parts: frozenset[str], rounds: int, seconds: float) -> list[Figure]:
    """The meeting plane: the core in both worlds, the record, and thirty who come at once."""
    log.configure("error", "json")
    found: list[Figure] = []
    if "groups" in parts:
        found += groups.by_python((30, 100), 3 * rounds)
        if first_frame.has_chromium():
            found += groups.by_chromium((30, 100), 3 * rounds)
        notes.print("groups: done")
    if "record" in parts:
        found += record.measure((1, 16), seconds, rounds)
        found += record.measure_http((1, 16), seconds, rounds)
        notes.print("record: done")
    if "joins" in parts:
        found += joins.measure(30, rounds)
        notes.print("joins: done")
    if "newcomer" in parts:
        found += newcomer.measure(30, min(5 * rounds, 15))
        notes.print("newcomer: done")
    return found


def _contenders(notes: Console, only: str | None) -> list[Contender]:
    if only not in {None, OURS, PEER}:
        raise typer.BadParameter(f"{only!r} is neither {OURS} nor {PEER}", param_hint="--only")
    other = None if only == OURS else peer()
    if other is None and only != OURS:
        notes.print(f"{PEER} is not on the PATH, nor named by LIVEKIT_SERVER: ours alone is measured, without ratios.")
        if only == PEER:
            raise NotMeasurable(f'{GET_PEER}; then LIVEKIT_SERVER="$(go env GOPATH)/bin/server" names it.')
    return [contender for contender in (other, None if only == PEER else ours()) if contender]


def _signalling(text: str) -> Signalling:
    return "rtc" if text == "rtc" else "rtc/v1"


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is run, how often and how long."""

    loads: tuple[str, ...]
    rounds: int
    seconds: float
    settle_s: float
    calm_s: float
    signalling: Signalling


def _loads(notes: Console, contenders: Sequence[Contender], plan: _Plan) -> Iterator[Sample]:
    """Each load, the servers in turn. A round that fails twice is left out and said; the others' figures stand."""
    for load, turn in itertools.product(plan.loads, range(plan.rounds)):
        for contender in contenders if turn % 2 == 0 else reversed(contenders):
            for attempt in range(ATTEMPTS):
                generator.await_calm(plan.calm_s)
                try:
                    sample = _once(contender, load, plan)
                except NotMeasurable as failure:
                    notes.print(f"{load} {turn + 1}/{plan.rounds}, attempt {attempt + 1}: {failure}", markup=False)
                    continue
                yield sample
                notes.print(
                    f"{load} {turn + 1}/{plan.rounds} {contender.name}: {sample.packets_per_cpu_second:,.0f} packets"
                    f" per CPU-s, {sample.gaps} gaps, others {sample.others_share:.0%} of a core"
                )
                break


def _once(contender: Contender, load: str, plan: _Plan) -> Sample:
    with Server(contender) as server:
        return generator.measure(server, load, seconds=plan.seconds, settle_s=plan.settle_s, signalling=plan.signalling)


def _first_frames(notes: Console, contenders: Sequence[Contender], connects: int) -> list[FirstFrame]:
    frames = []
    for contender in contenders:
        with Server(contender) as server:
            times = asyncio.run(first_frame.by_python(server, connects))
            frames.append(FirstFrame(contender.name, "livekit (Python)", tuple(times)))
            if first_frame.has_chromium():
                times = asyncio.run(first_frame.by_chromium(server, connects))
                frames.append(FirstFrame(contender.name, "livekit-client (Chromium)", tuple(times)))
        notes.print(f"first decoded picture {contender.name}: done")
    if not first_frame.has_chromium():
        notes.print("Chromium or web/node_modules is missing: the first picture in a browser was not measured.")
    return frames
