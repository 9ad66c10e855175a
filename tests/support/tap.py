"""All that a server sends, written down before its listener: by the name under which the asker reached it."""

import json
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass
class Answer:
    """A request, and the whole answer to it."""

    method: str
    path: str
    asked: bytes = b""
    status: int = 0
    body: bytes = b""

    def json(self) -> Any:
        """The answer's JSON."""
        return json.loads(self.body)


@dataclass
class Traffic:
    """What went to one name."""

    answers: list[Answer] = field(default_factory=list)
    messages: list[tuple[str, bytes]] = field(default_factory=list)
    """Of WebSockets: the path, and what went down."""

    def all(self) -> dict[str, bytes]:
        """Each thing that was sent, by a name for reports."""
        answers = {f"answer {at} to {one.method} {one.path}": one.body for at, one in enumerate(self.answers)}
        return answers | {f"message {at} of {path}": data for at, (path, data) in enumerate(self.messages)}


@dataclass
class Tap:
    """Give `around` to `chamber`."""

    of: dict[str, Traffic] = field(default_factory=dict)
    """By the host's name in the request, without the port."""

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application, listened to."""

        async def tapped(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] not in ("http", "websocket"):
                await app(scope, receive, send)
                return
            host = dict(scope["headers"]).get(b"host", b"").decode().rpartition(":")[0]
            traffic, path = self.of.setdefault(host, Traffic()), scope["path"]
            answer = Answer(scope.get("method", ""), path)
            if scope["type"] == "http":
                traffic.answers.append(answer)

            async def heard() -> Message:
                message = await receive()
                if message["type"] == "http.request":
                    answer.asked += message.get("body", b"")
                return message

            async def sent(message: Message) -> None:
                match message["type"]:
                    case "http.response.start":
                        answer.status = message["status"]
                    case "http.response.body":
                        answer.body += message.get("body", b"")
                    case "websocket.send":
                        data = message.get("bytes")
                        traffic.messages.append((path, (message.get("text") or "").encode() if data is None else data))
                await send(message)

            await app(scope, heard, sent)

        return tapped
