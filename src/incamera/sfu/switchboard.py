"""All rooms of the server: who is let in where, and which room an event of the core's belongs to. No I/O.

Contract: after each call, `settle` the room it touched; its effects go to `carry`, in order.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import assert_never

from livekit.protocol.models import DisconnectReason, ServerInfo
from livekit.protocol.rtc import JoinRequest, LeaveRequest, RequestResponse, SignalRequest, SignalResponse

from incamera.limits import NAME_BYTES, ROOMS
from incamera.refusal import Code, Refusal
from incamera.sfu import core, hearing, membership, publishing, quality
from incamera.sfu.core import PublicationId, SubscriptionId, TransportId
from incamera.sfu.descriptions import read_offer
from incamera.sfu.effects import Effect, Outbox
from incamera.sfu.participants import Participant
from incamera.sfu.rooms import Ids, Room, RoomOptions
from incamera.sfu.session import Session, offer, sync
from incamera.sfu.settings import SfuSettings
from incamera.sfu.tokens import Claims, Revocations


class Switchboard:
    """The rooms, and the way from the core's ids to them."""

    def __init__(
        self,
        settings: SfuSettings,
        ids: Ids,
        refresh: Callable[[Participant], str],
        carry: Callable[[Effect], None],
    ) -> None:
        self._settings = settings
        self._ids = ids
        self._refresh = refresh
        self._carry = carry
        self.info: ServerInfo = membership.server_info(settings.node_id, settings.version)
        self.rooms: dict[str, Room] = {}
        self.revocations = Revocations()
        self._transports: dict[TransportId, Room] = {}
        self._publications: dict[PublicationId, Room] = {}
        self._subscriptions: dict[SubscriptionId, Room] = {}
        self._placed: defaultdict[TransportId, set[SubscriptionId]] = defaultdict(set)

    # Who is let in.

    def check(self, claims: Claims, request: JoinRequest) -> Refusal | None:
        """Why a request with these claims opens no room, before anything is made for it."""
        refusal = self.check_claims(claims)
        if refusal is None and request.HasField("publisher_offer"):
            sections = read_offer(request.publisher_offer.sdp)
            refusal = sections if isinstance(sections, Refusal) else None
        return refusal

    def check_claims(self, claims: Claims) -> Refusal | None:
        """Why these claims open no room now: it may be another answer in a moment, since others act meanwhile."""
        grants = claims.grants
        if not grants.room_join or not grants.room or not claims.identity:
            reason = "The token does not allow to join, or names no room or identity."
            return Refusal(Code.GRANT_MISSING, reason, "Ask for a token with roomJoin, room and an identity.")
        if grants.hidden:
            return membership.hidden_refusal()
        if max(len(claims.identity.encode()), len(grants.room.encode())) > NAME_BYTES.value:
            return Refusal(Code.LIMIT_REACHED, "The identity or the room's name is too long.", "Use a shorter one.")
        return self.revocations.check(claims) or self._check_room(claims)

    def enter(
        self, claims: Claims, request: JoinRequest, *, has_two_connections: bool, now: float, now_ms: int
    ) -> Session | Refusal:
        """Join the room that the claims name; it is made if it must be. What the request carries is handled at once."""
        room = self.rooms.get(claims.grants.room) or self.create(claims.grants.room, now=now, now_ms=now_ms)
        settings = request.connection_settings
        newcomer = membership.Newcomer(
            claims=claims,
            client=request.client_info,
            has_two_connections=has_two_connections,
            is_automatic=settings.auto_subscribe,
            metadata=request.metadata if claims.grants.can_update_own_metadata else "",
            attributes=dict(request.participant_attributes) if claims.grants.can_update_own_metadata else None,
        )
        participant = membership.join(room, newcomer, self.info, now, now_ms)
        if isinstance(participant, Refusal):
            return participant
        session = Session(room, participant)
        for added in request.add_track_requests:
            session.handle(SignalRequest(add_track=added), now, now_ms)
        if request.HasField("publisher_offer"):
            offer(session, request.publisher_offer)
        return session

    def resume(self, claims: Claims, request: JoinRequest, now: float) -> Session | Refusal:
        """Come back as oneself: same identity, same sid, in time."""
        room = self.rooms.get(claims.grants.room)
        participant = room.named(claims.identity) if room is not None else None
        if room is None or participant is None or request.participant_sid not in ("", participant.sid):
            return Refusal(Code.PARTICIPANT_UNKNOWN, "The participant is no longer in the room.", "Join anew.")
        membership.resume(room, participant, self.info, now)
        session = Session(room, participant)
        if request.HasField("sync_state"):
            sync(session, request.sync_state, now)
        if request.HasField("publisher_offer") and request.publisher_offer.sdp:
            offer(session, request.publisher_offer)
        return session

    def create(self, name: str, *, now: float, now_ms: int, options: RoomOptions | None = None) -> Room:
        """Make a room, empty at first."""
        room = Room(
            name=name,
            sid=self._ids.sid("RM_"),
            created_ms=now_ms,
            options=options or self.options(),
            ids=self._ids,
            outbox=Outbox(),
            refresh=self._refresh,
            now=now,
        )
        self.rooms[name] = room
        room.tell("room_started")
        return room

    def options(self) -> RoomOptions:
        """How a room lives about which nobody said anything."""
        return RoomOptions(self._settings.empty_timeout_s, self._settings.departure_timeout_s)

    def check_capacity(self) -> Refusal | None:
        """Whether there is place for another room."""
        if len(self.rooms) >= ROOMS.value:
            return Refusal(
                Code.LIMIT_REACHED, f"The server has {ROOMS.value} rooms.", "Delete one, or use another server."
            )
        return None

    # What the core says.

    def route(self, event: core.Event, now: float) -> Room | None:
        """Give an event to the room that it belongs to; None if that is gone. Levels belong to many: `hear`."""
        match event:
            case core.AudioLevels():
                return None
            case core.StreamStarted():
                room = self._publications.get(event.publication)
                if room is not None:
                    publishing.started(room, event, now)
                return room
            case core.Congestion():
                room = self._subscriptions.get(event.subscription)
                if room is not None:
                    hearing.congested(room, event)
                return room
            case _:
                room = self._transports.get(event.transport)
                holder = room.holder(event.transport) if room is not None else None
                if room is None or holder is None:
                    return None
                _deliver(room, holder, event, now)
                return room

    def hear(self, event: core.AudioLevels, now: float) -> Iterable[Room]:
        """Audio levels of all rooms: each room's speakers are told what changed."""
        by_room: dict[str, list[tuple[str, int, float]]] = {
            room.name: [] for room in self.rooms.values() if room.speakers.due
        }
        for publication, level, share in event.levels:
            room = self._publications.get(publication)
            track = (
                next((each for each in room.tracks.values() if each.publication == publication), None) if room else None
            )
            if room is not None and track is not None:
                by_room.setdefault(room.name, []).append((track.owner, level, share))
        touched = [(self.rooms[name], levels) for name, levels in by_room.items() if name in self.rooms]
        for room, levels in touched:
            room.speakers_changed(room.speakers.observe(levels, now))
        return [room for room, _ in touched]

    # What is done.

    def settle(self, room: Room, now: float) -> None:
        """Carry out what a step left in a room's outbox, and forget the room if it ended."""
        room.flush_if_due(now)
        for effect in room.outbox.drain():
            self._note(room, effect)
            self._carry(effect)
        if room.is_closed and self.rooms.get(room.name) is room:
            del self.rooms[room.name]

    def _check_room(self, claims: Claims) -> Refusal | None:
        room = self.rooms.get(claims.grants.room)
        if room is not None:
            return membership.check_place(room, claims.identity)
        if not self._settings.auto_create and not claims.grants.room_create:
            return Refusal(Code.ROOM_UNKNOWN, "There is no such room.", "Have it made by RoomService.CreateRoom.")
        return self.check_capacity()

    def _note(self, room: Room, effect: Effect) -> None:
        match effect:
            case core.OpenTransport(transport=transport):
                self._transports[transport] = room
            case core.CloseTransport(transport=transport):
                self._transports.pop(transport, None)
                for subscription in self._placed.pop(transport, set()):
                    self._subscriptions.pop(subscription, None)
            case core.Publish(publication=publication):
                self._publications[publication] = room
            case core.Unpublish(publication=publication):
                self._publications.pop(publication, None)
            case core.Subscribe(subscription=subscription, transport=transport):
                self._subscriptions[subscription] = room
                self._placed[transport].add(subscription)
            case core.Unsubscribe(subscription=subscription):
                self._subscriptions.pop(subscription, None)
            case _:
                pass


def _deliver(
    room: Room,
    holder: Participant,
    event: (
        core.Answered
        | core.Offered
        | core.Settled
        | core.Declined
        | core.Connected
        | core.Disconnected
        | core.DataReceived
        | core.LinkQuality
    ),
    now: float,
) -> None:
    match event:
        case core.Answered():
            room.catch_up(holder)
            sections = holder.negotiation.answered(event)
            if sections:
                publishing.answered(room, holder, sections, now)
            room.prompt(holder)
        case core.Offered():
            room.catch_up(holder)
            holder.negotiation.offered(event)
        case core.Settled():
            holder.negotiation.settled()
            room.prompt(holder)
        case core.Declined():
            _decline(room, holder, event, now)
        case core.Connected():
            membership.connected(room, holder, event)
        case core.Disconnected():
            membership.lost(room, holder, event, now)
        case core.DataReceived():
            room.data.receive(holder, room.participants.values(), event.channel, event.payload, now)
        case core.LinkQuality():
            membership.rate(room, holder, quality.score(event.loss_up, event.loss_down, event.rtt_ms))
        case _:
            assert_never(event)


def _decline(room: Room, holder: Participant, event: core.Declined, now: float) -> None:
    """The core can't use a description: its client is told, and let go if it never had a connection."""
    holder.negotiation.declined(event)
    text = f"The session description can't be used: {event.reason} [{Code.SDP_REFUSED}, {event.code}]"
    response = RequestResponse(reason=RequestResponse.INVALID_REQUEST, message=text)
    room.send(holder, SignalResponse(request_response=response))
    if event.code == "transport.lost":
        # The core can't bring this connection back: the client makes another, without waiting for a time-out first.
        room.dismiss(holder, DisconnectReason.MEDIA_FAILURE, LeaveRequest.RECONNECT)
    elif not holder.is_connected and not holder.sections:
        membership.remove(room, holder, DisconnectReason.JOIN_FAILURE, now)
