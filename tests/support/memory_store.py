"""A store in memory, with the failures of a disk: before the commit, after it, and a slow one. One thread, no time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from incamera.accreditation.charter import PartId
from incamera.accreditation.strict import DelegationId, Hash, MeetingId
from incamera.record.database import FAILED
from incamera.record.entry import Entry, JournalId
from incamera.record.journal import Tail, beginning, check
from incamera.record.store import Appended, BlobRecord, Placed, StoredStatement
from incamera.refusal import Code, Refusal


@dataclass
class MemoryStore:
    """What a restart of the server finds again. `lost` and `unknown` are chances of a failed commit, in percent."""

    random: Random = field(default_factory=lambda: Random(0))
    lost: int = 0
    unknown: int = 0
    charters_of: dict[MeetingId, list[str]] = field(default_factory=dict)
    parts_of: dict[MeetingId, dict[PartId, bytes]] = field(default_factory=dict)
    statements_of: dict[MeetingId, list[StoredStatement]] = field(default_factory=dict)
    entries: dict[MeetingId, list[Placed]] = field(default_factory=dict)
    blobs: dict[tuple[MeetingId, Hash], BlobRecord] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def create_meeting(
        self,
        meeting: MeetingId,
        charter: str,
        parts: Mapping[PartId, bytes],
        statements: Sequence[StoredStatement],
    ) -> bool | Refusal:
        if meeting in self.charters_of:
            return False
        self.charters_of[meeting] = [charter]
        self.parts_of[meeting] = dict(parts)
        self.statements_of[meeting] = list(statements)
        self.entries[meeting] = []
        return True

    async def meetings(self) -> tuple[MeetingId, ...]:
        return tuple(self.charters_of)

    async def charters(self, meeting: MeetingId) -> tuple[str, ...]:
        return tuple(self.charters_of.get(meeting, ()))

    async def parts(self, meeting: MeetingId) -> Mapping[PartId, bytes]:
        return self.parts_of.get(meeting, {})

    async def add_statements(self, meeting: MeetingId, statements: Sequence[StoredStatement]) -> Refusal | None:
        self.statements_of[meeting].extend(statements)
        return None

    async def statements(
        self, meeting: MeetingId, delegation: DelegationId | None = None
    ) -> tuple[StoredStatement, ...]:
        return tuple(self.statements_of.get(meeting, ()))

    async def append(
        self, meeting: MeetingId, entries: Sequence[Entry], then: Callable[[Appended], None] | None = None
    ) -> Appended | Refusal:
        async with self._turn:  # one writer, in the order of asking
            for _ in range(self.random.randrange(4)):
                await asyncio.sleep(0)
            if self.random.randrange(100) < self.lost:
                return FAILED
            appended = self._append(meeting, entries)
            if isinstance(appended, Refusal):
                return appended
            if self.random.randrange(100) < self.unknown:
                return FAILED  # it is on disk, and the server does not know
            if then is not None:
                then(appended)
        for _ in range(self.random.randrange(3)):
            await asyncio.sleep(0)
        return appended

    def _append(self, meeting: MeetingId, entries: Sequence[Entry]) -> Appended | Refusal:
        for placed in self.entries[meeting]:
            if placed.entry.header.body == entries[0].header.body:
                return Appended((placed.entry,), is_new=False)
        tails = self._tails(meeting)
        for entry in entries:
            name = entry.header.journal
            main = tails.get(JournalId(meeting))
            newest = None if main is None else main.place
            tail = tails.get(name, beginning(meeting, name))
            end = check(tail, entry, lambda place, newest=newest: place == newest)  # type: ignore[misc]
            if isinstance(end, Refusal):
                return Refusal(Code.RECORD_MOVED, end.reason, "Decide again.")
            tails[name] = end
        for entry in entries:
            self.entries[meeting].append(Placed(len(self.entries[meeting]) + 1, entry))
        return Appended(tuple(entries), is_new=True)

    def _tails(self, meeting: MeetingId) -> dict[JournalId, Tail]:
        tails: dict[JournalId, Tail] = {}
        for placed in self.entries[meeting]:
            header = placed.entry.header
            tails[header.journal] = Tail(
                meeting=meeting,
                journal=header.journal,
                seq=header.seq,
                hash=placed.entry.hash,
                at_ms=header.at_ms,
                main=header.main,
            )
        return tails

    async def find(self, meeting: MeetingId, body: Hash) -> Entry | None:
        return next((one.entry for one in self.entries[meeting] if one.entry.header.body == body), None)

    async def tails(self, meeting: MeetingId) -> Mapping[JournalId, Tail]:
        return self._tails(meeting)

    async def read(self, meeting: MeetingId, after: Mapping[JournalId, int]) -> tuple[Placed, ...]:
        await asyncio.sleep(0)
        found = [
            one
            for one in self.entries[meeting]
            if one.entry.header.journal in after and one.entry.header.seq > after[one.entry.header.journal]
        ]
        return tuple(found[:64])

    async def read_all(self, meeting: MeetingId) -> AsyncIterator[Placed]:
        for one in list(self.entries[meeting]):
            yield one

    async def add_blob(self, meeting: MeetingId, blob: BlobRecord) -> Refusal | None:
        self.blobs.setdefault((meeting, blob.hash), blob)
        return None

    async def expire_blob(self, meeting: MeetingId, blob: Hash, expires_ms: int) -> Refusal | None:
        known = self.blobs[(meeting, blob)]
        self.blobs[(meeting, blob)] = BlobRecord(known.hash, known.octets, known.created_ms, expires_ms)
        return None

    async def blob(self, meeting: MeetingId, blob: Hash) -> BlobRecord | None:
        await asyncio.sleep(0)
        return self.blobs.get((meeting, blob))

    async def forget_blobs(self, now_ms: int) -> tuple[Hash, ...] | Refusal:
        gone = [key for key, blob in self.blobs.items() if blob.expires_ms is not None and blob.expires_ms <= now_ms]
        for key in gone:
            del self.blobs[key]
        return tuple(blob for _, blob in gone)
