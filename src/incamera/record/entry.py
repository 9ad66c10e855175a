"""An entry: a header, whose bytes are hashed and chained, and a body (docs/reference/record.md, 4). Pure.

The bytes are kept as received: what was hashed is never written anew.
"""

from dataclasses import dataclass
from typing import Final, NewType, TypeAlias

from incamera.accreditation.strict import (
    Hash,
    Json,
    Malformed,
    MeetingId,
    Members,
    b64u,
    compact,
    hash_of,
    integer_of,
    read,
    sha256,
)
from incamera.limits import ENTRY_BODY_BYTES
from incamera.refusal import Code, Refusal

JournalId = NewType("JournalId", str)
"""The meeting's id for the main journal, else the sitting's."""
Place: TypeAlias = tuple[int, Hash]
"""A place in a journal: seq, from 1, and the hash of the entry there."""
HEADER_BYTES_MAX: Final = 1024
"""A header is about 320 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the server says of an entry's place."""

    meeting: MeetingId
    journal: JournalId
    seq: int
    prev: Hash
    """The hash of the entry before; for the first, `journal.genesis`."""
    at_ms: int
    main: Place | None
    """The last entry of the main journal before this one; None in the main journal itself."""
    body: Hash
    """SHA-256 of the body's UTF-8."""

    def payload(self) -> dict[str, Json]:
        """The header's JSON, members in their order."""
        return {
            "v": 1,
            "meeting": self.meeting,
            "journal": self.journal,
            "seq": self.seq,
            "prev": self.prev,
            "at": self.at_ms,
            "main": None if self.main is None else list(self.main),
            "body": self.body,
        }


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as received. `open_entry`, `parse_entry` and `make_entry` make it; its body, if there, has its hash."""

    header_bytes: bytes
    header: Header
    body: str | None
    """An act's JWS, or a server's own JSON; None if it was erased."""
    hash: Hash
    """SHA-256 of the header's bytes."""

    @property
    def place(self) -> Place:
        """Its seq and hash."""
        return self.header.seq, self.hash

    def wire(self) -> dict[str, Json]:
        """`{"h": …, "b": …}`, as it stands in a message of the feed."""
        return {"h": b64u(self.header_bytes), "b": self.body}

    def line(self) -> bytes:
        """The entry as a line of an export, without its end."""
        return compact(self.wire())


def make_entry(header: Header, body: str) -> Entry:
    """A new entry: its header is written here, once."""
    assert body, "a body says something: an empty one is not read"
    assert header.body == sha256(body.encode("utf-8")), "a header names its body"
    header_bytes = compact(header.payload())
    return Entry(header_bytes, header, body, sha256(header_bytes))


def open_entry(header_bytes: bytes, body: str | None) -> Entry | Refusal:
    """An entry of these bytes (rules ENTRY-1, ENTRY-2): a header of its form, and the body that it names, or none."""
    if len(header_bytes) > HEADER_BYTES_MAX:
        return _refusal("ENTRY-1: its header is too long")
    header = read(header_bytes, _parse_header, what="header")
    if isinstance(header, Refusal):
        return _refusal(f"ENTRY-1: {header.reason.rstrip('.')}")
    if body is not None and not _is_body(body, header.body):
        return _refusal("ENTRY-2: its body is not the one that its header names")
    return Entry(header_bytes, header, body, sha256(header_bytes))


def parse_entry(line: bytes) -> Entry | Refusal:
    """An entry as it stands on the wire: `{"h": …, "b": …}`."""
    wire = read(line, parse_wire, what="entry")
    return wire if isinstance(wire, Refusal) else open_entry(*wire)


def parse_wire(members: Members) -> tuple[bytes, str | None]:
    """Header and body of an entry within a message of the feed; `open_entry` makes the entry of them."""
    header = members.octets("h", least=2, most=HEADER_BYTES_MAX)
    return header, members.optional("b", lambda name: members.text(name, longest=ENTRY_BODY_BYTES.value))


def place_member(members: Members, name: str) -> Place:
    """A place, `[seq, hash]`, as a member."""
    return place_of(members.take(name), members.at(name))


def place_of(value: Json, path: str) -> Place:
    """A place, `[seq, hash]`, as an element."""
    if not isinstance(value, list) or len(value) != 2:
        raise Malformed(path, "not [seq, hash]")
    seq = integer_of(value[0], f"{path}[0]")
    if seq < 1:
        raise Malformed(path, "a seq below 1")
    return seq, hash_of(value[1], f"{path}[1]")


def _parse_header(members: Members) -> Header:
    members.constant("v", 1)
    return Header(
        meeting=members.meeting(),
        journal=JournalId(members.sitting("journal")),
        seq=members.integer("seq", least=1),
        prev=members.hash("prev"),
        at_ms=members.integer("at"),
        main=members.optional("main", lambda name: place_member(members, name)),
        body=members.hash("body"),
    )


def _is_body(body: str, expected: Hash) -> bool:
    try:
        return sha256(body.encode("utf-8")) == expected
    except UnicodeEncodeError:
        return False


def _refusal(reason: str) -> Refusal:
    return Refusal(
        Code.ENTRY_BROKEN,
        f"The entry is refused by {reason}.",
        "Keep what you have; compare heads with another delegation.",
    )
