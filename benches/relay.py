"""A relay that counts what goes through it: the bytes of one member's connections, both ways."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

CHUNK_BYTES = 65_536


@dataclass(slots=True)
class Relay:
    """Where it listens, and what TCP carried through it: HTTP with headers, WebSockets with their frames."""

    origin: str = ""
    up_bytes: int = 0
    down_bytes: int = 0
    connections: int = 0


@asynccontextmanager
async def relay(origin: str) -> AsyncIterator[Relay]:
    """A relay to a server on this machine, as long as the context lasts."""
    there, counted = urlsplit(origin), Relay()
    assert there.port is not None, "the bench's server has a port of its own"
    port, tasks = there.port, set[asyncio.Task[None]]()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_up: bool) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(CHUNK_BYTES):
                counted.up_bytes += len(data) if is_up else 0
                counted.down_bytes += 0 if is_up else len(data)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        counted.connections += 1
        back, forth = await asyncio.open_connection(there.hostname, port)
        for task in (asyncio.create_task(pump(reader, forth, True)), asyncio.create_task(pump(back, writer, False))):
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    counted.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield counted
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
