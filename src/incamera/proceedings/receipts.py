"""Receipts: the entries that a device is shown although it does not read their journal (record.md 5)."""

from collections import defaultdict
from collections.abc import Collection

from incamera.accreditation.strict import Thumbprint
from incamera.meeting.rules import Decided
from incamera.meeting.state import RecordState
from incamera.meeting.visibility import journals, subjects
from incamera.record.entry import Entry, JournalId


class Receipts:
    """Kept in memory and made again by the fold, so that a device that comes back gets all of them."""

    def __init__(self) -> None:
        self._entries: defaultdict[Thumbprint, list[Entry]] = defaultdict(list)

    def note(self, after: RecordState, entry: Entry, decided: Decided) -> None:
        """Keep an entry for the devices that it concerns and that do not read its journal."""
        named = subjects(decided.event)
        concerned = {Thumbprint(decided.author), *named.devices}
        for seat in named.seats:
            concerned |= {device.thumbprint for device in after.meeting.enrolment.of_seat(seat)}
        for device in concerned & after.meeting.enrolment.devices.keys():
            if entry.header.journal not in journals(after, device):
                self._entries[device].append(entry)

    def of(self, device: Thumbprint, reads: Collection[JournalId]) -> tuple[Entry, ...]:
        """A device's receipts, without those of journals that it reads by now."""
        return tuple(entry for entry in self._entries.get(device, ()) if entry.header.journal not in reads)
