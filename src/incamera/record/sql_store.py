"""A `Store` on SQLAlchemy Core and SQLite: one writer, several readers, WAL.

`append` is compare-and-set: an entry that does not follow the stored end of its journal is refused (`record.moved`), so
whoever decided on older state decides again. One transaction holds what is appended together; answers come after it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from sqlalchemy import Table, and_, func, insert, or_, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from incamera import limits
from incamera.accreditation.charter import PartId
from incamera.accreditation.strict import DelegationId, Hash, MeetingId, sha256
from incamera.limits import FEED_BATCH_BYTES, FEED_BATCH_ENTRIES
from incamera.record import database, journal
from incamera.record.entry import Entry, JournalId, Place
from incamera.record.journal import Tail
from incamera.record.rows import entry_row, find_entries, find_tails, placed, select_entries
from incamera.record.store import Appended, BlobRecord, Placed, StoredStatement, within
from incamera.record.tables import BLOBS, CHARTERS, ENTRIES, MEETINGS, PARTS, STATEMENTS
from incamera.record.writer import Work, Writer
from incamera.refusal import Code, Refusal

FILE: Final = "record.sqlite3"
"""The database's name in a data folder."""
_STATEMENTS_FULL: Final = Refusal(
    Code.STATEMENTS_FULL,
    f"The meeting would have more than {limits.STATEMENTS.value} {limits.STATEMENTS.unit}: no export could carry them.",
    "Send only those of the invitations that are in use; for more, sign a new meeting.",
)


@dataclass(frozen=True, slots=True)
class _Append:
    """An append as a work of the writer, which does those that stand side by side together."""

    append_all: Callable[[AsyncConnection, Sequence["_Append"]], Awaitable[list[Appended | Refusal]]]
    meeting: MeetingId
    entries: tuple[Entry, ...]

    async def __call__(self, connection: AsyncConnection) -> Appended | Refusal:
        """Append alone."""
        return (await self.append_all(connection, [self]))[0]


class SqlStore:
    """A `Store` on SQLite: one writer, several readers, WAL. An async context manager; `open` makes it."""

    def __init__(self, path: Path, reader: AsyncEngine, *, is_read_only: bool) -> None:
        self._path = path
        self._reader = reader
        self._is_read_only = is_read_only
        self._writer = Writer(path, self._perform, self._forget)
        self._rows: dict[MeetingId, int] = {}
        self._tails: dict[MeetingId, dict[JournalId, Tail]] = {}
        self._position: int | None = None
        self._open = AsyncExitStack()

    @classmethod
    def open(cls, folder: Path, *, is_read_only: bool = False) -> Self:
        """The store in a data folder; read-only, for an export beside a running server, it takes no lock."""
        path = folder / FILE
        return cls(path, database.connect(path, is_writer=False), is_read_only=is_read_only)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opening:
            opening.push_async_callback(self._reader.dispose)
            if not self._is_read_only:
                opening.enter_context(database.locked(self._path))
                opening.push_async_callback(self._writer.close)
                await self._writer.start()
            self._open = opening.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    def statistics(self) -> dict[str, int]:
        """Counts of the writer."""
        return self._writer.statistics()

    async def create_meeting(
        self,
        meeting: MeetingId,
        charter: str,
        parts: Mapping[PartId, bytes],
        statements: Sequence[StoredStatement],
    ) -> bool | Refusal:
        """See `Store`."""

        async def work(connection: AsyncConnection) -> bool | Refusal:
            row = await self._row(connection, meeting)
            if row is not None:
                first = select(CHARTERS.c.jws).where(CHARTERS.c.meeting_id == row, CHARTERS.c.number == 0)
                return False if await connection.scalar(first) == charter else _exists(meeting)
            if len(statements) > int(limits.STATEMENTS):
                return _STATEMENTS_FULL
            row = await connection.scalar(insert(MEETINGS).values(meeting=meeting).returning(MEETINGS.c.id))
            assert row is not None, "an insert gives its row"
            await connection.execute(insert(CHARTERS).values(meeting_id=row, number=0, jws=charter))
            await _insert(
                connection,
                PARTS,
                [
                    {"meeting_id": row, "part": part, "digest": sha256(data), "data": data}
                    for part, data in parts.items()
                ],
            )
            await _insert_statements(connection, row, statements)
            return True

        return await self._writer.submit(work)

    async def meetings(self) -> tuple[MeetingId, ...]:
        """See `Store`."""
        async with self._reader.connect() as connection:
            rows = await connection.scalars(select(MEETINGS.c.meeting).order_by(MEETINGS.c.id))
            return tuple(MeetingId(meeting) for meeting in rows)

    async def charters(self, meeting: MeetingId) -> tuple[str, ...]:
        """See `Store`."""
        query = select(CHARTERS.c.jws).join(MEETINGS).where(MEETINGS.c.meeting == meeting).order_by(CHARTERS.c.number)
        async with self._reader.connect() as connection:
            return tuple(await connection.scalars(query))

    async def parts(self, meeting: MeetingId) -> Mapping[PartId, bytes]:
        """See `Store`."""
        query = select(PARTS.c.part, PARTS.c.data).join(MEETINGS).where(MEETINGS.c.meeting == meeting)
        async with self._reader.connect() as connection:
            return {PartId(part): data for part, data in await connection.execute(query.order_by(PARTS.c.part))}

    async def add_statements(self, meeting: MeetingId, statements: Sequence[StoredStatement]) -> Refusal | None:
        """See `Store`."""

        async def work(connection: AsyncConnection) -> Refusal | None:
            row = await self._row(connection, meeting)
            if row is None:
                return _unknown(meeting)
            there = set(await connection.scalars(select(STATEMENTS.c.hash).where(STATEMENTS.c.meeting_id == row)))
            if len(there | set(map(_hash_of, statements))) > int(limits.STATEMENTS):
                return _STATEMENTS_FULL
            await _insert_statements(connection, row, statements)
            return None

        return await self._writer.submit(work)

    async def statements(
        self, meeting: MeetingId, delegation: DelegationId | None = None
    ) -> tuple[StoredStatement, ...]:
        """See `Store`."""
        table = STATEMENTS.c
        query = select(table.delegation, table.seat, table.jws).join(MEETINGS).where(MEETINGS.c.meeting == meeting)
        if delegation is not None:
            query = query.where(table.delegation == delegation)
        async with self._reader.connect() as connection:
            rows = await connection.execute(query.order_by(table.delegation, table.seat, table.hash))
            return tuple(StoredStatement(DelegationId(found), seat, jws) for found, seat, jws in rows)

    async def append(
        self, meeting: MeetingId, entries: Sequence[Entry], then: Callable[[Appended], None] | None = None
    ) -> Appended | Refusal:
        """See `Store`."""
        assert entries, "an append has an entry"

        return await self._writer.submit(_Append(self._append_all, meeting, tuple(entries)), then)

    async def find(self, meeting: MeetingId, body: Hash) -> Entry | None:
        """See `Store`."""
        async with self._reader.connect() as connection:
            return (await find_entries(connection, meeting, [body])).get(body)

    async def tails(self, meeting: MeetingId) -> Mapping[JournalId, Tail]:
        """See `Store`."""
        async with self._reader.connect() as connection:
            return await find_tails(connection, meeting)

    async def read(self, meeting: MeetingId, after: Mapping[JournalId, int]) -> tuple[Placed, ...]:
        """See `Store`. At most `FEED_BATCH_ENTRIES`, and about `FEED_BATCH_BYTES`; always one if there is one."""
        spans = [and_(ENTRIES.c.journal == name, ENTRIES.c.seq > seq) for name, seq in after.items()]
        if not spans:
            return ()
        query = select_entries(meeting).where(or_(*spans)).order_by(ENTRIES.c.position)
        async with self._reader.connect() as connection:
            rows = await connection.execute(query.limit(FEED_BATCH_ENTRIES.value))
            return tuple(within(map(placed, rows), FEED_BATCH_BYTES.value))

    async def read_all(self, meeting: MeetingId) -> AsyncIterator[Placed]:
        """See `Store`. All of one moment: what is appended meanwhile is not among them."""
        async with self._reader.connect() as connection:
            rows = await connection.stream(select_entries(meeting).order_by(ENTRIES.c.position))
            async for row in rows:
                yield placed(row)

    async def add_blob(self, meeting: MeetingId, blob: BlobRecord) -> Refusal | None:
        """See `Store`."""

        async def work(connection: AsyncConnection) -> Refusal | None:
            row = await self._row(connection, meeting)
            if row is None:
                return _unknown(meeting)
            values = {
                "meeting_id": row,
                "hash": blob.hash,
                "bytes": blob.octets,
                "created_ms": blob.created_ms,
                "expires_ms": blob.expires_ms,
            }
            await _insert(connection, BLOBS, [values])
            return None

        return await self._writer.submit(work)

    async def expire_blob(self, meeting: MeetingId, blob: Hash, expires_ms: int) -> Refusal | None:
        """See `Store`."""

        async def work(connection: AsyncConnection) -> Refusal | None:
            row = await self._row(connection, meeting)
            where = and_(BLOBS.c.meeting_id == row, BLOBS.c.hash == blob)
            await connection.execute(BLOBS.update().where(where).values(expires_ms=expires_ms))
            return None

        return await self._writer.submit(work)

    async def blob(self, meeting: MeetingId, blob: Hash) -> BlobRecord | None:
        """See `Store`."""
        query = select(BLOBS).join(MEETINGS).where(MEETINGS.c.meeting == meeting, BLOBS.c.hash == blob)
        async with self._reader.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else BlobRecord(Hash(row.hash), row.bytes, row.created_ms, row.expires_ms)

    async def forget_blobs(self, now_ms: int) -> tuple[Hash, ...] | Refusal:
        """See `Store`."""

        async def work(connection: AsyncConnection) -> tuple[Hash, ...]:
            gone = BLOBS.delete().where(BLOBS.c.expires_ms <= now_ms).returning(BLOBS.c.hash)
            hashes = set(await connection.scalars(gone))
            kept = set(await connection.scalars(select(BLOBS.c.hash).where(BLOBS.c.hash.in_(hashes))))
            return tuple(sorted(Hash(found) for found in hashes - kept))

        return await self._writer.submit(work)

    async def _perform(self, connection: AsyncConnection, works: Sequence[Work[Any]]) -> list[Any]:
        results: list[Any] = []
        for are_appends, run in groupby(works, lambda work: isinstance(work, _Append)):
            if are_appends:
                results += await self._append_all(connection, [work for work in run if isinstance(work, _Append)])
            else:
                results += [await work(connection) for work in run]
        return results

    async def _append_all(self, connection: AsyncConnection, appends: Sequence["_Append"]) -> list[Appended | Refusal]:
        """Many appends by one look and one insert: a statement costs more than a row."""
        if self._position is None:
            self._position = await connection.scalar(select(func.coalesce(func.max(ENTRIES.c.position), 0))) or 0
        known: dict[MeetingId, dict[Hash, Entry]] = {}
        for meeting in dict.fromkeys(one.meeting for one in appends):
            if meeting not in self._tails:
                self._tails[meeting] = await find_tails(connection, meeting)
            bodies = [one.entries[0].header.body for one in appends if one.meeting == meeting]
            known[meeting] = await find_entries(connection, meeting, bodies)
        rows: list[dict[str, object]] = []
        results: list[Appended | Refusal] = []
        for one in appends:
            row = await self._row(connection, one.meeting)
            results.append(_unknown(one.meeting) if row is None else self._stage(row, one, known[one.meeting], rows))
        if rows:
            await connection.execute(insert(ENTRIES), rows)
        return results

    def _stage(
        self, row: int, append: "_Append", known: dict[Hash, Entry], rows: list[dict[str, object]]
    ) -> Appended | Refusal:
        again = known.get(append.entries[0].header.body)
        if again is not None:
            return Appended((again,), is_new=False)
        ends = _follow(append.meeting, self._tails[append.meeting], append.entries)
        if isinstance(ends, Refusal):
            return ends
        assert self._position is not None, "_append_all read it"
        rows += [entry_row(row, self._position + place, entry) for place, entry in enumerate(append.entries, start=1)]
        self._position += len(append.entries)
        self._tails[append.meeting] = ends
        known |= {entry.header.body: entry for entry in append.entries}
        return Appended(append.entries, is_new=True)

    async def _row(self, connection: AsyncConnection, meeting: MeetingId) -> int | None:
        row = self._rows.get(meeting)
        if row is None:
            row = await connection.scalar(select(MEETINGS.c.id).where(MEETINGS.c.meeting == meeting))
            if row is not None:
                self._rows[meeting] = row
        return row

    def _forget(self) -> None:
        self._rows.clear()
        self._tails.clear()
        self._position = None


def _follow(
    meeting: MeetingId, tails: Mapping[JournalId, Tail], entries: Sequence[Entry]
) -> dict[JournalId, Tail] | Refusal:
    ends = dict(tails)
    for entry in entries:
        name = entry.header.journal
        main = ends.get(JournalId(meeting))
        newest: Place | None = None if main is None else main.place
        end = journal.check(ends.get(name, journal.beginning(meeting, name)), entry, lambda place: place == newest)  # noqa: B023
        if isinstance(end, Refusal):
            return Refusal(
                Code.RECORD_MOVED, f"The record has moved on: {end.reason}", "Decide again, on what stands now."
            )
        ends[name] = end
    return ends


async def _insert_statements(connection: AsyncConnection, row: int, statements: Sequence[StoredStatement]) -> None:
    values = [
        {
            "meeting_id": row,
            "hash": _hash_of(one),
            "delegation": one.delegation,
            "seat": one.seat,
            "jws": one.jws,
        }
        for one in statements
    ]
    await _insert(connection, STATEMENTS, values)


def _hash_of(statement: StoredStatement) -> Hash:
    return sha256(statement.jws.encode("ascii"))


async def _insert(connection: AsyncConnection, table: Table, values: Sequence[Mapping[str, object]]) -> None:
    if values:
        await connection.execute(upsert(table).on_conflict_do_nothing(), list(values))


def _exists(meeting: MeetingId) -> Refusal:
    return Refusal(
        Code.MEETING_EXISTS,
        f"The meeting {meeting} is here already, with another charter.",
        "Amend its charter, or sign a new meeting.",
    )


def _unknown(meeting: MeetingId) -> Refusal:
    return Refusal(
        Code.MEETING_UNKNOWN, f"There is no meeting {meeting} on this server.", "Check the link, or create the meeting."
    )
