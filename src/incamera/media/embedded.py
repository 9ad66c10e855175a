"""The media server in this process as a media plane: RoomService's methods, called without HTTP."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Final

from livekit.protocol.models import ParticipantPermission, TrackSource
from livekit.protocol.room import (
    CreateRoomRequest,
    DeleteRoomRequest,
    ListParticipantsRequest,
    MuteRoomTrackRequest,
    RoomParticipantIdentity,
    UpdateParticipantRequest,
)
from livekit.protocol.webhook import WebhookEvent

from incamera.clock import Clock
from incamera.media.plane import (
    Gone,
    Grants,
    Identity,
    Joined,
    MediaEvent,
    PlaneUnavailable,
    RoomName,
    Source,
    Ticket,
)
from incamera.refusal import Code, Refused
from incamera.sfu import tokens
from incamera.sfu.server import SfuServer

EVENTS_MAX: Final = 1024
"""So many events wait for one listener; the oldest goes: they are hints."""
_SOURCES: Final = {
    Source.CAMERA: TrackSource.CAMERA,
    Source.MICROPHONE: TrackSource.MICROPHONE,
    Source.SCREEN_SHARE: TrackSource.SCREEN_SHARE,
    Source.SCREEN_SHARE_AUDIO: TrackSource.SCREEN_SHARE_AUDIO,
}
_ABSENT: Final = frozenset({Code.ROOM_UNKNOWN, Code.PARTICIPANT_UNKNOWN, Code.TRACK_UNKNOWN})


class EmbeddedPlane:
    """A `MediaPlane` on the embedded server."""

    def __init__(self, server: SfuServer, keys: Mapping[str, str], clock: Clock) -> None:
        self._server = server
        self._keys = keys
        self._clock = clock
        self._listeners: set[asyncio.Queue[MediaEvent]] = set()
        server.on_event(self._hear)

    async def issue(self, room: RoomName, identity: Identity, grants: Grants, *, lives_s: int) -> Ticket:
        """See `MediaPlane`."""
        with _Idempotent():
            await self._server.service.create_room(CreateRoomRequest(name=room))
        now_ms = self._clock.now_ms()
        allowed = tokens.Grants(
            room_join=True,
            # For LiveKit, no sources means all of them: who may publish nothing has no right to publish.
            can_publish=bool(grants.publish),
            can_publish_sources=tuple(sorted(source.value for source in grants.publish)),
            can_subscribe=grants.subscribe,
            can_publish_data=False,
        )
        token = tokens.issue(self._keys, identity, room, allowed, now_ms=now_ms, ttl_s=lives_s)
        return Ticket(token, None, now_ms + lives_s * 1000)

    async def update(self, room: RoomName, identity: Identity, grants: Grants) -> None:
        """See `MediaPlane`."""
        permission = ParticipantPermission(
            can_subscribe=grants.subscribe,
            can_publish=bool(grants.publish),
            can_publish_data=False,
            can_publish_sources=[_SOURCES[source] for source in sorted(grants.publish)],
        )
        request = UpdateParticipantRequest(room=room, identity=identity, permission=permission)
        with _Idempotent():
            await self._server.service.update_participant(request)

    async def mute(self, room: RoomName, identity: Identity, source: Source) -> None:
        """See `MediaPlane`."""
        with _Idempotent():
            who = await self._server.service.get_participant(RoomParticipantIdentity(room=room, identity=identity))
            for track in who.tracks:
                if track.source == _SOURCES[source] and not track.muted:
                    await self._server.service.mute_published_track(
                        MuteRoomTrackRequest(room=room, identity=identity, track_sid=track.sid, muted=True)
                    )

    async def remove(self, room: RoomName, identity: Identity) -> None:
        """See `MediaPlane`. It also voids a ticket that nobody used yet."""
        with _Idempotent():
            await self._server.service.remove_participant(RoomParticipantIdentity(room=room, identity=identity))

    async def close(self, room: RoomName) -> None:
        """See `MediaPlane`."""
        with _Idempotent():
            await self._server.service.delete_room(DeleteRoomRequest(room=room))

    async def participants(self, room: RoomName) -> tuple[Identity, ...]:
        """See `MediaPlane`."""
        with _Idempotent():
            found = await self._server.service.list_participants(ListParticipantsRequest(room=room))
            return tuple(Identity(who.identity) for who in found.participants)
        return ()

    async def events(self) -> AsyncIterator[MediaEvent]:
        """See `MediaPlane`."""
        queue: asyncio.Queue[MediaEvent] = asyncio.Queue(EVENTS_MAX)
        self._listeners.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.discard(queue)

    def _hear(self, event: WebhookEvent) -> None:
        room, who = RoomName(event.room.name), Identity(event.participant.identity)
        match event.event:
            case "participant_joined":
                told: MediaEvent = Joined(room, who)
            case "participant_left" | "participant_connection_aborted":
                told = Gone(room, who)
            case _:
                return
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(told)


class _Idempotent:
    """What is asked of a room or participant that is not there is done already."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, Refused):
            if error.refusal.code not in _ABSENT:
                raise PlaneUnavailable(str(error.refusal.code)) from error
            return True
        return False
