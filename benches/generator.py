"""The load generator (benches/load, Go): built, run, its figures joined with those of the server's process."""

import json
import os
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from benches.servers import KEY, NotMeasurable, Server, end_with_parent

ROOT = Path(__file__).resolve().parent.parent
BINARY = ROOT / ".build" / "load"
BUILD_S = 600.0
RUN_S_MAX = 240.0
"""A load that takes longer than this, its window left out, is ended."""
CALM_S, CALM_SHARE = 2.0, 0.1
"""Calm is: in so many seconds, less than this share of one core."""
GO_MISSING = (
    "Go is needed to build the load generator (benches/load) and is not on the PATH: on Debian and Ubuntu"
    " `apt-get install golang-go` (1.24 or newer), elsewhere https://go.dev/dl/."
)

Signalling = Literal["rtc/v1", "rtc"]


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle and the tail of a set of times, in milliseconds."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One load against one server, once."""

    server: str
    load: str
    packets_per_second: float
    """Out of the server: as the members received them."""
    packets_per_cpu_second: float
    cpu_share: float
    """Of one core, by the server's process, within the window."""
    others_share: float
    """Of one core, by all but the server and the generator: over 0.1 the figures are of a busy machine."""
    gaps: int
    pauses: int
    """Pictures that the server paused for want of bandwidth, since the start: on loopback it should see no want."""
    silent: int
    uninvited: int
    latency: Spread
    join: Spread
    first_media: Spread
    rss_idle_bytes: int
    rss_loaded_bytes: int
    seconds: float

    @property
    def loss(self) -> float:
        """The share of due packets that never came."""
        received = self.packets_per_second * self.seconds
        return self.gaps / (received + self.gaps) if self.gaps else 0.0


def build() -> None:
    """Build the generator into .build; quick when nothing changed. Raises NotMeasurable without Go."""
    go = shutil.which("go")
    if go is None:
        raise NotMeasurable(GO_MISSING)
    BINARY.parent.mkdir(exist_ok=True)
    command = [go, "build", "-C", str(ROOT / "benches" / "load"), "-trimpath", "-o", str(BINARY), "."]
    built = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_S, check=False)
    if built.returncode != 0:
        raise NotMeasurable(f"The load generator does not build:\n{built.stderr}")


@dataclass(frozen=True, slots=True)
class _Moment:
    """The CPU seconds spent so far: by the server, by the generator, by the whole machine."""

    server: float
    generator: float
    machine: float


def measure(server: Server, load: str, *, seconds: float, settle_s: float, signalling: Signalling) -> Sample:
    """Run a load and watch the server meanwhile. Raises NotMeasurable when it could not run."""
    idle = server.rss_bytes()
    process = subprocess.Popen(
        [
            *(str(BINARY), "-url", server.url, "-key", KEY, "-secret", server.secret, "-load", load),
            *("-window", f"{seconds}s", "-settle", f"{settle_s}s", "-signalling", signalling),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=end_with_parent,
    )
    watchdog = threading.Timer(RUN_S_MAX + seconds, process.kill)
    watchdog.start()
    moments: dict[str, _Moment] = {}
    loaded = 0
    result: dict[str, Any] = {}
    try:
        assert process.stdout is not None
        for line in process.stdout:
            message = json.loads(line)
            moments[message["event"]] = _moment(server, process.pid)
            loaded = max(loaded, server.rss_bytes())
            result = message
        _, complaint = process.communicate()
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
    if process.returncode != 0 or result.get("event") != "result":
        raise NotMeasurable(f"Load {load} on {server.contender.name} failed: {complaint.strip()}\n{server.log()}")
    return _sample(server, load, result, moments, idle, loaded)


def _sample(
    server: Server, load: str, result: dict[str, Any], moments: dict[str, _Moment], idle: int, loaded: int
) -> Sample:
    begin, end = moments["begin"], moments["end"]
    cpu, seconds = end.server - begin.server, result["seconds"]
    others = (end.machine - begin.machine) - cpu - (end.generator - begin.generator)
    return Sample(
        server=server.contender.name,
        load=load,
        packets_per_second=result["packets_per_second"],
        packets_per_cpu_second=result["packets_out"] / max(cpu, 1 / os.sysconf("SC_CLK_TCK")),  # told in ticks
        cpu_share=cpu / seconds,
        others_share=max(others, 0.0) / seconds,
        gaps=result["gaps"],
        pauses=result["pauses"],
        silent=result["silent"],
        uninvited=result["uninvited"],
        latency=_spread(result["latency_ms"]),
        join=_spread(result["join_ms"]),
        first_media=_spread(result["first_media_ms"]),
        rss_idle_bytes=idle,
        rss_loaded_bytes=loaded,
        seconds=seconds,
    )


def _spread(message: dict[str, float] | None) -> Spread:
    if message is None:
        return Spread(float("nan"), float("nan"), float("nan"))
    return Spread(message["p50"], message["p95"], message["p99"])


def await_calm(patience_s: float) -> None:
    """Wait until the machine rests for two seconds, or the patience is over: then it is measured as it is."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        before = _machine_seconds()
        time.sleep(CALM_S)
        if _machine_seconds() - before < CALM_SHARE * CALM_S:
            return


def _machine_seconds() -> float:
    """What all processes together spent of the processors, in ticks of 10 ms."""
    ticks = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    user, nice, system, _idle, _iowait, irq, softirq = ticks[:7]
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _moment(server: Server, generator: int) -> _Moment:
    stat = Path(f"/proc/{generator}/stat").read_text().rsplit(")", 1)[1].split()
    own = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
    return _Moment(server.cpu_seconds(), own, _machine_seconds())
