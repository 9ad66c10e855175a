"""The order of who starts a member's process: one line of JSON on standard input, and its end when that closes."""

import asyncio
import contextlib
import os
import signal
import sys


def order_line() -> bytes | None:
    """The line; None if the input ended before."""
    line = bytearray()
    # Unbuffered, a byte at a time: the loop must see the end of the input, not a buffer.
    while not line.endswith(b"\n"):
        byte = os.read(sys.stdin.fileno(), 1)
        if not byte:
            return None
        line += byte
    return bytes(line)


def end_signalled() -> asyncio.Event:
    """Set at SIGTERM and at SIGINT.

    Not by the loop's own handlers: these come through the socket by which the SDK's threads wake it as well, and a
    signal that finds it full, on a busy machine, is lost.
    """
    asked, loop = asyncio.Event(), asyncio.get_running_loop()

    def ask(*_: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is over: so is what was to end
            loop.call_soon_threadsafe(asked.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    return asked


def end_asked() -> asyncio.Event:
    """Set at SIGTERM, at SIGINT, and when standard input closes: nothing more is ever written to it."""
    asked, loop, stdin = end_signalled(), asyncio.get_running_loop(), sys.stdin.fileno()

    def closed() -> None:
        loop.remove_reader(stdin)
        asked.set()

    loop.add_reader(stdin, closed)
    return asked
