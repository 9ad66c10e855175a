"""`POST …/acts`: an act in, its entry and the signed head out. A refusal goes to whoever posted, and to nobody else.

There is no token: an act says by its signature who it is by.
"""

from starlette.requests import Request
from starlette.responses import Response

from incamera.accreditation.signature import Signed
from incamera.api.proof import wanted_rate
from incamera.api.rates import Rate
from incamera.api.requests import answer, body_of, meeting_of, wanted
from incamera.clock import Clock
from incamera.limits import (
    ACTS_PER_SECOND,
    COMMIT_ACT_BYTES,
    KNOCKS_PER_MEETING,
    KNOCKS_PER_SEAT,
    POSTS_PER_ADDRESS,
)
from incamera.meeting.acts import Act, Body, Knock
from incamera.proceedings.meetings import Meetings, Proceedings
from incamera.refusal import Refusal


class Acts:
    """The door for acts, with its rates."""

    def __init__(self, meetings: Meetings, clock: Clock) -> None:
        self._meetings = meetings
        self._addresses = Rate(POSTS_PER_ADDRESS, 1.0, clock)
        self._devices = Rate(ACTS_PER_SECOND, 1.0, clock)
        self._knocks_of_seat = Rate(KNOCKS_PER_SEAT, 60.0, clock)
        self._knocks_of_meeting = Rate(KNOCKS_PER_MEETING, 60.0, clock)

    async def post(self, request: Request) -> Response:
        """The act's JWS is the body. 201 with `{entry, head}`; 200 if the same act had been filed before."""
        wanted_rate(self._addresses, request)
        meeting = meeting_of(request)
        data = await body_of(request, COMMIT_ACT_BYTES)
        jws = data.decode("ascii", "replace")
        proceedings = wanted(await self._meetings.serve(meeting))
        filed = wanted(await proceedings.registrar.post(jws, lambda signed: self._allow(proceedings, signed)))
        return answer({"entry": filed.entry.wire(), "head": filed.head}, 201 if filed.is_new else 200)

    def statistics(self) -> dict[str, int]:
        """How many requests each rate turned away."""
        return {
            "addresses": self._addresses.refused,
            "devices": self._devices.refused,
            "knocks": self._knocks_of_seat.refused + self._knocks_of_meeting.refused,
        }

    def _allow(self, proceedings: Proceedings, signed: Signed[Act[Body]]) -> Refusal | None:
        # After the signature: whoever names another device as the author does not use up its rate.
        act = signed.payload
        device = proceedings.registrar.record.meeting.enrolment.live(act.by)
        if device is None:
            return None
        refusal = self._devices.take(f"{act.meeting} {act.by}")
        if refusal is None and isinstance(act.body, Knock):
            refusal = self._knocks_of_seat.take(f"{act.meeting} {device.seat}")
            refusal = refusal or self._knocks_of_meeting.take(act.meeting)
        return refusal
