"""entry.json, journal.json, head.json, export.json: the record."""

import hashlib
import json
from typing import Any

from incamera.accreditation.strict import Hash, b64u, compact, sha256
from incamera.audit.archive import Title, read_archive, write
from incamera.record import journal
from incamera.record.entry import Entry, JournalId, Place, open_entry, parse_entry
from incamera.record.journal import Head, Tail
from incamera.refusal import Refusal
from tests.vectors.charters import CHARTER_JWS, PARTS
from tests.vectors.given import JOURNAL, MAIN, MEETING, NOW_MS, REGISTRAR, Vector, key, octets, payloads, signed

MADE_BY = "tests/vectors/make.py"


class Clerk:
    """Links entries of the main journal and of one sitting's, in one order."""

    def __init__(self) -> None:
        self.tails = {name: journal.beginning(MEETING, name) for name in (MAIN, JOURNAL)}
        self.order: list[Entry] = []

    def append(self, name: JournalId, body: str, at_ms: int) -> Entry:
        main = None if name == MAIN else self.tails[MAIN].place
        entry = journal.link(self.tails[name], at_ms=at_ms, main=main, body=body)
        self.tails[name] = journal.follow(self.tails[name], entry)
        self.order.append(entry)
        return entry


def meeting() -> Clerk:
    """Eight entries; the bodies are no acts, since chains do not look into them."""
    clerk = Clerk()
    started = {"kind": "server.started", "nonce": b64u(octets("started", 16)), "charter": sha256(CHARTER_JWS.encode())}
    clerk.append(MAIN, json.dumps(started | {"registrar": REGISTRAR.public.jwk()}, separators=(",", ":")), NOW_MS)
    for number, name in enumerate([MAIN, JOURNAL, JOURNAL, MAIN, MAIN, JOURNAL, JOURNAL]):
        clerk.append(name, f"body {number} é", NOW_MS + 1000 * number)
    return clerk


def entries() -> Vector:
    good = meeting().order[2]
    wire = good.wire()
    header = good.header.payload()
    lines: list[tuple[str, bytes]] = [
        ("an entry of a sitting", good.line()),
        ("an entry of the main journal", meeting().order[0].line()),
        ("an erased body", compact(wire | {"b": None})),
        ("spaces on the wire", json.dumps(wire).encode()),
        ("another body", compact(wire | {"b": "another"})),
        ("an empty body", compact(wire | {"b": ""})),
        ("no body", compact({"h": wire["h"]})),
        ("a member that no entry has", compact(wire | {"c": 1})),
        ("a header that is not canonical b64u", compact(wire | {"h": f"{wire['h']}="})),
        ("half a surrogate pair as a body", good.line().replace(b'"b":"', b'"b":"\\ud800')),
    ]
    for name, changes in [
        ("seq 0", {"seq": 0}),
        ("version 2", {"v": 2}),
        ("a member that no header has", {"position": 7}),
        ("a main place of one member", {"main": [1]}),
        ("a main place with seq 0", {"main": [0, good.header.prev]}),
        ("a negative time", {"at": -1}),
        ("a previous hash of 31 bytes", {"prev": b64u(bytes(31))}),
        ("a journal's id of 15 bytes", {"journal": b64u(bytes(15))}),
    ]:
        lines.append((name, compact(wire | {"h": b64u(compact(header | changes))})))
    for member in header:
        left = {name: value for name, value in header.items() if name != member}
        lines.append((f"a header without {member}", compact(wire | {"h": b64u(compact(left))})))
    return {
        "about": "Entries on the wire (record.md, 4).",
        "made_by": MADE_BY,
        "cases": [_entry(*one) for one in lines],
    }


def _entry(name: str, line: bytes) -> Vector:
    entry = parse_entry(line)
    if isinstance(entry, Refusal):
        outcome: Vector = {"refusal": entry.code.value}
    else:
        outcome = {"hash": entry.hash, "header": entry.header.payload(), "body": entry.body}
    return {"name": name, "entry": line.decode(), "outcome": outcome}


def journals() -> Vector:
    clerk = meeting()
    good = clerk.order
    sitting = [entry for entry in good if entry.header.journal == JOURNAL]
    main = [entry for entry in good if entry.header.journal == MAIN]
    stranger = JournalId(b64u(octets("another sitting", 16)))
    cases = [
        _journal("two journals, as they were appended", good),
        _journal("an erased body", [*good[:3], _erased(good[3]), *good[4:]]),
        _journal("an entry that is missing", [*good[:3], *good[4:]]),
        _journal("two entries in the wrong order", [*good[:2], good[3], good[2], *good[4:]]),
        _journal("an entry that stands twice", [*good[:3], good[2], *good[3:]]),
        _journal("a first entry that follows nothing", [_changed(good[0], prev=sha256(b"nothing"))]),
        _journal("a first entry of another meeting", [_changed(good[0], meeting=b64u(octets("another meeting", 16)))]),
        _journal("an entry whose body was changed with its header", [*good[:3], _other_body(good[3]), *good[4:]]),
        _journal("a time that falls", [*good[:3], _changed(good[3], at=NOW_MS - 1)]),
        _journal("a sitting's entry that names no main entry", [*good[:2], _changed(good[2], main=None)]),
        _journal("a main entry that names one", [good[0], _changed(good[1], main=list(good[0].place))]),
        _journal("a main entry that is not there yet", [*good[:2], _changed(good[2], main=[3, main[2].hash])]),
        _journal("a main entry by another hash", [*good[:2], _changed(good[2], main=[2, sha256(b"fork")])]),
        _journal("a main seq that falls", [*good[:7], _changed(good[7], main=list(main[0].place))]),
    ]
    return {
        "about": "Journals: chains, the order of their fold, forks (record.md, 4). Entries in the order of appending.",
        "made_by": MADE_BY,
        "meeting": MEETING,
        "sitting": JOURNAL,
        "genesis": {name: journal.genesis(MEETING, name) for name in (MAIN, JOURNAL, stranger)},
        "merged": [entry.hash for entry in journal.merge(main, sitting)],
        "forks": [
            _fork(sitting, place) for place in ([1, sitting[0].hash], [2, sha256(b"fork")], [9, sha256(b"fork")])
        ],
        "cases": cases,
    }


def _journal(name: str, shown: list[Entry]) -> Vector:
    tails = {journal_id: journal.beginning(MEETING, journal_id) for journal_id in (MAIN, JOURNAL)}
    places: set[Place] = set()
    outcome: Vector = {}
    for number, entry in enumerate(shown):
        key_ = JOURNAL if entry.header.journal == JOURNAL else MAIN
        tail = journal.check(tails[key_], entry, places.__contains__)
        if isinstance(tail, Refusal):
            rule = tail.reason.split(" by ")[1].split(":")[0]
            outcome = {"refusal": tail.code.value, "rule": rule, "at": number}
            break
        tails[key_] = tail
        if key_ == MAIN:
            places.add(entry.place)
    else:
        outcome = {"heads": {name: _place(tail) for name, tail in tails.items()}}
    return {"name": name, "entries": [entry.wire() for entry in shown], "outcome": outcome}


def _place(tail: Tail) -> list[Any] | None:
    return None if tail.place is None else list(tail.place)


def _fork(entries: list[Entry], place: list[Any]) -> Vector:
    def hash_at(seq: int) -> Hash | None:
        return entries[seq - 1].hash if seq <= len(entries) else None

    found = journal.compare(JOURNAL, hash_at, (place[0], place[1]))
    return {
        "seen": place,
        "fork": None if found is None else {"seq": found.seq, "ours": found.ours, "theirs": found.theirs},
    }


def _changed(entry: Entry, **members: Any) -> Entry:
    found = open_entry(compact(entry.header.payload() | members), entry.body)
    assert not isinstance(found, Refusal), found
    return found


def _other_body(entry: Entry) -> Entry:
    body = "another body"
    found = open_entry(compact(entry.header.payload() | {"body": sha256(body.encode())}), body)
    assert not isinstance(found, Refusal), found
    return found


def _erased(entry: Entry) -> Entry:
    found = open_entry(entry.header_bytes, None)
    assert not isinstance(found, Refusal), found
    return found


def head(clerk: Clerk) -> Head:
    heads = {name: tail.place for name, tail in clerk.tails.items() if tail.place is not None}
    return Head(meeting=MEETING, heads=heads, at_ms=NOW_MS + 10_000)


def heads() -> Vector:
    clerk = meeting()
    good = head(clerk)
    jws = journal.sign_head(REGISTRAR, good)
    other = Head(meeting=good.meeting, heads=good.heads | {MAIN: (4, sha256(b"fork"))}, at_ms=good.at_ms)
    elsewhere = Head(meeting=b64u(octets("another meeting", 16)), heads=good.heads, at_ms=good.at_ms)  # type: ignore[arg-type]
    shown = [
        ("a head of two journals", jws),
        ("another head for one seq: the registrar is convicted", journal.sign_head(REGISTRAR, other)),
        ("by another key", journal.sign_head(key("stranger"), good)),
        ("of another meeting", journal.sign_head(REGISTRAR, elsewhere)),
        ("cut", jws[:-1]),
    ]
    cases = []
    for name, text in shown:
        opened = journal.open_head(text, REGISTRAR.public, MEETING)
        if isinstance(opened, Refusal):
            outcome: Vector = {"refusal": opened.code.value}
        else:
            fork = journal.contradiction(good, opened.payload)
            outcome = {
                "heads": {name: list(place) for name, place in opened.payload.heads.items()},
                "contradicts_the_first": None if fork is None else {"journal": fork.journal, "seq": fork.seq},
            }
        cases.append({"name": name, "head": text, "outcome": outcome})
    return {
        "about": "Heads: the registrar's word about the ends of journals (record.md, 4).",
        "made_by": MADE_BY,
        "registrar": REGISTRAR.public.jwk(),
        "meeting": MEETING,
        "cases": cases,
    }


def export() -> bytes:
    """A whole export of the entries above."""
    clerk = meeting()
    title = Title(
        meeting=MEETING,
        charters=(CHARTER_JWS,),
        parts=PARTS,
        statements=tuple(signed(payloads())[:2]),
    )
    return b"".join(write(title, clerk.order, journal.sign_head(REGISTRAR, head(clerk))))


def exports() -> Vector:
    whole = export()
    lines = whole.split(b"\n")
    shown = [
        ("a whole export", whole),
        ("a line removed", _finished([*lines[:3], *lines[4:]])),
        ("a removed line, and the file's hash made anew", _closed([*lines[:3], *lines[4:]])),
        ("two lines exchanged", b"\n".join([*lines[:2], lines[3], lines[2], *lines[4:]])),
        ("a line doubled", b"\n".join([*lines[:3], *lines[2:]])),
        ("an empty line", b"\n".join([*lines[:2], b"", *lines[2:]])),
        ("the end cut", whole[:-40]),
        ("the last newline cut", whole[:-1]),
        ("the last line cut", b"\n".join(lines[:-2]) + b"\n"),
        ("a line after the end", whole + b"{}\n"),
        ("a space in a line", whole.replace(b'{"h":', b'{ "h":', 1)),
        ("CR at the ends of lines", whole.replace(b"\n", b"\r\n")),
        ("members in another order", whole.replace(b'"v":1,"meeting"', b'"meeting"', 1)),
        ("one letter changed", whole.replace(b"body 3", b"body 4")),
        ("a later version", whole.replace(b'"record","v":1', b'"record","v":2')),
        ("not an export", b"PK\x03\x04"),
        ("nothing", b""),
    ]
    cases = []
    for name, data in shown:
        archive = read_archive(data)
        if isinstance(archive, Refusal):
            outcome: Vector = {"refusal": archive.code.value}
        else:
            outcome = {"entries": [entry.hash for entry in archive.entries], "head": archive.head}
        cases.append({"name": name, "file": data.decode(), "outcome": outcome})
    return {"about": "Exports of a record: the form of the file (record.md, 4).", "made_by": MADE_BY, "cases": cases}


def _finished(lines: list[bytes]) -> bytes:
    return b"\n".join(lines)


def _closed(lines: list[bytes]) -> bytes:
    before = b"\n".join(lines[:-2]) + b"\n"
    end = json.loads(lines[-2])
    return before + compact(end | {"file": b64u(hashlib.sha256(before).digest())}) + b"\n"
