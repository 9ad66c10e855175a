"""What people call the delegations, sittings and devices of a record, by the parts of the charter that one has."""

from dataclasses import dataclass

from incamera.accreditation.charter import Contents, Text
from incamera.accreditation.strict import DelegationId, SittingId, Thumbprint
from incamera.meeting.state import RecordState
from incamera.record.entry import JournalId


@dataclass(frozen=True, slots=True)
class Names:
    """Names for reports. A sitting is called by its place among those that the file has, in the order of times."""

    contents: Contents
    sittings: tuple[SittingId, ...]

    def journal(self, journal: JournalId) -> str:
        """`main`, or `sitting 2`."""
        sitting = SittingId(journal)
        return f"sitting {self.sittings.index(sitting) + 1}" if sitting in self.sittings else "main"

    def sitting(self, sitting: SittingId) -> str:
        """`sitting 2 ("Opening")`."""
        part = self.contents.sittings[sitting]
        return f'{self.journal(JournalId(sitting))} ("{_first(part.title)}")'

    def delegation(self, delegation: DelegationId) -> str:
        """Its name, in English if it has one."""
        seats = self.contents.seats
        for one in () if seats is None else seats.delegations:
            if one.delegation == delegation:
                return _first(one.name)
        return str(delegation)

    def device(self, record: RecordState, device: Thumbprint) -> str:
        """`Norway (no-head)`: the delegation and the seat; the thumbprint's first letters for one that is not known."""
        known = record.meeting.enrolment.devices.get(device)
        return f"device {device[:8]}" if known is None else f"{self.delegation(known.delegation)} ({known.seat})"


def _first(text: Text) -> str:
    return text.get("en") or next(iter(text.values()), "?")
