"""The store's interface: what was acknowledged is on disk. `sql_store` is behind it, and another one can be."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from incamera.accreditation.charter import PartId
from incamera.accreditation.strict import DelegationId, Hash, MeetingId, SeatId
from incamera.record.entry import Entry, JournalId
from incamera.record.journal import Tail
from incamera.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Appended:
    """Entries that are on disk. `is_new` is False if they had been appended before: the same act came twice."""

    entries: tuple[Entry, ...]
    is_new: bool


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry and its position in the one order of appending, which is never shown."""

    position: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class StoredStatement:
    """A statement of the upper levels, uploaded with the charter or after it."""

    delegation: DelegationId
    seat: SeatId | None
    """None for a delegation's own."""
    jws: str


@dataclass(frozen=True, slots=True)
class BlobRecord:
    """What is known of a blob: its bytes lie in a file named by their hash."""

    hash: Hash
    octets: int
    created_ms: int
    expires_ms: int | None


class StoreCorrupt(Exception):
    """What the disk gives back is not what was written: stop, and restore a backup."""


class Store(Protocol):
    """The record on disk."""

    async def create_meeting(
        self,
        meeting: MeetingId,
        charter: str,
        parts: Mapping[PartId, bytes],
        statements: Sequence[StoredStatement],
    ) -> bool | Refusal:
        """Write down a new meeting; False if the same one, with the same charter, was there already."""
        ...

    async def meetings(self) -> tuple[MeetingId, ...]:
        """All meetings, in the order in which they were made."""
        ...

    async def charters(self, meeting: MeetingId) -> tuple[str, ...]:
        """The meeting's charters, from number 0 on."""
        ...

    async def parts(self, meeting: MeetingId) -> Mapping[PartId, bytes]:
        """The charter's parts."""
        ...

    async def add_statements(self, meeting: MeetingId, statements: Sequence[StoredStatement]) -> Refusal | None:
        """Add statements; those that are there already change nothing. All or none: `STATEMENTS` is the most."""
        ...

    async def statements(
        self, meeting: MeetingId, delegation: DelegationId | None = None
    ) -> tuple[StoredStatement, ...]:
        """The meeting's statements, or one delegation's."""
        ...

    async def append(
        self, meeting: MeetingId, entries: Sequence[Entry], then: Callable[[Appended], None] | None = None
    ) -> Appended | Refusal:
        """Append entries, all or none. `then` is called right after the commit, in the order of appending."""
        ...

    async def find(self, meeting: MeetingId, body: Hash) -> Entry | None:
        """The entry with this body, by its hash: that of an act is the act's."""
        ...

    async def tails(self, meeting: MeetingId) -> Mapping[JournalId, Tail]:
        """The end of each journal that has an entry."""
        ...

    async def read(self, meeting: MeetingId, after: Mapping[JournalId, int]) -> tuple[Placed, ...]:
        """The next entries of these journals after a seq each, in the order of appending; empty: there is no more."""
        ...

    def read_all(self, meeting: MeetingId) -> AsyncIterator[Placed]:
        """All entries of the meeting, in the order of appending."""
        ...

    async def add_blob(self, meeting: MeetingId, blob: BlobRecord) -> Refusal | None:
        """Note a blob whose bytes are on disk; the same one again keeps the first note."""
        ...

    async def expire_blob(self, meeting: MeetingId, blob: Hash, expires_ms: int) -> Refusal | None:
        """Set when a blob ends."""
        ...

    async def blob(self, meeting: MeetingId, blob: Hash) -> BlobRecord | None:
        """What is known of a blob."""
        ...

    async def forget_blobs(self, now_ms: int) -> tuple[Hash, ...] | Refusal:
        """Forget the blobs whose time is over; gives those whose bytes no meeting needs any more."""
        ...


def within(placed: Iterable[Placed], octets_max: int) -> list[Placed]:
    """As many as fit in so many bytes of bodies, but one at least."""
    taken: list[Placed] = []
    octets = 0
    for one in placed:
        octets += len(one.entry.header_bytes) + len(one.entry.body or "")
        if taken and octets > octets_max:
            break
        taken.append(one)
    return taken
