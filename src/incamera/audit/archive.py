"""The export of a record, `.incamera`: one file that proves itself (docs/reference/record.md, 4).

Lines of compact JSON, members in the order given, each ended by one newline, the last too. Here is the form; whether
the chains hold and the acts were allowed is the business of `verify`.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from incamera.accreditation.charter import PartId
from incamera.accreditation.strict import Json, MeetingId, Members, b64u, compact, read, text_of, unb64u
from incamera.limits import COMMIT_ACT_BYTES, DELEGATIONS, SEATS, SITTINGS
from incamera.record.entry import Entry, parse_entry
from incamera.refusal import Code, Refusal

SUFFIX: Final = ".incamera"
VERSION: Final = 1
CHARTERS_MAX: Final = 1000
STATEMENTS_MAX: Final = 10 * (SEATS.value + DELEGATIONS.value)
TEXT_MAX: Final = COMMIT_ACT_BYTES.value


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


def read_archive(data: bytes) -> Archive | Refusal:
    """The export in a file's bytes, or the first line that is wrong."""
    lines = data.split(b"\n")
    title = read(lines[0], _parse_title, what="first line")
    if isinstance(title, Refusal):
        return Refusal(
            Code.ARCHIVE_UNREADABLE, f"This is no export of a record: {title.reason}", "Check which file it is."
        )
    if title.line() != lines[0]:
        return _broken(1, "it is not written as an export writes it")
    if len(lines) < 3 or lines[-1] != b"":
        return _broken(len(lines), "the file is cut")
    entries = _read_entries(lines[1:-2])
    if isinstance(entries, Refusal):
        return entries
    return _close(title, entries, data, lines)


def _close(title: Title, entries: tuple[Entry, ...], data: bytes, lines: Sequence[bytes]) -> Archive | Refusal:
    last = len(lines) - 1
    end = read(lines[-2], _parse_end, what="last line")
    if isinstance(end, Refusal):
        return _broken(last, "the end is missing or was changed")
    head, digest = end
    if compact({"head": head, "file": b64u(digest)}) != lines[-2]:
        return _broken(last, "it is not written as an export writes it")
    before = data[: len(data) - len(lines[-2]) - 1]
    if not hmac.compare_digest(hashlib.sha256(before).digest(), digest):
        return _broken(last, "the file's hash is not that of the lines before")
    return Archive(title, entries, head)


def _lines(title: Title, entries: Iterable[Entry]) -> Iterator[bytes]:
    yield title.line() + b"\n"
    for entry in entries:
        yield entry.line() + b"\n"


def _read_entries(lines: Sequence[bytes]) -> tuple[Entry, ...] | Refusal:
    entries: list[Entry] = []
    for number, line in enumerate(lines, start=2):
        entry = parse_entry(line)
        if isinstance(entry, Refusal):
            return _broken(number, entry.reason.rstrip("."))
        if entry.line() != line:
            return _broken(number, "it is not written as an export writes it")
        entries.append(entry)
    return tuple(entries)


def _parse_title(members: Members) -> Title:
    members.constant("incamera", "record")
    members.constant("v", VERSION)
    return Title(
        meeting=members.meeting(),
        charters=members.array("charters", _jws, most=CHARTERS_MAX),
        parts=dict(members.object("parts").each(_part, most=2 + SITTINGS.value + DELEGATIONS.value)),
        statements=members.array("statements", _jws, most=STATEMENTS_MAX),
    )


def _parse_end(members: Members) -> tuple[str, bytes]:
    return members.text("head", longest=TEXT_MAX), members.octets("file", least=32)


def _jws(value: Json, path: str) -> str:
    return text_of(value, path, TEXT_MAX)


def _part(name: str, value: Json, path: str) -> tuple[PartId, bytes]:
    data = unb64u(text_of(value, path, TEXT_MAX))
    # What is not b64u is not written again as it was, and is refused by that comparison.
    return PartId(name), b"" if data is None else data


def _broken(line: int, why: str) -> Refusal:
    return Refusal(
        Code.ARCHIVE_BROKEN,
        f"Line {line} of the export is wrong: {why}.",
        "Ask another delegation for its export, and compare the heads.",
    )
