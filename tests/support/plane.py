"""A media plane in memory: it obeys, and remembers who may do what."""

import asyncio
from collections.abc import AsyncIterator

from incamera.media.plane import Gone, Grants, Identity, Joined, MediaEvent, PlaneUnavailable, RoomName, Source, Ticket


class PaperPlane:
    """Rooms as dictionaries. `connect` plays a participant that uses its ticket; `is_down` plays an outage."""

    def __init__(self) -> None:
        self.rooms: dict[RoomName, dict[Identity, Grants]] = {}
        self.tickets: dict[str, tuple[RoomName, Identity, Grants]] = {}
        self.is_down = False
        self._listeners: list[asyncio.Queue[MediaEvent]] = []

    async def issue(self, room: RoomName, identity: Identity, grants: Grants, *, lives_s: int) -> Ticket:
        self._check()
        token = f"ticket {len(self.tickets)}"
        self.tickets[token] = (room, identity, grants)
        return Ticket(token, None, lives_s * 1000)

    async def update(self, room: RoomName, identity: Identity, grants: Grants) -> None:
        self._check()
        if identity in self.rooms.get(room, {}):
            self.rooms[room][identity] = grants

    async def mute(self, room: RoomName, identity: Identity, source: Source) -> None:
        self._check()

    async def remove(self, room: RoomName, identity: Identity) -> None:
        self._check()
        if self.rooms.get(room, {}).pop(identity, None) is not None:
            self._tell(Gone(room, identity))

    async def close(self, room: RoomName) -> None:
        self._check()
        self.rooms.pop(room, None)

    async def participants(self, room: RoomName) -> tuple[Identity, ...]:
        self._check()
        return tuple(self.rooms.get(room, {}))

    async def events(self) -> AsyncIterator[MediaEvent]:
        queue: asyncio.Queue[MediaEvent] = asyncio.Queue()
        self._listeners.append(queue)
        while True:
            yield await queue.get()

    def connect(self, token: str) -> Identity:
        room, identity, grants = self.tickets[token]
        self.rooms.setdefault(room, {})[identity] = grants
        self._tell(Joined(room, identity))
        return identity

    def _tell(self, event: MediaEvent) -> None:
        for queue in self._listeners:
            queue.put_nowait(event)

    def _check(self) -> None:
        if self.is_down:
            raise PlaneUnavailable
