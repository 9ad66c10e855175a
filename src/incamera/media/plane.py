"""The media plane, as the meeting plane needs it: any server that speaks LiveKit's protocol is behind it.

It knows rooms and identities only: opaque ids, no names, no roles. Each call is safe to repeat. A call that the server
does not answer raises `PlaneUnavailable`: the fold stays the truth, and the usher asks again.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType, Protocol, TypeAlias

RoomName = NewType("RoomName", str)
"""A sitting's id: one sitting is one room."""
Identity = NewType("Identity", str)
"""A participant: `<device>.<instance>` (docs/reference/record.md, 6)."""


class Source(StrEnum):
    """What a track is of: LiveKit's names."""

    CAMERA = "camera"
    MICROPHONE = "microphone"
    SCREEN_SHARE = "screen_share"
    SCREEN_SHARE_AUDIO = "screen_share_audio"


@dataclass(frozen=True, slots=True)
class Grants:
    """What a participant may do in its room: publish these sources, and hear the others."""

    publish: frozenset[Source]
    subscribe: bool = True


@dataclass(frozen=True, slots=True)
class Ticket:
    """What lets one participant connect once: LiveKit's token, and where to."""

    token: str
    url: str | None
    """Of a media server elsewhere; None: the origin that the page speaks to."""
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Joined:
    """A participant connected: whether it still may is the usher's to check."""

    room: RoomName
    identity: Identity


@dataclass(frozen=True, slots=True)
class Gone:
    """A participant is no longer connected."""

    room: RoomName
    identity: Identity


MediaEvent: TypeAlias = Joined | Gone


class PlaneUnavailable(Exception):
    """The media server did not answer, or refused what it must not refuse."""


class MediaPlane(Protocol):
    """Issue a ticket, update grants, mute, remove, close a room, events: nothing else."""

    async def issue(self, room: RoomName, identity: Identity, grants: Grants, *, lives_s: int) -> Ticket:
        """A ticket to connect within so many seconds; the room is made if it is not there."""
        ...

    async def update(self, room: RoomName, identity: Identity, grants: Grants) -> None:
        """Change what a participant may do; tracks that it may publish no longer end."""
        ...

    async def mute(self, room: RoomName, identity: Identity, source: Source) -> None:
        """Mute a participant's tracks of one source."""
        ...

    async def remove(self, room: RoomName, identity: Identity) -> None:
        """Put a participant out; its ticket, and any that its server gave it, are void."""
        ...

    async def close(self, room: RoomName) -> None:
        """End a room and put everybody out."""
        ...

    async def participants(self, room: RoomName) -> tuple[Identity, ...]:
        """Who is connected."""
        ...

    def events(self) -> AsyncIterator[MediaEvent]:
        """What happens in all rooms, as hints: some may be missing. Each call begins a new one from now on."""
        ...
