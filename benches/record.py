"""Appends a second to the record: the real store on this disk (SQLite, WAL, synchronous=FULL), one writer or many."""

import asyncio
import tempfile
import time
from pathlib import Path

from benches.figures import Figure
from incamera.accreditation.strict import MeetingId, b64u
from incamera.record import journal
from incamera.record.entry import JournalId
from incamera.record.journal import Tail
from incamera.record.sql_store import SqlStore
from incamera.refusal import Refusal

MEETING = MeetingId(b64u(bytes(16)))
MAIN = JournalId(MEETING)
BODY_OCTETS = 700
"""About an act of the floor, signed."""


class Clerk:
    """Links entries in order, as the registrar does: each on the last that was handed to the store."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._tail: Tail = journal.beginning(MEETING, MAIN)
        self.count = 0

    async def append(self) -> None:
        """One entry; returns when it is on disk."""
        body = f'{{"n":{self.count}}}'.ljust(BODY_OCTETS, ".")
        entry = journal.link(self._tail, at_ms=self.count, main=None, body=body)
        self._tail, self.count = journal.follow(self._tail, entry), self.count + 1
        answer = await self._store.append(MEETING, [entry])
        assert not isinstance(answer, Refusal), answer


def measure(writers: tuple[int, ...], seconds: float, times: int) -> list[Figure]:
    """So many writers, each of which appends again as soon as its entry is acknowledged."""
    return [
        Figure(
            "record",
            f"appends to the store, {count} {'writer' if count == 1 else 'writers'}",
            "a second",
            tuple(asyncio.run(_appends(count, seconds)) for _ in range(times)),
        )
        for count in writers
    ]


async def _appends(writers: int, seconds: float) -> float:
    with tempfile.TemporaryDirectory(prefix="incamera-bench-") as folder:
        async with SqlStore.open(Path(folder)) as store:
            await store.create_meeting(MEETING, "not looked at by the store", {}, [])
            clerk = Clerk(store)
            began = time.perf_counter()

            async def write() -> None:
                while time.perf_counter() - began < seconds:
                    await clerk.append()

            await asyncio.gather(*(write() for _ in range(writers)))
            return clerk.count / (time.perf_counter() - began)
