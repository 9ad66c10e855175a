"""The listener's bounds on connections that never finish what they began."""

import asyncio
import time

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from incamera.api import listener
from incamera.api.listener import Listener, bound


async def _echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(await request.body())


APP = Starlette(routes=[Route("/", _echo, methods=["GET", "POST"])])
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
