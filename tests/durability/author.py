"""A server's writing half, to be killed: authors append to a record, and say each acknowledged entry on a pipe."""

import asyncio
import itertools
import os
from multiprocessing.connection import Connection
from pathlib import Path

from incamera.accreditation.strict import MeetingId, SittingId, b64u
from incamera.record import journal
from incamera.record.entry import Entry, JournalId
from incamera.record.journal import Tail
from incamera.record.sql_store import SqlStore
from incamera.record.store import Store
from incamera.refusal import Refusal

MEETING = MeetingId(b64u(bytes(16)))
MAIN = JournalId(MEETING)
SITTINGS = [JournalId(SittingId(b64u(bytes([number] * 16)))) for number in (1, 2)]
CHARTER = "not looked at by the store"


class Clerk:
    """Links entries on a provisional end, as the registrar does: what the store refuses is thrown away."""

    def __init__(self, store: Store, tails: dict[JournalId, Tail]) -> None:
        self.store = store
        self.tails = tails
        self.count = 0

    def link(self, name: JournalId, body: str) -> Entry:
        main = self.tails[MAIN].place if name != MAIN else None
        entry = journal.link(self.tails[name], at_ms=self.count, main=main, body=body)
        self.tails[name] = journal.follow(self.tails[name], entry)
        self.count += 1
        return entry


async def clerk(store: Store) -> Clerk:
    tails = dict(await store.tails(MEETING))
    for name in (MAIN, *SITTINGS):
        tails.setdefault(name, journal.beginning(MEETING, name))
    return Clerk(store, tails)


async def author(one: Clerk, number: int, said: Connection) -> None:
    for count in itertools.count():
        # Every author writes to the main journal first: each entry of a sitting names an entry of it.
        name = MAIN if count == 0 else (MAIN, *SITTINGS)[(count + number) % 3]
        entry = one.link(name, f'{{"author":{number},"count":{count},"nonce":"{b64u(os.urandom(16))}"}}' + "." * 500)
        answer = await one.store.append(MEETING, [entry])
        if isinstance(answer, Refusal):
            raise SystemExit(str(answer))
        said.send_bytes(entry.header.body.encode())


async def write(folder: Path, authors: int, said: Connection) -> None:
    async with SqlStore.open(folder) as store:
        await store.create_meeting(MEETING, CHARTER, {}, [])
        one = await clerk(store)
        async with asyncio.TaskGroup() as group:
            for number in range(authors):
                group.create_task(author(one, number, said))


def run(folder: Path, authors: int, said: Connection) -> None:
    """Write until killed; a body's hash is said once its entry is acknowledged."""
    asyncio.run(write(folder, authors, said))
