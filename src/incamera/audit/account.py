"""Who could decrypt which item, from the record alone.

Opening an item makes a commit that names it, so an item is open over whole rounds. Who was a member of the sitting's
group in any of them had its keys, and so had who was excluded, until the commit that removed it. What a member told
others, or that it was not there to listen, no record says.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from incamera.accreditation.strict import DelegationId, ItemId, SeatId, SittingId, Thumbprint
from incamera.audit.reading import Step
from incamera.meeting.state import RecordState, SittingState


@dataclass(frozen=True, slots=True)
class Share:
    """A device that could decrypt an item, and in which of the sitting's rounds."""

    device: Thumbprint
    delegation: DelegationId
    seat: SeatId
    rounds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """For each item that was opened: the devices that had its keys, in the order of joining, and the rounds."""

    shares: Mapping[tuple[SittingId, ItemId], Mapping[Thumbprint, Share]] = field(default_factory=dict)

    def after(self, step: Step) -> "Account":
        """The account after one more entry."""
        name = SittingId(step.entry.header.journal)
        sitting = step.after.sittings.get(name)
        if sitting is None or sitting.agenda.open is None or _is_counted(step.before.sittings[name], sitting):
            return self
        key = (name, sitting.agenda.open)
        known = self.shares.get(key, {})
        present = {device: _share(step.after, device, known.get(device), sitting) for device in sitting.group.members}
        return replace(self, shares={**self.shares, key: {**known, **present}})


def _is_counted(before: SittingState, after: SittingState) -> bool:
    return (before.round, before.agenda.open) == (after.round, after.agenda.open)


def _share(record: RecordState, device: Thumbprint, known: Share | None, sitting: SittingState) -> Share:
    if known is not None:
        return replace(known, rounds=(*known.rounds, sitting.round))
    enrolled = record.meeting.enrolment.devices[device]
    return Share(device, enrolled.delegation, enrolled.seat, (sitting.round,))
