"""`incamera join`: who gets what from the page's own address, and what of the server comes through."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.lowlevel
import httpx2
import pytest
import websockets
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from structlog.testing import capture_logs

from incamera.accreditation.invitation import Invitation
from incamera.accreditation.signature import SigningKey
from incamera.accreditation.strict import MeetingId
from incamera.api.listener import Listener, bound
from incamera.api.page import Page
from incamera.forward import Ports, forwarding
from incamera.limits import FEED_BATCH_BYTES
from incamera.refusal import Code, Refused
from tests.support.patience import PATIENCE_S

ONCE, SESSION = "once-only", "a-session"
LARGEST = int(FEED_BATCH_BYTES) * 3 // 2
"""Characters of the feed's largest message: base64url and JSON around a full batch."""


async def _echo(request: Request) -> Response:
    body = (await request.body()).decode()
    headers = {"Set-Cookie": "tracker=1", "ETag": '"7"', "X-Secret": "1"}
    seen = {"body": body, "query": request.url.query, "cookie": request.headers.get("cookie")}
    return JSONResponse(seen, headers=headers)


async def _socket(socket: WebSocket) -> None:
    if socket.query_params.get("access_token") == "bad":
        await socket.send_denial_response(PlainTextResponse("no", 401))
        return
    await socket.accept()
    async for message in socket.iter_bytes():
        if message == b"bye":
            await socket.close(4001)
            return
        await socket.send_bytes(message[::-1] + str(len(socket.url.query)).encode())


async def _feed(socket: WebSocket) -> None:
    await socket.accept()
    token = await socket.receive_text()
    await socket.send_text(token + "a" * LARGEST)
    await socket.close(1000)


def server() -> Listener:
    """A server as `incamera serve` is one for the page: data at /api and /rtc, and a page of its own."""
    routes = [
        Route("/healthz", lambda _: PlainTextResponse("ok")),
        Route("/", lambda _: HTMLResponse("<script>stolen()</script>")),
        Route("/api/echo", _echo, methods=["GET", "POST"]),
        Route("/api/page", lambda _: HTMLResponse("<script>stolen()</script>")),
        Route("/api/script", lambda _: Response("stolen()", media_type="text/javascript")),
        Route("/api/moved", lambda _: RedirectResponse("https://elsewhere.example/")),
        Route("/rtc/validate", lambda _: PlainTextResponse("success")),
        WebSocketRoute("/rtc/v1", _socket),
        WebSocketRoute("/api/v1/meetings/9Jk/feed", _feed),
    ]
    return Listener(Starlette(routes=routes), bound("127.0.0.1", 0))


def invitation(origin: str, meeting: str = "9Jk") -> Invitation:
    """A seat's link to this server."""
    authority = SigningKey(bytes(32)).thumbprint
    return Invitation(origin, MeetingId(meeting), authority, SigningKey(bytes([1] * 32)))


def page(folder: Path) -> Page:
    """A built page, as small as one can be."""
    built = folder / "page"
    built.mkdir(exist_ok=True)
    (built / "index.html").write_text("<!doctype html><title>In Camera</title>")
    (built / "assets").mkdir(exist_ok=True)
    (built / "assets" / "core.wasm").write_bytes(b"\0asm")
    (built / "assets" / "core.worker.js").write_text("1")
    return Page(built)


@dataclass
class Joined:
    """A running `incamera join`."""

    link: Invitation
    address: str
    ports: Ports

    @property
    def origin(self) -> str:
        return self.address.split("/?")[0]

    def browser(self, **headers: str) -> httpx2.AsyncClient:
        """A client that keeps cookies, as the one browser does."""
        return httpx2.AsyncClient(base_url=self.origin, headers=headers, follow_redirects=False, timeout=PATIENCE_S)


@asynccontextmanager
async def joined(folder: Path) -> AsyncIterator[Joined]:
    async with server() as upstream:
        link = invitation(f"http://127.0.0.1:{upstream.port}")
        ports = Ports(folder / "join.json")
        async with forwarding(link, page(folder), ports=ports, once=ONCE, session=SESSION) as address:
            yield Joined(link, address, ports)


@pytest.mark.anyio
async def test_the_one_time_address_leads_to_the_page_with_the_link_s_fragment(tmp_path: Path) -> None:
    async with joined(tmp_path) as join, join.browser() as browser:
        entered = await browser.get(f"/?once={ONCE}")
        assert entered.status_code == 303
        assert entered.headers["location"] == f"/m/9Jk#{join.link.fragment}"
        assert "httponly" in entered.headers["set-cookie"].lower()
        assert "samesite=strict" in entered.headers["set-cookie"].lower()
        page = await browser.get("/m/9Jk")
        assert page.status_code == 200
        assert "In Camera" in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert (await browser.get("/join.json")).json() == {"page": "package", "server": join.link.origin}


@pytest.mark.anyio
async def test_the_one_time_address_works_once(tmp_path: Path) -> None:
    async with joined(tmp_path) as join, join.browser() as first, join.browser() as second:
        assert (await first.get(f"/?once={ONCE}")).status_code == 303
        again = await second.get(f"/?once={ONCE}")
        assert (again.status_code, again.json()["code"]) == (403, "forward.used")
        assert (await second.get("/m/9Jk")).status_code == 403
        shown = await second.get(f"/?once={ONCE}", headers={"accept": "text/html,*/*;q=0.8"})
        assert (shown.status_code, shown.headers["content-type"]) == (403, "text/html; charset=utf-8")
        assert "Code: forward.used" in shown.text


@pytest.mark.anyio
async def test_a_guess_does_not_use_the_address_up(tmp_path: Path) -> None:
    async with joined(tmp_path) as join, join.browser() as browser:
        assert (await browser.get("/?once=guess")).status_code == 403
        assert (await browser.get(f"/?once={ONCE}")).status_code == 303


@pytest.mark.anyio
@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "localhost:80"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_another_host_name_or_page_gets_nothing(tmp_path: Path, headers: dict[str, str]) -> None:
    async with joined(tmp_path) as join, join.browser() as browser:
        await browser.get(f"/?once={ONCE}")
        for path in ("/m/9Jk", "/join.json", "/api/echo", "/rtc/validate", "/assets/x.js"):
            answer = await browser.get(path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "forward.foreign"), path


@pytest.mark.anyio
async def test_without_the_cookie_nothing_is_passed_on(tmp_path: Path) -> None:
    async with joined(tmp_path) as join, join.browser() as stranger:
        for path in ("/", "/m/9Jk", "/join.json", "/api/echo", "/rtc/validate"):
            assert (await stranger.get(path)).status_code == 403
        with pytest.raises(websockets.InvalidStatus) as refused:
            await websockets.connect(f"{join.origin.replace('http', 'ws')}/rtc/v1", open_timeout=PATIENCE_S)
        assert refused.value.response.status_code == 403


@pytest.mark.anyio
async def test_data_passes_and_cookies_and_other_headers_do_not(tmp_path: Path) -> None:
    async with joined(tmp_path) as join, join.browser() as browser:
        await browser.get(f"/?once={ONCE}")
        answer = await browser.post("/api/echo?a=1&b=%20", content=b"sealed", headers={"origin": join.origin})
        assert answer.json() == {"body": "sealed", "query": "a=1&b=%20", "cookie": None}
        assert answer.headers["etag"] == '"7"'
        assert "set-cookie" not in answer.headers
        assert "x-secret" not in answer.headers
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert (await browser.get("/rtc/validate")).text == "success"


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/api/page", "/api/script", "/api/moved"])
async def test_no_page_script_or_redirect_comes_from_the_server(tmp_path: Path, path: str) -> None:
    async with joined(tmp_path) as join, join.browser() as browser:
        await browser.get(f"/?once={ONCE}")
        answer = await browser.get(path)
        assert (answer.status_code, answer.json()["code"]) == (502, "forward.content")
        assert "stolen" not in answer.text
        assert "stolen" not in (await browser.get("/")).text
        assert (await browser.get("/twirp/livekit.RoomService/ListRooms")).status_code == 404


@pytest.mark.anyio
async def test_sockets_pass_both_ways_with_long_addresses_and_close_codes(tmp_path: Path) -> None:
    async with joined(tmp_path) as join:
        cookie = {"Cookie": f"incamera_{join.origin.rsplit(':', 1)[1]}={SESSION}", "Origin": join.origin}
        offer = "x" * 40_000
        address = f"{join.origin.replace('http', 'ws')}/rtc/v1?join_request={offer}"
        async with websockets.connect(address, additional_headers=cookie, open_timeout=PATIENCE_S) as socket:
            await socket.send(b"\1\2")
            assert await socket.recv() == b"\2\1" + str(len(offer) + len("join_request=")).encode()
            await socket.send(b"bye")
            with pytest.raises(websockets.ConnectionClosed):
                await socket.recv()
            assert socket.close_code == 4001


@pytest.mark.anyio
async def test_the_feed_s_largest_message_passes(tmp_path: Path) -> None:
    async with joined(tmp_path) as join:
        cookie = {"Cookie": f"incamera_{join.origin.rsplit(':', 1)[1]}={SESSION}", "Origin": join.origin}
        address = f"{join.origin.replace('http', 'ws')}/api/v1/meetings/9Jk/feed"
        async with websockets.connect(
            address, additional_headers=cookie, max_size=None, open_timeout=PATIENCE_S
        ) as socket:
            await socket.send('{"token": "t"}')
            assert len(await socket.recv()) == len('{"token": "t"}') + LARGEST


@pytest.mark.anyio
async def test_the_member_s_core_and_its_worker_come_from_here_with_their_types_and_policy(tmp_path: Path) -> None:
    async with joined(tmp_path) as join, join.browser() as browser:
        await browser.get(f"/?once={ONCE}")
        policy = (await browser.get("/m/9Jk")).headers["content-security-policy"]
        assert "'wasm-unsafe-eval'" in policy
        assert "require-trusted-types-for 'script'" in policy
        core, worker = await browser.get("/assets/core.wasm"), await browser.get("/assets/core.worker.js")
        assert core.headers["content-type"] == "application/wasm"
        assert core.content == b"\0asm"
        assert worker.headers["content-type"].startswith("text/javascript")


@pytest.mark.anyio
async def test_a_refusal_of_the_server_passes_with_its_status(tmp_path: Path) -> None:
    async with joined(tmp_path) as join:
        cookie = {"Cookie": f"incamera_{join.origin.rsplit(':', 1)[1]}={SESSION}"}
        with pytest.raises(websockets.InvalidStatus) as refused:
            await websockets.connect(
                f"{join.origin.replace('http', 'ws')}/rtc/v1?access_token=bad",
                additional_headers=cookie,
                open_timeout=PATIENCE_S,
            )
        assert refused.value.response.status_code == 401


@pytest.mark.anyio
async def test_a_meeting_keeps_its_port_and_another_has_its_own(tmp_path: Path) -> None:
    async with server() as upstream:
        link = invitation(f"http://127.0.0.1:{upstream.port}")
        other = invitation(link.origin, "7Hh")
        ports = Ports(tmp_path / "join.json")
        async with forwarding(link, page(tmp_path), ports=ports, once=ONCE, session=SESSION) as first:
            async with forwarding(other, page(tmp_path), ports=ports, once=ONCE, session=SESSION) as second:
                assert first != second
            with pytest.raises(Refused) as taken:
                async with forwarding(link, page(tmp_path), ports=ports, once=ONCE, session=SESSION):
                    pass
            assert taken.value.refusal.code == Code.PORT_TAKEN
        async with forwarding(
            link, page(tmp_path), ports=Ports(tmp_path / "join.json"), once=ONCE, session=SESSION
        ) as again:
            assert again == first


@pytest.mark.parametrize("text", ["[7880]", "7880", '{"a": 1', "\xff", "null"])
def test_a_file_of_ports_that_is_none_is_said_to_be_so_and_the_meeting_gets_a_new_port(
    tmp_path: Path, text: str
) -> None:
    path, link = tmp_path / "join.json", invitation("https://meet.example")
    path.write_text(text, encoding="latin-1")
    with capture_logs() as logs:
        assert Ports(path).of(link) == 0
        Ports(path).keep(link, 4711)
    assert {(line["event"], line["file"]) for line in logs} == {("ports.unreadable", str(path))}
    assert Ports(path).of(link) == 4711


@pytest.mark.parametrize("port", ["-1", "0", "65536", "true", '"7880"', "1.5"])
def test_what_is_no_port_is_not_taken_for_one(tmp_path: Path, port: str) -> None:
    path, link = tmp_path / "join.json", invitation("https://meet.example")
    path.write_text(f'{{"https://meet.example/m/9Jk": {port}}}')
    assert Ports(path).of(link) == 0


@pytest.mark.anyio
async def test_a_server_that_nobody_answers_for_is_refused_before_a_page_opens(tmp_path: Path) -> None:
    link = invitation("http://127.0.0.1:9")
    with pytest.raises(Refused) as refused:
        async with forwarding(link, page(tmp_path), ports=Ports(tmp_path / "join.json"), once=ONCE, session=SESSION):
            pass
    assert refused.value.refusal.code == Code.SERVER_UNREACHABLE


@pytest.mark.anyio
async def test_a_server_that_says_it_is_well_without_an_end_is_not_read_on(tmp_path: Path) -> None:
    async def chatter() -> AsyncIterator[bytes]:
        while True:
            await anyio.lowlevel.checkpoint()  # who has hung up takes all at once
            yield b"ok" * 8192

    endless = Starlette(routes=[Route("/healthz", lambda _: StreamingResponse(chatter()))])
    async with Listener(endless, bound("127.0.0.1", 0)) as upstream:
        link, ports = invitation(f"http://127.0.0.1:{upstream.port}"), Ports(tmp_path / "join.json")
        with anyio.fail_after(PATIENCE_S):
            async with forwarding(link, page(tmp_path), ports=ports, once=ONCE, session=SESSION) as address:
                assert address.endswith(ONCE)
