"""The database: SQLite in WAL mode with synchronous=FULL, its schema, its lock; what its errors mean.

`synchronous=NORMAL` would lose acknowledged entries with the power, and no `kill -9` would show it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import Connection, Engine, event, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from incamera.refusal import Code, Refusal, Refused

BUSY_TIMEOUT_MS: Final = 5_000
"""A reader in another process (`record export`) holds the writer up for a checkpoint at most."""
SCHEMA: Final = "0001"
"""The newest of `migrations/versions`."""
_SQLITE_FULL: Final = 13
_SQLITE_ENVIRONMENT: Final = frozenset({5, 6, 8, 10, 11, 14, 26})
"""BUSY, LOCKED, READONLY, IOERR, CORRUPT, CANTOPEN, NOTADB: the disk's or the operator's, not ours (sqlite3.h)."""
_ROOM_BYTES_MIN: Final = 1024 * 1024
"""An error with less room than this is a full disk by another name."""

FULL: Final = Refusal(
    Code.STORAGE_FULL,
    "The server's disk is full: nothing was recorded.",
    "Ask the operator to make room, then try again.",
)
FAILED: Final = Refusal(
    Code.STORAGE_FAILED,
    "The server's disk failed: it is not known whether this was recorded.",
    "Try again: the same act is never recorded twice.",
)
IN_USE: Final = Refusal(
    Code.STORAGE_IN_USE,
    "Another server has this data folder open.",
    "Stop the other server, or give this one a folder of its own (--data).",
)


def connect(path: Path, *, is_writer: bool) -> AsyncEngine:
    """An engine on a SQLite file: one connection for the writer, a few that can only read otherwise."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", pool_size=1 if is_writer else 4, max_overflow=0)
    _prepare(engine.sync_engine, is_writer=is_writer)
    return engine


def migrate(connection: Connection) -> None:
    """Bring the schema to the newest version. Alembic is loaded only where there is something to do: it is 20 MiB."""
    if inspect(connection).has_table("alembic_version"):
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        if found == SCHEMA:
            return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the folder for one server: a second one is refused with `storage.in_use`."""
    with open(f"{path}.lock", "ab") as file:
        _lock(file)
        yield


def meaning(error: DBAPIError, path: Path) -> Refusal | None:
    """What a database error means for who asked; None if it is a mistake of ours."""
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    if code == _SQLITE_FULL or (code in _SQLITE_ENVIRONMENT and _room_bytes(path) < _ROOM_BYTES_MIN):
        return FULL
    return FAILED if code in _SQLITE_ENVIRONMENT else None


def _prepare(engine: Engine, *, is_writer: bool) -> None:
    @event.listens_for(engine, "do_connect")
    def make(dialect: Any, _record: object, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        # SQLAlchemy closes the connection of who is cancelled while it reads, and stops it if that is cancelled as
        # well; aiosqlite's close then stops it again, and waits for ever for a thread that has ended. With one stop,
        # however often it is asked for, the close ends.
        connection = dialect.connect(*arguments, **keywords)
        driver = connection.driver_connection
        driver.stop = cache(driver.stop)
        return connection

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # else the driver begins transactions at moments of its own choosing
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "trusted_schema=OFF",
            *(() if is_writer else ("query_only=ON",)),
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")


def _lock(file: IO[bytes]) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Refused(IN_USE) from error


def _room_bytes(path: Path) -> int:
    try:
        found = os.statvfs(path.parent)
    except OSError:  # the disk that failed is gone altogether: that is no want of room
        return _ROOM_BYTES_MIN
    return found.f_bavail * found.f_frsize
