"""`incamera record export|verify|show|head`: the record in one file, and what a third party finds in it."""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from incamera.accreditation.signature import Typ, split
from incamera.accreditation.strict import MeetingId, Thumbprint, unb64u
from incamera.audit import narrative
from incamera.audit.archive import File, Title, open_file, write
from incamera.audit.reading import Broken, Reading, Step, open_reading
from incamera.audit.verify import Intact, close, verify
from incamera.cli import keyring, options
from incamera.cli.answers import Exit, note, refuse, result, taken
from incamera.cli.commands import GROUPS
from incamera.clock import SystemClock
from incamera.meeting.own import read_own
from incamera.record.entry import Entry, JournalId, Place
from incamera.record.journal import Head, read_head, sign_head
from incamera.refusal import Code, Refusal, Refused

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=GROUPS["record"])

EXPORT_EXAMPLES = """\b
Examples:
  incamera record export --data /var/lib/incamera -o meeting.incamera
  incamera record export --data /var/lib/incamera --meeting MEETING -o meeting.incamera
  incamera record export --state device -o ours.incamera      what a member's own device read
"""
VERIFY_EXAMPLES = """\b
Examples:
  incamera record verify meeting.incamera --authority THUMBPRINT
  incamera record verify meeting.incamera --authority THUMBPRINT --json
"""
SHOW_EXAMPLES = """\b
Examples:
  incamera record show meeting.incamera
"""
HEAD_EXAMPLES = """\b
Examples:
  incamera record head meeting.incamera      read the lines to another delegation
"""
RecordFile = Annotated[Path, typer.Argument(metavar="FILE", help="An export, .incamera; - reads standard input.")]


@app.command("export", epilog=EXPORT_EXAMPLES)
def export(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write; a new one.")],
    data: Annotated[Path | None, typer.Option("--data", metavar="DIR", help="The server's data folder.")] = None,
    state: Annotated[Path | None, typer.Option("--state", metavar="DIR", help="A member's state folder.")] = None,
    meeting: Annotated[
        str | None, typer.Option(metavar="MEETING", help="Which one, where the server has several.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Write a meeting's record to one file that proves itself.

    All of it, from the server's data; or a member's own: the journals that its device read. The server, or the member,
    may be running or not.
    """
    if (data is None) == (state is None):
        raise typer.BadParameter("say one of them: whose record is it", param_hint="--data, --state")
    if state is not None:
        _export_own(state, meeting, output, as_json=as_json)
        return
    assert data is not None, "one of them was given"
    # Here: those who verify need not wait for what a server consists of.
    from sqlalchemy.exc import DBAPIError

    from incamera.record.store import StoreCorrupt

    try:
        found, lines, entries = asyncio.run(_export(data, meeting))
    except Refused as error:
        refuse(error.refusal)
    except StoreCorrupt as error:
        refuse(Refusal(Code.STORAGE_FAILED, f"The data folder is damaged: {error}.", "Restore a backup."))
    except (DBAPIError, OSError) as error:
        refuse(Refusal(Code.STORAGE_FAILED, f"{data}: {type(error).__name__}.", "Check the folder, and who may read."))
    keyring.write_new(output, b"".join(lines))
    if as_json:
        result({"meeting": found, "file": str(output), "entries": entries})
        return
    print(output)
    note(f"{entries} entries. The file has names and the order of the meeting: keep it as the meeting was kept.")


@app.command("verify", epilog=VERIFY_EXAMPLES)
def verify_file(
    file: RecordFile,
    authority: Annotated[
        str, typer.Option(metavar="THUMBPRINT", help="The authority's, from a link, a sheet or the organisation.")
    ],
    as_json: options.Json = False,
) -> None:
    """Check a record offline, with this file and the authority's thumbprint alone.

    Exit code 0: intact; 1: broken, with the first entry that is wrong; 2: unreadable. What is not proven is said.
    """
    octets = unb64u(authority)
    if octets is None or len(octets) != 32:
        raise typer.BadParameter("a thumbprint has 43 characters of base64url", param_hint="--authority")
    verdict = verify(_read(file), Thumbprint(authority))
    if isinstance(verdict, Refusal):
        refuse(verdict)
    if isinstance(verdict, Broken):
        _refuse_broken(verdict, as_json=as_json)
    if as_json:
        result(_intact(verdict))
        return
    names, record = verdict.reading.names, verdict.record
    print(f"The record of meeting {verdict.head.meeting} is intact: {verdict.entries} entries.")
    for journal, place in verdict.head.heads.items():
        print(f"  {names.journal(journal)}: {place[0]} entries, head {place[1]}")
    for (sitting, item), shares in verdict.account.shares.items():
        able = ", ".join(names.device(record, device) for device in shares)
        print(f"Item {item} of {names.journal(JournalId(sitting))} could be decrypted by: {able}.")
    for sentence in verdict.unproven:
        print(f"Not proven: {sentence}")


@app.command("show", epilog=SHOW_EXAMPLES)
def show(file: RecordFile, as_json: options.Json = False) -> None:
    """Print a record in plain words, one line an entry, up to the first that is wrong.

    Entries are checked as by `verify`, but against the authority that the file itself names.
    """
    reading = _reading(file)
    if not as_json:
        note(f"By the file's own word, its authority is {reading.charter.authority.thumbprint}: verify proves it.")
    record = reading.beginning
    for step in reading.steps():
        if isinstance(step, Broken):
            _refuse_broken(step, as_json=as_json)
        if as_json:
            result(_step(step, reading))
        else:
            print(narrative.line(step, reading.names))
        record = step.after
    end = close(reading, record)
    if isinstance(end, Refusal):
        _refuse_broken(Broken(end), as_json=as_json)


@app.command("head", epilog=HEAD_EXAMPLES)
def head(file: RecordFile, as_json: options.Json = False) -> None:
    """Print the ends of the journals as the server signed them: two different ones for one place convict it.

    The head is read also from a file that is broken elsewhere; its signature is checked by `verify`.
    """
    found = _head(taken(open_file(_read(file))))
    if as_json:
        result({"meeting": found.meeting, "at": found.at_ms, "heads": _heads(found.heads.items())})
        return
    for journal, place in found.heads.items():
        print(f"{'main' if str(journal) == str(found.meeting) else journal} {place[0]} {place[1]}")


def _export_own(state: Path, meeting: str | None, output: Path, *, as_json: bool) -> None:
    from incamera.member.testimony import testimony

    own = taken(testimony(state))
    if meeting not in {None, str(own.title.meeting)}:
        refuse(Refusal(Code.MEETING_UNKNOWN, "This folder is of another meeting.", "Check --meeting."))
    keyring.write_new(output, b"".join(own.lines()))
    if as_json:
        found = {"meeting": own.title.meeting, "file": str(output)}
        result({**found, "entries": len(own.entries), "left_out": own.left_out})
        return
    print(output)
    note(f"{len(own.entries)} entries. The file has names and the order of the meeting: keep it as it was kept.")
    if own.left_out:
        note(f"{own.left_out} more were read, which no signed head covers together with these: not in the file.")


async def _export(data: Path, meeting: str | None) -> tuple[MeetingId, list[bytes], int]:
    from incamera.meeting_plane import registrar_key
    from incamera.record.sql_store import FILE as DATABASE
    from incamera.record.sql_store import SqlStore

    if not (data / DATABASE).exists():
        raise Refused(
            Refusal(Code.FILE_UNUSABLE, f"{data} is no data folder of a server.", "Give the one of `incamera serve`.")
        )
    key = registrar_key(data, make=False)
    async with SqlStore.open(data, is_read_only=True) as store:
        wanted = _choose(await store.meetings(), meeting)
        title = Title(
            meeting=wanted,
            charters=await store.charters(wanted),
            parts=await store.parts(wanted),
            statements=tuple(one.jws for one in await store.statements(wanted)),
        )
        entries: list[Entry] = [placed.entry async for placed in store.read_all(wanted)]
    places: dict[JournalId, Place] = {entry.header.journal: entry.place for entry in entries}
    signed = sign_head(key, Head(meeting=wanted, heads=places, at_ms=SystemClock().now_ms()))
    return wanted, list(write(title, entries, signed)), len(entries)


def _choose(meetings: tuple[MeetingId, ...], wanted: str | None) -> MeetingId:
    found = [meeting for meeting in meetings if wanted in {None, str(meeting)}]
    if len(found) == 1:
        return found[0]
    if not found:
        raise Refused(Refusal(Code.MEETING_UNKNOWN, "There is no such meeting in this folder.", "Check --meeting."))
    listed = ", ".join(found)
    raise Refused(Refusal(Code.MEETING_UNKNOWN, f"There are several meetings: {listed}.", "Say which: --meeting."))


def _read(file: Path) -> bytes:
    try:
        return os.fdopen(0, "rb", closefd=False).read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        refuse(Refusal(Code.ARCHIVE_UNREADABLE, f"{file}: {error.strerror}.", "Check the file's name."))


def _reading(file: Path) -> Reading:
    reading = open_reading(_read(file), None)
    if isinstance(reading, Refusal):
        refuse(reading)
    if isinstance(reading, Broken):
        refuse(reading.refusal)
    return reading


def _head(file: File) -> Head:
    jws = file.close()
    if isinstance(jws, Refusal):
        # A file that was changed before its end still shows what its head says.
        jws = taken(file.end())
    form = split(jws, typ=Typ.HEAD)
    return taken(form if isinstance(form, Refusal) else read_head(form.payload))


def _refuse_broken(broken: Broken, *, as_json: bool) -> NoReturn:
    if as_json:
        refusal, culprit = broken.refusal, broken.culprit
        entry = None
        if culprit is not None:
            entry = {
                "journal": culprit.journal,
                "seq": culprit.seq,
                "kind": culprit.kind,
                "delegation": culprit.delegation,
            }
        result({"intact": False, "code": refusal.code.value, "reason": refusal.reason, "entry": entry})
        raise typer.Exit(Exit.FAILED)
    refuse(broken.refusal)


def _intact(verdict: Intact) -> dict[str, Any]:
    return {
        "intact": True,
        "meeting": verdict.head.meeting,
        "entries": verdict.entries,
        "heads": _heads(verdict.head.heads.items()),
        "items": [
            {
                "sitting": sitting,
                "item": item,
                "devices": [
                    {
                        "device": one.device,
                        "delegation": one.delegation,
                        "seat": one.seat,
                        "rounds": list(one.rounds),
                    }
                    for one in shares.values()
                ],
            }
            for (sitting, item), shares in verdict.account.shares.items()
        ],
        "unproven": list(verdict.unproven),
    }


def _heads(heads: Iterable[tuple[JournalId, Place]]) -> dict[str, list[int | str]]:
    return {str(journal): [seq, digest] for journal, (seq, digest) in heads}


def _kind_of_own(body: str) -> str | None:
    """The kind of an entry of the server's own."""
    own = read_own(body)
    return None if isinstance(own, Refusal) else own.kind


def _step(step: Step, reading: Reading) -> dict[str, Any]:
    header, act = step.entry.header, step.act()
    return {
        "journal": header.journal,
        "seq": header.seq,
        "at": header.at_ms,
        "kind": act.kind if act is not None else _kind_of_own(step.entry.body or ""),
        "by": step.decided.author or None,
        "text": narrative.line(step, reading.names),
    }
