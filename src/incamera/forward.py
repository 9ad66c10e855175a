"""`incamera join`: the page from the installed package on this machine, and the server's data through it, nothing else.

The page must not come from the server that its user distrusts. So it is served from here, on 127.0.0.1, and `/api`
and `/rtc` (WebSockets too) are passed on to the link's server with this machine's trust in certificates: never HTML
or script. Who asks must name this host and port (DNS rebinding), come from this page, and have used the one-time
address once.
"""

import asyncio
import contextlib
import hmac
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

import httpx2
import websockets
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection

from incamera import limits, log
from incamera.accreditation.invitation import Invitation
from incamera.api.listener import Listener, bound
from incamera.api.notice import refused
from incamera.api.page import NOT_BUILT, Page
from incamera.api.problems import problem
from incamera.certificates import trust
from incamera.log import Private
from incamera.member.feed import MESSAGE_BYTES_MAX
from incamera.refusal import Code, Refusal, Refused

_log = log.logger(__name__)

HOST: Final = "127.0.0.1"
CONNECT_S: Final = 10.0
KEPT_PORTS: Final = 200
"""How many meetings' ports are remembered: the oldest goes first."""

_ASKED: Final = frozenset({"accept", "accept-language", "authorization", "content-type", "idempotency-key", "range"})
_ANSWERED: Final = frozenset({"cache-control", "content-range", "content-type", "date", "etag", "retry-after"})
_DATA: Final = frozenset(
    {
        "application/json",
        "application/octet-stream",
        "application/problem+json",
        "application/protobuf",
        "application/x-protobuf",
        "text/event-stream",
        "text/plain",
    }
)
_OF_DATA: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

_FOREIGN: Final = Refusal(
    Code.FORWARD_FOREIGN, "This address serves one page on this machine only.", "Start `incamera join` again."
)
_USED: Final = Refusal(
    Code.FORWARD_USED, "This one-time address was opened before.", "End `incamera join` and start it again."
)


@dataclass(slots=True)
class Admission:
    """Who may ask: one browser, which opened the one-time address and has had a cookie since."""

    once: Private[str] | None
    session: Private[str]
    cookie: str = field(default="incamera")

    def enter(self, given: str) -> Refusal | None:
        """Use the one-time address; a second use is refused, so that whoever else saw it is too late, or is noticed."""
        if self.once is None:
            return _USED
        if not hmac.compare_digest(given.encode(), self.once.value.encode()):
            return _FOREIGN
        self.once = None
        return None

    def refusal(self, host: str, headers: Headers, cookies: Mapping[str, str]) -> Refusal | None:
        """Why this request is not our page's, if so."""
        origin = headers.get("origin")
        foreign = (
            headers.get("host") != host
            or (origin is not None and origin != f"http://{host}")
            or headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
            or not hmac.compare_digest(cookies.get(self.cookie, "").encode(), self.session.value.encode())
        )
        return _FOREIGN if foreign else None


class Forward:
    """The application that `incamera join` serves for one link."""

    def __init__(
        self, link: Invitation, admission: Admission, page: Page, http: httpx2.AsyncClient, trust: ssl.SSLContext
    ) -> None:
        self._link, self._admission, self._page, self._http, self._trust = link, admission, page, http, trust
        self.host = ""
        """`127.0.0.1:port`, once the port is known."""

    def listens_on(self, port: int) -> None:
        """The port that was bound.

        Cookies don't know ports, so the cookie's name has it: two meetings don't disturb each other.
        """
        self.host = f"{HOST}:{port}"
        self._admission.cookie = f"incamera_{port}"

    def app(self) -> ASGIApp:
        """All routes, behind the check of who asks."""
        _, meeting, files = self._page.routes()
        rtc = ("/rtc", "/rtc/v1", "/rtc/validate", "/rtc/v1/validate")
        routes = [
            Route("/join.json", self._join),
            *(Route(path, self._pass_on, methods=["GET"]) for path in rtc),
            *(WebSocketRoute(path, self._pass_on_socket) for path in rtc[:2]),
            Route("/api/{path:path}", self._pass_on, methods=_METHODS),
            WebSocketRoute("/api/{path:path}", self._pass_on_socket),
            meeting,
            files,
        ]
        inner = Starlette(routes=routes)

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                return
            asking = HTTPConnection(scope)
            if scope["type"] == "http" and asking.url.path == "/" and "once" in asking.query_params:
                await self._enter(asking)(scope, receive, send)
            elif refusal := self._admission.refusal(self.host, asking.headers, asking.cookies):
                _log.warning("forward.refused", code=str(refusal.code))
                if scope["type"] == "http":
                    await refused(asking, refusal)(scope, receive, send)
                else:
                    await WebSocket(scope, receive, send).send_denial_response(problem(refusal))
            else:
                await inner(scope, receive, send)

        return guarded

    def _enter(self, asking: HTTPConnection) -> Response:
        """The one-time address: a cookie, and on to the page.

        The link's fragment goes this way and not by a command line.
        """
        if asking.headers.get("host") != self.host:
            return refused(asking, _FOREIGN)
        if refusal := self._admission.enter(asking.query_params["once"]):
            return refused(asking, refusal)
        target = f"/m/{quote(self._link.meeting)}#{self._link.fragment}"
        answer = RedirectResponse(target, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
        session = self._admission.session.value
        answer.set_cookie(self._admission.cookie, session, httponly=True, samesite="strict")
        return answer

    async def _join(self, _: Request) -> Response:
        """From where this page comes, and to which server it speaks."""
        return JSONResponse({"page": "package", "server": self._link.origin}, headers={"Cache-Control": "no-store"})

    async def _pass_on(self, request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name in _ASKED}
        headers["accept-encoding"] = "identity"
        target = self._link.origin + request.url.path + (f"?{request.url.query}" if request.url.query else "")
        has_body = request.method not in ("GET", "HEAD")
        asked = self._http.build_request(
            request.method, target, headers=headers, content=request.stream() if has_body else None
        )
        try:
            answer = await self._http.send(asked, stream=True)
        except httpx2.HTTPError as error:
            _log.warning("forward.unreachable", kind=type(error).__name__)
            return problem(unreachable(self._link))
        kind = answer.headers.get("content-type", "application/octet-stream").partition(";")[0].strip().lower()
        if kind not in _DATA or answer.is_redirect:
            await answer.aclose()
            return problem(
                Refusal(
                    Code.FORWARD_CONTENT,
                    "The server answered with something that is not data.",
                    "Tell the operator; this page takes no script and no page from there.",
                )
            )
        passed = {name: value for name, value in answer.headers.items() if name in _ANSWERED} | _OF_DATA

        async def body() -> AsyncIterator[bytes]:
            try:
                async for chunk in answer.aiter_raw():
                    yield chunk
            finally:
                await answer.aclose()

        return StreamingResponse(body(), answer.status_code, passed)

    async def _pass_on_socket(self, socket: WebSocket) -> None:
        target = (
            self._link.origin.replace("http", "ws", 1)
            + socket.url.path
            + (f"?{socket.url.query}" if socket.url.query else "")
        )
        wanted = [websockets.Subprotocol(name) for name in socket.scope.get("subprotocols", [])]
        try:
            upstream = await websockets.connect(
                target,
                ssl=self._trust if target.startswith("wss") else None,
                subprotocols=wanted or None,
                compression=None,
                max_size=MESSAGE_BYTES_MAX if socket.url.path.startswith("/api/") else int(limits.SIGNAL_BYTES),
                open_timeout=CONNECT_S,
                user_agent_header=None,
            )
        except websockets.InvalidStatus as refused:
            await socket.send_denial_response(Response(status_code=refused.response.status_code))
            return
        except (OSError, TimeoutError, websockets.WebSocketException) as error:
            _log.warning("forward.unreachable", kind=type(error).__name__)
            await socket.send_denial_response(problem(unreachable(self._link)))
            return
        async with upstream:
            await socket.accept(subprotocol=upstream.subprotocol)
            await _both_ways(socket, upstream)


async def _both_ways(socket: WebSocket, upstream: ClientConnection) -> None:
    """Until either side closes; then the other is closed with the same code."""

    async def up() -> None:
        try:
            while True:
                message = await socket.receive()
                if message["type"] == "websocket.disconnect":
                    await upstream.close(_code(message.get("code")))
                    return
                data = message.get("bytes")
                await upstream.send(data if data is not None else message["text"])
        except websockets.ConnectionClosed:
            return

    async def down() -> None:
        try:
            async for message in upstream:
                await (socket.send_bytes(message) if isinstance(message, bytes) else socket.send_text(message))
            await socket.close(_code(upstream.close_code), upstream.close_reason)
        except websockets.ConnectionClosedError:
            with contextlib.suppress(RuntimeError):  # closed by the other side already
                await socket.close(_code(upstream.close_code))
        except (WebSocketDisconnect, RuntimeError):
            return

    tasks = [asyncio.create_task(up()), asyncio.create_task(down())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _code(code: int | None) -> int:
    """A close code that may be sent: 1005, 1006 and 1015 only say that none was."""
    return (
        code if code is not None and (code in range(1000, 1004) or code in range(1007, 1015) or code >= 3000) else 1000
    )


def unreachable(link: Invitation) -> Refusal:
    """Nobody answers, or nobody who is trusted."""
    return Refusal(
        Code.SERVER_UNREACHABLE,
        f"{link.origin} does not answer, or its certificate is not trusted.",
        "Is this machine on the network? Is the certificate of your own authority? Then give it with --ca.",
    )


class Ports:
    """Each meeting's port on this machine: chosen once and kept, since a device's key belongs to the whole origin."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, link: Invitation) -> int:
        """The meeting's port; 0 where it has none yet."""
        return self._read().get(self._name(link), 0)

    def keep(self, link: Invitation, port: int) -> None:
        """Remember the port that was chosen."""
        ports = self._read()
        if ports.get(self._name(link)) == port:
            return
        ports[self._name(link)] = port
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(dict(list(ports.items())[-KEPT_PORTS:]), indent=1))
        fresh.replace(self._path)

    def _name(self, link: Invitation) -> str:
        return f"{link.origin}/m/{link.meeting}"

    def _read(self) -> dict[str, int]:
        """What is remembered; of a file that is none of ours, nothing: its meetings get new ports."""
        try:
            ports = json.loads(self._path.read_bytes())
            return {name: port for name, port in ports.items() if type(port) is int and 0 < port < 65536}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError, AttributeError) as error:
            _log.warning("ports.unreadable", file=str(self._path), kind=type(error).__name__, then="new ports")
            return {}


@asynccontextmanager
async def forwarding(
    link: Invitation,
    page: Page,
    *,
    ports: Ports,
    once: str,
    session: str,
    ca: Path | None = None,
    port: int | None = None,
) -> AsyncIterator[str]:
    """Serve this page for one link; gives the one-time address. `once` and `session` are fresh random texts."""
    if not page.built:
        raise Refused(NOT_BUILT)
    trusted = trust(ca)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(
            httpx2.AsyncClient(verify=trusted, timeout=httpx2.Timeout(CONNECT_S, read=None), follow_redirects=False)
        )
        try:
            async with http.stream("GET", f"{link.origin}/healthz", timeout=CONNECT_S):
                pass  # somebody is there who is trusted; what it says is not read
        except httpx2.HTTPError as error:
            raise Refused(unreachable(link)) from error
        chosen = port if port is not None else ports.of(link)
        forward = Forward(link, Admission(Private(once), Private(session)), page, http, trusted)
        listener = await stack.enter_async_context(Listener(forward.app(), bound(HOST, chosen)))
        forward.listens_on(listener.port)
        ports.keep(link, listener.port)
        yield f"http://{forward.host}/?once={once}"
