"""A device's sittings: those that it reads or whose door it sees, and into which of them it goes (choice.py)."""

from collections.abc import Callable, Iterable, Mapping

from incamera.accreditation.strict import SittingId, Thumbprint
from incamera.member.choice import Seen, Wants, choose, in_charter_order
from incamera.member.feed import Door
from incamera.member.reader import Reader
from incamera.member.sitting import Sitting


class Sittings:
    """The sittings that a device has been in, by id."""

    def __init__(
        self,
        reader: Reader,
        wants: Wants,
        *,
        opens: bool,
        make: Callable[[SittingId], Sitting],
        begin: Callable[[Sitting], None],
    ) -> None:
        """`make` gives one that it goes into for the first time; `begin` is called with it before it does anything."""
        self.known: dict[SittingId, Sitting] = {}
        self._reader = reader
        self._wants = wants
        self._opens = opens
        self._make = make
        self._begin = begin
        self._doors: Mapping[SittingId, Door] = {}

    def see(self, doors: Iterable[Door]) -> None:
        """The doors as the server says that they are now."""
        self._doors = {door.sitting: door for door in doors}
        self.choose()

    def choose(self) -> None:
        """Go into the sittings that are wanted and can be seen: by a door, or by a journal that we read."""
        for name, sitting in self.known.items():
            sitting.at_the_door(self._doors.get(name))
        names = [*self._doors, *(name for name in self._read() if name not in self._doors)]
        seen = [self._seen(name) for name in in_charter_order(names, self._reader.contents.sittings.values())]
        is_busy = any(sitting.phase != "closed" for sitting in self.known.values())
        for name in choose(self._wants, seen, opens=self._opens, is_busy=is_busy):
            self.of(name)

    def of(self, name: SittingId) -> Sitting:
        """The one of this id; it is gone into if it was not."""
        if name in self.known:
            return self.known[name]
        sitting = self._make(name)
        sitting.known_elsewhere = lambda: self._admitted(name)
        sitting.at_the_door(self._doors.get(name))
        self.known[name] = sitting
        self._begin(sitting)
        return sitting

    def _seen(self, name: SittingId) -> Seen:
        door, sitting, state = self._doors.get(name), self.known.get(name), self._reader.state(name)
        is_refused = sitting is not None and sitting.refusal is not None
        if state is not None:
            return Seen(name, state.sitting.stage == "open", state.sitting.stage == "closed", is_refused)
        if door is not None:
            return Seen(name, door.is_open, door.is_closed, is_refused)
        return Seen(name, is_open=True, is_refused=is_refused)  # its journal begins

    def _read(self) -> list[SittingId]:
        journals = self._reader.entries
        return [SittingId(name) for name in journals if name != self._reader.main]

    def _admitted(self, but: SittingId) -> frozenset[Thumbprint]:
        """Devices that another sitting admitted, as far as we read."""
        states = [self._reader.state(name) for name in self._read() if name != but]
        return frozenset(
            device for state in states if state is not None for device in state.sitting.lobby.admitted_once
        )
