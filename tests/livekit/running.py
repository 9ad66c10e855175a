"""The media server, running for real: uvicorn on a port of its own, the Rust core, a loop in a thread."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

import uvicorn
from livekit.protocol.webhook import WebhookEvent
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from incamera.clock import SystemClock
from incamera.limits import REQUEST_LINE_BYTES
from incamera.sfu import tokens
from incamera.sfu.core import CoreConfig
from incamera.sfu.server import SfuServer, SfuSettings
from incamera.sfu.tokens import Grants
from tests.support.patience import PATIENCE_S

T = TypeVar("T")

KEY = "devkey"
SECRET = "a secret of at least thirty-two characters"


class RunningSfu:
    """A server for one test or module. `async with` is the server's own; this is a thread around it."""

    def __init__(self, *, pages: dict[str, str] | None = None, **settings: Any) -> None:
        self._settings = SfuSettings(
            keys={KEY: SECRET}, core=CoreConfig(udp="127.0.0.1:0", tcp="127.0.0.1:0"), **settings
        )
        self._pages = pages or {}
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._failure: BaseException | None = None
        self.events: list[WebhookEvent] = []

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(PATIENCE_S), "the server did not start"
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._uvicorn.should_exit = True
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "the server did not end"

    @property
    def url(self) -> str:
        """Its address for SDKs."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def http(self) -> str:
        """Its address for HTTP."""
        return f"http://127.0.0.1:{self.port}"

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    @contextlib.contextmanager
    def standing(self) -> Iterator[None]:
        """The server's loop stands still: what is sent meanwhile waits in its sockets."""
        stands, goes_on = threading.Event(), threading.Event()

        def stand() -> None:
            stands.set()
            goes_on.wait(PATIENCE_S)

        self._loop.call_soon_threadsafe(stand)
        assert stands.wait(PATIENCE_S), "the server's loop is not free"
        try:
            yield
        finally:
            goes_on.set()

    def statistics(self) -> dict[str, int | float]:
        """The server's counters."""

        async def ask() -> dict[str, int | float]:
            return self.server.statistics()

        return self.call(ask())

    def token(self, identity: str, room: str = "room", **grants: Any) -> str:
        """A token to join; `grants` are fields of `Grants`."""
        granted = Grants(room_join=True, **grants)
        return tokens.issue(
            {KEY: SECRET}, identity, room, granted, now_ms=SystemClock().now_ms(), name=identity.title()
        )

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as failure:
            self._failure = failure
            self._ready.set()
            raise

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.server = SfuServer(self._settings, SystemClock())
        self.server.on_event(self.events.append)
        self.server._webhooks._timeout_s = PATIENCE_S  # a busy machine is no receiver that is not well
        async with self.server:
            routes = [*self.server.routes, Route("/", lambda _: PlainTextResponse("OK"))]
            routes += [Mount(path, StaticFiles(directory=folder)) for path, folder in self._pages.items()]
            config = uvicorn.Config(
                Starlette(routes=routes),
                host="127.0.0.1",
                port=0,
                log_level="warning",
                access_log=False,
                http="httptools",
                ws="websockets-sansio",
                h11_max_incomplete_event_size=REQUEST_LINE_BYTES.value,
                timeout_graceful_shutdown=2,
                lifespan="off",
            )
            self._uvicorn = uvicorn.Server(config)
            self._uvicorn.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # not the main thread
            serving = asyncio.create_task(self._uvicorn.serve())
            while not self._uvicorn.started:  # noqa: ASYNC110  # uvicorn has no event for it
                await asyncio.sleep(0.01)
            self.port = self._uvicorn.servers[0].sockets[0].getsockname()[1]
            self._ready.set()
            await serving
