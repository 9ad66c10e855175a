"""Into which of the sittings that it sees a device goes. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from incamera.accreditation.charter import SittingPart
from incamera.accreditation.strict import SittingId

Wants: TypeAlias = Literal["first", "all"] | SittingId
"""Which sittings to be in: the first open one that lists the seat, all of them (secretariat), or one."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A sitting by its door, or by its journal that we read."""

    sitting: SittingId
    is_open: bool = False
    is_closed: bool = False
    is_refused: bool = False
    """Something that we wanted there was refused: opening it, perhaps."""


def in_charter_order(names: Sequence[SittingId], parts: Collection[SittingPart]) -> list[SittingId]:
    """By when they open, then by id; who has not the parts yet takes the order in which the server tells its doors."""
    known = sorted(parts, key=lambda part: (part.opens_ms, part.sitting))
    places = {part.sitting: place for place, part in enumerate(known)}
    return sorted(names, key=lambda name: places.get(name, len(places)))


def choose(wants: Wants, seen: Sequence[Seen], *, opens: bool, is_busy: bool) -> list[SittingId]:
    """Of what is seen, in the charter's order, what to go into now. `is_busy`: it is in one that is not closed."""
    match wants:
        case "all":
            return [one.sitting for one in (_by_turns(seen) if opens else seen)]
        case "first":
            going = [one for one in seen if one.is_open] or [one for one in seen if opens and not one.is_closed]
            return [] if is_busy else [one.sitting for one in going[:1]]
        case name:
            return [one.sitting for one in seen if one.sitting == name]


def _by_turns(seen: Sequence[Seen]) -> Sequence[Seen]:
    """Who opens several opens one after the other: who comes in meanwhile finds the first of them open first."""
    waits = (place for place, one in enumerate(seen) if not (one.is_open or one.is_closed or one.is_refused))
    return seen[: next(waits, len(seen)) + 1]
