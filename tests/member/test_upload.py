"""`meeting create` meets a server that may answer anything, and of any size."""

import ssl
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest

from incamera.accreditation.bundle import Bundle
from incamera.accreditation.strict import b64u
from incamera.limits import ACT_BYTES
from incamera.member.upload import Uploaded, upload
from incamera.refusal import Code, Refusal
from tests.support.paper import octets

pytestmark = pytest.mark.anyio
BUNDLE = Bundle("core", {}, ())
MEETING = b64u(octets("m", 16))
CHUNK = b" " * 16 * 1024
Served = Callable[[Callable[[httpx2.Request], httpx2.Response]], None]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    """Lets a function answer all requests."""

    def serve(answer: Callable[[httpx2.Request], httpx2.Response]) -> None:
        client = httpx2.AsyncClient
        monkeypatch.setattr(
            httpx2,
            "AsyncClient",
            lambda **options: client(**{**options, "transport": httpx2.MockTransport(answer)}),
        )

    return serve


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def _uploaded() -> Uploaded | Refusal:
    return await upload("https://meet.example", BUNDLE, ssl.create_default_context())


@pytest.mark.parametrize("status", [201, 403])
async def test_an_answer_without_an_end_is_not_read_on(served: Served, status: int) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += len(CHUNK)
            yield CHUNK

    served(lambda _: httpx2.Response(status, content=body()))
    outcome = await _uploaded()
    assert isinstance(outcome, Refusal)
    assert outcome.code is Code.SERVER_UNREACHABLE
    assert f"more than {ACT_BYTES.value} bytes" in outcome.reason
    assert sent <= ACT_BYTES.value + len(CHUNK)


@pytest.mark.parametrize(("status", "is_new"), [(201, True), (200, False)])
async def test_a_meeting_that_was_there_already_is_told_from_a_new_one(
    served: Served, status: int, is_new: bool
) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        assert (request.method, request.url.path) == ("POST", "/api/v1/meetings")
        assert request.headers["content-type"] == "application/json"
        return httpx2.Response(status, content=_once(f'{{"meeting": "{MEETING}"}}'.encode()))

    served(answer)
    assert await _uploaded() == Uploaded(MEETING, is_new)  # type: ignore[arg-type]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"meeting": 7}', b'{"meeting": "\\u001b[2J"}', b"<html>"])
async def test_a_server_that_names_no_meeting_is_none_of_ours(served: Served, body: bytes) -> None:
    served(lambda _: httpx2.Response(201, content=_once(body)))
    outcome = await _uploaded()
    assert isinstance(outcome, Refusal)
    assert outcome.code is Code.SERVER_UNREACHABLE
