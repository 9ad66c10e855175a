"""`python -m tests.support.heads`: some members with media in one process, until all that they should decode came.

One line of JSON on standard input: `{"links": [[seat, link]], "showing": n, "see": [seat], "hear": seat}`. The first n
of them show a picture (160 x 90, 5 a second), only `hear` sends sound, a tone; each waits for ten pictures of every
other seat in `see` and for that tone. Then one line of JSON goes out: what each received. It leaves when its input
closes. LiveKit's SDK hands each event of a process to each of its streams: thirty members are too many for one.
"""

import asyncio
import json
import ssl
import tempfile
from pathlib import Path
from typing import Any

from incamera import log
from incamera.accreditation.invitation import Invitation, parse_link
from incamera.clock import SystemClock
from incamera.member.broadcast import Manner
from incamera.member.delegate import Delegate
from incamera.member.device import StateFolder
from incamera.member.leaving import leave
from incamera.member.order import end_asked, order_line

TONE_HZ, FRAMES = 440.0, 10


def has_all(delegate: Delegate, own: str, order: dict[str, Any]) -> bool:
    """Whether it received what it should."""
    report = delegate.report()
    sees = [report.get(seat, {}).get("video_frames", 0) >= FRAMES for seat in order["see"] if seat != own]
    heard = order["hear"]
    is_deaf = heard != own and abs((report.get(heard, {}).get("tone_hz") or 0) - TONE_HZ) > 5
    return all(sees) and not is_deaf


async def attend(order: dict[str, Any], folder: Path) -> None:
    """Attend with all of them until the end is asked for."""
    asked, running = end_asked(), []
    delegates: dict[str, Delegate] = {}
    for place, (seat, link) in enumerate(order["links"]):
        is_chair = seat == order["hear"]
        manner = Manner(
            place=place, width=160, height=90, fps=5, picture=place < order["showing"], tone=is_chair, tone_hz=TONE_HZ
        )
        invitation, kept = parse_link(link), StateFolder.open(folder / seat)
        assert isinstance(invitation, Invitation)
        assert isinstance(kept, StateFolder)
        delegates[seat] = Delegate(invitation, kept, SystemClock(), ssl.create_default_context(), manner=manner)
        running.append(asyncio.create_task(delegates[seat].run(asked)))
    while not all(has_all(delegate, seat, order) for seat, delegate in delegates.items()) and not asked.is_set():  # noqa: ASYNC110
        await asyncio.sleep(0.5)  # the SDK counts, and tells nobody
    if not asked.is_set():
        print(json.dumps({seat: delegate.report() for seat, delegate in delegates.items()}), flush=True)
    for end in await asyncio.gather(*running):
        assert end == "asked", end


if __name__ == "__main__":
    log.configure("warning")
    line = order_line()
    assert line is not None
    with tempfile.TemporaryDirectory(prefix="incamera-test-") as folder:
        asyncio.run(attend(json.loads(line), Path(folder)))
    leave(0)
