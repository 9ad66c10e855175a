"""Connections from a listening socket: each counts for its address from its first moment, through its TLS handshake."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Final

from incamera import log
from incamera.api.connections import Connections, Place

_log = log.logger(__name__)

BACKLOG: Final = 2048
PAUSE_S: Final = 1.0
"""So long nobody is let in once the system has no descriptor left: others may end meanwhile."""
_TOO_MANY: Final = b"Too many connections come from this address.\n"
_CROWDED: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(_TOO_MANY), _TOO_MANY)
)


class Reception:
    """Takes connections in from `open` to `close`, and hands each to its protocol once its TLS stands."""

    def __init__(
        self,
        listening: socket.socket,
        connections: Connections,
        protocol: Callable[[Place], asyncio.Protocol],
        tls: ssl.SSLContext | None,
    ) -> None:
        """`protocol` makes one connection's, which leaves the place at its end."""
        self._listening, self._connections, self._protocol, self._tls = listening, connections, protocol, tls
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, handshake_s: float) -> None:
        """From now on; a handshake may take so long."""
        self._listening.setblocking(False)
        self._listening.listen(BACKLOG)
        self._begin(self._take_in(handshake_s))

    async def close(self) -> None:
        """Nobody more, and nobody whose handshake has not ended. Those who are in are their protocols' to end."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, coroutine: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(coroutine, name="reception")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take_in(self, handshake_s: float) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, address = await loop.sock_accept(self._listening)
            except ConnectionAbortedError:
                continue
            except OSError as error:
                _log.error("connections.paused", kind=type(error).__name__, errno=error.errno)
                await asyncio.sleep(PAUSE_S)
                continue
            place = self._connections.take(address[0])
            if place is None:
                self._turn_away(accepted)
            else:
                self._begin(self._hand_over(accepted, place, handshake_s))
            await asyncio.sleep(0)  # sock_accept does not wait where many stand in line, and others have work too

    async def _hand_over(self, accepted: socket.socket, place: Place, handshake_s: float) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                partial(self._protocol, place),
                accepted,
                ssl=self._tls,
                ssl_handshake_timeout=None if self._tls is None else handshake_s,
            )
        except BaseException as error:
            place.leave()
            if not isinstance(error, OSError):  # an end or a mistake of its TLS, or none in time
                raise

    def _turn_away(self, accepted: socket.socket) -> None:
        with contextlib.closing(accepted), contextlib.suppress(OSError):
            if self._tls is None:  # with TLS a word would take the handshake that it is to be spared
                accepted.send(_CROWDED)
