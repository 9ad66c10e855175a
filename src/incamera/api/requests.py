"""What all routes of the meeting plane share: bodies with a bound, JSON answers, the address that is asked."""

from collections.abc import Callable
from typing import TypeVar

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from incamera.accreditation.strict import ID_BYTES, Hash, MeetingId, Members, compact, is_id, read
from incamera.limits import Limit
from incamera.refusal import Code, Refusal, Refused

T = TypeVar("T")
NOT_FOUND = Refusal(Code.NOT_FOUND, "There is nothing here for you.", "Check the address.")
"""One answer for "not there" and "not for you"."""


def answer(value: object, status: int = 200) -> Response:
    """A JSON answer; nobody keeps it."""
    return Response(compact(value), status, {"Cache-Control": "no-store"}, "application/json")


async def body_of(request: Request, limit: Limit) -> bytes:
    """The request's body, refused as soon as it is longer than the limit."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > limit.value:
            raise Refused(Refusal(Code.ACT_TOO_LARGE, f"It is longer than {limit.value} {limit.unit}.", "Send less."))
    return bytes(data)


async def json_of(request: Request, parse: Callable[[Members], T], limit: Limit, *, what: str) -> T:
    """The request's body as strict JSON."""
    value = read(await body_of(request, limit), parse, what=what)
    if isinstance(value, Refusal):
        raise Refused(value)
    return value


def meeting_of(connection: HTTPConnection) -> MeetingId:
    """The meeting of the address."""
    meeting = connection.path_params["meeting"]
    if not is_id(meeting, ID_BYTES):
        raise Refused(NOT_FOUND)
    return MeetingId(meeting)


def hash_of(connection: HTTPConnection, name: str) -> Hash:
    """A hash of the address."""
    digest = connection.path_params[name]
    if not is_id(digest, 32):
        raise Refused(NOT_FOUND)
    return Hash(digest)


def origin_of(connection: HTTPConnection) -> str:
    """The origin under which the asker reached this server: scheme and host, as its request says."""
    scheme = {"ws": "http", "wss": "https"}.get(connection.url.scheme, connection.url.scheme)
    return f"{scheme}://{connection.headers.get('host', '')}"


def address_of(connection: HTTPConnection) -> str:
    """Who asks, for rates; it is never logged."""
    return connection.client.host if connection.client is not None else ""


def wanted(value: T | Refusal) -> T:
    """The value; a refusal goes up to the answer."""
    if isinstance(value, Refusal):
        raise Refused(value)
    return value
