"""A private meeting on a server of its own process, for the benches of the meeting plane."""

import secrets
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2

from benches.processes import Process, beginning
from incamera.accreditation.examples import ALLIES
from incamera.accreditation.invitation import Invitation, parse_link
from incamera.accreditation.signature import SigningKey
from incamera.accreditation.strict import SeatId, SittingId
from incamera.clock import SystemClock, instant
from incamera.demo.founding import Founded, found
from incamera.member.attendee import Attendee
from incamera.member.conduct import Manner
from incamera.member.device import StateFolder

HOST = "benches.hosting"


@dataclass(frozen=True, slots=True)
class Chamber:
    """The meeting, its server, and the folder of all that is kept."""

    folder: Path
    founded: Founded
    origin: str
    server: Process

    @property
    def sitting(self) -> SittingId:
        """The members' sitting."""
        return self.founded.sittings["session-1"]

    def link(self, seat: str) -> str:
        """A seat's link."""
        return self.founded.invited[SeatId(seat)].link

    def state(self, seat: str) -> Path:
        """Where a seat's device keeps its state."""
        return self.folder / "devices" / seat


def heads(delegations: int) -> list[str]:
    """The seats of so many heads of delegation."""
    return [f"{name}-head" for name, _, _ in ALLIES[:delegations]]


def attendee(
    link: str,
    state: Path,
    sitting: SittingId,
    tls: ssl.SSLContext,
    manner: Manner | None = None,
    origin: str | None = None,
) -> tuple[Attendee, StateFolder]:
    """A seat's device, and its folder to be closed after it; `origin`: it reaches the server by another address."""
    folder, invitation = StateFolder.open(state), parse_link(link)
    assert isinstance(folder, StateFolder), folder
    assert isinstance(invitation, Invitation), invitation
    if origin is not None:
        invitation = replace(invitation, origin=origin)
    return Attendee(invitation, folder, SystemClock(), tls, manner=manner, wants=sitting), folder


@asynccontextmanager
async def chamber(folder: Path, delegations: int, *, is_lifted: bool = False) -> AsyncIterator[Chamber]:
    """The demo's meeting on a server that begins with the context; `is_lifted`: without rates of acts."""
    authority = SigningKey(secrets.token_bytes(32))
    order = {"authority": authority.thumbprint, "data": str(folder / "server"), "is_lifted": is_lifted}
    async with beginning(HOST, order) as server:
        origin = str((await server.said())["origin"])
        now = SystemClock().now_ms()
        founded = found(
            authority,
            origin,
            secrets.token_bytes,
            now,
            first_day=instant(now).date(),
            delegations=delegations,
            is_automatic=True,
        )
        async with httpx2.AsyncClient(base_url=origin) as http:
            (await http.post("/api/v1/meetings", json=founded.bundle.upload())).raise_for_status()
        yield Chamber(folder, founded, origin, server)
