"""`GET …/enrolment/<thumbprint>`: what the holder of a link needs to enrol, by its seat's one-time key.

That key stands in the link alone until it was used; what comes back is public keys, signed, and the charter's core.
"""

from starlette.requests import Request
from starlette.responses import Response

from incamera.accreditation.strict import Thumbprint
from incamera.api.proof import wanted_rate
from incamera.api.rates import Rate
from incamera.api.requests import answer, hash_of, meeting_of, wanted
from incamera.clock import Clock
from incamera.limits import POSTS_PER_ADDRESS
from incamera.proceedings.meetings import Meetings


class Enrolment:
    """The route of those who hold a link and no device yet."""

    def __init__(self, meetings: Meetings, clock: Clock) -> None:
        self._meetings = meetings
        self._rate = Rate(POSTS_PER_ADDRESS, 60.0, clock)

    async def get(self, request: Request) -> Response:
        """`{"charters": [JWS], "statements": [delegation's, seat's]}`."""
        wanted_rate(self._rate, request)
        invitation = Thumbprint(hash_of(request, "invitation"))
        invited = wanted(await self._meetings.invited(meeting_of(request), invitation))
        return answer({"charters": list(invited.charters), "statements": list(invited.statements)})
