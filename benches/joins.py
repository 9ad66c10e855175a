"""Thirty at a closed door: it opens, all knock at once, and all come in. The real server and members, without media.

Server and members share one process, and so one core: what each member does for itself is done thirty times over.
"""

import asyncio
import secrets
import ssl
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from benches.figures import Figure
from incamera.accreditation.examples import ALLIES
from incamera.accreditation.invitation import Invitation, parse_link
from incamera.accreditation.signature import SigningKey
from incamera.accreditation.strict import SeatId, SittingId
from incamera.clock import SystemClock, instant
from incamera.demo.convening import DOORKEEPER
from incamera.demo.founding import Founded, found
from incamera.member.attendee import Attendee
from incamera.member.conduct import Manner
from incamera.member.device import StateFolder
from incamera.member.sitting import Sitting
from incamera.server import serving
from incamera.settings.fields import Data, Http, Media, Meetings, Settings

PATIENCE_S = 180.0
TARGET_S = 5.0
KEEPS_THE_DOOR = Manner(opens=True, admits="all")


@dataclass(frozen=True, slots=True)
class Entered:
    """Monotonic seconds of one member: its knock was answered, and its Welcome was processed."""

    knocked: float
    processed: float


def measure(members: int, times: int) -> list[Figure]:
    """From the last knock's answer until each has processed its Welcome, and each one's own wait."""
    rounds = [asyncio.run(_once(members)) for _ in range(times)]
    waits = tuple(one.processed - one.knocked for entered in rounds for one in entered)
    whole = tuple(max(one.processed for one in entered) - max(one.knocked for one in entered) for entered in rounds)
    return [
        Figure("joins", f"{members} knocks at once: last answered → all in", "s", whole, TARGET_S),
        Figure("joins", f"{members} knocks at once: each, knock answered → Welcome processed", "s", waits),
    ]


async def _once(members: int) -> list[Entered]:
    with tempfile.TemporaryDirectory(prefix="incamera-bench-") as folder:
        async with _served(Path(folder), members - 1) as founded, asyncio.TaskGroup() as group:
            asked, sitting = asyncio.Event(), founded.sittings["session-1"]

            def attend(seat: str, manner: Manner | None = None) -> Attendee:
                attendee = _attendee(Path(folder), founded, seat, sitting, manner)
                group.create_task(attendee.run(asked))
                return attendee

            seats = ["chair", *(f"{name}-head" for name, _, _ in ALLIES[: members - 1])]
            attendees = [attend(seat) for seat in seats]
            async with asyncio.timeout(PATIENCE_S):
                sittings = [await each.sitting(sitting) for each in attendees]
                waits = [asyncio.create_task(_entered(one)) for one in sittings]
                attend(DOORKEEPER, KEEPS_THE_DOOR)
                entered = await asyncio.gather(*waits)
            asked.set()
        return entered


async def _entered(sitting: Sitting) -> Entered:
    await sitting.reached(lambda one: one.membership.knocked is not None and not one.deeds.is_posting)
    knocked = time.perf_counter()
    await sitting.reached(lambda one: one.phase == "member")
    return Entered(knocked, time.perf_counter())


def _attendee(folder: Path, founded: Founded, seat: str, sitting: SittingId, manner: Manner | None) -> Attendee:
    state = StateFolder.open(folder / seat)
    invitation = parse_link(founded.invited[SeatId(seat)].link)
    assert isinstance(state, StateFolder), state
    assert isinstance(invitation, Invitation), invitation
    return Attendee(invitation, state, SystemClock(), ssl.create_default_context(), manner=manner, wants=sitting)


@asynccontextmanager
async def _served(folder: Path, delegations: int) -> AsyncIterator[Founded]:
    authority, clock = SigningKey(secrets.token_bytes(32)), SystemClock()
    settings = Settings(
        http=Http(port=0),
        media=Media(host="127.0.0.1", udp_port=0, tcp_port=0),
        meetings=Meetings(authorities=(authority.thumbprint,)),
        data=Data(folder=folder / "server"),
    )
    async with serving(settings, clock=clock, environ={}) as running:
        now = clock.now_ms()
        founded = found(
            authority,
            running.origin,
            secrets.token_bytes,
            now,
            first_day=instant(now).date(),
            delegations=delegations,
            is_automatic=True,
        )
        async with httpx2.AsyncClient(base_url=running.origin, timeout=PATIENCE_S) as http:
            (await http.post("/api/v1/meetings", json=founded.bundle.upload())).raise_for_status()
        yield founded
