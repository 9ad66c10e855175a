"""A lying server: the real application, and what a test makes of its words on their way to one device or to all.

It holds what the real operator holds, the registrar's key too: whatever it shows is linked and signed as it should be.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from incamera.accreditation.signature import SigningKey
from incamera.accreditation.strict import MeetingId, Thumbprint, unb64u
from incamera.member.client import entry_of
from incamera.record.entry import Entry, JournalId, Place
from incamera.record.journal import Head, Tail, beginning, follow, link, read_head, sign_head

Judge = Callable[[Entry], bool]


def claims_of(jws: str | None) -> dict[str, Any]:
    """What a signed text says; nothing for the server's own entries."""
    parts = (jws or "").split(".")
    value: dict[str, Any] = json.loads(unb64u(parts[1]) or b"{}") if len(parts) == 3 else {}
    return value


def kind_of(entry: Entry) -> str:
    """An act's kind."""
    return str(claims_of(entry.body).get("kind", ""))


def body_of(entry: Entry) -> dict[str, Any]:
    """What an act says, for its kind."""
    body: dict[str, Any] = claims_of(entry.body)["body"]
    return body


class History:
    """Another record for one device: entries left out or put in, every later one linked anew, the heads signed anew."""

    def __init__(self, key: SigningKey, meeting: MeetingId) -> None:
        self._key, self._meeting = key, meeting
        self._tails: dict[JournalId, Tail] = {}
        self._shown: dict[Place, list[Entry]] = {}
        """By the place in the real record: who connects again is shown the same again."""
        self.hides: Judge = lambda _: False
        self.is_closed = False
        """Nothing more of the record is shown; signals pass."""

    def entry(self, entry: Entry) -> list[Entry]:
        """What is shown for an entry of the real record."""
        if entry.place not in self._shown:
            self._shown[entry.place] = []
            if not self.hides(entry):
                assert entry.body is not None
                self._shown[entry.place] = [self.put(entry.header.journal, entry.body, entry.header.at_ms)]
        return self._shown[entry.place]

    def put(self, journal: JournalId, body: str, at_ms: int) -> Entry:
        """The next entry of a journal, whatever the rules say of it."""
        tail = self._tail(journal)
        main = None if tail.is_main else self._tail(JournalId(self._meeting)).place
        made = link(replace(tail, at_ms=0), at_ms=at_ms, main=main, body=body)  # its time may fall
        self._tails[journal] = follow(tail, made)
        return made

    def head(self, jws: str) -> str:
        """The ends of what was shown, of the journals that the real head names."""
        real = read_head(json.dumps(claims_of(jws)).encode())
        assert isinstance(real, Head), real
        places = {name: self._tail(name).place for name in real.heads}
        shown = {name: place for name, place in places.items() if place is not None}
        return sign_head(self._key, Head(meeting=self._meeting, heads=shown, at_ms=real.at_ms))

    def _tail(self, journal: JournalId) -> Tail:
        return self._tails.get(journal, beginning(self._meeting, journal))


@dataclass
class Line:
    """One connection of a device to the feed."""

    device: Thumbprint
    send: Send
    history: History | None
    is_frozen: bool = False
    said: list[str] = field(default_factory=list)
    """Every message that the device was sent."""
    listeners: list["Line"] = field(default_factory=list)
    """Lines that are told the same, whoever may read it by the record."""
    is_relayed: bool = False
    """What its device signals goes to all, though the real server refuses it."""

    async def pass_on(self, text: str) -> None:
        """A message of the real server, as the device gets it."""
        if self.is_frozen:
            return
        message = json.loads(text)
        if self.history is not None and "entries" in message:
            if self.history.is_closed:
                return
            entries = [entry for wire in message["entries"] for entry in self.history.entry(_entry(wire))]
            message = {"entries": [entry.wire() for entry in entries], "head": self.history.head(message["head"])}
            text = json.dumps(message, separators=(",", ":"))
        await self.tell(text)

    async def tell(self, text: str) -> None:
        """Say something of our own."""
        for listener in self.listeners:
            await listener.tell(text)
        self.said.append(text)
        await self.send({"type": "websocket.send", "text": text})

    async def insert(self, journal: JournalId, body: str, at_ms: int) -> None:
        """An entry that the real record has not."""
        assert self.history is not None, "the device is shown another history"
        made = self.history.put(journal, body, at_ms)
        heads = {journal: made.place}
        head = sign_head(self.history._key, Head(meeting=self.history._meeting, heads=heads, at_ms=at_ms))
        await self.tell(json.dumps({"entries": [made.wire()], "head": head}, separators=(",", ":")))


class Hold:
    """One request that is held: before it reaches the server, or its answer before it reaches the device."""

    def __init__(self, kind: str, *, is_before: bool, freezes: bool) -> None:
        self.kind, self.is_before, self.freezes = kind, is_before, freezes
        self.reached = asyncio.Event()
        self.over = asyncio.Event()
        """Set it to let the request, or the answer, go on."""
        self.by = Thumbprint("")


class Liar:
    """Stands before the application: `chamber(…, around=liar.around)`."""

    def __init__(self) -> None:
        self.lines: dict[Thumbprint, Line] = {}
        """The newest line of each device."""
        self.frozen: set[Thumbprint] = set()
        """Devices that are told nothing, on whatever line they try."""
        self.answers: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
        """Each answer to a request, with its path, by the device or link that asked."""
        self.said: dict[Thumbprint, list[str]] = defaultdict(list)
        self.signals: dict[Thumbprint, list[str]] = defaultdict(list)
        """What each device sent up the feed."""
        self.histories: Callable[[Thumbprint], History | None] = lambda _: None
        """Which history a device is shown, from its first connection on."""
        self.holds: list[Hold] = []
        self._app: ASGIApp

    def around(self, app: ASGIApp) -> ASGIApp:
        """Stand before this one."""
        self._app = app
        return self

    def hold(self, kind: str, *, is_before: bool, freezes: bool = True) -> Hold:
        """Hold the next act of a kind; after that its author hears nothing more of the feed, if it `freezes`."""
        hold = Hold(kind, is_before=is_before, freezes=freezes)
        self.holds.append(hold)
        return hold

    async def relay(self, sender: Thumbprint, signal: Mapping[str, str]) -> None:
        """A signal, to everybody else's line."""
        told = json.dumps({"signal": {**signal, "from": sender}}, separators=(",", ":"))
        for device, line in self.lines.items():
            if device != sender:
                await line.tell(told)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and scope["path"].endswith("/feed"):
            await self._feed(scope, receive, send)
        elif scope["type"] == "http" and "/api/v1/meetings/" in scope["path"]:
            await self._request(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _feed(self, scope: Scope, receive: Receive, send: Send) -> None:
        line: Line | None = None

        async def heard() -> Message:
            nonlocal line
            message = await receive()
            text = message.get("text")
            if line is None and text is not None:
                device = Thumbprint(_bearer(json.loads(text)["token"]))
                line = self.lines[device] = Line(device, send, self.histories(device), said=self.said[device])
                line.is_frozen = device in self.frozen
            elif line is not None and text is not None:
                self.signals[line.device].append(text)
                if line.is_relayed and "signal" in (signal := json.loads(text)):
                    await self.relay(line.device, signal["signal"])
            return message

        async def says(message: Message) -> None:
            if message["type"] == "websocket.send" and line is not None and message.get("text") is not None:
                await line.pass_on(message["text"])
            else:
                await send(message)

        await self._app(scope, heard, says)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        path = scope["path"].partition("/api/v1/meetings/")[2].partition("/")[2]
        who, kind = _asker(path, body, dict(scope["headers"])), ""
        if path == "acts":
            kind = str(claims_of(body.decode("ascii", "replace")).get("kind", ""))
        hold = next((one for one in self.holds if one.kind == kind and kind), None)
        if hold is not None:
            self.holds.remove(hold)
            hold.by = Thumbprint(who)
            if hold.freezes and hold.by in self.lines:
                self.lines[hold.by].is_frozen = True
        if hold is not None and hold.is_before:
            hold.reached.set()
            await hold.over.wait()
        replayed = [{"type": "http.request", "body": body, "more_body": False}]
        answered: list[Message] = []

        async def replay() -> Message:
            return replayed.pop(0) if replayed else await receive()

        async def keep(message: Message) -> None:
            answered.append(message)

        await self._app(scope, replay, keep)
        self.answers[who].append((path, b"".join(message.get("body", b"") for message in answered)))
        if hold is not None and not hold.is_before:
            hold.reached.set()
            await hold.over.wait()
        for message in answered:
            await send(message)


def _entry(wire: Mapping[str, Any]) -> Entry:
    entry = entry_of(wire)
    assert isinstance(entry, Entry), entry
    return entry


def _bearer(token: str) -> str:
    return str(json.loads(unb64u(token.partition(".")[0]) or b"{}").get("by", ""))


def _asker(path: str, body: bytes, headers: Mapping[bytes, bytes]) -> str:
    """Who asks: the device by its signature or token, or the link."""
    if path.startswith("enrolment/"):
        return path.partition("/")[2]
    if path == "acts":
        return str(claims_of(body.decode("ascii", "replace")).get("by", ""))
    if path == "proof" and body:
        return str(claims_of(json.loads(body)["proof"]).get("by", ""))
    return _bearer(headers.get(b"authorization", b"").decode().removeprefix("Bearer "))
