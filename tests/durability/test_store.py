"""The store answers after the commit, keeps one order, and says what the disk said."""

import asyncio
import dataclasses
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError

from incamera.accreditation.charter import PartId
from incamera.accreditation.strict import DelegationId, MeetingId, SeatId, b64u, sha256
from incamera.limits import STATEMENTS
from incamera.record import database
from incamera.record.entry import Entry
from incamera.record.sql_store import FILE, SqlStore
from incamera.record.store import Appended, StoredStatement
from incamera.record.tables import METADATA
from incamera.refusal import Code, Refusal, Refused
from tests.durability.author import CHARTER, MAIN, MEETING, SITTINGS, Clerk, clerk


async def begun(store: SqlStore) -> Clerk:
    assert await store.create_meeting(MEETING, CHARTER, {}, []) is not None
    return await clerk(store)


def code_of(outcome: object) -> Code | None:
    return outcome.code if isinstance(outcome, Refusal) else None


async def test_an_append_is_on_disk_when_it_is_answered(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path) as store:
        one = await begun(store)
        entry = one.link(MAIN, "a body")
        assert await store.append(MEETING, [entry]) == Appended((entry,), is_new=True)
        other = sqlite3.connect(tmp_path / FILE)
        assert other.execute("SELECT body FROM entries").fetchall() == [("a body",)]
        other.close()


async def test_the_same_act_twice_is_recorded_once_and_answered_alike(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path) as store:
        one = await begun(store)
        first = one.link(MAIN, "an act")
        await store.append(MEETING, [first])
        again = one.link(MAIN, "an act")
        assert await store.append(MEETING, [again]) == Appended((first,), is_new=False)
        assert await store.find(MEETING, sha256(b"an act")) == first


async def test_an_entry_that_follows_an_older_end_is_refused(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path) as store:
        one = await begun(store)
        stale = dict(one.tails)
        await store.append(MEETING, [one.link(MAIN, "first")])
        one.tails = stale
        assert code_of(await store.append(MEETING, [one.link(MAIN, "second")])) is Code.RECORD_MOVED
        assert [placed.entry.body async for placed in store.read_all(MEETING)] == ["first"]


async def test_a_sittings_entry_that_names_an_older_main_entry_is_refused(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path) as store:
        one = await begun(store)
        await store.append(MEETING, [one.link(MAIN, "first")])
        late = one.link(SITTINGS[0], "decided on the first")
        await store.append(MEETING, [one.link(MAIN, "a revocation")])
        assert code_of(await store.append(MEETING, [late])) is Code.RECORD_MOVED


async def test_entries_of_one_append_come_all_or_none(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path) as store:
        one = await begun(store)
        first, second = one.link(MAIN, "first"), one.link(MAIN, "second")
        skipped = one.link(MAIN, "third")
        assert code_of(await store.append(MEETING, [first, skipped])) is Code.RECORD_MOVED
        assert [placed async for placed in store.read_all(MEETING)] == []
        assert isinstance(await store.append(MEETING, [first, second]), Appended)


async def test_appends_that_wait_together_share_a_transaction_and_keep_their_order(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path) as store:
        one = await begun(store)
        told: list[Entry] = []
        before = store.statistics()["transactions"]
        entries = [one.link(MAIN, f"body {number}") for number in range(100)]
        await asyncio.gather(
            *(store.append(MEETING, [entry], then=lambda done: told.extend(done.entries)) for entry in entries)
        )
        assert store.statistics()["transactions"] - before < 10
        assert told == entries, "told in the order of appending"


async def test_who_leaves_while_waiting_does_not_undo_the_append(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path) as store:
        one = await begun(store)
        told: list[Entry] = []
        entry = one.link(MAIN, "a body")
        task = asyncio.create_task(store.append(MEETING, [entry], then=lambda done: told.extend(done.entries)))
        await asyncio.sleep(0)
        task.cancel()
        await store.append(MEETING, [one.link(MAIN, "next")])
        assert told == [entry]


async def test_a_meeting_is_created_once(tmp_path: Path) -> None:
    part = {PartId("open"): b"part"}
    vouched = [StoredStatement(DelegationId("bel"), SeatId("bel-head"), "a.b.c")]
    async with SqlStore.open(tmp_path) as store:
        assert await store.create_meeting(MEETING, CHARTER, part, vouched) is True
        assert await store.create_meeting(MEETING, CHARTER, part, vouched) is False
        assert code_of(await store.create_meeting(MEETING, "another", {}, [])) is Code.MEETING_EXISTS
        assert await store.meetings() == (MEETING,)
        assert await store.charters(MEETING) == (CHARTER,)
        assert await store.parts(MEETING) == part
        assert await store.add_statements(MEETING, vouched) is None
        assert await store.statements(MEETING, DelegationId("bel")) == tuple(vouched)
        assert await store.statements(MEETING, DelegationId("nld")) == ()


async def test_a_statement_more_than_an_export_can_carry_is_refused(tmp_path: Path) -> None:
    bound = STATEMENTS.value
    many = [StoredStatement(DelegationId("bel"), None, f"a.b.{number}") for number in range(bound + 1)]
    async with SqlStore.open(tmp_path) as store:
        assert code_of(await store.create_meeting(MEETING, CHARTER, {}, many)) is Code.STATEMENTS_FULL
        assert await store.create_meeting(MEETING, CHARTER, {}, many[: bound - 1]) is True
        assert code_of(await store.add_statements(MEETING, many[bound - 1 :])) is Code.STATEMENTS_FULL
        assert await store.add_statements(MEETING, many[:bound]) is None
        assert len(await store.statements(MEETING)) == bound


async def test_a_meeting_that_is_not_here_is_refused(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path) as store:
        one = await begun(store)
        nowhere = MeetingId(b64u(b"\x09" * 16))
        assert code_of(await store.append(nowhere, [one.link(MAIN, "a body")])) is Code.MEETING_UNKNOWN


async def test_a_second_server_on_one_folder_is_refused(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path):
        with pytest.raises(Refused) as refused:
            async with SqlStore.open(tmp_path):
                pass
    assert refused.value.refusal.code is Code.STORAGE_IN_USE


async def test_an_export_reads_beside_a_running_server(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path) as store:
        one = await begun(store)
        entry = one.link(MAIN, "a body")
        await store.append(MEETING, [entry])
        async with SqlStore.open(tmp_path, is_read_only=True) as reader:
            assert [placed.entry async for placed in reader.read_all(MEETING)] == [entry]


async def test_after_a_failed_transaction_the_database_is_opened_anew_and_work_goes_on(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path) as store:
        one = await begun(store)
        entry = one.link(MAIN, "a body")
        broken = dataclasses.replace(entry, body=None)  # a mistake of ours: the insert asserts that there is a body
        with pytest.raises(AssertionError):
            await store.append(MEETING, [broken])
        assert store.statistics()["failures"] == 1
        assert await store.append(MEETING, [entry]) == Appended((entry,), is_new=True)


async def test_a_full_disk_is_said_and_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path) as store:
        one = await begun(store)
        await store.append(MEETING, [one.link(MAIN, "before")])
        engine = store._writer._engine
        assert engine is not None
        async with engine.connect() as connection:  # the writer's only connection: what it may fill is bounded here
            pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
            await connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        kept = dict(one.tails)
        outcome = await store.append(MEETING, [one.link(MAIN, "x" * 600_000)])
        assert code_of(outcome) is Code.STORAGE_FULL
        one.tails = kept  # what the commit did not confirm is thrown away
        assert isinstance(await store.append(MEETING, [one.link(MAIN, "there is room again")]), Appended)
        assert [placed.entry.body async for placed in store.read_all(MEETING)] == ["before", "there is room again"]


async def test_a_disk_that_is_gone_is_said_too(tmp_path: Path) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    gone = tmp_path / "gone" / FILE
    assert database.meaning(DBAPIError("COMMIT", None, error), gone) is database.FAILED


async def test_the_migrations_make_the_tables_that_the_code_names(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path):
        pass
    with create_engine(f"sqlite:///{tmp_path / FILE}").connect() as connection:
        context = MigrationContext.configure(connection)
        assert context.get_current_revision() == database.SCHEMA, "a start looks no further than at this number"
        assert compare_metadata(context, METADATA) == []


async def test_the_writer_syncs_each_commit_to_the_disk(tmp_path: Path) -> None:
    engine = database.connect(tmp_path / FILE, is_writer=True)
    async with engine.connect() as connection:
        assert (await connection.exec_driver_sql("PRAGMA synchronous")).scalar_one() == 2, "FULL"
        assert (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar_one() == "wal"
    await engine.dispose()


async def test_readers_that_are_cancelled_twice_leave_nobody_waiting(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    async with SqlStore.open(tmp_path) as store:
        await begun(store)
        for turns in range(40):
            reading = [asyncio.create_task(store.meetings()) for _ in range(4)]
            for _ in range(turns):
                await asyncio.sleep(0)
            for _ in range(2):  # as anyio does, which cancels until it is heard
                for task in reading:
                    task.cancel()
                await asyncio.sleep(0)
            await asyncio.wait(reading)
            assert await store.meetings() == (MEETING,)
    closing = asyncio.all_tasks() - before
    assert not closing or not (await asyncio.wait(closing, timeout=30))[1], "a connection's close never ends"
