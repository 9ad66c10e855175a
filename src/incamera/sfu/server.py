"""The media server: LiveKit's routes over the switchboard, the core's events into it, time and chance from outside.

`routes` go into any Starlette application; `async with SfuServer(...)` runs the core. One loop, one thread: the core's.
"""

import asyncio
import functools
import itertools
import secrets
import string
from collections import Counter
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Final, Self, TypeAlias

from livekit.protocol.models import DisconnectReason
from livekit.protocol.rtc import JoinRequest, LeaveRequest, RequestResponse, SignalRequest, SignalResponse
from livekit.protocol.webhook import WebhookEvent
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from incamera.clock import Clock
from incamera.limits import SOCKETS
from incamera.log import logger
from incamera.refusal import Code, Refusal
from incamera.sfu import core, membership, tokens, twirp
from incamera.sfu.effects import Effect, Frame, HangUp, Notice, ParticipantSid, Send
from incamera.sfu.join_request import read_join_request, read_query
from incamera.sfu.participants import Participant
from incamera.sfu.room_service import RoomService
from incamera.sfu.rooms import Room
from incamera.sfu.session import Session
from incamera.sfu.settings import SfuSettings
from incamera.sfu.signal import Closing, Link
from incamera.sfu.switchboard import Switchboard
from incamera.sfu.webhooks import Webhooks, event_of

__all__ = ["MEDIA_FAILED", "SfuServer", "SfuSettings"]

_log = logger(__name__)

Door: TypeAlias = Callable[[str, str], Awaitable[Refusal | None]]
"""Why a participant must not come into a room, by their names, though its token is good; None: it may."""

REFRESHED_TTL_S: Final = 600
_CORS: Final = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*"}
_STATUS: Final = {
    Code.GRANT_MISSING: 401,
    Code.GRANT_HIDDEN: 403,
    Code.ROOM_UNKNOWN: 404,
    Code.ROOM_FULL: 403,
    Code.LIMIT_REACHED: 503,
    Code.MEDIA_FAILED: 503,
    Code.SIGNAL_MALFORMED: 400,
    Code.SDP_REFUSED: 400,
}
MEDIA_FAILED: Final = Refusal(
    Code.MEDIA_FAILED,
    "The media server has failed: no picture or sound gets through.",
    "It has to be started again; its log says where it failed.",
)
_STALE: Final = LeaveRequest(action=LeaveRequest.RECONNECT, reason=DisconnectReason.STATE_MISMATCH, can_reconnect=True)
_UNWELCOME: Final = LeaveRequest(action=LeaveRequest.DISCONNECT, reason=DisconnectReason.JOIN_FAILURE)
_ANY_METHOD: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_ALPHABET: Final = string.ascii_letters + string.digits


class _Counting:
    """Ids: numbers counted up, sids random."""

    def __init__(self) -> None:
        self._next = itertools.count(1)

    def sid(self, prefix: str) -> str:
        return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(12))

    def transport(self) -> core.TransportId:
        return core.TransportId(next(self._next))

    def publication(self) -> core.PublicationId:
        return core.PublicationId(next(self._next))

    def subscription(self) -> core.SubscriptionId:
        return core.SubscriptionId(next(self._next))

    def request(self) -> core.RequestId:
        return core.RequestId(next(self._next))


class SfuServer:
    """One media server in this process. Use as `async with`, or `start` and `stop`."""

    def __init__(self, settings: SfuSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._core: core.Core | None = None
        self._switchboard = Switchboard(settings, _Counting(), self._refresh, self._carry)
        self._links: dict[ParticipantSid, Link] = {}
        self._sockets = 0
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._listeners: list[Callable[[WebhookEvent], None]] = []
        self._door: Door | None = None
        self._counts: Counter[str] = Counter()
        self.failed = asyncio.Event()
        """Set when the core has ended by itself: this server is of no use any more, and `stop` is all that is left."""
        self._webhooks = Webhooks(settings.webhook_urls, settings.keys, settings.webhook_key, clock)
        self.service = RoomService(self._switchboard, clock, self._settle)
        """RoomService for this process: the same methods as the Twirp route, no token asked."""
        self.routes: list[BaseRoute] = [
            WebSocketRoute("/rtc", self._rtc),
            WebSocketRoute("/rtc/v1", self._rtc_v1),
            Route("/rtc/validate", self._validate, methods=["GET", "OPTIONS"]),
            Route("/rtc/v1/validate", self._validate, methods=["GET", "OPTIONS"]),
            Route("/twirp/livekit.RoomService/{method}", self._twirp, methods=["POST"]),
            Route("/twirp/{path:path}", twirp.answer_elsewhere, methods=_ANY_METHOD),
        ]

    # Life.

    async def start(self) -> None:
        """Bind the core's sockets and begin. Raises OSError if a port is taken."""
        self._core = core.Core(self._settings.core)
        asyncio.get_running_loop().add_reader(self._core.fileno(), self._drain_core)
        self._webhooks.start()
        _log.info("sfu.started", udp_port=self.udp_port, tcp_port=self.tcp_port)

    async def stop(self) -> None:
        """Everybody is told that the server stops; then the core ends."""
        for room in list(self._switchboard.rooms.values()):
            membership.close(room, DisconnectReason.SERVER_SHUTDOWN, room_end_reason=3, now=self._clock.monotonic())
            self._settle(room)
        for link in list(self._links.values()):
            link.close(Closing.GOING_AWAY)
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if self._core is not None:
            asyncio.get_running_loop().remove_reader(self._core.fileno())
            self._core.close()
            self._core = None
        await self._webhooks.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def udp_port(self) -> int:
        """The UDP port that media takes."""
        assert self._core is not None, "the server is not started"
        return self._core.udp_port

    @property
    def tcp_port(self) -> int | None:
        """The TCP port that media takes, if any."""
        assert self._core is not None, "the server is not started"
        return self._core.tcp_port

    def unready(self) -> Refusal | None:
        """Why nobody should be sent here; None: they may come."""
        return MEDIA_FAILED if self.failed.is_set() else None

    def on_event(self, callback: Callable[[WebhookEvent], None]) -> None:
        """Call back, in this loop, for everything that webhooks are told."""
        self._listeners.append(callback)

    def guard(self, door: Door) -> None:
        """Ask before anybody comes in, or back in: a token says who was let in once, not who still may be."""
        self._door = door

    def statistics(self) -> dict[str, int | float]:
        """Counters of the signalling and of the core."""
        rooms = self._switchboard.rooms.values()
        counts: dict[str, int | float] = {
            "rooms": len(self._switchboard.rooms),
            "participants": sum(len(room.participants) for room in rooms),
            "tracks": sum(len(room.tracks) for room in rooms),
            "subscriptions": sum(len(room.hearings) for room in rooms),
            "sockets": self._sockets,
            "data_refused": self._counts["data_refused"] + sum(room.data.refused for room in rooms),
            "revocations_forgotten": self._switchboard.revocations.forgotten,
        }
        counts |= {name: count for name, count in self._counts.items() if name not in counts}
        counts |= self._webhooks.statistics()
        return counts | (self._core.statistics() if self._core is not None else {})

    # Effects.

    def _carry(self, effect: Effect) -> None:
        match effect:
            case Send(to, frame):
                link = self._links.get(to)
                if link is not None:
                    link.send(frame)
            case HangUp(to):
                link = self._links.pop(to, None)
                if link is not None:
                    link.close()
            case Notice():
                event = event_of(effect, f"EV_{secrets.token_urlsafe(12)}", self._clock.now_ms())
                self._webhooks.post(event)
                for listener in self._listeners:
                    listener(event)
            case _:
                if self._core is not None:
                    self._core.send(effect)

    def _settle(self, room: Room) -> None:
        self._switchboard.settle(room, self._clock.monotonic())
        timer = self._timers.pop(room.sid, None)
        if timer is not None:
            timer.cancel()
        if room.is_closed:
            self._counts["data_refused"] += room.data.refused
            return
        due = room.due
        if due is not None:
            delay_s = max(0.0, due - self._clock.monotonic())
            self._timers[room.sid] = asyncio.get_running_loop().call_later(delay_s, self._tick, room)

    def _tick(self, room: Room) -> None:
        if self._switchboard.rooms.get(room.name) is room:
            membership.tick(room, self._clock.monotonic())
            self._settle(room)

    def _drain_core(self) -> None:
        assert self._core is not None, "the reader is removed before the core"
        touched: dict[str, Room] = {}
        now = self._clock.monotonic()
        for event in self._core.events():
            try:
                if isinstance(event, core.AudioLevels):
                    rooms = list(self._switchboard.hear(event, now))
                else:
                    room = self._switchboard.route(event, now)
                    rooms = [room] if room is not None else []
            except Exception:  # a fault of ours in one room must not cost the other rooms their events
                self._fault("event.fault", type(event).__name__)
                continue
            touched |= {room.sid: room for room in rooms}
        for room in touched.values():
            self._settle(room)
        for place in self._core.faults():
            _log.error("media.fault", place=place)
        failure = self._core.failure()
        if failure is not None and not self.failed.is_set():
            _log.error("media.failed", cause=failure.cause, place=failure.place)
            self.failed.set()

    def _fault(self, event: str, what: str | None) -> None:
        self._counts["faults"] += 1
        _log.exception(event, kind=what)

    def _refresh(self, participant: Participant) -> str:
        return tokens.issue(
            self._settings.keys,
            participant.identity,
            participant.grants.room,
            participant.grants,
            now_ms=self._clock.now_ms(),
            ttl_s=REFRESHED_TTL_S,
            name=participant.name,
            metadata=participant.metadata,
            attributes=participant.attributes,
            key=participant.key,
        )

    # Routes.

    async def _rtc_v1(self, socket: WebSocket) -> None:
        request = read_join_request(socket.query_params.get("join_request", ""))
        await self._connect(socket, request, has_two_connections=False)

    async def _rtc(self, socket: WebSocket) -> None:
        text = socket.query_params.get("join_request")
        request = read_query(dict(socket.query_params)) if text is None else read_join_request(text)
        await self._connect(socket, request, has_two_connections=True)

    async def _validate(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return PlainTextResponse("", headers=_CORS)
        text = request.query_params.get("join_request")
        asked = read_query(dict(request.query_params)) if text is None else read_join_request(text)
        admission = await self._at_the_door(self._admission(request, asked))
        if isinstance(admission, Refusal):
            return _answer(admission)
        return PlainTextResponse("success", headers=_CORS)

    async def _twirp(self, request: Request) -> Response:
        return await twirp.answer(request, self.service, self._claims(request))

    def _claims(self, connection: HTTPConnection) -> tokens.Claims | Refusal:
        scheme, _, bearer = connection.headers.get("authorization", "").partition(" ")
        token = bearer.strip() if scheme.lower() == "bearer" else connection.query_params.get("access_token")
        return tokens.read(self._settings.keys, token, now_ms=self._clock.now_ms())

    def _admission(
        self, connection: HTTPConnection, request: JoinRequest | Refusal
    ) -> tuple[tokens.Claims, JoinRequest] | Refusal:
        """Who asks and for what, if it would be let in now."""
        claims = self._claims(connection)
        if isinstance(claims, Refusal):
            return claims
        if isinstance(request, Refusal):
            return request
        if (failed := self.unready()) is not None:
            return failed
        if self._sockets >= SOCKETS.value:
            return Refusal(Code.LIMIT_REACHED, "The server has as many sockets as it may.", "Try again in a minute.")
        return self._switchboard.check(claims, request) or (claims, request)

    async def _at_the_door(
        self, admission: tuple[tokens.Claims, JoinRequest] | Refusal
    ) -> tuple[tokens.Claims, JoinRequest] | Refusal:
        if isinstance(admission, Refusal) or self._door is None:
            return admission
        claims, _ = admission
        return await self._door(claims.grants.room, claims.identity) or admission

    async def _connect(self, socket: WebSocket, request: JoinRequest | Refusal, *, has_two_connections: bool) -> None:
        admission = self._admission(socket, request)
        # uvicorn 0.54 logs a WebSocket's path with its query, where the token stands: it must find none.
        socket.scope["query_string"] = b""
        admission = await self._at_the_door(admission)
        if isinstance(admission, Refusal):
            self._refuse(admission)
            await socket.send_denial_response(_answer(admission))
            return
        await socket.accept()
        self._sockets += 1
        link = Link(socket, self._clock)
        session: Session | None = None
        try:
            session = self._enter(link, *admission, has_two_connections=has_two_connections)
            await link.run(functools.partial(self._handle, session, link))
        finally:
            self._sockets -= 1
            self._counts["signals_malformed"] += link.malformed
            self._counts["signals_delayed"] += link.delayed
            self._counts["sockets_cut_off"] += link.was_cut_off
            if session is not None:
                self._detach(link, session)

    def _enter(
        self, link: Link, claims: tokens.Claims, request: JoinRequest, *, has_two_connections: bool
    ) -> Session | None:
        now, now_ms = self._clock.monotonic(), self._clock.now_ms()
        # Again, since others acted while the socket was being accepted: a removal, for one.
        session: Session | Refusal | None = self._switchboard.check_claims(claims)
        if session is None and request.reconnect:
            session = self._switchboard.resume(claims, request, now)
        elif session is None:
            session = self._switchboard.enter(
                claims, request, has_two_connections=has_two_connections, now=now, now_ms=now_ms
            )
        if isinstance(session, Refusal):
            self._refuse(session)
            link.send(Frame(SignalResponse(leave=_STALE if request.reconnect else _UNWELCOME)))
            link.close()
            room = self._switchboard.rooms.get(claims.grants.room)
            if room is not None:
                self._settle(room)  # it may have been made for this one
            return None
        older = self._links.get(session.participant.sid)
        if older is not None:
            older.close(Closing.GOING_AWAY)
        self._links[session.participant.sid] = link
        self._settle(session.room)
        _log.info("participant.resumed" if request.reconnect else "participant.entered", sid=session.participant.sid)
        return session

    def _handle(self, session: Session | None, link: Link, frame: SignalRequest | Refusal) -> None:
        if session is None or self._links.get(session.participant.sid) is not link:
            return  # it left, or another socket took its place
        if isinstance(frame, Refusal):
            session.respond(0, RequestResponse.INVALID_REQUEST, str(frame))
        else:
            try:
                refusal = session.handle(frame, self._clock.monotonic(), self._clock.now_ms())
            except Exception:  # a fault of ours: this participant may resume, nobody else is disturbed
                self._fault("signal.fault", frame.WhichOneof("message"))
                link.close(Closing.FAULT)
                return
            if refusal is not None:
                self._counts["signals_refused"] += 1
                _log.debug("signal.refused", code=str(refusal.code), message=frame.WhichOneof("message"))
        self._settle(session.room)

    def _detach(self, link: Link, session: Session) -> None:
        """The socket is gone; unless another took its place, its participant may come back for a while."""
        room, participant = session.room, session.participant
        if self._links.get(participant.sid) not in (link, None):
            return
        self._links.pop(participant.sid, None)
        if participant.sid in room.participants:
            membership.detach(participant, self._clock.monotonic())
            self._settle(room)

    def _refuse(self, refusal: Refusal) -> None:
        self._counts["joins_refused"] += 1
        _log.info("join.refused", code=str(refusal.code))


def _answer(refusal: Refusal) -> Response:
    """A refusal before the upgrade: a text for people, a header for programs."""
    status = _STATUS.get(refusal.code, 401)
    return PlainTextResponse(str(refusal), status_code=status, headers=_CORS | {"X-Refusal-Code": str(refusal.code)})
