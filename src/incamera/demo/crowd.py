"""The synthetic delegations: one process of their own, which the demo starts, keeps alive and ends.

Their links go over standard input, not on the command line (`ps` shows it); when that closes, they leave. So they never
outlive the demo, however it ends.
"""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from incamera import log

_log = log.logger(__name__)

LEAVE_S = 4.0
"""Seconds that they have to leave in order."""
RESTART_S = 1.0


async def run_crowd(links: Sequence[str], asked: asyncio.Event, *, ca: Path | None = None) -> None:
    """Keep the synthetic members in the sitting until `asked`; a process that dies is started again."""
    order = json.dumps({"links": list(links)}).encode() + b"\n"
    while not asked.is_set():
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "incamera.member", stdin=asyncio.subprocess.PIPE, env=_environment(ca)
        )
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(order)
            await process.stdin.drain()
        ended, end_asked = asyncio.create_task(process.wait()), asyncio.create_task(asked.wait())
        await asyncio.wait({ended, end_asked}, return_when=asyncio.FIRST_COMPLETED)
        end_asked.cancel()
        if not asked.is_set():
            _log.error("crowd.died", status=process.returncode)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asked.wait(), RESTART_S)
            continue
        process.stdin.close()
        try:
            await asyncio.wait_for(asyncio.shield(ended), LEAVE_S)
        except TimeoutError:
            _log.warning("crowd.killed")
            process.kill()
            await ended


def _environment(ca: Path | None) -> dict[str, str] | None:
    """The demo's own, with its self-signed certificate trusted (the SDK's TLS reads SSL_CERT_FILE)."""
    return None if ca is None else {**os.environ, "SSL_CERT_FILE": str(ca)}
