"""`python -m incamera.member`: many synthetic members in one process. One line of JSON on standard input says which.

`{"links": ["https://…", …]}`. They see nobody (one decoder a pair would be n²), speak in turns, and leave when standard
input closes, or at SIGTERM.
"""

import asyncio
import json
import os
import signal
import sys

from incamera import log
from incamera.clock import SystemClock
from incamera.member.broadcast import Manner
from incamera.member.link import read_link
from incamera.member.member import Member
from incamera.refusal import Refusal


async def attend(links: list[str]) -> None:
    """Attend with all of them until the end is asked for."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    loop.add_reader(sys.stdin.fileno(), asked.set)  # readable: closed, since nothing more is ever written
    clock = SystemClock()
    members = []
    for place, text in enumerate(links):
        link = read_link(text)
        if isinstance(link, Refusal):
            raise SystemExit(str(link))
        members.append(Member(link, Manner(place=place, turn=(place, len(links)), subscribe="none"), clock))
    async with asyncio.TaskGroup() as group:
        for member in members:
            group.create_task(member.run(asked))


def main() -> None:
    """Read the order, attend."""
    log.configure("warning")
    # Unbuffered, a byte at a time: the loop must see the end of the input, not a buffer.
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(sys.stdin.fileno(), 1)
        if not byte:
            return
        line += byte
    asyncio.run(attend(json.loads(line)["links"]))


if __name__ == "__main__":
    main()
