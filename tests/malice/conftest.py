"""What tests against those who lie share: the test pages of web/harness, a browser, a media server."""

import functools
import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.malice.room import Hall
from tests.support.browsers import chromium
from tests.support.servers import Process

ROOT = Path(__file__).parents[2]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="package")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The built test pages (web/harness), on a port of their own."""
    pages = str(tmp_path_factory.mktemp("harness"))
    build = ["node_modules/.bin/vite", "build", "--logLevel", "error", "--config", "harness/vite.config.ts"]
    subprocess.run([*build, "--outDir", pages, "--emptyOutDir"], cwd=ROOT / "web", check=True)
    handler = functools.partial(Quiet, directory=pages)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


# Of one module: while Playwright's synchronous face is open, no test of this thread has an event loop of its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


# Each test has a room of its own there.
@pytest.fixture(scope="module")
def sfu() -> Iterator[str]:
    if url := os.environ.get("LIVEKIT_URL"):  # another LiveKit-compatible server, with the development key
        yield url
        return
    with Process("sfu", "--dev", "--json", "--port", "0", "--udp-port", "0", "--tcp-port", "0") as process:
        yield process.ready["url"].replace("http", "ws")


@pytest.fixture
def hall(browser: Browser, harness: str, sfu: str) -> Iterator[Hall]:
    hall = Hall(browser, harness, sfu)
    yield hall
    for context in hall.contexts:
        context.close()
