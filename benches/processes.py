"""Processes of a bench: one line of JSON in, the order; lines of JSON out; the end when the input closes."""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any

from benches.servers import NotMeasurable, end_with_parent
from incamera import log
from incamera.member.order import order_line

PATIENCE_S = 240.0
STOP_S = 30.0


class Process:
    """One that runs. `beginning` makes it, and always ends it."""

    def __init__(self, module: str, process: asyncio.subprocess.Process) -> None:
        self._module = module
        self._process = process

    async def said(self) -> dict[str, Any]:
        """The next line that it says."""
        assert self._process.stdout is not None, "it was asked for"
        try:
            async with asyncio.timeout(PATIENCE_S):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise NotMeasurable(f"{self._module} said nothing within {PATIENCE_S:.0f} s") from None
        if not line:
            raise NotMeasurable(f"{self._module} ended before it had answered; what it wrote stands above")
        said: dict[str, Any] = json.loads(line)
        return said

    def cpu_seconds(self) -> float:
        """User and system time so far, by the scheduler's clock of the process (clock_getcpuclockid(3))."""
        return time.clock_gettime((~self._process.pid << 3) | 2)

    async def end(self) -> None:
        """Close its input, which asks for the end; one that does not hear it is killed."""
        assert self._process.stdin is not None, "it was asked for"
        self._process.stdin.close()
        try:
            async with asyncio.timeout(STOP_S):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def beginning(module: str, order: Mapping[str, object]) -> AsyncIterator[Process]:
    """`python -m MODULE` with its order, as long as the context lasts."""
    pipe = asyncio.subprocess.PIPE
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module), stdin=pipe, stdout=pipe, preexec_fn=end_with_parent
    )
    process = Process(module, started)
    try:
        assert started.stdin is not None, "it was asked for"
        started.stdin.write(json.dumps(order).encode() + b"\n")
        await started.stdin.drain()
        yield process
    finally:
        await process.end()


def say(**what: object) -> None:
    """A line for who began this process."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def carry_out(
    work: Callable[[Any], Coroutine[Any, Any, None]],
) -> None:  # Any: an order, JSON
    """The whole of such a process: its order is read, and carried out."""
    log.configure("error", "json")
    line = order_line()
    if line is not None:
        asyncio.run(work(json.loads(line)))
