"""`incamera demo`: a throw-away meeting, and its links."""

import asyncio
import os
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from incamera import log
from incamera.cli import options
from incamera.cli.answers import refuse, result, taken
from incamera.clock import SystemClock
from incamera.demo.convening import DELEGATIONS_MAX, convened
from incamera.refusal import Refused
from incamera.settings.given import Given, Source
from incamera.settings.sources import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from incamera.demo.convening import Convened, Place
    from incamera.server import Running

EXAMPLES = """\b
Examples:
  incamera demo
      two links: open them in two tabs, or send one to somebody on this machine
  incamera demo --with 12
      a chamber with twelve synthetic delegations in it
  incamera demo --host 0.0.0.0 --tls self-signed
      for others on this network; their browsers warn of the certificate
  incamera demo --json | head -n 1
      for a program: {"url": …, "links": [{"seat": …, "link": …}, …], "pid": …, "authority": …, "data": …}
"""

# On one machine nobody needs to know the media ports, and a second demo must not trip over the first.
_DEFAULTS: Source = {
    ("media", "udp_port"): Given(0, "demo"),
    ("media", "tcp_port"): Given(0, "demo"),
    ("log", "level"): Given("warning", "demo"),
}


def demo(
    port: options.Port = None,
    seat_count: Annotated[
        int, typer.Option("--seats", metavar="N", min=1, max=DELEGATIONS_MAX + 1, help="How many links for people.")
    ] = 2,
    with_count: Annotated[
        int,
        typer.Option(
            "--with", metavar="N", min=0, max=DELEGATIONS_MAX, help="How many synthetic delegations beside them."
        ),
    ] = 0,
    by_hand: Annotated[
        bool, typer.Option("--by-hand", help="The doorkeeper lets in chairs only, and they the others.")
    ] = False,
    as_json: options.Json = False,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keep the meeting in this folder.", show_default="a temporary one"),
    ] = None,
    host: options.Host = None,
    udp_port: options.UdpPort = None,
    tcp_port: options.TcpPort = None,
    announce_udp: options.AnnounceUdp = None,
    announce_tcp: options.AnnounceTcp = None,
    no_udp: options.NoUdp = False,
    tls_cert: options.TlsCert = None,
    tls_key: options.TlsKey = None,
    tls: options.Tls = None,
    log_level: options.LogLevel = None,
    log_format: options.LogFormat = None,
) -> None:
    """Hold a throw-away meeting in private, and print links to open in a browser.

    Its authority, charter and invitations are made on the spot; a doorkeeper opens the sittings and lets in who knocks.
    Runs until Ctrl-C. Nothing else is needed: the media server is part of it.
    """
    given = options.flags(locals())
    # Here and not above: `--help` and completion need not wait for the media server's and the SDK's modules.
    from incamera.demo.holding import hold
    from incamera.server import run

    clock = SystemClock()
    with nullcontext(str(data)) if data is not None else tempfile.TemporaryDirectory(prefix="incamera-") as folder:
        try:
            meeting = taken(convened(Path(folder), clock, seats=seat_count + with_count, is_automatic=not by_hand))
        except Refused as error:
            refuse(error.refusal)
        authorities = Given((meeting.authority.thumbprint,), "demo")
        origin = "flag --data" if data is not None else "demo"
        given = {**given, ("data", "folder"): Given(folder, origin), ("meetings", "authorities"): authorities}
        settings = taken(load(flags=given, environ=os.environ, more=_DEFAULTS)).settings
        log.configure(settings.log.level, settings.log.format)
        made = Path(folder) / "tls" / "self-signed.crt" if settings.http.tls == "self-signed" else None
        ca = settings.http.tls_cert or made  # its own members believe what it serves, whoever signed that
        guests, synthetics, rest = meeting.divided(seat_count, with_count)

        async def ready(running: "Running", asked: asyncio.Event) -> None:
            def show() -> None:
                _show(running, meeting, guests, rest, Path(folder), as_json=as_json)

            await hold(meeting, synthetics, running.origin, Path(folder), asked, ca=ca, show=show)

        try:
            asyncio.run(run(settings, clock=clock, environ=os.environ, ready=ready))
        except Refused as error:
            refuse(error.refusal)


def _show(
    running: "Running",
    meeting: "Convened",
    guests: "Sequence[Place]",
    rest: "Sequence[Place]",
    data: Path,
    *,
    as_json: bool,
) -> None:
    def told(places: "Sequence[Place]") -> list[dict[str, str]]:
        return [{"seat": one.seat, "link": one.link(running.origin), "name": one.name} for one in places]

    if as_json:
        result(
            {
                "url": f"{running.origin}/",
                "links": told(guests),
                "others": told(rest),
                "pid": os.getpid(),
                "udp_port": running.udp_port,
                "tcp_port": running.tcp_port,
                "authority": meeting.authority.thumbprint,
                "data": str(data.absolute()),
            }
        )
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True)
    console.print("\nEach link is for one person, and opens in one browser only. Open each in a tab of its own:\n")
    for one in guests:
        console.print(Text.assemble("  ", (one.name, "bold"), f", {one.role}"))
        console.print(Text(f"  {one.link(running.origin)}\n", style=f"link {one.link(running.origin)}"))
    console.print("Ctrl-C ends the meeting.")
