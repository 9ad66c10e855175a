"""Blobs: sealed documents and Welcomes, in files named by the hash of their bytes; the store keeps what is known."""

import asyncio
import errno
import os
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from incamera import durable
from incamera.accreditation.strict import Hash, MeetingId, is_id, sha256
from incamera.clock import Clock
from incamera.limits import BLOB_BYTES
from incamera.record.database import FAILED, FULL
from incamera.record.store import BlobRecord, Store
from incamera.refusal import Code, Refusal

FOLDER: Final = "blobs"
"""Their folder's name in a data folder."""
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class Blobs:
    """The blobs of a data folder."""

    folder: Path
    store: Store
    clock: Clock
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Else a sweep could take the file of a blob that is just put again."""

    async def put(self, meeting: MeetingId, data: bytes, *, lives_ms: int | None = None) -> Hash | Refusal:
        """Keep bytes, on disk when this returns; `lives_ms` ends them by themselves if nothing else sets their end."""
        if len(data) > BLOB_BYTES.value:
            return Refusal(Code.LIMIT_REACHED, f"A blob has at most {BLOB_BYTES.value} bytes.", "Send less.")
        name = sha256(data)
        now_ms = self.clock.now_ms()
        record = BlobRecord(name, len(data), now_ms, None if lives_ms is None else now_ms + lives_ms)
        async with self._one_at_a_time:
            try:
                await asyncio.to_thread(self._write, name, data)
            except OSError as error:
                return FULL if error.errno in _NO_ROOM else FAILED
            refusal = await self.store.add_blob(meeting, record)
        return name if refusal is None else refusal

    async def get(self, meeting: MeetingId, blob: Hash) -> bytes | Refusal:
        """The bytes with this hash, of this meeting."""
        unknown = Refusal(Code.BLOB_UNKNOWN, "There is no such blob, or no longer.", "Ask for it to be sent again.")
        record = await self.store.blob(meeting, blob)
        if record is None or (record.expires_ms is not None and record.expires_ms <= self.clock.now_ms()):
            return unknown
        try:
            data = await asyncio.to_thread(self._path(blob).read_bytes)
        except FileNotFoundError:
            return unknown
        except OSError:
            return FAILED
        return data if sha256(data) == blob else FAILED

    async def expire(self, meeting: MeetingId, blob: Hash, *, lives_ms: int) -> Refusal | None:
        """Let a blob end in so many milliseconds."""
        return await self.store.expire_blob(meeting, blob, self.clock.now_ms() + lives_ms)

    async def sweep(self) -> int:
        """Delete the blobs whose time is over; gives how many files went."""
        async with self._one_at_a_time:
            gone = await self.store.forget_blobs(self.clock.now_ms())
            if isinstance(gone, Refusal):
                return 0
            for blob in gone:
                await asyncio.to_thread(self._path(blob).unlink, missing_ok=True)
        return len(gone)

    def _path(self, blob: Hash) -> Path:
        assert is_id(blob, 32), "a blob is named by a hash, and by nothing that a path could hide in"
        return self.folder / blob[:2] / blob

    def _write(self, name: Hash, data: bytes) -> None:
        path = self._path(name)
        if path.exists():
            return
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Written beside, synced, then named: a name stands for whole bytes only, whenever the power goes.
        with NamedTemporaryFile(dir=path.parent, delete=False) as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                os.replace(file.name, path)
            except OSError:
                Path(file.name).unlink(missing_ok=True)
                raise
        for folder in (path.parent, self.folder):
            durable.sync(folder)
