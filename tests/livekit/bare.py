"""A client that speaks the protocol by hand: for what no SDK would do."""

import asyncio
import base64
import gzip
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

from livekit.protocol.rtc import JoinRequest, SignalRequest, SignalResponse, WrappedJoinRequest
from websockets.asyncio.client import ClientConnection, connect

from tests.support.patience import PATIENCE_S


class Bare:
    """A socket, and what came over it so far."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.seen: list[SignalResponse] = []

    async def receive(self, kind: str) -> Any:
        """Read on until a message of this kind comes; give its content."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = SignalResponse.FromString(await self.socket.recv())  # type: ignore[arg-type]  # binary frames
                self.seen.append(message)
                if message.WhichOneof("message") == kind:
                    return getattr(message, kind)

    async def say(self, **message: Any) -> None:
        """Send one request."""
        await self.socket.send(SignalRequest(**message).SerializeToString())


@asynccontextmanager
async def knock(
    url: str, token: str, path: str = "/rtc", *, receive_bytes: int | None = None, **query: str
) -> AsyncIterator[Bare]:
    """Connect by hand; refused before the upgrade, it raises websockets' InvalidStatus.

    With `receive_bytes`, the system buffers no more than about that for a client that does not read.
    """
    address = f"{url}{path}?{urlencode({'access_token': token, **query})}"
    parts = urlsplit(url)
    raw = socket.socket()
    if receive_bytes is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    raw.connect((parts.hostname, parts.port))
    patience = {"open_timeout": PATIENCE_S, "close_timeout": PATIENCE_S}
    async with connect(address, sock=raw, proxy=None, max_size=None, compression=None, **patience) as connection:
        yield Bare(connection)


def wrapped(request: JoinRequest) -> str:
    """A join request as `/rtc/v1` has it in its query."""
    packed = gzip.compress(request.SerializeToString())
    both = WrappedJoinRequest(compression=WrappedJoinRequest.GZIP, join_request=packed)
    return base64.urlsafe_b64encode(both.SerializeToString()).decode()
