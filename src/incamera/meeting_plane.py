"""The meeting plane, put together: its record in the data folder, its registrar's key, and its routes."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from starlette.routing import BaseRoute

from incamera.accreditation.signature import SigningKey
from incamera.accreditation.strict import Thumbprint, b64u, unb64u
from incamera.api.meetings import meeting_routes
from incamera.clock import Clock
from incamera.log import logger
from incamera.media.embedded import EmbeddedPlane
from incamera.meeting.acts import NONCE_BYTES
from incamera.proceedings.meetings import Meetings
from incamera.record.blobs import Blobs
from incamera.record.sql_store import SqlStore
from incamera.settings.fields import Settings
from incamera.settings.keys import kept, unusable
from incamera.sfu.server import SfuServer

_log = logger(__name__)

REGISTRAR_KEY_FILE: Final = "registrar-key"
SWEEP_SECONDS: Final = 60.0


@asynccontextmanager
async def meeting_plane(
    settings: Settings, sfu: SfuServer, keys: Mapping[str, str], *, clock: Clock, data: Path
) -> AsyncIterator[list[BaseRoute]]:
    """The meeting plane's routes, over the record in the data folder and the embedded media server."""
    key = registrar_key(data)
    async with SqlStore.open(data) as store:
        meetings = Meetings(
            store,
            plane=EmbeddedPlane(sfu, keys, clock),
            key=key,
            authorities=[Thumbprint(each) for each in settings.meetings.authorities],
            clock=clock,
            nonce=lambda: b64u(secrets.token_bytes(NONCE_BYTES)),
        )
        blobs = Blobs(data, store, clock)
        async with meetings.running(), _sweeping(blobs):
            sfu.guard(meetings.may_enter)
            yield meeting_routes(meetings, blobs, clock)


def registrar_key(data: Path, *, make: bool = True) -> SigningKey:
    """The key that signs the heads of all meetings here, made once and kept in the data folder."""
    path = data / REGISTRAR_KEY_FILE
    seed = unb64u(kept(path, (lambda: b64u(secrets.token_bytes(32))) if make else None))
    if seed is None or len(seed) != 32:
        raise unusable(path)
    return SigningKey(seed)


@asynccontextmanager
async def _sweeping(blobs: Blobs) -> AsyncIterator[None]:
    """While inside, blobs whose time is over are deleted, at most a minute later."""

    async def sweep() -> None:
        while True:
            try:
                await blobs.sweep()
            except Exception as error:  # the disk's, this time: the next round may find it well again
                _log.error("blobs.not_swept", kind=type(error).__name__)
            await asyncio.sleep(SWEEP_SECONDS)

    task = asyncio.create_task(sweep(), name="blobs.sweep")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
