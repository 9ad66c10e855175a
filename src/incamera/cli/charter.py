"""`incamera charter example|check|sign`: from the secretariat's YAML to a signed charter."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from incamera.accreditation import examples
from incamera.accreditation.bundle import SUFFIX, Bundle
from incamera.accreditation.draft import Draft, SignedCharter, read_draft, sign_draft
from incamera.accreditation.signature import PublicKey, public_key
from incamera.accreditation.strict import unb64u
from incamera.cli import keyring, options
from incamera.cli.answers import Exit, note, refuse, result, taken
from incamera.cli.commands import GROUPS
from incamera.clock import SystemClock, instant
from incamera.refusal import Code, Refusal

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=GROUPS["charter"])

EXAMPLE_EXAMPLES = """\b
Examples:
  incamera charter example > meeting.yaml
  incamera charter example --small --first-day 2027-02-17
"""
CHECK_EXAMPLES = """\b
Examples:
  incamera charter check meeting.yaml
"""
SIGN_EXAMPLES = """\b
Examples:
  incamera charter sign meeting.yaml                     writes meeting.charter and meeting.titles.json
  incamera charter sign meeting.yaml --authority /media/stick/authority --passphrase-fd 3 3< passphrase.txt
"""

DraftFile = Annotated[Path, typer.Argument(metavar="FILE", help="The draft, YAML; - reads it from standard input.")]


@app.command("example", epilog=EXAMPLE_EXAMPLES)
def example(
    small: Annotated[bool, typer.Option("--small", help="A few delegations and two sittings, as in the demo.")] = False,
    first_day: Annotated[
        datetime | None,
        typer.Option(metavar="DAY", formats=["%Y-%m-%d"], help="The meeting's first day.", show_default="today"),
    ] = None,
) -> None:
    """Print a draft to begin with: ministers of thirty delegations, two days, partners, a bilateral, press."""
    day = (first_day or instant(SystemClock().now_ms())).date()
    text = examples.demo(day, delegations=6, is_automatic=True) if small else examples.ministerial(day)
    print(text, end="")


@app.command("check", epilog=CHECK_EXAMPLES)
def check(draft: DraftFile, as_json: options.Json = False) -> None:
    """Check a draft. Each mistake is named by its line and field; exit code 0: there is none."""
    read = _read(draft, as_json=as_json)
    seats, sittings = len(read.seats.seats), len(read.sittings)
    until = datetime.fromtimestamp(read.until_ms / 1000, UTC).isoformat(timespec="minutes")
    if as_json:
        result({"delegations": len(read.seats.delegations), "seats": seats, "sittings": sittings, "problems": []})
        return
    print(f"{len(read.seats.delegations)} delegations, {seats} seats, {sittings} sittings; valid until {until}.")
    for sitting in read.sittings:
        kept = f", {len(sitting.restricted)} restricted" if sitting.restricted else ""
        print(f"  {sitting.name}: {len(sitting.part.admission)} seats, {len(sitting.part.items)} items{kept}")
    if read.until_ms <= SystemClock().now_ms():
        note("This meeting is over: nobody could enrol. Write later days.")


@app.command("sign", epilog=SIGN_EXAMPLES)
def sign(
    draft: DraftFile,
    authority: keyring.Folder = Path(keyring.FOLDER),
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="The signed charter.", show_default="FILE with .charter"),
    ] = None,
    registrar: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="The server's public key, b64u, if it is known.", show_default="any server's"),
    ] = None,
    passphrase_fd: keyring.PassphraseFd = None,
    as_json: options.Json = False,
) -> None:
    """Sign a draft: writes the charter for the server, and apart from it the titles that the server must not have."""
    read = _read(draft, as_json=False)
    server = None if registrar is None else _public(registrar)
    path = output or Path("meeting.charter" if str(draft) == "-" else draft.with_suffix(SUFFIX))
    key = keyring.unlock(authority, keyring.passphrase(passphrase_fd, is_new=False))
    signed = sign_draft(read, key, os.urandom, SystemClock().now_ms(), server)
    keyring.write_new(path, Bundle(signed.jws, signed.parts, ()).write(), is_secret=False)
    titles = path.with_suffix(".titles.json")
    keyring.write_new(titles, _titles(signed))
    if as_json:
        found = {"meeting": signed.meeting, "authority": key.thumbprint, "charter": str(path), "titles": str(titles)}
        result(found | {"sittings": dict(signed.sittings)})
        return
    print(path)
    note(f"Titles of restricted items are in {titles}: for the chair or the secretariat, never for the server.")


def _read(path: Path, *, as_json: bool) -> Draft:
    try:
        text = keyring.read(path).decode("utf-8")
    except UnicodeDecodeError:
        refuse(Refusal(Code.CHARTER_INVALID, f"{path} is no text in UTF-8.", "Check which file it is."))
    draft = read_draft(text)
    if not isinstance(draft, Draft):
        if as_json:
            result({"problems": [{"reason": one.reason, "remedy": one.remedy} for one in draft]})
            raise typer.Exit(Exit.FAILED)
        for problem in draft[:-1]:
            note(f"error: {problem.reason}\nhint: {problem.remedy}")
        refuse(draft[-1])
    return draft


def _public(text: str) -> PublicKey:
    return taken(public_key(unb64u(text) or b""))


def _titles(signed: SignedCharter) -> bytes:
    titles = {sitting: {item: dict(title) for item, title in items.items()} for sitting, items in signed.titles.items()}
    value = {"v": 1, "meeting": signed.meeting, "sittings": dict(signed.sittings), "titles": titles}
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
