"""The demo's members without a screen: processes of their own, started, kept alive and ended with it.

Their order goes over standard input, not on the command line (`ps` shows it); when that closes, they leave. So they
never outlive the demo, however it ends.
"""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from incamera import log

_log = log.logger(__name__)

LEAVE_S: Final = 4.0
"""Seconds that a process has to leave in order."""
RESTART_S: Final = 1.0


async def keep(module: str, order: Mapping[str, object], asked: asyncio.Event, *, ca: Path | None = None) -> None:
    """Run `python -m module` with this order until `asked`; a process that dies is started again."""
    line = json.dumps(order).encode() + b"\n"
    while not asked.is_set():
        # A group of its own: Ctrl-C in a terminal is for the demo, which asks its processes to leave in order.
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, stdin=asyncio.subprocess.PIPE, env=_environment(ca), process_group=0
        )
        try:
            await _kept_in(process, line, asked, module)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def _kept_in(process: asyncio.subprocess.Process, line: bytes, asked: asyncio.Event, module: str) -> None:
    assert process.stdin is not None, "it was asked for"
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(line)
        await process.stdin.drain()
    ended, end_asked = asyncio.create_task(process.wait()), asyncio.create_task(asked.wait())
    await asyncio.wait({ended, end_asked}, return_when=asyncio.FIRST_COMPLETED)
    end_asked.cancel()
    if not asked.is_set():
        _log.error("process.died", module=module, status=process.returncode)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asked.wait(), RESTART_S)
        return
    process.stdin.close()
    with contextlib.suppress(ProcessLookupError):
        process.terminate()  # who is still starting need not come so far as to see its input closed
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(ended), LEAVE_S)
    if process.returncode is None:
        _log.warning("process.killed", module=module)


def _environment(ca: Path | None) -> dict[str, str] | None:
    """The demo's own, with its self-signed certificate trusted (the SDK's TLS reads SSL_CERT_FILE)."""
    return None if ca is None else {**os.environ, "SSL_CERT_FILE": str(ca)}
