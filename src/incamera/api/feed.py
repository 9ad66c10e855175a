"""The feed: one WebSocket a device. Down: entries with heads, doors, receipts, signals, a problem. Up: token, signals.

record.md 5 has the messages. Whoever is too slow is cut off; nobody waits for it (record/feed.py).
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from incamera.accreditation.strict import (
    ID_BYTES,
    Json,
    Malformed,
    MeetingId,
    Members,
    SittingId,
    b64u,
    compact,
    integer_of,
    is_id,
    read,
)
from incamera.api.problems import details
from incamera.api.proof import Proofs, Token
from incamera.api.rates import Rate
from incamera.api.requests import address_of, meeting_of, wanted
from incamera.clock import Clock
from incamera.limits import (
    FEED_HELLO_SECONDS,
    FEED_UP_BYTES,
    FEEDS,
    FEEDS_PER_ADDRESS,
    SIGNAL_ACT_BYTES,
    SIGNALS_PER_SECOND,
    SITTINGS,
)
from incamera.proceedings.meetings import Meetings
from incamera.proceedings.registrar import Registrar
from incamera.proceedings.watch import REVOKED, DoorsChanged, Receipt, Watch, door_wire
from incamera.record.entry import JournalId
from incamera.refusal import Code, Refusal, Refused

SLOW_SECONDS: Final = 10.0
"""A message that takes longer to hand over means a reader that has stopped."""
POLICY, RESTART, LATER = 1008, 1012, 1013
"""Close codes of RFC 6455 and the IANA registry: refused; the server stops; too many."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The first message: who, and from where it reads on."""

    token: str
    after: dict[JournalId, int]


def read_hello(message: Members) -> Hello:
    """`{"token", "after": {journal: seq}}`."""
    token, after = message.text("token", longest=1024), message.object("after")
    return Hello(token, dict(after.each(_place, most=int(SITTINGS) + 1)))


def read_renewal(message: Members) -> str:
    """`{"token"}`: a new one, before the old one ends."""
    return message.text("token", longest=1024)


def read_signal(message: Members) -> tuple[SittingId, str]:
    """`{"signal": {"sitting", "message"}}`."""
    signal = message.object("signal")
    return signal.sitting(), b64u(signal.octets("message", least=1, most=int(SIGNAL_ACT_BYTES)))


class _Over(Exception):
    """A feed ends: with a problem for the device, or without."""

    def __init__(self, refusal: Refusal | None, code: int = POLICY) -> None:
        super().__init__()
        self.refusal = refusal
        self.code = code


class Feeds:
    """All feeds of a server."""

    def __init__(self, meetings: Meetings, proofs: Proofs, clock: Clock) -> None:
        self._meetings = meetings
        self._proofs = proofs
        self._clock = clock
        self._signals = Rate(SIGNALS_PER_SECOND, 1.0, clock)
        self._open = Counter[str]()
        self._counts = Counter[str]()

    async def connect(self, socket: WebSocket) -> None:
        """`GET …/feed`."""
        address = address_of(socket)
        await socket.accept()
        if self._open[address] >= int(FEEDS_PER_ADDRESS) or self._open.total() >= int(FEEDS):
            await _close(socket, Refusal(Code.LIMIT_REACHED, "Too many feeds are open.", "Try again later."), LATER)
            return
        self._open[address] += 1
        try:
            await self._serve(socket)
        except _Over as over:
            self._counts[str(over.refusal.code) if over.refusal is not None else "ended"] += 1
            await _close(socket, over.refusal, over.code)
        except Refused as refused:
            self._counts[str(refused.refusal.code)] += 1
            await _close(socket, refused.refusal, POLICY)
        except WebSocketDisconnect:
            self._counts["gone"] += 1
        finally:
            self._open[address] -= 1
            self._open += Counter()  # forget addresses with none

    def statistics(self) -> dict[str, int]:
        """How many feeds are open, and how the others ended."""
        return {"open": self._open.total(), **self._counts}

    async def _serve(self, socket: WebSocket) -> None:
        meeting = meeting_of(socket)
        try:
            with anyio.fail_after(int(FEED_HELLO_SECONDS)):
                hello = wanted(read(await _receive(socket), read_hello, what="first message"))
        except TimeoutError:
            raise _Over(Refusal(Code.PROOF_MISSING, "No token came in 10 s.", "Send it first.")) from None
        token = wanted(self._proofs.check(hello.token, meeting))
        proceedings = wanted(await self._meetings.serve(meeting))
        device = proceedings.registrar.record.meeting.enrolment.live(token.device)
        if device is None:
            raise _Over(REVOKED)
        registrar = proceedings.registrar
        watch = registrar.watch(device, hello.after)
        feed = _Feed(socket, registrar, watch, self._proofs, self._clock, self._signals, meeting, token)
        try:
            await feed.run()
        finally:
            registrar.leave(watch)


@dataclass(slots=True)
class _Feed:
    """One device's feed: three loops that end together."""

    socket: WebSocket
    registrar: Registrar
    watch: Watch
    proofs: Proofs
    clock: Clock
    signals: Rate
    meeting: MeetingId
    token: Token
    _renewed: anyio.Event = field(default_factory=anyio.Event)

    async def run(self) -> None:
        if self.watch.reads():
            # Where its journals end: it knows when it has caught up.
            await self._send({"entries": [], "head": self.registrar.head_of(self.watch.thumbprint)})
        try:
            async with anyio.create_task_group() as loops:
                for loop in (self._entries, self._notices, self._up, self._expiry):
                    loops.start_soon(loop)
        except ExceptionGroup as ended:
            # Each loop ends by raising why; the first one is the reason, the others were let go.
            raise ended.exceptions[0] from None

    async def _entries(self) -> None:
        while (batch := await self.watch.reader.next()) is not None:
            if batch.entries:
                await self._send(
                    {
                        "entries": [entry.wire() for entry in batch.entries],
                        "head": self.registrar.head_of(self.watch.thumbprint),
                    }
                )
            for signal in batch.signals:
                await self._send(
                    {"signal": {"sitting": signal.sitting, "from": signal.sender, "message": signal.message}}
                )
            if self.watch.is_over():
                raise _Over(REVOKED)
        raise _Over(Refusal(Code.SERVER_CLOSING, "The server is being stopped.", "Connect again soon."), RESTART)

    async def _notices(self) -> None:
        while True:
            for notice in await self.watch.next_notices():
                match notice:
                    case Receipt(entry):
                        await self._send({"receipt": entry.wire(), "head": self.registrar.head_at(entry)})
                    case DoorsChanged(doors):
                        acts = [await self.registrar.act(door.act) for door in doors]
                        await self._send({"door": list(map(door_wire, doors, acts))})
            if self.watch.is_over():
                raise _Over(REVOKED)

    async def _up(self) -> None:
        while True:
            data = await _receive(self.socket)
            renewal = read(data, read_renewal, what="message")
            if isinstance(renewal, Refusal):
                await self._signal(*wanted(read(data, read_signal, what="message")))
            else:
                self._renew(renewal)

    async def _signal(self, sitting: SittingId, message: str) -> None:
        refusal = self.signals.take(f"{self.meeting} {self.watch.thumbprint}")
        refusal = refusal or self.registrar.signal(self.watch, sitting, message)
        if refusal is not None:
            # A lost signal breaks nothing: its sender is told, and stays.
            await self._send({"refused": details(refusal)})

    def _renew(self, text: str) -> None:
        token = wanted(self.proofs.check(text, self.meeting))
        if token.device != self.watch.thumbprint:
            raise _Over(Refusal(Code.PROOF_MISSING, "The token is another device's.", "Prove this device."))
        self.token = token
        self._renewed.set()

    async def _expiry(self) -> None:
        while (left_ms := self.token.expires_ms - self.clock.now_ms()) > 0:
            self._renewed = anyio.Event()
            with anyio.move_on_after(min(left_ms / 1000, 30.0)):
                await self._renewed.wait()
        raise _Over(Refusal(Code.PROOF_EXPIRED, "The token's time is over.", "Prove the device again."))

    async def _send(self, message: dict[str, Json]) -> None:
        await _send(self.socket, message)


async def _send(socket: WebSocket, message: dict[str, Json]) -> None:
    try:
        with anyio.fail_after(SLOW_SECONDS):
            await socket.send_text(compact(message).decode("utf-8"))
    except TimeoutError:
        raise _Over(Refusal(Code.FEED_SLOW, "The device took its entries too slowly.", "Connect again.")) from None


async def _receive(socket: WebSocket) -> bytes:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    text = message.get("text")
    if text is None or len(text) > int(FEED_UP_BYTES):
        raise _Over(Refusal(Code.FEED_MALFORMED, "It is no text, or too long.", "Use a client of this version."))
    return bytes(text, "utf-8")


async def _close(socket: WebSocket, refusal: Refusal | None, code: int) -> None:
    if socket.application_state is not WebSocketState.CONNECTED or socket.client_state is not WebSocketState.CONNECTED:
        return
    try:
        with anyio.fail_after(SLOW_SECONDS):
            if refusal is not None:
                await socket.send_text(compact({"problem": details(refusal)}).decode("utf-8"))
            await socket.close(code)
    except (TimeoutError, RuntimeError, WebSocketDisconnect):
        return  # it is gone already


def _place(name: str, value: Json, path: str) -> tuple[JournalId, int]:
    if not is_id(name, ID_BYTES):
        raise Malformed(path[:80], "not a journal's id")
    return JournalId(name), integer_of(value, path)
