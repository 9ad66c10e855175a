"""Under which addresses a server may be asked: what a proof's audience is worth.

A device signs the origin that it asked (`aud`), and the server compares it with the origin of the request (proof.py).
An attacker that passes requests on chooses their Host, and so could make both name itself. Where the operator says what
the server's origins are, every request for another one is refused, before anything reads it.
"""

from collections.abc import Collection
from typing import Final

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from incamera.api.notice import refused
from incamera.api.problems import problem
from incamera.api.requests import origin_of
from incamera.refusal import Code, Refusal

HEALTH: Final = ("/healthz", "/readyz")
"""Whoever watches a server asks it by the machine's address; there is nothing to steal there."""
FOREIGN: Final = Refusal(
    Code.ORIGIN_FOREIGN,
    "This server is not to be reached under this address.",
    "Open the link that you received, as it stands. Operators: list this address in http.origins, and let a proxy pass"
    " the Host header on.",
)


class Addressed:
    """The application, for requests to one of these origins alone."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse: 421 (RFC 9110, 15.5.20)."""
        if scope["type"] not in ("http", "websocket") or scope["path"] in HEALTH or self._is_ours(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await refused(HTTPConnection(scope), FOREIGN)(scope, receive, send)
        else:
            await WebSocket(scope, receive, send).send_denial_response(problem(FOREIGN))

    def _is_ours(self, scope: Scope) -> bool:
        return origin_of(HTTPConnection(scope)).lower() in self._origins
