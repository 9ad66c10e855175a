"""RoomService: rooms and participants governed from outside. One door, for the Twirp route and for the process itself.

Methods take and give LiveKit's own messages, and raise `Refused`. Who may call is checked in `twirp.py`, not here.
"""

from collections.abc import Callable

from livekit.protocol.models import DataPacket, DisconnectReason, ParticipantInfo, UserPacket
from livekit.protocol.models import Room as RoomInfo
from livekit.protocol.room import (
    CreateRoomRequest,
    DeleteRoomRequest,
    DeleteRoomResponse,
    ListParticipantsRequest,
    ListParticipantsResponse,
    ListRoomsRequest,
    ListRoomsResponse,
    MuteRoomTrackRequest,
    MuteRoomTrackResponse,
    RemoveParticipantResponse,
    RoomParticipantIdentity,
    SendDataRequest,
    SendDataResponse,
    UpdateParticipantRequest,
    UpdateRoomMetadataRequest,
    UpdateSubscriptionsRequest,
    UpdateSubscriptionsResponse,
)

from incamera.clock import Clock
from incamera.limits import DATA_PACKET_BYTES, METADATA_BYTES, NAME_BYTES
from incamera.refusal import Code, Refusal, Refused
from incamera.sfu import membership, publishing
from incamera.sfu.participants import Participant
from incamera.sfu.rooms import Room, RoomOptions
from incamera.sfu.switchboard import Switchboard


class RoomService:
    """The methods of `livekit.RoomService` that this server answers."""

    def __init__(self, switchboard: Switchboard, clock: Clock, settle: Callable[[Room], None]) -> None:
        self._switchboard = switchboard
        self._clock = clock
        self._settle = settle

    async def create_room(self, request: CreateRoomRequest) -> RoomInfo:
        """Make a room; one that is there is given as it is."""
        if not request.name or len(request.name.encode()) > NAME_BYTES.value:
            raise Refused(Refusal(Code.SIGNAL_MALFORMED, "The room has no name, or a long one.", "Name it."))
        _check_metadata(request.metadata)
        room = self._switchboard.rooms.get(request.name)
        if room is None:
            refusal = self._switchboard.check_capacity()
            if refusal is not None:
                raise Refused(refusal)
            default = self._switchboard.options()
            options = RoomOptions(
                empty_timeout_s=request.empty_timeout or default.empty_timeout_s,
                departure_timeout_s=request.departure_timeout or default.departure_timeout_s,
                participants_max=request.max_participants,
                metadata=request.metadata,
            )
            now = self._clock.monotonic()
            room = self._switchboard.create(request.name, now=now, now_ms=self._clock.now_ms(), options=options)
            self._settle(room)
        return room.info()

    async def list_rooms(self, request: ListRoomsRequest) -> ListRoomsResponse:
        """All rooms, or those named."""
        rooms = self._switchboard.rooms.values()
        return ListRoomsResponse(
            rooms=[room.info() for room in rooms if not request.names or room.name in request.names]
        )

    async def delete_room(self, request: DeleteRoomRequest) -> DeleteRoomResponse:
        """Everybody out; the room is no more. Tokens stay good: remove whom you don't want back."""
        room = self._room(request.room)
        reason = DisconnectReason.ROOM_DELETED
        membership.close(room, reason, room_end_reason=1, now=self._clock.monotonic())  # ROOM_END_API_DELETE
        self._settle(room)
        return DeleteRoomResponse()

    async def list_participants(self, request: ListParticipantsRequest) -> ListParticipantsResponse:
        """Who is in a room."""
        room = self._room(request.room)
        return ListParticipantsResponse(participants=[who.info() for who in room.participants.values()])

    async def get_participant(self, request: RoomParticipantIdentity) -> ParticipantInfo:
        """One participant."""
        return self._participant(request.room, request.identity)[1].info()

    async def remove_participant(self, request: RoomParticipantIdentity) -> RemoveParticipantResponse:
        """Put a participant out, and refuse its tokens issued until now, or until `revoke_token_ts` (seconds)."""
        until_s = request.revoke_token_ts or self._clock.now_ms() / 1000
        self._switchboard.revocations.revoke(request.room, request.identity, until_s)
        room, participant = self._participant(request.room, request.identity)
        membership.remove(room, participant, DisconnectReason.PARTICIPANT_REMOVED, self._clock.monotonic())
        self._settle(room)
        return RemoveParticipantResponse()

    async def mute_published_track(self, request: MuteRoomTrackRequest) -> MuteRoomTrackResponse:
        """Mute a track. Nobody's microphone is opened from outside: to unmute is refused."""
        room, participant = self._participant(request.room, request.identity)
        if not request.muted:
            reason = "Nobody's microphone or camera is opened from outside."
            raise Refused(Refusal(Code.TRACK_UNMUTE, reason, "Ask the participant to unmute."))
        track = publishing.mute(room, participant, request.track_sid, True, by_server=True)
        if isinstance(track, Refusal):
            raise Refused(track)
        self._settle(room)
        return MuteRoomTrackResponse(track=track.info)

    async def update_participant(self, request: UpdateParticipantRequest) -> ParticipantInfo:
        """Change a participant's name, metadata, attributes or permission; what is absent stays."""
        room, participant = self._participant(request.room, request.identity)
        now = self._clock.monotonic()
        refusal: Refusal | None = None
        if request.HasField("permission"):
            refusal = membership.grant(room, participant, request.permission, now)
        if refusal is None and (request.name or request.metadata or request.attributes):
            refusal = membership.describe(
                room,
                participant,
                name=request.name,
                metadata=request.metadata,
                attributes=dict(request.attributes),
                now=now,
            )
        self._settle(room)
        if refusal is not None:
            raise Refused(refusal)
        return participant.info()

    async def update_subscriptions(self, request: UpdateSubscriptionsRequest) -> UpdateSubscriptionsResponse:
        """Subscribe a participant to tracks, or spare it of them."""
        room, participant = self._participant(request.room, request.identity)
        tracks = [*request.track_sids, *(sid for group in request.participant_tracks for sid in group.track_sids)]
        refusal = membership.choose(room, participant, tracks, request.subscribe, self._clock.monotonic())
        if refusal is not None:
            raise Refused(refusal)
        self._settle(room)
        return UpdateSubscriptionsResponse()

    async def send_data(self, request: SendDataRequest) -> SendDataResponse:
        """A data packet of the server's own, to all or to whom it names: it has no sender's identity."""
        room = self._room(request.room)
        if len(request.data) > DATA_PACKET_BYTES.value:
            reason = f"The data is longer than {DATA_PACKET_BYTES.value} bytes."
            raise Refused(Refusal(Code.LIMIT_REACHED, reason, "Send it in parts."))
        user = UserPacket(
            payload=request.data,
            topic=request.topic if request.HasField("topic") else None,
            destination_sids=request.destination_sids,
            destination_identities=request.destination_identities,
            nonce=request.nonce,
        )
        packet = DataPacket(kind=request.kind, user=user, destination_identities=request.destination_identities)
        channel: str = "lossy" if request.kind == DataPacket.LOSSY else "reliable"
        room.data.forward(
            packet,
            room.participants.values(),
            "lossy" if channel == "lossy" else "reliable",
            self._clock.monotonic(),
        )
        self._settle(room)
        return SendDataResponse()

    async def update_room_metadata(self, request: UpdateRoomMetadataRequest) -> RoomInfo:
        """Change a room's metadata; everybody in it is told."""
        room = self._room(request.room)
        _check_metadata(request.metadata)
        room.options.metadata = request.metadata
        room.announce_room()
        self._settle(room)
        return room.info()

    def _room(self, name: str) -> Room:
        room = self._switchboard.rooms.get(name)
        if room is None:
            raise Refused(Refusal(Code.ROOM_UNKNOWN, "There is no such room.", "List the rooms and try again."))
        return room

    def _participant(self, room_name: str, identity: str) -> tuple[Room, Participant]:
        room = self._room(room_name)
        participant = room.named(identity)
        if participant is None:
            reason = "There is no such participant in the room."
            raise Refused(Refusal(Code.PARTICIPANT_UNKNOWN, reason, "List the participants and try again."))
        return room, participant


def _check_metadata(metadata: str) -> None:
    if len(metadata.encode()) > METADATA_BYTES.value:
        reason = f"The metadata is longer than {METADATA_BYTES.value} bytes."
        raise Refused(Refusal(Code.LIMIT_REACHED, reason, "Put less there."))
