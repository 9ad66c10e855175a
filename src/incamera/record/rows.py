"""Entries as rows of the tables, and back: what the disk gives is checked before it is believed."""

from collections.abc import Sequence

from sqlalchemy import Row, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from incamera.accreditation.strict import Hash, MeetingId, sha256
from incamera.record.entry import Entry, JournalId, open_entry
from incamera.record.journal import Tail
from incamera.record.store import Placed, StoreCorrupt
from incamera.record.tables import ENTRIES, MEETINGS
from incamera.refusal import Refusal


def entry_row(row: int, position: int, entry: Entry) -> dict[str, object]:
    """The row of a new entry of the meeting with this row."""
    assert sha256(entry.header_bytes) == entry.hash, "an entry is what its hash says"
    assert entry.body is not None, "a new entry has its body"
    return {
        "position": position,
        "meeting_id": row,
        "journal": entry.header.journal,
        "seq": entry.header.seq,
        "header": entry.header_bytes,
        "digest": entry.header.body,
        "body": entry.body,
    }


def select_entries(meeting: MeetingId) -> Select[int, bytes, str | None]:
    """All entries of a meeting, to be narrowed and ordered."""
    columns = select(ENTRIES.c.position, ENTRIES.c.header, ENTRIES.c.body)
    return columns.join(MEETINGS).where(MEETINGS.c.meeting == meeting)


def placed(row: Row[int, bytes, str | None]) -> Placed:
    """The entry of a row; raises `StoreCorrupt` where it is not what was written."""
    position, header, body = row
    entry = open_entry(header, body)
    if isinstance(entry, Refusal):
        raise StoreCorrupt(f"position {position}: {entry.reason}")
    return Placed(position, entry)


async def find_entries(connection: AsyncConnection, meeting: MeetingId, bodies: Sequence[Hash]) -> dict[Hash, Entry]:
    """The entries with these bodies, by their hashes."""
    rows = await connection.execute(select_entries(meeting).where(ENTRIES.c.digest.in_(bodies)))
    entries = [placed(row).entry for row in rows]
    return {entry.header.body: entry for entry in entries}


async def find_tails(connection: AsyncConnection, meeting: MeetingId) -> dict[JournalId, Tail]:
    """The end of each journal of a meeting that has an entry."""
    newest = (
        select(ENTRIES.c.meeting_id, ENTRIES.c.journal, func.max(ENTRIES.c.seq).label("seq"))
        .join(MEETINGS)
        .where(MEETINGS.c.meeting == meeting)
        .group_by(ENTRIES.c.meeting_id, ENTRIES.c.journal)
        .subquery()
    )
    is_newest = and_(
        ENTRIES.c.meeting_id == newest.c.meeting_id,
        ENTRIES.c.journal == newest.c.journal,
        ENTRIES.c.seq == newest.c.seq,
    )
    columns = select(ENTRIES.c.position, ENTRIES.c.header, ENTRIES.c.body)
    tails: dict[JournalId, Tail] = {}
    for row in await connection.execute(columns.join(newest, is_newest)):
        entry = placed(row).entry
        header = entry.header
        tails[header.journal] = Tail(
            meeting=meeting,
            journal=header.journal,
            seq=header.seq,
            hash=entry.hash,
            at_ms=header.at_ms,
            main=header.main,
        )
    return tails
