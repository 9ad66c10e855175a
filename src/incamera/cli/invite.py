"""`incamera invite`: links and printable sheets, made offline, and the statements that vouch for them."""

import os
from pathlib import Path
from typing import Annotated

import typer

from incamera.accreditation.bundle import Bundle, read_bundle
from incamera.accreditation.charter import Charter, Contents, Seat, open_charter, open_contents
from incamera.accreditation.invitation import check_origin, vouch_for_delegation
from incamera.accreditation.invitation import invite as issue
from incamera.accreditation.sheet import Sheet
from incamera.cli import keyring, options
from incamera.cli.answers import note, refuse, result, taken
from incamera.refusal import Code, Refusal

EXAMPLES = """\b
Examples:
  incamera invite meeting.charter --server https://meet.example --all -o invitations
  incamera invite meeting.charter --server https://meet.example --seat bel-head --seat bel-adv -o belgium
"""


def invite(
    charter: Annotated[Path, typer.Argument(metavar="CHARTER", help="The signed charter.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where links and sheets go.")],
    server: Annotated[str, typer.Option(metavar="URL", help="The server that the links lead to.")],
    seat: Annotated[list[str] | None, typer.Option(metavar="SEAT", help="A seat to invite; may be repeated.")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Invite all seats.")] = False,
    authority: keyring.Folder = Path(keyring.FOLDER),
    passphrase_fd: keyring.PassphraseFd = None,
    as_json: options.Json = False,
) -> None:
    """Make invitations: a link and a sheet to print for each seat. Each link is a key that works once.

    The statements that vouch for them are added to the charter's file: `incamera meeting create` uploads it.
    """
    if everyone == bool(seat):
        raise typer.BadParameter("say --all, or one --seat or more", param_hint="--seat")
    origin = server.rstrip("/")
    refusal = check_origin(origin)
    if refusal is not None:
        refuse(refusal)
    secret = keyring.passphrase(passphrase_fd, is_new=False)
    key = keyring.unlock(authority, secret)
    bundle = taken(read_bundle(keyring.read(charter)))
    signed = taken(open_charter(bundle.charter, authorities=[key.thumbprint]))
    contents = taken(open_contents(bundle.parts, signed.payload))
    seats = _seats(contents, seat)
    keyring.check_free(output / name for name in ("links.txt", *(f"{one.seat}.html" for one in seats)))
    delegations = {
        name: keyring.delegation(authority, signed.payload.meeting, name, secret)
        for name in dict.fromkeys(one.delegation for one in seats)
    }
    issued = [(one, *issue(origin, signed, one, delegations[one.delegation], os.urandom(32))) for one in seats]
    statements = [vouch_for_delegation(key, signed, name, one.public) for name, one in delegations.items()]
    statements += [statement for _, _, statement in issued]
    # First what vouches for the links, then the links: one that nothing vouches for would be of no use.
    known = dict.fromkeys((*bundle.statements, *statements))
    keyring.replace(charter, Bundle(bundle.charter, bundle.parts, tuple(known)).write())
    links = [f"{one.seat} {invitation.link()}\n" for one, invitation, _ in issued]
    keyring.write_new(output / "links.txt", "".join(links).encode("ascii"))
    for one, invitation, _ in issued:
        sheet = _sheet(invitation.link(), signed.payload, contents, one)
        keyring.write_new(output / f"{one.seat}.html", sheet.html().encode("utf-8"))
    if as_json:
        result({"folder": str(output), "seats": [one.seat for one in seats], "meeting": signed.payload.meeting})
        return
    print(output)
    note(f"{len(seats)} invitations. Each is a secret: print the sheets, hand them over, then remove the folder.")


def _seats(contents: Contents, names: list[str] | None) -> list[Seat]:
    if contents.seats is None:
        refuse(Refusal(Code.CHARTER_PART, "The charter's file lacks its seats.", "Take the file that was signed."))
    known = {str(one.seat): one for one in contents.seats.seats}
    if not names:
        return list(known.values())
    for name in names:
        if name not in known:
            refuse(Refusal(Code.SEAT_UNKNOWN, f"The charter has no seat {name}.", f"Its seats: {', '.join(known)}."))
    return [known[name] for name in dict.fromkeys(names)]


def _sheet(link: str, charter: Charter, contents: Contents, seat: Seat) -> Sheet:
    if contents.open is None or contents.seats is None:
        refuse(Refusal(Code.CHARTER_PART, "The charter's file lacks its open part.", "Take the file that was signed."))
    persons = contents.delegations.get(seat.delegation)
    names = {one.delegation: one.name for one in contents.seats.delegations}
    return Sheet(
        link=link,
        authority=charter.authority.thumbprint,
        organisation=charter.organisation,
        meeting=contents.open,
        delegation=names[seat.delegation],
        seat=seat.seat,
        role=seat.role,
        person=None if persons is None else persons.persons.get(seat.seat),
    )
