"""The listener's bounds on connections that never finish what they began."""

import asyncio
import errno
import socket
import ssl
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import websockets
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from incamera import limits
from incamera.api import certificate, listener, reception
from incamera.api.listener import Listener, bound
from incamera.clock import SystemClock
from incamera.limits import Limit
from tests.support.delegates import await_true
from tests.support.patience import PATIENCE_S


async def _echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(await request.body())


async def _socket(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("open")
    await socket.receive()


APP = Starlette(routes=[Route("/", _echo, methods=["GET", "POST"]), WebSocketRoute("/socket", _socket)])


async def _open(server: Listener, local: str = "127.0.0.1") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", server.port, local_addr=(local, 0))


POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"\r\n", POST + b"ab"])
def test_a_connection_that_never_says_what_it_wants_is_closed(monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(listener, "HEAD_S", 0.3)
    monkeypatch.setattr(listener, "BODY_S", 0.3)

    async def visit() -> None:
        async with Listener(APP, bound("127.0.0.1", 0)) as server, asyncio.timeout(30):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(begun)
            assert await reader.read() == b"", "it was closed without a word"
            writer.close()

    asyncio.run(visit())


def test_requests_on_one_connection_are_answered_and_none_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "HEAD_S", 1000.0)
    monkeypatch.setattr(listener, "BODY_S", 1000.0)

    async def visit() -> None:
        loop, later = asyncio.get_running_loop(), 0.0
        monkeypatch.setattr(loop, "time", lambda: time.monotonic() + later)
        async with Listener(APP, bound("127.0.0.1", 0)) as server:
            server._server.config.timeout_keep_alive = 10_000  # uvicorn's own bound on what lies between requests
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            for _ in range(3):
                writer.write(POST + b"abcd")
                answer = await reader.readuntil(b"abcd")
                assert answer.startswith(b"HTTP/1.1 200")
                later += 2000  # what is due by then comes at once
                await asyncio.sleep(0.01)
            writer.close()

    asyncio.run(visit())


def test_an_office_of_thirty_fits_behind_one_address_reloads_included() -> None:
    assert limits.CONNECTIONS_PER_ADDRESS.value >= 2 * 30 * 6, "as many as browsers open, and all once more"


def test_one_address_has_so_many_connections_and_leaves_the_others_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CONNECTIONS_PER_ADDRESS", Limit(3, "connections an address", "of the test"))

    async def visit() -> None:
        async with Listener(APP, bound("127.0.0.1", 0)) as server, asyncio.timeout(PATIENCE_S):
            held = [await _open(server) for _ in range(3)]
            for _, writer in held:
                writer.write(POST + b"abcd")
            for reader, _ in held:
                await reader.readuntil(b"abcd")
            reader, writer = await _open(server)
            assert (await reader.read()).startswith(b"HTTP/1.1 503 ")
            writer.close()
            assert server.connections.statistics() == {"open": 3, "refused": 1}

            reader, writer = await _open(server, "127.0.0.2")
            writer.write(POST + b"abcd")
            assert (await reader.readuntil(b"abcd")).startswith(b"HTTP/1.1 200")
            writer.close()

            held[0][1].close()
            await await_true("its place is free", lambda: server.connections.statistics()["open"] == 2)
            reader, writer = await _open(server)
            writer.write(POST + b"abcd")
            assert (await reader.readuntil(b"abcd")).startswith(b"HTTP/1.1 200")
            held.append((reader, writer))
            for _, each in held:
                each.close()

    asyncio.run(visit())


def test_a_connection_counts_for_its_address_while_its_tls_handshake_lasts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(limits, "CONNECTIONS_PER_ADDRESS", Limit(3, "connections an address", "of the test"))
    pair = certificate.self_signed(tmp_path, SystemClock())
    trusting = ssl.create_default_context(cafile=pair[0])

    async def visit() -> None:
        async with (
            Listener(APP, bound("127.0.0.1", 0), tls=certificate.context(*pair)) as server,
            asyncio.timeout(PATIENCE_S),
        ):
            silent = [await _open(server) for _ in range(3)]
            await await_true("each has its place", lambda: server.connections.statistics()["open"] == 3)
            reader, writer = await _open(server)
            assert await reader.read() == b"", "it was closed before its handshake"
            writer.close()
            assert server.connections.statistics() == {"open": 3, "refused": 1}

            for end in (silent[0][1].close, lambda: silent[1][1].write(POST)):
                end()  # a handshake that its client gives up, and one that is none
            await await_true("their places are free", lambda: server.connections.statistics()["open"] == 1)
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", server.port, ssl=trusting, server_hostname="localhost"
            )
            writer.write(POST + b"abcd")
            assert (await reader.readuntil(b"abcd")).startswith(b"HTTP/1.1 200")
            assert server.connections.statistics()["open"] == 2
            writer.close()
            await await_true("its place is free", lambda: server.connections.statistics()["open"] == 1)
        assert await silent[2][0].read() == b"", "the end of the server ends handshakes too"
        for _, each in silent:
            each.close()

    asyncio.run(visit())


def test_a_tls_handshake_that_does_not_end_is_closed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(listener, "HEAD_S", 0.3)
    tls = certificate.context(*certificate.self_signed(tmp_path, SystemClock()))

    async def visit() -> None:
        async with Listener(APP, bound("127.0.0.1", 0), tls=tls) as server, asyncio.timeout(30):
            reader, writer = await _open(server)
            assert await reader.read() == b"", "it was closed without a word"
            writer.close()
            await await_true("its place is free", lambda: server.connections.statistics()["open"] == 0)

    asyncio.run(visit())


def test_a_system_without_descriptors_lets_in_again_once_it_has_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reception, "PAUSE_S", 0.0)

    async def visit() -> None:
        loop = asyncio.get_running_loop()
        accept, errors = loop.sock_accept, [errno.EMFILE, errno.ECONNABORTED]

        async def short(listening: socket.socket) -> tuple[socket.socket, Any]:
            if errors:
                raise OSError(errors.pop(), "none is left")
            return await accept(listening)

        monkeypatch.setattr(loop, "sock_accept", short)
        async with Listener(APP, bound("127.0.0.1", 0)) as server, asyncio.timeout(PATIENCE_S):
            reader, writer = await _open(server)
            writer.write(POST + b"abcd")
            assert (await reader.readuntil(b"abcd")).startswith(b"HTTP/1.1 200")
            assert errors == []
            writer.close()

    asyncio.run(visit())


def test_a_websocket_and_a_proxy_do_not_take_the_places_of_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CONNECTIONS_PER_ADDRESS", Limit(1, "connections an address", "of the test"))

    async def visit() -> None:
        async with Listener(APP, bound("127.0.0.1", 0)) as server:
            address = f"ws://127.0.0.1:{server.port}/socket"
            connect = partial(websockets.connect, address, open_timeout=PATIENCE_S)
            async with connect() as one, connect() as two:
                assert (await one.recv(), await two.recv()) == ("open", "open")
                assert server.connections.statistics() == {"open": 0, "refused": 0}
        proxied = Listener(APP, bound("127.0.0.1", 0), trusted_proxies=("10.0.0.1", "127.0.0.0/8", "proxy.sock"))
        async with proxied as server, asyncio.timeout(PATIENCE_S):
            for _ in range(3):
                reader, writer = await _open(server)
                writer.write(POST + b"abcd")
                assert (await reader.readuntil(b"abcd")).startswith(b"HTTP/1.1 200")
            assert server.connections.statistics()["refused"] == 0

    asyncio.run(visit())
