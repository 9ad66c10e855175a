"""The feed gives each reader its journals whole and in order, and waits for nobody."""

import asyncio
from pathlib import Path

from incamera.accreditation.strict import SittingId, Thumbprint
from incamera.limits import FEED_BATCH_ENTRIES, SIGNALS_QUEUED
from incamera.record.entry import Entry, JournalId
from incamera.record.feed import Feed, Reader, Signal
from incamera.record.sql_store import SqlStore
from tests.durability.author import CHARTER, MAIN, MEETING, SITTINGS, Clerk, clerk

FIRST, SECOND = SITTINGS


async def begun(store: SqlStore) -> Clerk:
    await store.create_meeting(MEETING, CHARTER, {}, [])
    return await clerk(store)


async def append(one: Clerk, feed: Feed | None, journal: JournalId, count: int = 1) -> list[Entry]:
    entries = [one.link(journal, f"{journal} {one.count}") for _ in range(count)]
    await one.store.append(MEETING, entries, then=lambda done: feed.publish(done.entries) if feed else None)
    return entries


async def take(reader: Reader, count: int) -> list[Entry]:
    taken: list[Entry] = []
    async with asyncio.timeout(60):
        while len(taken) < count:
            batch = await reader.next()
            assert batch is not None
            taken.extend(batch.entries)
    return taken


def signal(number: int) -> Signal:
    return Signal(SittingId(FIRST), Thumbprint("a"), str(number))


async def test_a_reader_gets_what_was_there_and_what_comes_in_one_order(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path) as store:
        one = await begun(store)
        feed = Feed(store, MEETING)
        before = await append(one, feed, MAIN, 2) + await append(one, feed, FIRST, 2)
        reader = feed.subscribe({MAIN: 0, FIRST: 0})
        assert await take(reader, 4) == before
        after = await append(one, feed, FIRST) + await append(one, feed, MAIN)
        assert await take(reader, 2) == after


async def test_a_reader_resumes_after_the_seq_that_it_names(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path) as store:
        one = await begun(store)
        entries = await append(one, None, MAIN, 600)
        feed = Feed(store, MEETING)  # after a restart: nothing is in memory
        assert await take(feed.subscribe({MAIN: 590}), 10) == entries[590:]
        whole = feed.subscribe({MAIN: 0})
        first = await whole.next()
        assert first is not None
        assert len(first.entries) == FEED_BATCH_ENTRIES.value, "bounded, and the rest follows"
        assert list(first.entries) + await take(whole, 600 - len(first.entries)) == entries


async def test_a_reader_hears_nothing_of_journals_that_it_does_not_read(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path) as store:
        one = await begun(store)
        feed = Feed(store, MEETING)
        reader = feed.subscribe({MAIN: 0})
        await append(one, feed, MAIN)
        await append(one, feed, SECOND, 5)
        last = await append(one, feed, MAIN)
        assert [entry.header.journal for entry in await take(reader, 2)] == [MAIN, MAIN]
        assert reader.journals == {MAIN: last[0].header.seq}


async def test_a_newly_admitted_reader_gets_the_journal_from_its_beginning(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path) as store:
        one = await begun(store)
        feed = Feed(store, MEETING)
        await append(one, feed, MAIN)
        entries = await append(one, feed, FIRST, 3)
        reader = feed.subscribe({MAIN: 1})
        reader.read_on(FIRST)
        assert await take(reader, 3) == entries


async def test_the_entry_of_an_exclusion_is_the_last_that_is_sent(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path) as store:
        one = await begun(store)
        feed = Feed(store, MEETING)
        await append(one, feed, MAIN)
        entries = await append(one, feed, FIRST, 5)
        reader = feed.subscribe({MAIN: 1, FIRST: 0})
        reader.read_until(FIRST, 3)
        assert await take(reader, 3) == entries[:3]
        later = await append(one, feed, MAIN)
        assert await take(reader, 1) == later
        assert FIRST not in reader.journals


async def test_signals_come_once_a_reader_has_caught_up_and_the_oldest_go_first(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path) as store:
        one = await begun(store)
        feed = Feed(store, MEETING)
        reader = feed.subscribe({MAIN: 0})
        entries = await append(one, feed, MAIN)
        for number in range(SIGNALS_QUEUED.value + 5):
            feed.signal(signal(number), [reader])
        assert await take(reader, 1) == entries
        async with asyncio.timeout(60):
            batch = await reader.next()
        assert batch is not None
        assert [int(one.message) for one in batch.signals] == list(range(5, SIGNALS_QUEUED.value + 5))
        assert feed.statistics() == {"readers": 1, "signals_dropped": 5}


async def test_a_reader_ends_when_the_feed_closes(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path) as store:
        await begun(store)
        feed = Feed(store, MEETING)
        waiting = asyncio.create_task(feed.subscribe({MAIN: 0}).next())
        await asyncio.sleep(0)
        feed.close()
        async with asyncio.timeout(60):
            assert await waiting is None
