"""A member's requests: a server may answer anything, and of any size."""

import ssl
from collections.abc import AsyncIterator

import httpx2
import pytest

from incamera.accreditation.signature import SigningKey
from incamera.accreditation.strict import Hash, MeetingId, b64u, sha256
from incamera.clock import SystemClock
from incamera.limits import ACT_BYTES, FEED_BATCH_BYTES, UPLOAD_BYTES, WELCOME_BYTES, Limit
from incamera.member.client import Client
from incamera.refusal import Code, Refusal
from tests.support.paper import key, octets

pytestmark = pytest.mark.anyio
CHUNK = b" " * 16 * 1024
TOKEN = b'{"nonce": "A", "token": "t", "seconds": 300}'
DEVICE: SigningKey = key("a device")
NAME: Hash = sha256(b"a welcome")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Endless:
    """A server whose answers, but for proofs, never end."""

    def __init__(self) -> None:
        self.sent = 0
        self.client = Client(
            "https://meet.example", MeetingId(b64u(octets("m", 16))), SystemClock(), ssl.create_default_context()
        )
        self.client._http = httpx2.AsyncClient(
            transport=httpx2.MockTransport(self._answer), base_url=self.client.origin, follow_redirects=False
        )

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/proof"):
            return httpx2.Response(200, content=_once(TOKEN))
        assert request.headers["accept-encoding"] == "identity"
        return httpx2.Response(200, content=self._body())

    async def _body(self) -> AsyncIterator[bytes]:
        while True:
            self.sent += len(CHUNK)
            yield CHUNK


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


@pytest.mark.parametrize(
    ("what", "bound"),
    [
        ("invited", UPLOAD_BYTES),
        ("charters", UPLOAD_BYTES),
        ("post", FEED_BATCH_BYTES),
        ("welcome", WELCOME_BYTES),
        ("upload", ACT_BYTES),
    ],
)
async def test_an_answer_is_read_as_far_as_it_may_be_long_and_not_on(what: str, bound: Limit) -> None:
    server = Endless()
    asked = {
        "invited": lambda: server.client.invited(DEVICE.thumbprint),
        "charters": lambda: server.client.charters(DEVICE),
        "post": lambda: server.client.post("an.act.x"),
        "welcome": lambda: server.client.welcome(DEVICE, NAME),
        "upload": lambda: server.client.upload(DEVICE, b"welcome"),
    }
    outcome = await asked[what]()
    assert isinstance(outcome, Refusal)
    assert outcome.code is Code.SERVER_UNREACHABLE
    assert f"more than {bound.value} bytes" in outcome.reason
    assert server.sent <= bound.value + len(CHUNK)
    await server.client.aclose()
