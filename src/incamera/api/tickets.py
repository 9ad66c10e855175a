"""`POST …/tickets`: a ticket for a sitting's room, to a member of its group and to nobody else (record.md 6)."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from incamera.accreditation.strict import Members, SittingId, b64u
from incamera.api.proof import Proofs
from incamera.api.requests import answer, json_of
from incamera.limits import ACT_BYTES
from incamera.media.plane import PlaneUnavailable
from incamera.proceedings.usher import identity
from incamera.refusal import Code, Refusal, Refused

INSTANCE_BYTES: Final = 8
"""A page load is named by so many random bytes, b64u."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which room, and which page load asks."""

    sitting: SittingId
    instance: str


def read_wanted(body: Members) -> Wanted:
    """`{"sitting": id, "instance": b64u of 8 bytes}`."""
    return Wanted(body.sitting(), b64u(body.octets("instance", least=INSTANCE_BYTES)))


class Tickets:
    """The route of tickets."""

    def __init__(self, proofs: Proofs) -> None:
        self._proofs = proofs

    async def post(self, request: Request) -> Response:
        """`{"identity", "token", "url", "expires"}`: 60 s to connect; grants are the fold's, never the client's."""
        proceedings, device = await self._proofs.asker(request)
        asked = await json_of(request, read_wanted, ACT_BYTES, what="request")
        record = proceedings.registrar.record
        listed = asked.sitting in record.sittings and device.seat in record.meeting.terms.sittings[asked.sitting].listed
        if not listed:
            raise Refused(
                Refusal(Code.SITTING_UNKNOWN, "There is no such sitting for your seat.", "Choose one of your sittings.")
            )
        try:
            ticket = await proceedings.usher.ticket(asked.sitting, device.thumbprint, asked.instance)
        except PlaneUnavailable:
            raise Refused(
                Refusal(Code.TICKET_UNAVAILABLE, "The media server does not answer.", "Try again in a second.")
            ) from None
        if ticket is None:
            raise Refused(Refusal(Code.MEMBER_MISSING, "This device is not a member of the sitting's group.", "Knock."))
        return answer(
            {
                "identity": identity(device.thumbprint, asked.instance),
                "token": ticket.token,
                "url": ticket.url,
                "expires": ticket.expires_ms,
            }
        )
