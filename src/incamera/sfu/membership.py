"""Coming and going: joins, resumes, leaves, grants and names; and what the passing of time does to a room. No I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from livekit.protocol.models import (
    ClientInfo,
    Codec,
    DisconnectReason,
    ParticipantInfo,
    ParticipantPermission,
    ServerInfo,
    SpeakerInfo,
)
from livekit.protocol.rtc import (
    ConnectionQualityInfo,
    ConnectionQualityUpdate,
    JoinResponse,
    LeaveRequest,
    ParticipantUpdate,
    ReconnectResponse,
    RoomUpdate,
    SignalResponse,
    SpeakersChanged,
)

from incamera.limits import ATTRIBUTES_BYTES, METADATA_BYTES, NAME_BYTES, PARTICIPANTS_PER_ROOM, RESUME_S
from incamera.refusal import Code, Refusal
from incamera.sfu import core, hearing, publishing, quality
from incamera.sfu.effects import ParticipantSid, TrackSid
from incamera.sfu.negotiation import Negotiation
from incamera.sfu.one_connection import OneConnection
from incamera.sfu.participants import Participant, sources_of
from incamera.sfu.rooms import CODECS, Room
from incamera.sfu.tokens import Claims
from incamera.sfu.two_connections import TwoConnections

PING_INTERVAL_S: Final = 5
PING_TIMEOUT_S: Final = 15
PROTOCOL: Final = 15
"""The protocol that is spoken: 15 answers requests that went well too; 16 would promise moves between rooms."""
LIVEKIT_VERSION: Final = "1.9.0"
"""The livekit-server whose features clients may count on (they compare): 1.13.7 would promise SVC simulcast."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who asks to come in, as the token and the join request say."""

    claims: Claims
    client: ClientInfo
    has_two_connections: bool
    is_automatic: bool
    metadata: str = ""
    attributes: Mapping[str, str] | None = None


def server_info(node_id: str, version: str) -> ServerInfo:
    """What this server is, for clients that compare."""
    return ServerInfo(
        edition=ServerInfo.Standard,
        version=LIVEKIT_VERSION,
        protocol=PROTOCOL,
        node_id=node_id,
        debug_info=f"incamera {version}",
    )


def join(room: Room, newcomer: Newcomer, info: ServerInfo, now: float, now_ms: int) -> Participant | Refusal:
    """A newcomer is in, and has its `join`; who had its identity before is out."""
    claims = newcomer.claims
    refusal = check_texts(claims.name, newcomer.metadata or claims.metadata, newcomer.attributes or claims.attributes)
    if refusal is not None:
        return refusal
    refusal = check_place(room, claims.identity)
    if refusal is not None:
        return refusal
    before = room.named(claims.identity)
    if before is not None:
        room.dismiss(before, DisconnectReason.DUPLICATE_IDENTITY, LeaveRequest.DISCONNECT)
        leave(room, before, DisconnectReason.DUPLICATE_IDENTITY, now)
    sid = ParticipantSid(room.ids.sid("PA_"))
    participant = Participant(
        sid=sid,
        identity=claims.identity,
        key=claims.key,
        grants=replace(claims.grants, room=room.name),
        client=newcomer.client,
        negotiation=_negotiation(room, sid, newcomer.has_two_connections),
        joined_ms=now_ms,
        is_automatic=newcomer.is_automatic,
        name=claims.name,
        metadata=newcomer.metadata or claims.metadata,
        attributes={**claims.attributes, **(newcomer.attributes or {})},
    )
    others = [other.info() for other in room.participants.values()]
    room.enter(participant, now)
    room.send(participant, SignalResponse(join=_welcome(room, participant, others, info)))
    room.refresh_token(participant, now)
    _send_speakers(room, participant)
    changes = room.subscriptions.join(
        sid, claims.identity, automatic=newcomer.is_automatic, allowed=claims.grants.can_subscribe
    )
    hearing.carry_out(room, changes, now)
    participant.negotiation.flush()  # its `join` has all that an offer refers to: this one need not wait for a batch
    return participant


def check_place(room: Room, identity: str) -> Refusal | None:
    """Whether there is place for one more; who comes again has its own."""
    most = min(room.options.participants_max or PARTICIPANTS_PER_ROOM.value, PARTICIPANTS_PER_ROOM.value)
    if len(room.participants) < most or room.named(identity) is not None:
        return None
    return Refusal(Code.ROOM_FULL, f"The room has {most} participants.", "Try again when somebody left.")


def resume(room: Room, participant: Participant, info: ServerInfo, now: float) -> None:
    """A participant's socket is back: it is told all that it may have missed."""
    participant.is_attached = True
    participant.negotiation.resumed()
    reconnect = ReconnectResponse(server_info=info, last_message_seq=participant.last_sequence)
    room.send(participant, SignalResponse(reconnect=reconnect))
    everybody = [who.info() for who in room.participants.values()]
    room.send(participant, SignalResponse(update=ParticipantUpdate(participants=everybody)))
    room.send(participant, SignalResponse(room_update=RoomUpdate(room=room.info())))
    room.refresh_token(participant, now)
    _send_speakers(room, participant)
    room.prompt(participant)


def detach(participant: Participant, now: float) -> None:
    """A participant's socket is gone; it may come back for `limits.RESUME_S`."""
    participant.is_attached = False
    participant.detached_at = now


def leave(room: Room, participant: Participant, reason: DisconnectReason, now: float) -> None:
    """A participant is out, with all that it published and heard."""
    for track in list(participant.tracks.values()):
        publishing.withdraw(room, participant, track, now)
    changes = room.subscriptions.leave(participant.sid)
    room.leave(participant, reason, now)
    hearing.carry_out(room, changes, now)


def remove(room: Room, participant: Participant, reason: DisconnectReason, now: float) -> None:
    """Put a participant out: its client is told not to come back."""
    room.dismiss(participant, reason, LeaveRequest.DISCONNECT)
    leave(room, participant, reason, now)


def choose(room: Room, participant: Participant, tracks: Iterable[str], wanted: bool, now: float) -> Refusal | None:
    """A participant asks for tracks, or to be spared of them."""
    if wanted and not participant.grants.can_subscribe:
        return Refusal(Code.GRANT_MISSING, "The token does not allow to subscribe.", "Ask who leads for the grant.")
    hearing.carry_out(room, room.subscriptions.choose(participant.sid, tracks, wanted), now)
    return None


def describe(
    room: Room,
    participant: Participant,
    *,
    name: str,
    metadata: str,
    attributes: Mapping[str, str],
    now: float,
) -> Refusal | None:
    """Change what a participant says of itself: an empty name or metadata leaves it, an empty attribute removes it."""
    merged = {**participant.attributes, **attributes}
    merged = {label: value for label, value in merged.items() if value}
    refusal = check_texts(name, metadata, merged)
    if refusal is not None:
        return refusal
    participant.name = name or participant.name
    participant.metadata = metadata or participant.metadata
    participant.attributes = merged
    room.announce(participant)
    if participant.is_attached:
        room.refresh_token(participant, now)
    return None


def grant(room: Room, participant: Participant, permission: ParticipantPermission, now: float) -> Refusal | None:
    """Change what a participant may do, at once: tracks that it may no longer publish or hear end."""
    if permission.hidden:
        return hidden_refusal()
    participant.grants = replace(
        participant.grants,
        can_subscribe=permission.can_subscribe,
        can_publish=permission.can_publish,
        can_publish_data=permission.can_publish_data,
        can_publish_sources=sources_of(permission),
        can_update_own_metadata=permission.can_update_metadata,
    )
    publishing.forbid(room, participant, now)
    hearing.carry_out(room, room.subscriptions.allow(participant.sid, permission.can_subscribe), now)
    room.announce(participant)
    if participant.is_attached:
        room.refresh_token(participant, now)
    return None


def hidden_refusal() -> Refusal:
    """Nobody listens unseen."""
    return Refusal(
        Code.GRANT_HIDDEN,
        "There are no hidden participants here: who hears is seen.",
        "Ask for a token without the grant `hidden`.",
    )


def check_texts(name: str, metadata: str, attributes: Mapping[str, str]) -> Refusal | None:
    """Names, metadata and attributes are copied to everybody: each has a bound."""
    size = sum(len(label.encode()) + len(value.encode()) for label, value in attributes.items())
    checks = (
        (len(name.encode()), NAME_BYTES, "name"),
        (len(metadata.encode()), METADATA_BYTES, "metadata"),
        (size, ATTRIBUTES_BYTES, "attributes"),
    )
    for length, limit, what in checks:
        if length > limit.value:
            reason = f"The {what} are longer than {limit.value} bytes."
            return Refusal(Code.LIMIT_REACHED, reason, "Put less there.")
    return None


# What the core and the clock do.


def connected(room: Room, participant: Participant, event: core.Connected) -> None:
    """A connection stands: with the one that the server sends on, the participant is active."""
    if event.transport != participant.negotiation.receiving:
        return
    participant.is_connected, participant.leaves_at = True, None
    if participant.state != ParticipantInfo.ACTIVE:
        participant.state = ParticipantInfo.ACTIVE
        room.announce(participant)
        room.tell("participant_joined", participant)


def lost(room: Room, participant: Participant, event: core.Disconnected, now: float) -> None:
    """A connection is lost: its client restarts it, or comes anew; who does neither is out after a while."""
    if event.transport != participant.negotiation.receiving:
        return
    participant.is_connected = False
    participant.leaves_at = now + RESUME_S.value
    rate(room, participant, quality.LOST)


def rate(room: Room, participant: Participant, score: quality.Score) -> None:
    """How good a participant's connection is: it is told itself, and who hears it, when the word for it changes."""
    if participant.is_told_quality == score.quality:
        return
    participant.is_told_quality = score.quality
    info = ConnectionQualityInfo(participant_sid=participant.sid, quality=int(score.quality), score=score.mos)  # type: ignore[arg-type]  # the enum's stub
    message = SignalResponse(connection_quality=ConnectionQualityUpdate(updates=[info]))
    hearers = set().union(*(room.subscriptions.hearers(sid) for sid in participant.tracks))
    room.outbox.broadcast((sid for sid in room.participants if sid in hearers or sid == participant.sid), message)


def tick(room: Room, now: float) -> None:
    """What is due: batches, tokens, silences, demands, and those who did not come back."""
    for who in list(room.participants.values()):
        if not who.is_attached and now >= who.detached_at + RESUME_S.value:
            leave(room, who, DisconnectReason.SIGNAL_CLOSE, now)
        elif who.leaves_at is not None and now >= who.leaves_at:
            room.dismiss(who, DisconnectReason.MEDIA_FAILURE, LeaveRequest.RECONNECT)
            leave(room, who, DisconnectReason.MEDIA_FAILURE, now)
        elif who.is_attached and now >= who.refresh_at:
            room.refresh_token(who, now)
    for sid in [sid for sid, at in room.demands.items() if now >= at]:
        del room.demands[sid]
        track = room.tracks.get(TrackSid(sid))
        if track is not None:
            hearing.tell_demand(room, track)
    room.speakers_changed(room.speakers.tick(now))
    room.data.tick(now)
    room.flush_if_due(now)
    if room.closes_at is not None and now >= room.closes_at:
        close(room, DisconnectReason.ROOM_CLOSED, room_end_reason=2, now=now)  # ROOM_END_IDLE_TIMEOUT


def close(room: Room, reason: DisconnectReason, *, room_end_reason: int, now: float) -> None:
    """Everybody out; the room is no more."""
    for participant in list(room.participants.values()):
        remove(room, participant, reason, now)
    room.is_closed = True
    room.tell("room_finished", end=room_end_reason)


def _negotiation(room: Room, sid: ParticipantSid, has_two_connections: bool) -> Negotiation:
    publishing_on = room.ids.transport()
    # Full ICE agents: a client that nominates at its own tick (Pion: 200 ms) does so at once when our check reaches it.
    room.outbox.do(core.OpenTransport(publishing_on, ice_lite=False))
    if not has_two_connections:
        return OneConnection(sid, publishing_on, room.ids, room.outbox)
    receiving_on = room.ids.transport()
    # A full, controlling agent: clients that nominate late keep a lite one waiting for 150 ms.
    room.outbox.do(core.OpenTransport(receiving_on, ice_lite=False))
    return TwoConnections(sid, publishing_on, receiving_on, room.ids, room.outbox)


def _welcome(room: Room, participant: Participant, others: list[ParticipantInfo], info: ServerInfo) -> JoinResponse:
    return JoinResponse(
        room=room.info(),
        participant=participant.info(),
        other_participants=others,
        server_version=info.version,
        server_info=info,
        subscriber_primary=isinstance(participant.negotiation, TwoConnections),
        ping_interval=PING_INTERVAL_S,
        ping_timeout=PING_TIMEOUT_S,
        enabled_publish_codecs=[Codec(mime=mime) for mime in CODECS],
        fast_publish=True,
        # No ice_servers: clients ask nobody outside. No sif_trailer: no frame is ever put into a stream by this server.
    )


def _send_speakers(room: Room, participant: Participant) -> None:
    infos = [SpeakerInfo(sid=who.sid, level=who.level, active=who.active) for who in room.speakers.current()]
    if infos:
        room.send(participant, SignalResponse(speakers_changed=SpeakersChanged(speakers=infos)))
