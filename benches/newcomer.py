"""What one newcomer takes: the bytes of its way in, and how long it waits from its knock to a picture."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from benches.chamber import chamber, heads
from benches.figures import Figure
from benches.joins import begin
from benches.processes import beginning
from benches.relay import Relay, relay
from incamera.demo.convening import DOORKEEPER

DELEGATES = "benches.delegating"


def measure(members: int, times: int) -> list[Figure]:
    """The bytes of who makes it so many members; the waits of so many who come one after the other."""
    way = asyncio.run(_way_in(members))
    waits = asyncio.run(_waits(times))
    what = f"a join that makes it {members} members"
    return [
        Figure("newcomer", f"{what}: downloaded", "kB", (way.down_bytes / 1000,)),
        Figure("newcomer", f"{what}: uploaded", "kB", (way.up_bytes / 1000,)),
        Figure("newcomer", "Python: knock → first decrypted picture", "ms", tuple(waits)),
    ]


async def _way_in(members: int) -> Relay:
    """From the link to the Welcome, by HTTP and the feed; all others are in, the doorkeeper among them."""
    *others, seat = ["chair", *heads(members - 2)]
    with tempfile.TemporaryDirectory(prefix="incamera-bench-") as folder:
        async with chamber(Path(folder), members - 2) as meeting, AsyncExitStack() as stack:
            doorkeeper = await stack.enter_async_context(begin(meeting, [DOORKEEPER], keeps_the_door=True))
            for _ in ("ready", "entered"):
                await doorkeeper.said()
            present = await stack.enter_async_context(begin(meeting, others))
            for _ in ("ready", "entered"):
                await present.said()
            through = await stack.enter_async_context(relay(meeting.origin))
            newcomer = await stack.enter_async_context(begin(meeting, [seat], origin=through.origin))
            for _ in ("ready", "entered"):
                await newcomer.said()
            found = Relay(through.origin, through.up_bytes, through.down_bytes, through.connections)
    return found


async def _waits(times: int) -> list[float]:
    """Milliseconds of each; the chair shows a picture and lets them in, and each leaves before the next one comes."""
    seats = heads(times)
    with tempfile.TemporaryDirectory(prefix="incamera-bench-") as folder:
        async with chamber(Path(folder), times) as meeting, AsyncExitStack() as stack:

            def order(*seats: str, shows: bool) -> dict[str, object]:
                members = [{"link": meeting.link(seat), "state": str(meeting.state(seat))} for seat in seats]
                return {"members": members, "sitting": meeting.sitting, "shows": shows}

            chair = await stack.enter_async_context(beginning(DELEGATES, order("chair", shows=True)))
            await chair.said()
            newcomers = await stack.enter_async_context(beginning(DELEGATES, order(*seats, shows=False)))
            found = [float((await newcomers.said())["waited_ms"]) for _ in seats]
    return found
