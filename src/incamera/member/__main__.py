"""`python -m incamera.member`: many synthetic members in one process. One line of JSON on standard input says which.

`{"seats": [{"seat", "link"}, …], "state": folder, "ca": path | null}`: each has a device of its own in the folder. They
see nobody (one decoder a pair would be n²), and leave when standard input closes, or at SIGTERM. The first three ask
for the floor, so that a chair has whom to give it.
"""

import asyncio
import json
import os
import ssl
from pathlib import Path
from typing import Any, Final, TypeVar

from incamera import log
from incamera.accreditation.invitation import Invitation, parse_link
from incamera.certificates import trust
from incamera.clock import Clock, SystemClock
from incamera.meeting.acts import RequestFloor
from incamera.member.broadcast import Manner
from incamera.member.delegate import Delegate
from incamera.member.device import StateFolder
from incamera.member.leaving import leave
from incamera.member.order import end_asked, order_line
from incamera.refusal import Refusal

_log = log.logger(__name__)
T = TypeVar("T")

ASKING: Final = 3
"""How many of them ask for the floor."""
MANY: Final = 12
"""With more, their pictures are small and slow, so that two cores carry them all, the server and a browser."""


async def attend(order: Any) -> None:
    """Attend with all of them until the end is asked for."""
    asked, clock = end_asked(), SystemClock()
    tls = trust(None if order["ca"] is None else Path(order["ca"]))
    async with asyncio.TaskGroup() as group:
        for place, seat in enumerate(order["seats"]):
            invitation = _taken(parse_link(seat["link"]))
            folder = _taken(StateFolder.open(Path(order["state"]) / seat["seat"]))
            manner = manner_of(place, len(order["seats"]))
            group.create_task(_attend(manner, invitation, folder, tls, asked, clock))


def manner_of(place: int, among: int) -> Manner:
    """What the n-th of so many sends; it receives nothing."""
    if among > MANY:
        return Manner(place=place, width=160, height=90, fps=5, subscribe="none")
    return Manner(place=place, subscribe="none")


async def _attend(
    manner: Manner,
    invitation: Invitation,
    folder: StateFolder,
    tls: ssl.SSLContext,
    asked: asyncio.Event,
    clock: Clock,
) -> None:
    delegate = Delegate(invitation, folder, clock, tls, manner=manner)
    try:
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(_ask(delegate)) if manner.place < ASKING else None
            end = await delegate.run(asked)
            if asking is not None:
                asking.cancel()
    finally:
        folder.close()
    if end != "asked":
        refusal = delegate.attendee.refusal
        _log.error("member.ended", how=end, code=None if refusal is None else str(refusal.code))


async def _ask(delegate: Delegate) -> None:
    """Ask for the floor, once; who was on the list before is refused, and stays on it."""
    await delegate.entered.wait()
    sitting = await delegate.attendee.sitting()
    await sitting.deeds.act(RequestFloor())


def _taken(value: T | Refusal) -> T:
    if isinstance(value, Refusal):
        raise SystemExit(str(value))
    return value


def main() -> None:
    """Read the order, attend."""
    log.configure(os.environ.get("INCAMERA_LOG_LEVEL", "warning"))
    line = order_line()
    if line is not None:
        asyncio.run(attend(json.loads(line)))
        leave(0)


if __name__ == "__main__":
    main()
