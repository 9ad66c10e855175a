"""`python -m benches.delegating`: members with media, one after the other: who shows a picture, or who waits for it.

`{"members": [{"link", "state"}, …], "sitting", "shows"}`. Who shows says `{"ready"}` in the room, and stays; of the
others each says `{"waited_ms"}`, from its knock to the first picture that it decrypted, and leaves.
"""

import asyncio
import ssl
from pathlib import Path
from typing import Any

from benches.processes import carry_out, say
from incamera.accreditation.invitation import Invitation, parse_link
from incamera.accreditation.strict import SittingId
from incamera.clock import SystemClock
from incamera.member import conduct
from incamera.member.broadcast import Manner
from incamera.member.delegate import Delegate
from incamera.member.device import StateFolder
from incamera.member.leaving import leave
from incamera.member.order import end_asked

SHOWS = Manner(width=320, height=180, fps=15, tone=False, subscribe="none")
WATCHES = Manner(picture=False, tone=False)
LOOK_S = 0.002


async def attend(order: Any) -> None:
    """All of them, each until it has what it came for."""
    asked, tls = end_asked(), ssl.create_default_context()
    for member in order["members"]:
        folder, invitation = StateFolder.open(Path(member["state"])), parse_link(member["link"])
        assert isinstance(folder, StateFolder), folder
        assert isinstance(invitation, Invitation), invitation
        manner = SHOWS if order["shows"] else WATCHES
        keeps = conduct.Manner(opens=True, admits="all") if order["shows"] else None
        wants = SittingId(order["sitting"])
        delegate = Delegate(invitation, folder, SystemClock(), tls, manner=manner, conduct=keeps, wants=wants)
        over = asked if order["shows"] else asyncio.Event()
        life = asyncio.create_task(delegate.run(over))
        if order["shows"]:
            await delegate.entered.wait()
            say(ready=True)
        else:
            say(waited_ms=await waited(delegate, wants))
            sitting = await delegate.attendee.sitting(wants)
            await sitting.leave()
            over.set()
        await life
        folder.close()


async def waited(delegate: Delegate, name: SittingId) -> float:
    """Milliseconds from the knock, signed and about to be posted, to the first picture of anybody."""
    sitting = await delegate.attendee.sitting(name)
    await sitting.reached(lambda one: one.membership.knocked is not None)
    knocked = sitting.membership.knocked
    assert knocked is not None, "it waits for its Welcome"
    while not any(figures["video_frames"] for figures in delegate.report().values()):  # noqa: ASYNC110 — the SDK counts
        await asyncio.sleep(LOOK_S)
    return delegate.clock.monotonic() * 1000 - knocked.at_ms


if __name__ == "__main__":
    carry_out(attend)
    leave(0)
