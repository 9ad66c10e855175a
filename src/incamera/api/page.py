"""The built page, from the installed package: a closed list of files, each with the headers that keep it alone.

The server and `incamera join` serve the same files with the same headers: nothing of another origin, no inline script
or style, no framing, no referrer, no use of the device beyond camera, microphone, screen and loudspeaker.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from incamera.api.notice import notice, opens
from incamera.api.problems import problem
from incamera.api.requests import NOT_FOUND
from incamera.refusal import Code, Refusal

# The same list as web/policy.ts (tests/house compares them): the page is developed under what it is served with.
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "worker-src 'self'",
        "connect-src 'self'",
        "img-src 'self' blob:",
        "media-src 'self' blob: mediastream:",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
_NOT_ALLOWED = (
    "accelerometer",
    "browsing-topics",
    "clipboard-read",
    "encrypted-media",
    "geolocation",
    "gyroscope",
    "hid",
    "identity-credentials-get",
    "idle-detection",
    "local-fonts",
    "magnetometer",
    "midi",
    "payment",
    "publickey-credentials-get",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
# autoplay: who reloads in the room hears it again without a press.
_ALLOWED = (
    "autoplay",
    "camera",
    "microphone",
    "display-capture",
    "speaker-selection",
    "fullscreen",
    "screen-wake-lock",
)
HEADERS: Final[dict[str, str]] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": ", ".join(
        [*(f"{feature}=(self)" for feature in _ALLOWED), *(f"{feature}=()" for feature in _NOT_ALLOWED)]
    ),
}

_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".md": "text/plain; charset=utf-8",
}
_COMPRESSED = (".js", ".css", ".svg", ".html", ".json", ".wasm", ".md")
NOT_BUILT: Final = Refusal(
    Code.PAGE_NOT_BUILT, "This installation has no page in it.", "In a checkout, run: make setup."
)


@dataclass(frozen=True)
class _File:
    path: str
    body: bytes = field(repr=False)

    @cached_property
    def tag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'

    @cached_property
    def packed(self) -> bytes | None:
        """Compressed, where that makes it smaller; once, not at each request."""
        if not self.path.endswith(_COMPRESSED) or len(self.body) < 1024:
            return None
        packed = gzip.compress(self.body, 6, mtime=0)
        return packed if len(packed) < len(self.body) else None

    @property
    def media_type(self) -> str:
        ending = self.path[self.path.rfind(".") :]
        return _TYPES.get(ending) or mimetypes.guess_type(self.path)[0] or "application/octet-stream"


class Page:
    """All files of the built page in memory, by their path: what is not in this list is not served."""

    def __init__(self, folder: Traversable | None = None, *, tls: bool = False) -> None:
        self._files = {path: _File(path, body) for path, body in _walk(folder or files("incamera") / "web")}
        self._headers = dict(HEADERS)
        if tls:
            self._headers["Strict-Transport-Security"] = "max-age=63072000"

    @property
    def built(self) -> bool:
        """Whether there is a page to serve."""
        return "index.html" in self._files

    def answer(self, path: str, accept_encoding: str = "", if_none_match: str = "") -> Response:
        """One file. Names with a hash in them (assets/) may be kept for good, the others are asked for again."""
        if not self.built:
            return problem(NOT_BUILT)
        file = self._files.get(path)
        if file is None:
            return Response("Not found", 404, self._headers, "text/plain")
        headers = dict(self._headers)
        headers["Cache-Control"] = "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
        headers["ETag"] = file.tag
        headers["Vary"] = "Accept-Encoding"
        if file.tag in if_none_match:
            return Response(status_code=304, headers=headers)
        if file.packed is not None and "gzip" in accept_encoding:
            headers["Content-Encoding"] = "gzip"
            return Response(file.packed, headers=headers, media_type=file.media_type)
        return Response(file.body, headers=headers, media_type=file.media_type)

    def routes(self) -> list[Route]:
        """`/` and each meeting's address are the page; its files beside it. Goes last: it takes every other path."""
        return [
            Route("/", self._index),
            Route("/m/{meeting}", self._index),
            Route("/{path:path}", self._file),
        ]

    async def _index(self, request: Request) -> Response:
        return self._of(request, "index.html")

    async def _file(self, request: Request) -> Response:
        return self._of(request, request.path_params["path"])

    def _of(self, request: Request, path: str) -> Response:
        if opens(request) and path not in self._files:
            return notice(NOT_FOUND if self.built else NOT_BUILT)
        return self.answer(path, request.headers.get("accept-encoding", ""), request.headers.get("if-none-match", ""))


def _walk(folder: Traversable, before: str = "") -> list[tuple[str, bytes]]:
    if not folder.is_dir():
        return []
    found: list[tuple[str, bytes]] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        path = f"{before}{entry.name}"
        found += _walk(entry, f"{path}/") if entry.is_dir() else [(path, entry.read_bytes())]
    return found
