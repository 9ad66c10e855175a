"""`incamera meeting create`: a signed charter goes to a server."""

from pathlib import Path
from typing import Annotated

import httpx2
import typer

from incamera.accreditation.bundle import read_bundle
from incamera.accreditation.invitation import check_origin
from incamera.certificates import trust
from incamera.cli import keyring, options
from incamera.cli.answers import note, refuse, result, taken
from incamera.cli.commands import GROUPS
from incamera.refusal import Code, Refusal, Refused

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=GROUPS["meeting"])

TIMEOUT_S = 30.0
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
    answer = taken(_post(f"{origin}/api/v1/meetings", bundle.upload(), ca))
    is_new = answer.status_code == httpx2.codes.CREATED
    if as_json:
        result({"meeting": answer.json()["meeting"], "created": is_new})
        return
    print(answer.json()["meeting"])
    note("The meeting is created." if is_new else "The meeting was there already; new statements were added.")


def _post(address: str, body: object, ca: Path | None) -> httpx2.Response | Refusal:
    try:
        answer = httpx2.post(address, json=body, verify=trust(ca), timeout=TIMEOUT_S, follow_redirects=False)
    except Refused as error:
        return error.refusal
    except httpx2.HTTPError as error:
        return Refusal(
            Code.SERVER_UNREACHABLE,
            f"{address} does not answer, or its certificate is not trusted ({type(error).__name__}).",
            "Check the address; give a private authority's certificate with --ca.",
        )
    if answer.is_success:
        return answer
    try:
        problem = answer.json()
        return Refusal(Code(problem["code"]), str(problem["title"]), str(problem["detail"]))
    except (ValueError, KeyError, TypeError):
        return Refusal(
            Code.SERVER_UNREACHABLE,
            f"{address} answered {answer.status_code}, and not as an In Camera server does.",
            "Check the address, and that the server has this version.",
        )
