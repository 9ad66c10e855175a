"""The export of a record, `.incamera`: one file that proves itself (docs/reference/record.md, 4).

Lines of compact JSON, members in the order given, each ended by one newline, the last too. Here is the form; whether
the chains hold and the acts were allowed is the business of `verify`.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from incamera.accreditation.charter import PartId
from incamera.accreditation.strict import Json, MeetingId, Members, b64u, compact, read, text_of, unb64u
from incamera.limits import COMMIT_ACT_BYTES, DELEGATIONS, SITTINGS, STATEMENTS
from incamera.record.entry import Entry, Header, open_entry, parse_wire
from incamera.refusal import Code, Refusal

SUFFIX: Final = ".incamera"
VERSION: Final = 1
CHARTERS_MAX: Final = 1000
TEXT_MAX: Final = COMMIT_ACT_BYTES.value
COMPARE: Final = "Ask another delegation for its export, and compare the heads: incamera record head FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """The first line: which meeting, and what vouches for those in it."""

    meeting: MeetingId
    charters: tuple[str, ...]
    """JWS, from number 0 on."""
    parts: Mapping[PartId, bytes]
    statements: tuple[str, ...]

    def line(self) -> bytes:
        """The line, without its end."""
        parts = {str(part): b64u(data) for part, data in self.parts.items()}
        return compact(
            {
                "incamera": "record",
                "v": VERSION,
                "meeting": self.meeting,
                "charters": list(self.charters),
                "parts": parts,
                "statements": list(self.statements),
            }
        )


@dataclass(frozen=True, slots=True)
class Archive:
    """An export whose form is whole: nothing of it was changed, cut or joined by accident."""

    title: Title
    entries: tuple[Entry, ...]
    """In the order of appending."""
    head: str
    """The registrar's JWS over all exported journals."""


def write(title: Title, entries: Iterable[Entry], head: str) -> Iterator[bytes]:
    """The file's bytes, line by line."""
    digest = hashlib.sha256()
    for line in _lines(title, entries):
        digest.update(line)
        yield line
    yield compact({"head": head, "file": b64u(digest.digest())}) + b"\n"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an export where an entry stands, from 2 on."""

    number: int
    header: Header | None
    """What can be read of its header, though the entry may be wrong."""
    body: str | None
    entry: Entry | Refusal


@dataclass(frozen=True, slots=True)
class File:
    """An export whose first line can be read; the lines after it are judged one by one."""

    data: bytes
    title: Title
    lines: tuple[bytes, ...]
    """All of them, the text after the last newline too: nothing, unless the file was cut."""

    def entries(self) -> Iterator[Line]:
        """What stands between the first line and the last."""
        for number, line in enumerate(self.lines[1:-2], start=2):
            yield _read_line(number, line)

    def close(self) -> str | Refusal:
        """The registrar's head, a JWS, if the file ends as it must and its hash is that of the lines before."""
        last = len(self.lines) - 1
        if len(self.lines) < 3 or self.lines[-1] != b"":
            return broken(len(self.lines), "the file is cut")
        end = read(self.lines[-2], _parse_end, what="last line")
        if isinstance(end, Refusal):
            return broken(last, "the end is missing or was changed")
        head, digest = end
        if compact({"head": head, "file": b64u(digest)}) != self.lines[-2]:
            return broken(last, "it is not written as an export writes it")
        before = self.data[: len(self.data) - len(self.lines[-2]) - 1]
        if not hmac.compare_digest(hashlib.sha256(before).digest(), digest):
            return broken(last, "the file's hash is not that of the lines before")
        return head

    def end(self) -> str | Refusal:
        """The head in the last line, though the lines before it may have been changed."""
        end = read(self.lines[-2] if len(self.lines) > 2 else b"", _parse_end, what="last line")
        return broken(len(self.lines) - 1, "the end is missing or was changed") if isinstance(end, Refusal) else end[0]


def open_file(data: bytes) -> File | Refusal:
    """The export in a file's bytes, if its first line is that of one."""
    lines = data.split(b"\n")
    title = read(lines[0], _parse_title, what="first line")
    if isinstance(title, Refusal):
        return Refusal(
            Code.ARCHIVE_UNREADABLE, f"This is no export of a record: {title.reason}", "Check which file it is."
        )
    if title.line() != lines[0]:
        return broken(1, "it is not written as an export writes it")
    return File(data, title, tuple(lines))


def read_archive(data: bytes) -> Archive | Refusal:
    """The export in a file's bytes, or the first line that is wrong."""
    file = open_file(data)
    if isinstance(file, Refusal):
        return file
    if len(file.lines) < 3 or file.lines[-1] != b"":
        return broken(len(file.lines), "the file is cut")
    entries: list[Entry] = []
    for line in file.entries():
        if isinstance(line.entry, Refusal):
            return broken(line.number, line.entry.reason.rstrip("."))
        entries.append(line.entry)
    head = file.close()
    return head if isinstance(head, Refusal) else Archive(file.title, tuple(entries), head)


def _lines(title: Title, entries: Iterable[Entry]) -> Iterator[bytes]:
    yield title.line() + b"\n"
    for entry in entries:
        yield entry.line() + b"\n"


def _read_line(number: int, line: bytes) -> Line:
    wire = read(line, parse_wire, what="entry")
    if isinstance(wire, Refusal):
        return Line(number, None, None, wire)
    header_bytes, body = wire
    entry = open_entry(header_bytes, body)
    if isinstance(entry, Entry) and entry.line() != line:
        entry = Refusal(Code.ARCHIVE_BROKEN, "it is not written as an export writes it.", COMPARE)
    header = entry if isinstance(entry, Entry) else open_entry(header_bytes, None)
    return Line(number, header.header if isinstance(header, Entry) else None, body, entry)


def _parse_title(members: Members) -> Title:
    members.constant("incamera", "record")
    members.constant("v", VERSION)
    return Title(
        meeting=members.meeting(),
        charters=members.array("charters", _jws, most=CHARTERS_MAX),
        parts=dict(members.object("parts").each(_part, most=2 + SITTINGS.value + DELEGATIONS.value)),
        statements=members.array("statements", _jws, most=STATEMENTS.value),
    )


def _parse_end(members: Members) -> tuple[str, bytes]:
    return members.text("head", longest=TEXT_MAX), members.octets("file", least=32)


def _jws(value: Json, path: str) -> str:
    return text_of(value, path, TEXT_MAX)


def _part(name: str, value: Json, path: str) -> tuple[PartId, bytes]:
    data = unb64u(text_of(value, path, TEXT_MAX))
    # What is not b64u is not written again as it was, and is refused by that comparison.
    return PartId(name), b"" if data is None else data


def broken(line: int, why: str) -> Refusal:
    """A file whose line, from 1, is wrong."""
    return Refusal(Code.ARCHIVE_BROKEN, f"Line {line} of the export is wrong: {why}.", COMPARE)
