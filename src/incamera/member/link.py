"""The link that brings somebody to a sitting, read as the page reads it: `https://server/m/<meeting>#ticket=<token>`.

The fragment never goes to the server by itself. For now it carries the ticket for the room; whether the ticket is good,
only the server can say: it is read here for what it says of its holder.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from incamera.log import Private
from incamera.refusal import Code, Refusal

LINK_CHARS_MAX = 32_768
_MEETING = re.compile(r"/m/([A-Za-z0-9._~-]{1,128})/?")
_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")


@dataclass(frozen=True, slots=True)
class Link:
    """A link that was read. Its ticket and its fragment print as •."""

    server: str
    """The server's origin: `https://meet.example`."""
    meeting: str
    ticket: Private[str]
    identity: str
    room: str
    name: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def seat(self) -> str:
        """The seat, or the identity where the ticket names no seat."""
        return self.attributes.get("seat") or self.identity

    @property
    def delegation(self) -> str:
        """What stands on the name plate."""
        return self.name or self.attributes.get("delegation") or self.identity

    @property
    def fragment(self) -> Private[str]:
        """What follows the link's `#`."""
        return Private(f"ticket={self.ticket.value}")

    @property
    def signalling(self) -> str:
        """Where LiveKit's clients connect: the origin, with the WebSocket's scheme."""
        return self.server.replace("http", "ws", 1)


def read_link(text: str) -> Link | Refusal:
    """What a link says, or why it is none. The refusal does not repeat the link: it is a capability."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return _not("This is not an address.")
    meeting = _MEETING.fullmatch(parts.path)
    if len(text) > LINK_CHARS_MAX or parts.scheme not in ("http", "https") or not host or meeting is None:
        return _not("This is not a link to a meeting: https://server/m/<meeting>#… .")
    tokens = parse_qs(parts.fragment).get("ticket", [])
    if len(tokens) != 1 or not _TOKEN.fullmatch(tokens[0]):
        return _not("The part after # is missing or damaged.")
    claims = _claims(tokens[0])
    if claims is None:
        return _not("The ticket in the link can't be read.")
    identity, room, name, attributes = claims
    return Link(
        server=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}",
        meeting=meeting[1],
        ticket=Private(tokens[0]),
        identity=identity,
        room=room,
        name=name,
        attributes=attributes,
    )


def _claims(token: str) -> tuple[str, str, str, dict[str, str]] | None:
    """Identity, room, name, attributes as the ticket's payload has them; not verified."""
    payload = token.split(".")[1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        identity, room = claims["sub"], claims["video"]["room"]
        name, attributes = claims.get("name", ""), claims.get("attributes", {})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    texts = (
        (identity, room, name, *attributes.keys(), *attributes.values()) if isinstance(attributes, dict) else (None,)
    )
    if not all(isinstance(text, str) for text in texts) or not identity or not room:
        return None
    return identity, room, name, attributes


def _not(reason: str) -> Refusal:
    return Refusal(
        Code.LINK_INVALID, reason, "Copy the whole link, with the part after #; in a shell, put it in quotes."
    )
