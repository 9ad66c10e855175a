"""Blobs: a Welcome is uploaded before the commit that names it, handed out once that is accepted, then deleted."""

from starlette.requests import Request
from starlette.responses import Response

from incamera.api.proof import Proofs
from incamera.api.rates import Rate
from incamera.api.requests import NOT_FOUND, answer, body_of, hash_of, wanted
from incamera.clock import Clock
from incamera.limits import WELCOME_BYTES, WELCOME_SECONDS, WELCOMES_PER_MINUTE
from incamera.meeting.visibility import receives_welcome
from incamera.record.blobs import Blobs
from incamera.refusal import Code, Refusal, Refused


class Welcomes:
    """The routes of Welcomes."""

    def __init__(self, proofs: Proofs, blobs: Blobs, clock: Clock) -> None:
        self._proofs = proofs
        self._blobs = blobs
        self._rate = Rate(WELCOMES_PER_MINUTE, 60.0, clock)

    async def post(self, request: Request) -> Response:
        """`POST …/blobs`, the bytes as the body: 201 with `{"hash"}`. By a member of a group; it lives 10 minutes."""
        proceedings, device = await self._proofs.asker(request)
        record = proceedings.registrar.record
        if not any(device.thumbprint in sitting.group.present for sitting in record.sittings.values()):
            raise Refused(Refusal(Code.MEMBER_MISSING, "This device is a member of no group.", "Knock."))
        if (refusal := self._rate.take(device.thumbprint)) is not None:
            raise Refused(refusal)
        data = await body_of(request, WELCOME_BYTES)
        meeting = record.meeting.terms.meeting
        name = wanted(await self._blobs.put(meeting, data, lives_ms=int(WELCOME_SECONDS) * 1000))
        return answer({"hash": name}, 201)

    async def get(self, request: Request) -> Response:
        """`GET …/blobs/<hash>`: the bytes, to a device that the accepted commit added."""
        proceedings, device = await self._proofs.asker(request)
        name, record = hash_of(request, "blob"), proceedings.registrar.record
        if not receives_welcome(record, device.thumbprint, name):
            raise Refused(NOT_FOUND)
        data = wanted(await self._blobs.get(record.meeting.terms.meeting, name))
        return Response(data, 200, {"Cache-Control": "no-store"}, "application/octet-stream")
