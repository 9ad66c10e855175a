"""The one writer: drains its queue into one transaction, and answers after the commit.

Contract: a work reads and writes on the connection that it is given, and writes nothing if it gives a `Refusal`. It
runs on what the works before it left in the same transaction: if that fails, all of them fail. How the works of one
transaction are carried out is up to whoever made the writer: it may do what they have in common once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeAlias, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from incamera.limits import APPENDS_QUEUED
from incamera.log import logger
from incamera.record import database
from incamera.refusal import Refusal

T = TypeVar("T")
Work: TypeAlias = Callable[[AsyncConnection], Awaitable[T | Refusal]]
GROUP_MAX: Final = 256
"""So many works a transaction: more would only make the first ones wait."""

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class _Queued(Generic[T]):
    work: Work[T]
    then: Callable[[T], None] | None
    answer: "asyncio.Future[T | Refusal]"


class Writer:
    """All writes to one database, in the order in which they were submitted."""

    def __init__(
        self,
        path: Path,
        perform: Callable[[AsyncConnection, Sequence[Work[Any]]], Awaitable[list[Any]]],
        on_failed: Callable[[], None],
    ) -> None:
        """`perform` does the works of a transaction, and gives their results in order; `on_failed` is called when a
        transaction is lost: what was remembered of it is to be forgotten.
        """
        self._path = path
        self._perform = perform
        self._on_failed = on_failed
        self._queue: asyncio.Queue[_Queued[Any] | None] = asyncio.Queue(APPENDS_QUEUED.value)
        self._engine: AsyncEngine | None = None
        self._task: asyncio.Task[None] | None = None
        self._transactions = 0
        self._works = 0
        self._failures = 0

    async def start(self) -> None:
        """Open the database, bring its schema to the newest version, and begin."""
        await self._open()
        self._task = asyncio.create_task(self._run(), name="record.writer")

    async def close(self) -> None:
        """Finish what is queued, then close."""
        if self._task is not None:
            await self._queue.put(None)
            await self._task
        await self._dispose()

    async def submit(self, work: Work[T], then: Callable[[T], None] | None = None) -> T | Refusal:
        """Do a work; returns when it is on disk, or says why it is not.

        `then` is called with its result right after the commit, in the order of commits, even if the caller has gone.
        """
        answer: asyncio.Future[T | Refusal] = asyncio.get_running_loop().create_future()
        await self._queue.put(_Queued(work, then, answer))
        return await answer

    def statistics(self) -> dict[str, int]:
        """Counts since the start: transactions, works, failures, and how many wait."""
        return {
            "transactions": self._transactions,
            "works": self._works,
            "failures": self._failures,
            "queued": self._queue.qsize(),
        }

    async def _run(self) -> None:
        is_open = True
        while is_open:
            group: list[_Queued[Any]] = []
            queued = await self._queue.get()
            while queued is not None:
                group.append(queued)
                if len(group) == GROUP_MAX or self._queue.empty():
                    break
                queued = self._queue.get_nowait()
            is_open = queued is not None
            if group:
                await self._commit(group)

    async def _commit(self, group: list[_Queued[Any]]) -> None:
        try:
            results = await self._transact(group)
        except Exception as error:  # of the disk, or a mistake of ours in a work: the writer goes on in either case
            refusal = database.meaning(error, self._path) if isinstance(error, DBAPIError) else None
            await self._fail()
            for queued in group:
                _answer(queued, error if refusal is None else refusal)
            return
        for queued, result in zip(group, results, strict=True):
            _answer(queued, _tell(queued, result))

    async def _transact(self, group: list[_Queued[Any]]) -> list[Any]:
        if self._engine is None:
            await self._open()
        assert self._engine is not None, "_open makes it or raises"
        async with self._engine.begin() as connection:
            results = await self._perform(connection, [queued.work for queued in group])
        self._transactions += 1
        self._works += len(group)
        return results

    async def _fail(self) -> None:
        # After a failed fsync the kernel has dropped the pages: a second try on the same handle would succeed and lie.
        # So the handle is closed, and the next work reads from the disk what is there.
        self._failures += 1
        self._on_failed()
        _log.error("record.transaction_failed", failures=self._failures)
        await self._dispose()

    async def _open(self) -> None:
        self._engine = database.connect(self._path, is_writer=True)
        async with self._engine.begin() as connection:
            await connection.run_sync(database.migrate)

    async def _dispose(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.dispose()


def _tell(queued: _Queued[Any], result: object) -> object:
    if queued.then is not None and not isinstance(result, Refusal):
        try:
            queued.then(result)
        except Exception as error:  # a mistake of the caller's: it hears of it, and the entry is on disk all the same
            return error
    return result


def _answer(queued: _Queued[Any], result: object) -> None:
    if queued.answer.done():  # the caller has gone
        return
    if isinstance(result, Exception):
        queued.answer.set_exception(result)
    else:
        queued.answer.set_result(result)
