"""`incamera meeting create`: a signed charter goes to a server."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from incamera.accreditation.bundle import read_bundle
from incamera.accreditation.invitation import check_origin
from incamera.certificates import trust
from incamera.cli import keyring, options
from incamera.cli.answers import note, refuse, result, taken
from incamera.cli.commands import GROUPS
from incamera.member.upload import upload
from incamera.refusal import Code, Refusal, Refused

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=GROUPS["meeting"])

CREATE_EXAMPLES = """\b
Examples:
  incamera meeting create https://meet.example meeting.charter
  incamera meeting create https://meet.example meeting.charter --ca ministry-ca.pem
"""


@app.command("create", epilog=CREATE_EXAMPLES)
def create(
    server: Annotated[str, typer.Argument(metavar="URL", help="The server.")],
    charter: Annotated[Path, typer.Argument(metavar="CHARTER", help="The signed charter, with its invitations.")],
    ca: options.Ca = None,
    as_json: options.Json = False,
) -> None:
    """Upload a charter, its parts and statements. The server takes it if its settings name the authority that signed.

    After more invitations the same command adds their statements; it changes nothing else.
    """
    origin = server.rstrip("/")
    refusal = check_origin(origin)
    if refusal is not None:
        refuse(refusal)
    bundle = taken(read_bundle(keyring.read(charter)))
    if not bundle.statements:
        note("The charter's file has no invitations: nobody could enrol yet. Make them with: incamera invite")
    try:
        outcome = asyncio.run(upload(origin, bundle, trust(ca)))
    except Refused as error:
        refuse(error.refusal)
    if isinstance(outcome, Refusal) and outcome.code is Code.SERVER_UNREACHABLE:
        outcome = replace(outcome, remedy="Check the address; give a private authority's certificate with --ca.")
    uploaded = taken(outcome)
    if as_json:
        result({"meeting": uploaded.meeting, "created": uploaded.is_new})
        return
    print(uploaded.meeting)
    note("The meeting is created." if uploaded.is_new else "The meeting was there already; new statements were added.")
