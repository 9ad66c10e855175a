"""Thirty at a closed door: it opens, all knock at once, and all come in. The real server and members, without media.

The server and the doorkeeper have a process each; the members share two, which is as many as there are cores here. What
each member does for itself is done thirty times over on these two; thirty machines would do it side by side.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from benches.chamber import Chamber, chamber, heads
from benches.figures import Figure
from benches.processes import Process, beginning
from incamera.demo.convening import DOORKEEPER

TARGET_S = 5.0
MEMBERS = "benches.attending"


@dataclass(frozen=True, slots=True)
class Round:
    """One round: monotonic seconds of each member, and what it took of the processors from the ready on."""

    entered: tuple[tuple[float, float], ...]
    """(its knock was answered, its Welcome was processed)."""
    server_cpu_s: float
    doorkeeper_cpu_s: float
    members_cpu_s: float


def measure(members: int, times: int, processes: int = 2) -> list[Figure]:
    """From the last knock's answer until each has processed its Welcome, and each one's own wait."""
    rounds = [asyncio.run(_once(members, processes)) for _ in range(times)]
    waits = tuple(processed - knocked for one in rounds for knocked, processed in one.entered)
    whole = tuple(_last(one, 1) - _last(one, 0) for one in rounds)
    what = f"{members} knocks at once"
    return [
        Figure("joins", f"{what}: last answered → all in", "s", whole, TARGET_S),
        Figure("joins", f"{what}: each, knock answered → Welcome processed", "s", waits),
        Figure("joins", f"{what}: the server's CPU", "s", tuple(one.server_cpu_s for one in rounds)),
        Figure("joins", f"{what}: the doorkeeper's CPU", "s", tuple(one.doorkeeper_cpu_s for one in rounds)),
        Figure("joins", f"{what}: a member's CPU", "s", tuple(one.members_cpu_s / members for one in rounds)),
    ]


def begin(
    meeting: Chamber, seats: Sequence[str], *, keeps_the_door: bool = False, origin: str | None = None
) -> AbstractAsyncContextManager[Process]:
    """A process of these seats' members; see attending.py."""
    order = {
        "members": [{"link": meeting.link(seat), "state": str(meeting.state(seat))} for seat in seats],
        "sitting": meeting.sitting,
        "keeps_the_door": keeps_the_door,
        "origin": origin,
    }
    return beginning(MEMBERS, order)


async def _once(members: int, processes: int) -> Round:
    seats = ["chair", *heads(members - 1)]
    with tempfile.TemporaryDirectory(prefix="incamera-bench-") as folder:
        async with chamber(Path(folder), members - 1) as meeting, AsyncExitStack() as stack:
            shares = [seats[place::processes] for place in range(processes)]
            groups = [await stack.enter_async_context(begin(meeting, share)) for share in shares if share]
            for group in groups:
                await group.said()
            before = meeting.server.cpu_seconds()
            doorkeeper = await stack.enter_async_context(begin(meeting, [DOORKEEPER], keeps_the_door=True))
            await doorkeeper.said()
            kept = (await doorkeeper.said())["cpu_s"], doorkeeper.cpu_seconds()
            said = [await group.said() for group in groups]
            found = Round(
                entered=tuple((knocked, processed) for one in said for knocked, processed in one["entered"]),
                server_cpu_s=meeting.server.cpu_seconds() - before,
                doorkeeper_cpu_s=kept[0] + doorkeeper.cpu_seconds() - kept[1],
                members_cpu_s=sum(one["cpu_s"] for one in said),
            )
    return found


def _last(one: Round, of: int) -> float:
    return max(times[of] for times in one.entered)
