"""RoomService over HTTP: Twirp (protobuf or JSON over POST), as `livekit-api` and `lk` speak it; no other service."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.json_format import MessageToJson, Parse, ParseError
from google.protobuf.message import DecodeError, Message
from livekit.protocol import room as messages
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from incamera.limits import TWIRP_BYTES
from incamera.refusal import Code, Refusal, Refused
from incamera.sfu.room_service import RoomService
from incamera.sfu.tokens import Claims, Grants


@dataclass(frozen=True, slots=True)
class Method:
    """One method: its message, what of RoomService answers it, and which grant it needs."""

    request: type[Message]
    attribute: str
    needs: Callable[[Grants, Any], bool]


def _is_admin(grants: Grants, request: Any) -> bool:  # any of the messages below: each has a `room`
    return grants.room_admin and grants.room == request.room


METHODS: Final[Mapping[str, Method]] = {
    "CreateRoom": Method(messages.CreateRoomRequest, "create_room", lambda grants, _: grants.room_create),
    "ListRooms": Method(messages.ListRoomsRequest, "list_rooms", lambda grants, _: grants.room_list),
    "DeleteRoom": Method(messages.DeleteRoomRequest, "delete_room", lambda grants, _: grants.room_create),
    "ListParticipants": Method(messages.ListParticipantsRequest, "list_participants", _is_admin),
    "GetParticipant": Method(messages.RoomParticipantIdentity, "get_participant", _is_admin),
    "RemoveParticipant": Method(messages.RoomParticipantIdentity, "remove_participant", _is_admin),
    "MutePublishedTrack": Method(messages.MuteRoomTrackRequest, "mute_published_track", _is_admin),
    "UpdateParticipant": Method(messages.UpdateParticipantRequest, "update_participant", _is_admin),
    "UpdateSubscriptions": Method(messages.UpdateSubscriptionsRequest, "update_subscriptions", _is_admin),
    "SendData": Method(messages.SendDataRequest, "send_data", _is_admin),
    "UpdateRoomMetadata": Method(messages.UpdateRoomMetadataRequest, "update_room_metadata", _is_admin),
}
NOT_ANSWERED: Final = ("ForwardParticipant", "MoveParticipant", "PerformRpc")
SERVICES_NOT_ANSWERED: Final[Mapping[str, str]] = {
    "AgentDispatchService": "Give the agent a token: it joins like any participant.",
    "AgentSimulation": "Run the agent and its trials yourself: it joins like any participant.",
    "CloudAgent": "Run the agent yourself and give it a token: it joins like any participant.",
    "Connector": "Give whoever calls a link or a token: there are no calls over other services.",
    "Egress": "Let a participant that everybody sees record what it receives: the server records and streams nothing.",
    "Ingress": "Publish with one of LiveKit's SDKs: there is no other way in for media.",
    "SIP": "Give whoever calls a link or a token: there are no telephones.",
}
"""LiveKit's other services, and what to do in place of each."""

_STATUS: Final = {
    "unauthenticated": 401,
    "permission_denied": 403,
    "not_found": 404,
    "bad_route": 404,
    "invalid_argument": 400,
    "malformed": 400,
    "resource_exhausted": 429,
    "failed_precondition": 412,
    "unimplemented": 501,
}
_CODES: Final = {
    Code.TOKEN_MISSING: "unauthenticated",
    Code.TOKEN_INVALID: "unauthenticated",
    Code.TOKEN_EXPIRED: "unauthenticated",
    Code.TOKEN_NOT_YET_VALID: "unauthenticated",
    Code.TOKEN_REVOKED: "unauthenticated",
    Code.GRANT_MISSING: "permission_denied",
    Code.GRANT_HIDDEN: "invalid_argument",
    Code.TRACK_UNMUTE: "permission_denied",
    Code.ROOM_UNKNOWN: "not_found",
    Code.PARTICIPANT_UNKNOWN: "not_found",
    Code.TRACK_UNKNOWN: "not_found",
    Code.ROOM_FULL: "resource_exhausted",
    Code.LIMIT_REACHED: "resource_exhausted",
    Code.SIGNAL_MALFORMED: "invalid_argument",
    Code.SIGNAL_UNSUPPORTED: "unimplemented",
}


async def answer(request: Request, service: RoomService, claims: Claims | Refusal) -> Response:
    """One call: who asks is checked before what is asked is read."""
    name = request.path_params["method"]
    if isinstance(claims, Refusal):
        return error(claims)
    if name in NOT_ANSWERED:
        return error(
            Refusal(
                Code.SIGNAL_UNSUPPORTED, f"{name} is not answered by this server.", "See docs/reference/livekit.md."
            )
        )
    method = METHODS.get(name)
    if method is None:
        return _no_route(f"There is no method {name[:64]!r} in RoomService.")
    is_json = request.headers.get("content-type", "").partition(";")[0].strip() == "application/json"
    body = await _body(request)
    if body is None:
        most = TWIRP_BYTES.value
        return error(Refusal(Code.LIMIT_REACHED, f"The request is longer than {most} bytes.", "Send less."))
    message = method.request()
    try:
        if is_json:
            Parse(body, message, ignore_unknown_fields=True, max_recursion_depth=16)
        else:
            message.ParseFromString(body)
    except (ParseError, DecodeError, UnicodeDecodeError):
        return _error("malformed", "The body is not the message of this method.", Code.SIGNAL_MALFORMED)
    if not method.needs(claims.grants, message):
        return error(
            Refusal(Code.GRANT_MISSING, "The token does not allow this.", "Use one with the grant and the room.")
        )
    try:
        response: Message = await getattr(service, method.attribute)(message)
    except Refused as refused:
        return error(refused.refusal)
    if is_json:
        text = MessageToJson(response, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
        return Response(text, media_type="application/json")
    return Response(response.SerializeToString(), media_type="application/protobuf")


async def answer_elsewhere(request: Request) -> Response:
    """What is no call of RoomService: another service's, which says what to do instead, or nobody's."""
    if request.method != "POST":
        return _no_route("Twirp's methods are called by POST.")
    service, _, method = request.path_params["path"].partition("/")
    remedy = SERVICES_NOT_ANSWERED.get(service.removeprefix("livekit."))
    if remedy is None or not service.startswith("livekit.") or not method:
        return _no_route(f"There is no method at {request.path_params['path'][:64]!r}.")
    return error(Refusal(Code.SIGNAL_UNSUPPORTED, f"{service} is not answered by this server.", remedy))


def error(refusal: Refusal) -> Response:
    """A refusal in Twirp's form; our own code stands in `meta`."""
    return _error(_CODES.get(refusal.code, "invalid_argument"), f"{refusal.reason} {refusal.remedy}", refusal.code)


def _no_route(reason: str) -> Response:
    return _error("bad_route", f"{reason} docs/reference/livekit.md lists what is answered.", Code.SIGNAL_UNSUPPORTED)


def _error(code: str, text: str, ours: Code | None) -> Response:
    meta = {"code": str(ours)} if ours is not None else {}
    return JSONResponse({"code": code, "msg": text, "meta": meta}, status_code=_STATUS[code])


async def _body(request: Request) -> bytes | None:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > TWIRP_BYTES.value:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
