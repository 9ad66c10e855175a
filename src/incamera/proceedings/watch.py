"""One device at the feed: which journals it reads, its doors, its receipts, and when it must go.

The registrar tells each watch of each change; api/feed.py sends what the watch gives. What goes to whom is
meeting/visibility.py's to say.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from incamera.accreditation.strict import Json, Thumbprint
from incamera.meeting.enrolment import Device
from incamera.meeting.state import RecordState
from incamera.meeting.visibility import Door, doors, journals
from incamera.record.entry import Entry, JournalId
from incamera.record.feed import Reader
from incamera.refusal import Code, Refusal

REVOKED = Refusal(Code.DEVICE_REVOKED, "This device is revoked.", "Telephone the secretariat.")


@dataclass(frozen=True, slots=True)
class DoorsChanged:
    """What the device is told of the sittings that it does not read."""

    doors: tuple[Door, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry that concerns the device, of a journal that it does not read."""

    entry: Entry


Notice: TypeAlias = DoorsChanged | Receipt


@dataclass(slots=True, eq=False)
class Watch:
    """What one connected device gets beside its journals' entries. `Registrar.watch` makes it."""

    device: Device
    reader: Reader
    _doors: tuple[Door, ...] = ()
    _receipts: list[Entry] = field(default_factory=list)
    _until: dict[JournalId, int] = field(default_factory=dict)
    _has_news: asyncio.Event = field(default_factory=asyncio.Event)
    _doors_sent: tuple[Door, ...] | None = None
    _is_revoked: bool = False

    @property
    def thumbprint(self) -> Thumbprint:
        """The device's name."""
        return self.device.thumbprint

    def begin(self, record: RecordState, receipts: Sequence[Entry]) -> None:
        """Tell how things stand when the device connects."""
        self._doors = doors(record, self.device)
        self._receipts.extend(receipts)
        self._has_news.set()

    def follow(self, record: RecordState, entry: Entry, *, concerns: bool) -> None:
        """An entry is on disk: read on or stop reading as it says, and note what else the device is told."""
        reads = journals(record, self.thumbprint)
        for journal in reads - (self.reader.journals.keys() - self._until.keys()):
            # Admitted, or admitted again: it goes on after the exclusion, which was the last that it got.
            self.reader.read_on(journal, self._until.pop(journal, 0))
        for journal in self.reader.journals.keys() - reads - self._until.keys():
            # Excluded or revoked by this entry: the last that it gets is what stands now.
            self._until[journal] = _last_seq(record, journal)
            self.reader.read_until(journal, self._until[journal])
        if concerns and entry.header.journal not in self.reader.journals:
            self._receipts.append(entry)
        self._doors = doors(record, self.device)
        self._is_revoked = record.meeting.enrolment.live(self.thumbprint) is None
        self._has_news.set()

    def reads(self) -> Mapping[JournalId, int]:
        """The journals that it reads, and the seq of the last entry that it was given of each."""
        return self.reader.journals

    def is_over(self) -> bool:
        """Whether the device is revoked and has got the last entry that it may have."""
        return self._is_revoked and all(
            seq >= self._until.get(journal, 0) for journal, seq in self.reader.journals.items()
        )

    async def next_notices(self) -> tuple[Notice, ...]:
        """Wait for what it is told beside entries; empty when only `is_over` may have changed."""
        await self._has_news.wait()
        self._has_news.clear()
        notices: list[Notice] = [Receipt(entry) for entry in self._receipts]
        self._receipts.clear()
        if self._doors != self._doors_sent and (self._doors or self._doors_sent):
            self._doors_sent = self._doors
            notices.append(DoorsChanged(self._doors))
        return tuple(notices)


def door_wire(door: Door, act: str | None) -> dict[str, Json]:
    """A door as it stands in a message of the feed, with the open or regroup act's JWS."""
    return {
        "sitting": door.sitting,
        "state": door.stage,
        "opens": door.opens_ms,
        "opener": door.opener.value,
        "act": act,
    }


def _last_seq(record: RecordState, journal: JournalId) -> int:
    for sitting in record.sittings.values():
        if str(sitting.id) == str(journal):
            return sitting.tail.seq
    return record.meeting.tail.seq
