"""One HTTP listener in this process: uvicorn on a socket of ours, with bounds on what a request line may be."""

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import uvicorn
import websockets.http11
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from incamera import limits
from incamera.api.connections import Connections, Place
from incamera.api.reception import Reception
from incamera.refusal import Code, Refusal, Refused

# `websockets` parses the upgrade request a second time; its own bound (8 KiB) is too small for the offer in the URL of
# /rtc/v1.
websockets.http11.MAX_LINE_LENGTH = int(limits.REQUEST_LINE_BYTES)

# At INFO, uvicorn writes each WebSocket's URL, and the token in it; at DEBUG, `websockets` writes what was sent.
for _name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi", "websockets"):
    logging.getLogger(_name).setLevel(logging.WARNING)

HEAD_BYTES = 2 * limits.REQUEST_LINE_BYTES.value
"""Request line and headers together: a token stands in either."""
HEAD_S = float(limits.HEAD_SECONDS.value)
BODY_S = float(limits.BODY_SECONDS.value)
CLOSE_S = 5
"""Seconds that open requests have to finish once the end was asked for; WebSockets are closed with 1012 at once."""


class _Bounded(HttpToolsProtocol):
    """Neither httptools nor uvicorn has these bounds: a head without an end would fill the memory, and connections that
    never say what they want would use up the process's file descriptors.
    """

    _is_in_head = False
    _head_bytes = 0
    _timer: asyncio.TimerHandle | None = None

    def __init__(self, *, place: Place, **rest: Any) -> None:  # Any: uvicorn's own
        super().__init__(**rest)
        self._place = place

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._allow(HEAD_S)

    def connection_lost(self, exc: Exception | None) -> None:
        self._allow(None)
        self._place.leave()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        self._place.leave()
        super().handle_websocket_upgrade()

    def data_received(self, data: bytes) -> None:
        if self._timer is None and (self.cycle is None or self.cycle.response_complete):
            self._allow(HEAD_S)  # whatever comes between two requests: empty lines begin none
        super().data_received(data)
        self._head_bytes = self._head_bytes + len(data) if self._is_in_head else 0
        if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The request is too long.")

    def on_message_begin(self) -> None:
        self._is_in_head = True
        if self._timer is None:
            self._allow(HEAD_S)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self._allow(None if self.parser.should_upgrade() else BODY_S)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._allow(None)
        super().on_message_complete()

    def _allow(self, seconds: float | None) -> None:
        """So long from now on; None: what is due has come."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, self.transport.close)


class _Server(uvicorn.Server):
    """Takes connections in by our own reception: asyncio's shows them once their TLS stands, and not before."""

    def __init__(
        self, config: uvicorn.Config, listening: socket.socket, connections: Connections, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__(config)
        self._reception = Reception(listening, connections, self._protocol, tls)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup([])
        self._reception.open(HEAD_S)
        self.listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._reception.close()
        await super().shutdown(sockets)

    def _protocol(self, place: Place) -> asyncio.Protocol:
        return _Bounded(place=place, config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the process (ending.py), not to one listener of it."""
        yield


def bound(host: str, port: int) -> socket.socket:
    """A listening socket. Refused with what to do where the port is taken or not allowed."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listening.bind(address)
    except OSError as error:
        raise Refused(not_bound(error, f"{host}:{port}", "TCP")) from error
    return listening


def not_bound(error: OSError, where: str, protocol: str, flag: str = "--port") -> Refusal:
    """Why a socket could not be bound, and what to do."""
    if error.errno == errno.EADDRINUSE:
        return Refusal(
            Code.PORT_TAKEN,
            f"Another program listens on {where} ({protocol}).",
            f"End it, or choose another port with {flag} (0: the system chooses).",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return Refusal(
            Code.PORT_DENIED,
            f"This user may not listen on {where} ({protocol}).",
            f"Choose a port above 1023 with {flag}, or allow it (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE).",
        )
    return Refusal(
        Code.PORT_DENIED,
        f"{where} ({protocol}) can't be listened on: {error.strerror or error}.",
        "Give an address that this machine has, with --host.",
    )


class Listener:
    """Serves one application on a socket (`bound`) from `async with` to its end; `port` is the one that is bound."""

    def __init__(
        self,
        app: ASGIApp,
        listening: socket.socket,
        *,
        tls: ssl.SSLContext | None = None,
        trusted_proxies: tuple[str, ...] = (),
    ) -> None:
        self._socket = listening
        self.port: int = self._socket.getsockname()[1]
        self.connections = Connections(limits.CONNECTIONS_PER_ADDRESS, trusted_proxies)
        config = uvicorn.Config(
            app,
            ws="websockets-sansio",
            ws_max_size=int(limits.SIGNAL_BYTES),
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(trusted_proxies),
            forwarded_allow_ips=list(trusted_proxies),
            timeout_graceful_shutdown=CLOSE_S,
        )
        self._server = _Server(config, self._socket, self.connections, tls)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._server.serve([self._socket]), name="listener")
        listening = asyncio.create_task(self._server.listening.wait())
        await asyncio.wait({self._task, listening}, return_when=asyncio.FIRST_COMPLETED)
        listening.cancel()
        if self._task.done():
            self._task.result()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._server.should_exit = True
        await self._task
