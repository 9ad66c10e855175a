"""`incamera join`: the page from the installed package, for one link."""

import asyncio
import os
import secrets
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from incamera.accreditation.invitation import Invitation, parse_link
from incamera.cli import options
from incamera.cli.answers import note, refuse, result, taken
from incamera.refusal import Refused
from incamera.settings.fields import Settings
from incamera.settings.folder import prepare
from incamera.settings.sources import data_folder

if TYPE_CHECKING:
    from incamera.forward import Ports

EXAMPLES = """\b
Examples:
  incamera join 'https://meet.example/m/…#…'
  incamera join - < link.txt
      the link does not show in the list of processes then
  incamera join - --ca ministry.pem --no-browser
"""


def join(
    link: Annotated[str, typer.Argument(metavar="LINK", help="The seat's link; - reads it from standard input.")],
    ca: options.Ca = None,
    port: Annotated[
        int | None,
        typer.Option(
            metavar="PORT",
            min=0,
            max=65535,
            help="Port on this machine.",
            show_default="chosen once a meeting, and kept",
        ),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = True,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Folder in which ports are remembered.", show_default="the user's data folder"
        ),
    ] = None,
    as_json: options.Json = False,
    log_level: options.LogLevel = None,
) -> None:
    """Join with the page of this installation, not the server's: on 127.0.0.1, where only this machine reaches it.

    The server gets data only, and gives data only: no page and no script comes from it. Runs until Ctrl-C.
    """
    options.begin_log(log_level)
    read = taken(parse_link(sys.stdin.readline() if link == "-" else link))
    from incamera.forward import Ports  # here: `--help` need not wait for it

    folder = data or data_folder(Settings(), os.environ)
    try:
        prepare(folder)
        asyncio.run(_join(read, Ports(folder / "join.json"), ca=ca, port=port, browser=browser, as_json=as_json))
    except Refused as error:
        refuse(error.refusal)


async def _join(
    link: Invitation, ports: "Ports", *, ca: Path | None, port: int | None, browser: bool, as_json: bool
) -> None:
    from incamera.api.ending import Ending
    from incamera.api.page import Page
    from incamera.forward import forwarding

    ending = Ending()
    once, session = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    async with forwarding(link, Page(), ports=ports, once=once, session=session, ca=ca, port=port) as address:
        if as_json:
            result({"url": address, "pid": os.getpid()})
        else:
            note(f"Open once, in one browser: {address}\nCtrl-C ends it.")
        if browser:
            await asyncio.to_thread(webbrowser.open, address)
        await ending.asked.wait()
