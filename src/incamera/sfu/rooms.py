"""Rooms: who is in, what everybody is told, when a room ends. No I/O: time and ids are passed in, effects collected."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

from livekit.protocol import models
from livekit.protocol.models import DisconnectReason, ParticipantInfo
from livekit.protocol.rtc import (
    LeaveRequest,
    ParticipantUpdate,
    RoomUpdate,
    SignalResponse,
    SpeakersChanged,
)

from incamera.limits import CONNECT_S, REFRESH_S, RESUME_S
from incamera.sfu import core
from incamera.sfu.core import PublicationId, RequestId, SubscriptionId, TransportId
from incamera.sfu.data import DataRelay
from incamera.sfu.effects import Happening, Notice, Outbox, ParticipantSid, TrackSid
from incamera.sfu.negotiation import Subscription
from incamera.sfu.participants import Participant, Track
from incamera.sfu.speakers import Speaker, Speakers
from incamera.sfu.subscriptions import Subscriptions

BATCH_S: Final = 0.05
"""Updates, and the offers that follow, are sent at once, and then at most this often: joins come in crowds."""
DEMAND_LOWER_S: Final = 1.0
"""A publisher is told at once that more is watched, and after this long that less is: people switch back and forth."""
CODECS: Final = ("video/VP8", "video/H264", "video/VP9", "video/AV1", "audio/opus")


class Ids(Protocol):
    """Where new ids come from: numbers are counted up and never used twice, sids are random."""

    def sid(self, prefix: str) -> str:
        """`PA_…`, `TR_…`, `RM_…`: 12 random characters."""
        ...

    def transport(self) -> TransportId:
        """A connection's id."""
        ...

    def publication(self) -> PublicationId:
        """A publication's id."""
        ...

    def subscription(self) -> SubscriptionId:
        """A subscription's id."""
        ...

    def request(self) -> RequestId:
        """A request's id."""
        ...


@dataclass(slots=True)
class RoomOptions:
    """How long a room stays, and how many it takes; times in seconds, 0 participants: no bound but the server's."""

    empty_timeout_s: int = 300
    departure_timeout_s: int = 20
    participants_max: int = 0
    metadata: str = ""


@dataclass(slots=True)
class Hearing:
    """A subscription, and who has it of what."""

    subscriber: ParticipantSid
    track: TrackSid
    subscription: Subscription
    is_paused: bool = False


@dataclass(slots=True)
class Room:
    """One room. Contract: after each call, drain the outbox; call `tick` when `due` has come."""

    name: str
    sid: str
    created_ms: int
    options: RoomOptions
    ids: Ids
    outbox: Outbox
    refresh: Callable[[Participant], str]
    """Makes a participant a fresh token of its present grants."""
    now: float
    participants: dict[ParticipantSid, Participant] = field(default_factory=dict)
    tracks: dict[TrackSid, Track] = field(default_factory=dict)
    subscriptions: Subscriptions = field(default_factory=Subscriptions)
    hearings: dict[tuple[str, str], Hearing] = field(default_factory=dict)
    speakers: Speakers = field(default_factory=Speakers)
    demands: dict[TrackSid, float] = field(default_factory=dict)
    """When a publisher is to be told what is watched of a track."""
    data: DataRelay = field(init=False)
    closes_at: float | None = None
    is_closed: bool = False
    _changed: dict[ParticipantSid, None] = field(default_factory=dict)
    _departed: list[ParticipantInfo] = field(default_factory=list)
    _is_room_changed: bool = False
    _prompted: dict[ParticipantSid, None] = field(default_factory=dict)
    _flushed_at: float = float("-inf")

    def __post_init__(self) -> None:
        self.data = DataRelay(self.outbox)
        self.closes_at = self.now + self.options.empty_timeout_s

    # What it is.

    def info(self) -> models.Room:
        """What clients and RoomService see of it."""
        return models.Room(
            sid=self.sid,
            name=self.name,
            empty_timeout=self.options.empty_timeout_s,
            departure_timeout=self.options.departure_timeout_s,
            max_participants=self.options.participants_max,
            creation_time=self.created_ms // 1000,
            creation_time_ms=self.created_ms,
            enabled_codecs=[models.Codec(mime=mime) for mime in CODECS],
            metadata=self.options.metadata,
            num_participants=len(self.participants),
            num_publishers=sum(1 for participant in self.participants.values() if participant.tracks),
        )

    def named(self, identity: str) -> Participant | None:
        """The participant with this identity."""
        return next((who for who in self.participants.values() if who.identity == identity), None)

    def others(self, participant: Participant) -> list[Participant]:
        """Everybody else."""
        return [who for who in self.participants.values() if who is not participant]

    def track(self, sid: str) -> Track | None:
        """The published track with this sid."""
        return self.tracks.get(TrackSid(sid))

    def holder(self, transport: TransportId) -> Participant | None:
        """Whose connection this is."""
        return next((who for who in self.participants.values() if transport in who.negotiation.transports), None)

    @property
    def due(self) -> float | None:
        """When `tick` has something to do; None: never, unless something happens."""
        times = [self.closes_at, self.speakers.due, *self.demands.values()]
        if self._changed or self._departed or self._prompted or self._is_room_changed:
            times.append(self._flushed_at + BATCH_S)
        for who in self.participants.values():
            times.append(who.refresh_at if who.is_attached else who.detached_at + RESUME_S.value)
            times.append(who.leaves_at)
        return min((time for time in times if time is not None), default=None)

    # Who comes and goes.

    def enter(self, participant: Participant, now: float) -> None:
        """A participant is in from now on; what it may hear is for `hearing.begin`."""
        self.participants[participant.sid] = participant
        self.closes_at = None
        participant.refresh_at = now + REFRESH_S.value
        participant.leaves_at = now + CONNECT_S.value
        self._is_room_changed = True
        self.announce(participant)

    def leave(self, participant: Participant, reason: DisconnectReason, now: float) -> None:
        """A participant is out: its connections are closed, the others are told. Its tracks are unpublished before."""
        del self.participants[participant.sid]
        self._changed.pop(participant.sid, None)
        self._prompted.pop(participant.sid, None)
        self.speakers.forget(participant.sid)
        for transport in participant.negotiation.transports:
            self.outbox.do(core.CloseTransport(transport))
        was_active = participant.state == ParticipantInfo.ACTIVE
        participant.state = ParticipantInfo.DISCONNECTED
        participant.version += 1
        self._departed.append(participant.info(reason))
        self._is_room_changed = True
        self.tell("participant_left" if was_active else "participant_connection_aborted", participant)
        if not self.participants:
            self.closes_at = now + self.options.departure_timeout_s

    def dismiss(self, participant: Participant, reason: DisconnectReason, action: LeaveRequest.Action) -> None:
        """Tell a participant's client to go, and close its socket."""
        can_reconnect = action != LeaveRequest.DISCONNECT
        leave = LeaveRequest(reason=reason, action=action, can_reconnect=can_reconnect)
        self.outbox.send(participant.sid, SignalResponse(leave=leave))
        self.outbox.hang_up(participant.sid)

    # What is told.

    def announce(self, participant: Participant) -> None:
        """A participant changed: everybody is told with the next batch."""
        participant.version += 1
        self._changed[participant.sid] = None

    def announce_room(self) -> None:
        """The room changed: everybody is told with the next batch."""
        self._is_room_changed = True

    def prompt(self, participant: Participant) -> None:
        """A participant's negotiation waits: it is set going after the next batch of updates."""
        self._prompted[participant.sid] = None

    def send(self, to: Participant, message: SignalResponse) -> None:
        """A message to one."""
        self.outbox.send(to.sid, message)

    def broadcast(self, message: SignalResponse) -> None:
        """A message to all."""
        self.outbox.broadcast(self.participants, message)

    def tell(
        self, event: Happening, participant: Participant | None = None, track: Track | None = None, end: int = 0
    ) -> None:
        """What webhooks and the process's own listeners are told."""
        who = participant.info() if participant is not None else None
        self.outbox.tell(Notice(event, self.info(), who, track.info if track is not None else None, end))

    def speakers_changed(self, changed: Iterable[Speaker]) -> None:
        """Tell everybody whose loudness changed."""
        infos = [models.SpeakerInfo(sid=who.sid, level=who.level, active=who.active) for who in changed]
        if infos:
            self.broadcast(SignalResponse(speakers_changed=SpeakersChanged(speakers=infos)))

    def refresh_token(self, participant: Participant, now: float) -> None:
        """A fresh token of its present grants, so that it can come back after a long meeting."""
        participant.refresh_at = now + REFRESH_S.value
        self.send(participant, SignalResponse(refresh_token=self.refresh(participant)))

    def catch_up(self, participant: Participant) -> None:
        """Tell one what all are about to be told: a track is announced before the description that carries it."""
        if self._changed:
            updates = [self.participants[sid].info() for sid in self._changed]
            self.send(participant, SignalResponse(update=ParticipantUpdate(participants=updates)))

    def flush(self, now: float) -> None:
        """Send what changed since the last batch, then set waiting negotiations going."""
        self._flushed_at = now
        updates = self._departed + [self.participants[sid].info() for sid in self._changed]
        is_room_changed, self._is_room_changed = self._is_room_changed, False
        self._departed, self._changed = [], {}
        if updates:
            self.broadcast(SignalResponse(update=ParticipantUpdate(participants=updates)))
        if is_room_changed:
            self.broadcast(SignalResponse(room_update=RoomUpdate(room=self.info())))
        prompted, self._prompted = self._prompted, {}
        for sid in prompted:
            self.participants[sid].negotiation.flush()

    @property
    def is_flush_due(self) -> bool:
        """Whether a batch waits."""
        return bool(self._changed or self._departed or self._prompted or self._is_room_changed)

    def flush_if_due(self, now: float) -> None:
        """Send the batch if its time has come."""
        if self.is_flush_due and now >= self._flushed_at + BATCH_S:
            self.flush(now)
