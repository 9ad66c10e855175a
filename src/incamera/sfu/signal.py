"""One participant's WebSocket: frames in, frames out, each way bounded.

In: messages are taken at `limits.SIGNAL_PER_SECOND`; who sends faster is read more slowly, not cut. Out: what waits for
a slow reader is bounded in bytes and in time; who does not read is cut off, and may resume.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from enum import IntEnum

from google.protobuf.json_format import Parse, ParseError
from google.protobuf.message import DecodeError
from livekit.protocol.rtc import SignalRequest
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from incamera.clock import Clock
from incamera.limits import SIGNAL_BURST, SIGNAL_BYTES, SIGNAL_PER_SECOND, SIGNAL_QUEUE_BYTES, SIGNAL_QUEUE_S
from incamera.refusal import Code, Refusal
from incamera.sfu.allowance import Allowance
from incamera.sfu.effects import Frame
from incamera.sfu.membership import PING_TIMEOUT_S


class Closing(IntEnum):
    """Why a socket is closed (RFC 6455, section 7.4)."""

    NORMAL = 1000
    GOING_AWAY = 1001
    TOO_SLOW = 1008
    FAULT = 1011
    TIMED_OUT = 4408


class Link:
    """A socket that was accepted: `send` queues, `run` reads and writes until either side ends."""

    def __init__(self, socket: WebSocket, clock: Clock) -> None:
        self._socket = socket
        self._clock = clock
        self._queue: deque[tuple[float, bytes | str]] = deque()
        self._queued_bytes = 0
        self._wake = asyncio.Event()
        self._closing: Closing | None = None
        self._ends = asyncio.Event()
        self._is_json = False
        self._allowance = Allowance(SIGNAL_PER_SECOND.value, SIGNAL_BURST.value)
        self.malformed = 0
        self.delayed = 0
        self.was_cut_off = False

    def send(self, frame: Frame) -> None:
        """Queue a message; a reader that is too slow for what waits is cut off."""
        if self._closing is not None:
            return
        now = self._clock.monotonic()
        content = frame.text if self._is_json else frame.binary
        oldest = self._queue[0][0] if self._queue else now
        if self._queued_bytes + len(content) > SIGNAL_QUEUE_BYTES.value or now - oldest > SIGNAL_QUEUE_S.value:
            self._cut_off()
            return
        self._queue.append((now, content))
        self._queued_bytes += len(content)
        self._wake.set()

    def close(self, reason: Closing = Closing.NORMAL) -> None:
        """Close once what is queued is out."""
        if self._closing is None:
            self._closing = reason
        self._wake.set()

    async def run(self, handle: Callable[[SignalRequest | Refusal], None]) -> None:
        """Read and write until the socket ends; each frame goes to `handle`, one that is no message as a refusal."""
        writer = asyncio.create_task(self._write())
        reader = asyncio.create_task(self._read(handle))
        ended = asyncio.create_task(self._ends.wait())
        tasks = (writer, reader, ended)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            await self._end()
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    async def _read(self, handle: Callable[[SignalRequest | Refusal], None]) -> None:
        while True:
            try:
                async with asyncio.timeout(PING_TIMEOUT_S + 5):
                    frame = await self._socket.receive()
            except TimeoutError:
                self.close(Closing.TIMED_OUT)
                return
            if frame["type"] != "websocket.receive":
                return
            delay_s = self._allowance.delay(self._clock.monotonic())
            if delay_s > 0:
                self.delayed += 1
                await asyncio.sleep(delay_s)
            request = self._parse(frame.get("bytes"), frame.get("text"))
            if isinstance(request, Refusal):
                self.malformed += 1
            handle(request)

    def _parse(self, binary: bytes | None, text: str | None) -> SignalRequest | Refusal:
        if len(binary or text or "") > SIGNAL_BYTES.value:
            return Refusal(Code.LIMIT_REACHED, f"A message is longer than {SIGNAL_BYTES.value} bytes.", "Send less.")
        try:
            if binary is not None:
                return SignalRequest.FromString(binary)
            self._is_json = True  # a client that writes JSON reads JSON
            return Parse(text or "", SignalRequest(), ignore_unknown_fields=True, max_recursion_depth=16)
        except (DecodeError, ParseError, UnicodeDecodeError):
            return Refusal(
                Code.SIGNAL_MALFORMED, "A frame is not a SignalRequest.", "Use an unmodified LiveKit client."
            )

    async def _write(self) -> None:
        while True:
            while self._queue:
                _, frame = self._queue.popleft()
                self._queued_bytes -= len(frame)
                try:
                    async with asyncio.timeout(SIGNAL_QUEUE_S.value):
                        if isinstance(frame, bytes):
                            await self._socket.send_bytes(frame)
                        else:
                            await self._socket.send_text(frame)
                except TimeoutError:
                    self._cut_off()
                    return
                except (WebSocketDisconnect, RuntimeError):
                    return
            if self._closing is not None:
                return
            self._wake.clear()
            await self._wake.wait()

    def _cut_off(self) -> None:
        self.was_cut_off = True
        self._queue.clear()
        self._queued_bytes = 0
        self._closing = Closing.TOO_SLOW
        self._ends.set()

    async def _end(self) -> None:
        if self._socket.application_state == WebSocketState.DISCONNECTED:
            return
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
            async with asyncio.timeout(1.0):
                await self._socket.close(int(self._closing or Closing.NORMAL))
