"""A private meeting in one process: the real server on loopback, a small signed charter, and members with MLS."""

import asyncio
import contextlib
import secrets
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest.mock import patch

import httpx2
from starlette.types import ASGIApp

from incamera.accreditation.invitation import Invitation, parse_link
from incamera.accreditation.signature import SigningKey
from incamera.accreditation.strict import SeatId, SittingId
from incamera.api.http import application
from incamera.clock import Clock, SystemClock, instant
from incamera.demo.founding import Founded, found
from incamera.meeting.acts import CloseSitting
from incamera.member import sitting as member_sitting
from incamera.member.attendee import Attendee, End
from incamera.member.conduct import Manner
from incamera.member.device import StateFolder
from incamera.member.sitting import Sitting
from incamera.refusal import Code, Refusal
from incamera.server import Running, serving
from incamera.settings.fields import Data, Http, Media, Meetings, Settings

Around = Callable[[ASGIApp], ASGIApp]
LOOPBACK = Media(host="127.0.0.1", udp_port=0, tcp_port=0)
WAIT_S = 120.0
"""How long a test waits for what must come: generous, since two cores carry servers, browsers and builds."""


@dataclass
class Present:
    """A member that runs."""

    seat: str
    attendee: Attendee
    folder: StateFolder
    asked: asyncio.Event
    task: "asyncio.Task[End]"

    async def sitting(self, name: SittingId | None = None) -> Sitting:
        """The sitting that it goes into."""
        return await asyncio.wait_for(self.attendee.sitting(name), WAIT_S)

    async def member(self, name: SittingId | None = None) -> Sitting:
        """The sitting, once it is a member of its group."""
        sitting = await self.sitting(name)
        await reached(sitting, lambda one: one.phase == "member")
        return sitting

    async def stop(self) -> End:
        """End it in order; its state stays."""
        self.asked.set()
        end = await asyncio.wait_for(self.task, WAIT_S)
        self.folder.close()
        return end

    async def kill(self) -> None:
        """End it as a crash does: nothing is said, nothing more is written."""
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task
        self.folder.close()


@dataclass
class Chamber:
    """A server, its meeting, and who attends."""

    running: Running
    founded: Founded
    folder: Path
    authority: SigningKey
    present: dict[str, Present] = field(default_factory=dict)

    @property
    def first(self) -> SittingId:
        """The members' sitting."""
        return self.founded.sittings["session-1"]

    @property
    def second(self) -> SittingId:
        """The sitting with the partner."""
        return self.founded.sittings["session-2"]

    def invitation(self, seat: str) -> Invitation:
        """The seat's link, as its holder reads it."""
        read = parse_link(self.founded.invited[SeatId(seat)].link)
        assert isinstance(read, Invitation), read
        return read

    @property
    def data(self) -> Path:
        """The server's data folder."""
        return self.folder / "server"

    def enter(
        self,
        seat: str,
        *,
        opens: bool = False,
        admits: bool = False,
        sitting: SittingId | None = None,
        clock: Clock | None = None,
        origin: str | None = None,
    ) -> Present:
        """A member begins, or begins again with its state; `origin`: it reaches the server by another name."""
        folder = StateFolder.open(self.folder / "devices" / seat)
        assert isinstance(folder, StateFolder), folder
        manner = Manner(opens=opens, admits="all" if admits else "nobody")
        invitation = self.invitation(seat)
        attendee = Attendee(
            invitation if origin is None else replace(invitation, origin=origin),
            folder,
            clock or SystemClock(),
            ssl.create_default_context(),
            manner=manner,
            wants=sitting or self.first,
        )
        asked = asyncio.Event()
        task = asyncio.create_task(attendee.run(asked), name=f"member {seat}")
        self.present[seat] = Present(seat, attendee, folder, asked, task)
        return self.present[seat]


async def reached(sitting: Sitting, holds: object) -> None:
    """Wait until something holds in a sitting; say where it stood if it never does."""
    try:
        await asyncio.wait_for(sitting.reached(holds), WAIT_S)  # type: ignore[arg-type]
    except TimeoutError:
        raise AssertionError(
            f"it stands at {sitting.phase}, epoch {sitting.epoch}, round {sitting.round}, "
            f"refused: {sitting.refusal}, alarms: {sitting.alarms}"
        ) from None


async def close(chair: Sitting) -> None:
    """The chair closes the sitting; again, if an entry came in between: what it signs is the journal's end."""
    while True:
        state = chair.state
        assert state is not None
        had = state.sitting.tail.seq
        answer = await chair.deeds.act(CloseSitting())
        if not isinstance(answer, Refusal):
            return
        assert answer.code is Code.SITTING_MOVED, answer
        await reached(chair, lambda one, had=had: one.state is not None and one.state.sitting.tail.seq > had)


async def agreed(*sittings: Sitting, wait_s: float = WAIT_S) -> None:
    """Wait until all have the same words, and see the same roster of just these."""
    devices = {one.me for one in sittings}
    await _settled(sittings, lambda: all({seat.device for seat in one.roster()} == devices for one in sittings), wait_s)


async def agreed_on_words(*sittings: Sitting) -> None:
    """Wait until all have the same words, whoever else is on the roster."""
    await _settled(sittings, lambda: True)


async def _settled(sittings: tuple[Sitting, ...], more: Callable[[], bool], wait_s: float = WAIT_S) -> None:
    def holds(_: Sitting) -> bool:
        words = {one.words() for one in sittings}
        return len(words) == 1 and None not in words and more()

    waits = [asyncio.create_task(one.reached(holds)) for one in sittings]
    done, rest = await asyncio.wait(waits, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
    for wait in rest:
        wait.cancel()
    assert done, [(one.phase, one.epoch, len(one.roster()), one.refusal, one.alarms) for one in sittings]


@asynccontextmanager
async def chamber(
    folder: Path,
    *,
    delegations: int = 4,
    is_automatic: bool = True,
    around: Around | None = None,
    media: Media = LOOPBACK,
    updates: bool = True,
) -> AsyncIterator[Chamber]:
    """A server with a meeting of so many delegations, and no member yet; `around` stands before its application.

    Without `updates` no leaf of a Python member is updated by time, which is 1 s, 38 s, 75 s… after its join: for tests
    that count rounds or frames, on however slow a machine.
    """
    authority, clock = SigningKey(secrets.token_bytes(32)), SystemClock()
    settings = Settings(
        http=Http(port=0),
        media=media,
        meetings=Meetings(authorities=(authority.thumbprint,)),
        data=Data(folder=folder / "server"),
    )
    async with AsyncExitStack() as stack:
        if not updates:
            stack.enter_context(patch.object(member_sitting, "next_update", lambda *_: None))
        if around is not None:
            stack.enter_context(patch("incamera.server.application", lambda **parts: around(application(**parts))))
        running = await stack.enter_async_context(serving(settings, clock=clock, environ={}))
        now = clock.now_ms()
        founded = found(
            authority,
            running.origin,
            secrets.token_bytes,
            now,
            first_day=instant(now).date(),
            delegations=delegations,
            is_automatic=is_automatic,
        )
        async with httpx2.AsyncClient(base_url=running.origin, timeout=WAIT_S) as http:
            answer = await http.post("/api/v1/meetings", json=founded.bundle.upload())
            assert answer.status_code == 201, answer.text
        made = Chamber(running, founded, folder, authority)
        try:
            yield made
        finally:
            for present in made.present.values():
                if not present.task.done():
                    await present.kill()
