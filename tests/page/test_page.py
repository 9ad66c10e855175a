"""The page's files, and the headers that keep it alone."""

from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette

from incamera.api.http import application
from incamera.api.page import Page
from incamera.sfu.server import MEDIA_FAILED


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A built page, as small as one can be."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>In Camera</title>")
    (tmp_path / "assets" / "main-1a2b.js").write_text("export const x = 1;\n" * 200)
    (tmp_path / "assets" / "core-3c4d.wasm").write_bytes(b"\0asm\1\0\0\0")
    return tmp_path


def client(page: Page) -> httpx2.AsyncClient:
    """Asks a server that has this page."""
    app: Starlette = application(signalling=(), page=page, readiness=lambda: {"media": None})
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost")


@pytest.mark.anyio
async def test_the_page_is_at_each_meeting_s_address_with_its_headers(folder: Path) -> None:
    async with client(Page(folder)) as http:
        for path in ("/", "/m/9Jk"):
            answer = await http.get(path)
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/html")
            assert answer.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["cross-origin-opener-policy"] == "same-origin"
            assert answer.headers["cross-origin-embedder-policy"] == "require-corp"
            assert "camera=(self)" in answer.headers["permissions-policy"]
            assert "geolocation=()" in answer.headers["permissions-policy"]
            assert answer.headers["cache-control"] == "no-cache"
            assert "strict-transport-security" not in answer.headers, "there is no TLS here"


@pytest.mark.anyio
async def test_a_file_with_a_hash_in_its_name_may_be_kept_and_is_compressed(folder: Path) -> None:
    async with client(Page(folder, tls=True)) as http:
        answer = await http.get("/assets/main-1a2b.js", headers={"accept-encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.text.startswith("export const")
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["strict-transport-security"]
        again = await http.get("/assets/main-1a2b.js", headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304
        assert again.content == b""
        wasm = await http.get("/assets/core-3c4d.wasm")
        assert wasm.headers["content-type"] == "application/wasm"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "path", ["/assets/../../etc/passwd", "/assets/%2e%2e/%2e%2e/server.py", "//etc/passwd", "/m/a/b", "/x"]
)
async def test_only_the_page_s_own_files_are_served(folder: Path, path: str) -> None:
    async with client(Page(folder)) as http:
        answer = await http.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-security-policy"]


@pytest.mark.anyio
async def test_a_page_that_was_not_built_says_what_to_do(tmp_path: Path) -> None:
    async with client(Page(tmp_path)) as http:
        answer = await http.get("/")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "page.not_built"
        assert "make setup" in answer.json()["detail"]


@pytest.mark.anyio
async def test_health_and_readiness_are_two_things(tmp_path: Path) -> None:
    app = application(signalling=(), page=None, readiness=lambda: {"media": MEDIA_FAILED})
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost") as http:
        assert (await http.get("/healthz")).status_code == 200
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.headers["content-type"]) == (503, "application/problem+json")
        assert (ready.json()["media"], ready.json()["code"]) == (False, "media.failed")
        assert (await http.get("/")).text == "OK"
