"""A delegate without a screen: a device with MLS at a meeting, and its media in the sittings that it goes into."""

import asyncio
from ssl import SSLContext

from incamera.accreditation.invitation import Invitation
from incamera.accreditation.strict import SittingId
from incamera.clock import Clock
from incamera.member import broadcast, conduct
from incamera.member.attendance import Figures
from incamera.member.attendee import Attendee, End
from incamera.member.call import Call
from incamera.member.choice import Wants
from incamera.member.client import Ticket
from incamera.member.device import StateFolder
from incamera.member.reception import Reception
from incamera.member.sitting import Sitting
from incamera.refusal import Refusal


class Delegate:
    """One seat's device and its media, from `run` to its end. `report()` at any time."""

    def __init__(
        self,
        invitation: Invitation,
        folder: StateFolder,
        clock: Clock,
        tls: SSLContext,
        *,
        manner: broadcast.Manner,
        conduct: conduct.Manner | None = None,
        wants: Wants = "first",
        moves_on: bool = True,
    ) -> None:
        self.attendee = Attendee(invitation, folder, clock, tls, manner=conduct, wants=wants)
        self.calls: dict[SittingId, Call] = {}
        self.entered = asyncio.Event()
        """Set once it was in a sitting's room."""
        self.clock = clock
        self._manner = manner
        self._moves_on = moves_on
        """Into the next sitting that opens, when the one that it was in closes; otherwise it ends with that one."""
        self._reception = Reception(clock)

    @property
    def connected(self) -> bool:
        """Whether it is in a room now."""
        return any(call.connected for call in self.calls.values())

    @property
    def seconds_in(self) -> float:
        """How long it has been in, all connections together."""
        return sum(call.seconds_in for call in self.calls.values())

    @property
    def name(self) -> str:
        """What stands on its plate, in the charter's first language; its seat's id before the charter is read."""
        contents, identity = self.attendee.reader.contents, self.attendee.identity
        main = self.attendee.reader.main_state()
        if contents.seats is None or identity is None or main is None:
            return ""
        device = main.meeting.enrolment.devices.get(identity.thumbprint)
        names = {one.delegation: one.name for one in contents.seats.delegations}
        return "" if device is None else next(iter(names[device.delegation].values()))

    def report(self) -> dict[str, Figures]:
        """What arrived, by seat."""
        return self._reception.report()

    async def run(self, asked: asyncio.Event) -> End:
        """Attend until asked to end, or until it can't go on."""
        async with asyncio.TaskGroup() as group:
            tasks: list[asyncio.Task[None]] = []

            def begin(sitting: Sitting) -> None:
                tasks.append(group.create_task(self._attend(sitting), name=f"call {sitting.id}"))

            self.attendee.on_sitting.append(begin)
            end = await self.attendee.run(asked)
            for task in tasks:
                task.cancel()
        return end

    async def _attend(self, sitting: Sitting) -> None:
        await sitting.reached(lambda one: one.can_send)
        call = self.calls[sitting.id] = Call(
            sitting,
            tickets=self._ticket,
            server=self.attendee.client.origin,
            name=self.name,
            manner=self._manner,
            reception=self._reception,
            clock=self.clock,
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(call.run())
            await call.entered.wait()
            self.entered.set()
            if not self._moves_on:
                await sitting.reached(lambda one: one.phase == "closed")
                self.attendee.end("closed")

    async def _ticket(self, sitting: Sitting, instance: str) -> Ticket | Refusal:
        identity = self.attendee.identity
        assert identity is not None, "who is in a sitting has a device"
        return await self.attendee.client.ticket(identity.key, sitting.id, instance)
