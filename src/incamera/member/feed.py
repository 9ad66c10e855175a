"""The feed as a member reads it: one WebSocket; entries, doors, receipts and signals in; the token and signals out."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from incamera.accreditation.signature import Typ, split
from incamera.accreditation.strict import (
    ID_BYTES,
    GroupId,
    Hash,
    SittingId,
    Thumbprint,
    b64u,
    is_id,
    read,
    sha256,
    unb64u,
)
from incamera.log import Private
from incamera.meeting.acts import OpenSitting, Regroup, read_act
from incamera.member.asking import refusal_of, unreachable
from incamera.member.client import Client, entry_of
from incamera.record.entry import Entry, JournalId
from incamera.refusal import Code, Refusal

MESSAGE_BYTES_MAX: Final = 4 * 1024 * 1024
"""A batch of entries is about 1 MiB, base64url and JSON around it."""
CONNECT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Entries:
    """The next entries, and the server's signed word where its journals end."""

    entries: tuple[Entry, ...]
    head: str


@dataclass(frozen=True, slots=True)
class Door:
    """What the server says of a sitting that lists our seat and that we do not read."""

    sitting: SittingId
    is_open: bool
    is_closed: bool
    group: GroupId | None
    """The present group, by the open or regroup act. A knocker can't check who signed it: a wrong one keeps it out."""
    act: Hash | None


@dataclass(frozen=True, slots=True)
class Doors:
    """All doors, as they are now."""

    doors: tuple[Door, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry that concerns us, of a journal that we do not read."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Signal:
    """Another member's signal."""

    sitting: SittingId
    sender: Thumbprint
    message: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """The server ended the feed, or refused a message of ours."""

    refusal: Refusal
    is_final: bool
    """Whether the feed is over; a signal that was refused breaks nothing."""


Message: TypeAlias = Entries | Doors | Receipt | Signal | Ended


class Feed:
    """An open feed. Iterate it; it ends when the connection does."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def __aiter__(self) -> AsyncIterator[Message]:
        try:
            async for text in self._socket:
                message = parse(text)
                if message is not None:
                    yield message
        except ConnectionClosed:
            return

    async def renew(self, token: Private[str]) -> None:
        """A new token, before the old one ends."""
        await self._send({"token": token.value})

    async def signal(self, sitting: SittingId, message: bytes) -> None:
        """Relay this to the sitting's group. A lost signal breaks nothing."""
        await self._send({"signal": {"sitting": sitting, "message": b64u(message)}})

    async def _send(self, value: Mapping[str, object]) -> None:
        try:
            await self._socket.send(json.dumps(value, separators=(",", ":")))
        except ConnectionClosed:
            return  # who iterates sees the end


@asynccontextmanager
async def opened(client: Client, token: Private[str], after: Mapping[JournalId, int]) -> AsyncIterator[Feed | Refusal]:
    """The feed, read on after these places; or why it can't be had now."""
    tls = client.trust if client.feed_url.startswith("wss:") else None
    try:
        socket = await connect(
            client.feed_url, ssl=tls, max_size=MESSAGE_BYTES_MAX, open_timeout=CONNECT_S, proxy=None, compression=None
        )
    except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
        yield unreachable(f"does not give its feed ({type(error).__name__})")
        return
    async with socket:
        feed = Feed(socket)
        await feed._send({"token": token.value, "after": dict(after)})
        yield feed


def parse(text: str | bytes) -> Message | None:
    """A message of the feed; None for one that this version does not know. What breaks its form ends the feed."""
    try:
        value = json.loads(text)
        if "entries" in value:
            entries = [entry_of(wire) for wire in value["entries"]]
            broken = next((entry for entry in entries if isinstance(entry, Refusal)), None)
            if broken is not None:
                return Ended(broken, is_final=True)
            return Entries(tuple(entry for entry in entries if isinstance(entry, Entry)), str(value["head"]))
        if "door" in value:
            return Doors(tuple(_door(door) for door in value["door"]))
        if "receipt" in value:
            entry = entry_of(value["receipt"])
            return Ended(entry, is_final=True) if isinstance(entry, Refusal) else Receipt(entry)
        if "signal" in value:
            signal = value["signal"]
            message = unb64u(signal["message"])
            sender = Thumbprint(str(signal["from"]))
            return None if message is None else Signal(_sitting(signal["sitting"]), sender, message)
        if "problem" in value or "refused" in value:
            refusal = refusal_of(value.get("problem") or value.get("refused"))
            return Ended(refusal or _MALFORMED, is_final="problem" in value)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Ended(_MALFORMED, is_final=True)
    return None


def _sitting(value: Any) -> SittingId:  # Any: JSON of a server
    """A sitting's id, checked: files of the member's state are named by it, and the server is not trusted."""
    if not isinstance(value, str) or not is_id(value, ID_BYTES):
        raise ValueError("no sitting's id")
    return SittingId(value)


def _door(door: Any) -> Door:  # Any: JSON of a server
    jws = door["act"]
    group = None if jws is None else _group(str(jws))
    return Door(
        _sitting(door["sitting"]),
        is_open=door["state"] == "open",
        is_closed=door["state"] == "closed",
        group=group,
        act=None if jws is None else sha256(str(jws).encode("ascii")),
    )


def _group(jws: str) -> GroupId | None:
    form = split(jws, typ=Typ.ACT)
    act = form if isinstance(form, Refusal) else read(form.payload, read_act, what="act")
    if isinstance(act, Refusal) or not isinstance(act.body, OpenSitting | Regroup):
        return None
    return act.body.group


_MALFORMED: Final = Refusal(
    Code.FEED_MALFORMED, "The server sent a message of no known form.", "Use a client of the server's version."
)
