"""The demo's meeting, held: created on its server, its doors kept, its synthetic delegations seated."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from incamera.certificates import trust
from incamera.demo import processes
from incamera.demo.convening import DOORKEEPER, Convened, Place
from incamera.member.upload import upload
from incamera.refusal import Code, Refusal, Refused

DOORKEEPER_MODULE: Final = "incamera.member.doorkeeper"
MEMBERS_MODULE: Final = "incamera.member"


async def hold(
    meeting: Convened,
    synthetic: Sequence[Place],
    origin: str,
    folder: Path,
    asked: asyncio.Event,
    *,
    ca: Path | None,
    show: Callable[[], None],
) -> None:
    """Until `asked`. `show` is called once the meeting is on the server, which may have it from before.

    `ca` is believed where the system's authorities do not vouch for the server.
    """
    uploaded = await upload(origin, meeting.bundle, trust(None))
    if not isinstance(uploaded, Refusal):
        ca = None
    elif ca is not None:
        uploaded = await upload(origin, meeting.bundle, trust(ca))
    if isinstance(uploaded, Refusal):
        raise Refused(uploaded if ca is None else _unfit(uploaded, origin))
    door = {
        "link": meeting.place(DOORKEEPER).link(origin),
        "state": str(folder / DOORKEEPER),
        "admits": "all" if meeting.is_automatic else "chairs",
        "titles": meeting.titles,
        "ca": None if ca is None else str(ca),
    }
    async with asyncio.TaskGroup() as group:
        group.create_task(processes.keep(DOORKEEPER_MODULE, door, asked))
        if synthetic:
            order = {
                "seats": [{"seat": one.seat, "link": one.link(origin)} for one in synthetic],
                "state": str(folder / "members"),
                "ca": None if ca is None else str(ca),
            }
            group.create_task(processes.keep(MEMBERS_MODULE, order, asked, ca=ca))
        show()


def _unfit(refusal: Refusal, origin: str) -> Refusal:
    """What keeps us from our own server under the certificate that it was given."""
    remedy = f"The links lead to {origin}: give --tls-cert a certificate for that name, that is in force."
    return replace(refusal, remedy=remedy) if refusal.code is Code.SERVER_UNREACHABLE else refusal
