"""The usher: media follows state. `commands` (pure) says what changed for the media plane; the loop carries it out.

The floor's first hold (e2ee.md): the server's grants. The record is the truth: what the media server did not take
is asked of it again, and who connects is checked against the state of that moment.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeAlias

from incamera.accreditation.charter import Role
from incamera.accreditation.strict import SittingId, Thumbprint
from incamera.clock import Clock
from incamera.limits import TICKET_SECONDS
from incamera.log import logger
from incamera.media.plane import Grants, Identity, Joined, MediaPlane, PlaneUnavailable, RoomName, Source, Ticket
from incamera.meeting.speech import ALWAYS_HEARD, SILENT
from incamera.meeting.state import RecordState, State
from incamera.refusal import Code, Refusal

_log = logger(__name__)

RETRY_SECONDS: Final = 1.0
"""Between two tries at a media server that does not answer."""
CAMERA: Final = frozenset({Source.CAMERA})
SPEECH: Final = frozenset(Source)
BOOTH: Final = frozenset({Source.CAMERA, Source.MICROPHONE})


@dataclass(frozen=True, slots=True)
class Update:
    """A device may publish other sources than before."""

    room: RoomName
    device: Thumbprint
    grants: Grants


@dataclass(frozen=True, slots=True)
class Remove:
    """A device has no place in the room any more."""

    room: RoomName
    device: Thumbprint


@dataclass(frozen=True, slots=True)
class Close:
    """The sitting is over."""

    room: RoomName


Command: TypeAlias = Update | Remove | Close


def grants(state: State, device: Thumbprint) -> Grants | None:
    """What a device may do in the sitting's room; None: it has no place there. A knocker has none."""
    sitting = state.sitting
    role = state.meeting.role_of(device)
    if sitting.stage != "open" or role is None or device not in sitting.group.present:
        return None
    holder = sitting.floor.holder
    if role in SILENT:
        return Grants(frozenset())
    if role is Role.INTERPRETER:
        return Grants(BOOTH)
    has_floor = holder is not None and holder.device == device
    return Grants(SPEECH if has_floor or role in ALWAYS_HEARD else CAMERA)


def commands(before: State, after: State) -> tuple[Command, ...]:
    """What the media plane must be told between two states of one sitting. Who comes in asks for a ticket itself."""
    room = RoomName(after.sitting.id)
    if after.sitting.stage == "closed":
        return (Close(room),) if before.sitting.stage == "open" else ()
    told: list[Command] = []
    for device in sorted(before.sitting.group.members):
        had, has = grants(before, device), grants(after, device)
        if had is not None and has is None:
            told.append(Remove(room, device))
        elif had is not None and has is not None and had != has:
            told.append(Update(room, device, has))
    return tuple(told)


def identity(device: Thumbprint, instance: str) -> Identity:
    """A device's name in the room, of one page load."""
    return Identity(f"{device}.{instance}")


def device_of(identity: Identity) -> Thumbprint:
    """The device of a participant."""
    return Thumbprint(identity.partition(".")[0])


@dataclass(slots=True)
class Usher:
    """Carries out what `commands` says, for one meeting. `now` gives the record's state at the time of asking."""

    plane: MediaPlane
    clock: Clock
    now: Callable[[], RecordState]
    _present: dict[tuple[RoomName, Thumbprint], Identity] = field(default_factory=dict)
    """The newest identity that got a ticket, a device and room."""
    _waiting: dict[tuple[RoomName, Thumbprint | None], Command] = field(default_factory=dict)
    """One command a device and room at most: what stands when it is carried out counts."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _failures: int = 0

    def follow(self, before: RecordState, after: RecordState) -> None:
        """Note what changed; `run` carries it out."""
        for sitting, state in after.sittings.items():
            if state is before.sittings.get(sitting):
                continue
            for command in commands(before.at(sitting), after.at(sitting)):
                self._waiting[(command.room, None if isinstance(command, Close) else command.device)] = command
                self._news.set()

    async def ticket(self, sitting: SittingId, device: Thumbprint, instance: str) -> Ticket | None:
        """A ticket for a member, with the grants of this moment; None for who has no place in the room.

        A new instance removes the device's older participant: a page that was reloaded does not meet itself.
        """
        allowed = grants(self.now().at(sitting), device)
        if allowed is None:
            return None
        room, new = RoomName(sitting), identity(device, instance)
        ticket = await self.plane.issue(room, new, allowed, lives_s=int(TICKET_SECONDS))
        self._present[(room, device)] = new
        for other in await self.plane.participants(room):
            if device_of(other) == device and other != new:
                await self.plane.remove(room, other)
        return ticket

    def may_enter(self, room: RoomName, participant: Identity) -> Refusal | None:
        """Why somebody with a ticket does not come in: put out since, or an older instance of its device."""
        if self._allowed(room, participant) is not None:
            return None
        return Refusal(Code.MEMBER_MISSING, "This device is not a member of the sitting's group now.", "Knock.")

    async def run(self) -> None:
        """Carry out commands and look at who connects, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._carry_out())
            tasks.create_task(self._watch())
            tasks.create_task(self._look_around())

    def statistics(self) -> dict[str, int]:
        """How many commands wait, and how often the media server failed."""
        return {"waiting": len(self._waiting), "failures": self._failures}

    async def _carry_out(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                command = self._waiting.pop(next(iter(self._waiting)))
                await self._insist(partial(self._do, command))

    async def _do(self, command: Command) -> None:
        if isinstance(command, Close):
            await self.plane.close(command.room)
            return
        # What stands now counts, not what stood when the command was queued.
        allowed = grants(self.now().at(SittingId(command.room)), command.device)
        connected = {
            participant
            for participant in await self.plane.participants(command.room)
            if device_of(participant) == command.device
        }
        ticket = self._present.get((command.room, command.device))
        if allowed is None and ticket is not None:
            connected.add(ticket)  # not used yet, perhaps: to remove it voids it
        for participant in sorted(connected):
            await self._allow(command.room, participant, allowed)

    async def _watch(self) -> None:
        async for event in self.plane.events():
            if isinstance(event, Joined):
                await self._insist(partial(self._check, event))

    async def _look_around(self) -> None:
        """Who is in a room before the meeting is served: with a ticket of an earlier life of this server."""
        for sitting in self.now().sittings:
            await self._insist(partial(self._check_all, RoomName(sitting)))

    async def _check_all(self, room: RoomName) -> None:
        for participant in await self.plane.participants(room):
            await self._check(Joined(room, participant))

    async def _check(self, event: Joined) -> None:
        """Who connects with a ticket of before an exclusion, or as an older instance, goes out again."""
        if SittingId(event.room) in self.now().sittings:
            await self._allow(event.room, event.identity, self._allowed(event.room, event.identity))

    def _allowed(self, room: RoomName, participant: Identity) -> Grants | None:
        device = device_of(participant)
        newest = self._present.get((room, device), participant)
        return grants(self.now().at(SittingId(room)), device) if newest == participant else None

    async def _allow(self, room: RoomName, participant: Identity, allowed: Grants | None) -> None:
        if allowed is None:
            await self.plane.remove(room, participant)
        else:
            await self.plane.update(room, participant, allowed)

    async def _insist(self, attempt: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await attempt()
                return
            except PlaneUnavailable:
                self._failures += 1
                _log.warning("media.unavailable", failures=self._failures)
                await asyncio.sleep(RETRY_SECONDS)
