"""Charters: `meeting create` uploads one; a device gets its core and the parts that it may see (record.md 2).

There are no accounts: the server trusts a charter by the authority that signed it, if its settings name that authority.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from incamera.accreditation.charter import PartId
from incamera.accreditation.strict import Json, Malformed, Members, b64u, text_of, unb64u
from incamera.api.proof import Proofs, wanted_rate
from incamera.api.rates import Rate
from incamera.api.requests import answer, json_of, wanted
from incamera.clock import Clock
from incamera.limits import CHARTER_BYTES, DELEGATIONS, POSTS_PER_ADDRESS, SEATS, SITTINGS, UPLOAD_BYTES
from incamera.meeting.visibility import parts
from incamera.proceedings.meetings import Meetings


@dataclass(frozen=True, slots=True)
class Upload:
    """What `meeting create` sends."""

    charter: str
    parts: dict[PartId, bytes]
    statements: tuple[str, ...]


def read_upload(body: Members) -> Upload:
    """`{"charter": JWS, "parts": {id: b64u of its bytes}, "statements": [JWS]}`."""
    uploaded = body.object("parts")
    return Upload(
        body.text("charter", longest=int(CHARTER_BYTES)),
        dict(uploaded.each(_part, most=2 + int(SITTINGS) + int(DELEGATIONS))),
        body.array(
            "statements", lambda value, path: text_of(value, path, 4096), most=2 * (int(SEATS) + int(DELEGATIONS))
        ),
    )


class Charters:
    """The routes of charters."""

    def __init__(self, meetings: Meetings, proofs: Proofs, clock: Clock) -> None:
        self._meetings = meetings
        self._proofs = proofs
        self._rate = Rate(POSTS_PER_ADDRESS, 60.0, clock)

    async def create(self, request: Request) -> Response:
        """`POST /api/v1/meetings`: 201 for a new meeting, 200 if the same one was there."""
        wanted_rate(self._rate, request)
        upload = await json_of(request, read_upload, UPLOAD_BYTES, what="request")
        meeting, is_new = wanted(await self._meetings.create(upload.charter, upload.parts, upload.statements))
        return answer({"meeting": meeting}, 201 if is_new else 200)

    async def get(self, request: Request) -> Response:
        """`GET …/charters`: the cores from number 0 on, and the parts that the asking device may read."""
        proceedings, device = await self._proofs.asker(request)
        visible = parts(proceedings.registrar.record, proceedings.contents, device)
        shown = {part: b64u(data) for part, data in proceedings.parts.items() if part in visible}
        return answer({"charters": [signed.jws for signed in proceedings.charters], "parts": shown})


def _part(name: str, value: Json, path: str) -> tuple[PartId, bytes]:
    data = unb64u(text_of(value, path, int(CHARTER_BYTES)))
    if data is None:
        raise Malformed(path[:80], "not b64u")
    return PartId(name), data
