"""Members with MLS and media in a private meeting, in one process: each with a picture and a tone of its own."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from incamera.accreditation.strict import SittingId
from incamera.clock import SystemClock
from incamera.member import conduct
from incamera.member.attendance import Figures
from incamera.member.broadcast import Manner
from incamera.member.delegate import Delegate
from incamera.member.device import StateFolder
from incamera.member.sitting import Sitting
from tests.support.private import WAIT_S, Chamber, reached

SMALL = Manner(width=160, height=90, fps=10)


@dataclass
class Seated:
    """A delegate that runs."""

    seat: str
    delegate: Delegate
    folder: StateFolder
    asked: asyncio.Event
    task: "asyncio.Task[Any]"

    async def member(self) -> Sitting:
        """Its sitting, once it is a member of the group."""
        sitting = await asyncio.wait_for(self.delegate.attendee.sitting(), WAIT_S)
        await reached(sitting, lambda one: one.phase == "member")
        return sitting

    async def entered(self) -> Sitting:
        """Its sitting, once it is in the room."""
        sitting = await self.member()
        await asyncio.wait_for(self.delegate.entered.wait(), WAIT_S)
        return sitting

    def of(self, other: "Seated | str") -> Figures:
        """What it received of another."""
        seat = other if isinstance(other, str) else other.seat
        nothing = Figures(video_frames=0, audio_frames=0, failed=0, early=0, refused=0, freezes=0, tone_hz=None)
        return self.delegate.report().get(seat, nothing)

    async def stop(self) -> None:
        """End it in order; its state stays."""
        if not self.task.done():
            self.asked.set()
            await asyncio.wait_for(self.task, WAIT_S)
            self.folder.close()


def seated(
    meeting: Chamber,
    seat: str,
    manner: Manner = SMALL,
    *,
    opens: bool = False,
    admits: bool = False,
    origin: str | None = None,
    sitting: SittingId | None = None,
) -> Seated:
    """A delegate begins, or begins again with its state; `origin`: it reaches the server by another address."""
    folder = StateFolder.open(meeting.folder / "devices" / seat)
    assert isinstance(folder, StateFolder), folder
    invitation = meeting.invitation(seat)
    delegate = Delegate(
        invitation if origin is None else replace(invitation, origin=origin),
        folder,
        SystemClock(),
        ssl.create_default_context(),
        manner=manner,
        conduct=conduct.Manner(opens=opens, admits="all" if admits else "nobody"),
        wants=sitting or meeting.first,
    )
    asked = asyncio.Event()
    return Seated(seat, delegate, folder, asked, asyncio.create_task(delegate.run(asked), name=f"delegate {seat}"))


@asynccontextmanager
async def ending(*some: Seated) -> AsyncIterator[list[Seated]]:
    """While inside, these attend, and whoever is added; all of them end with it."""
    all_of_them = list(some)
    try:
        yield all_of_them
    finally:
        for one in all_of_them:
            with contextlib.suppress(TimeoutError):
                await one.stop()


async def await_true(what: str, holds: Callable[[], bool], patience_s: float = WAIT_S) -> None:
    """Wait until figures say so: the SDK counts, and tells nobody."""
    try:
        async with asyncio.timeout(patience_s):
            while not holds():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"not seen within {patience_s:.0f} s: {what}") from None


async def sees(one: Seated, *others: Seated, frames: int = 10) -> None:
    """Wait until it has decoded so many more pictures of each of the others."""
    before = {other.seat: one.of(other)["video_frames"] for other in others}
    await await_true(
        f"{one.seat} sees {', '.join(before)}",
        lambda: all(one.of(seat)["video_frames"] >= count + frames for seat, count in before.items()),
    )


async def hears(one: Seated, other: Seated, hz: float) -> None:
    """Wait until the tone that it hears of another is this one."""
    await await_true(
        f"{one.seat} hears {hz:.0f} Hz of {other.seat}",
        lambda: abs((one.of(other)["tone_hz"] or 0) - hz) < 5,
    )
