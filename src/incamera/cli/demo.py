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
from incamera.cli.answers import note, refuse, result, taken
from incamera.clock import SystemClock
from incamera.demo.delegations import ALL, Seat, seats
from incamera.refusal import Refused
from incamera.settings.sources import Given, Source, load

if TYPE_CHECKING:
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
      for a program: {"url": …, "links": [{"seat": …, "link": …}, …], "pid": …}
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
        int, typer.Option("--seats", metavar="N", min=1, max=len(ALL), help="How many links for people.")
    ] = 2,
    with_count: Annotated[
        int,
        typer.Option(
            "--with", metavar="N", min=0, max=len(ALL) - 1, help="How many synthetic delegations beside them."
        ),
    ] = 0,
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
    """Start a throw-away meeting and print links to open in a browser.

    Runs until Ctrl-C. Nothing else is needed: the media server is part of it.
    """
    given = options.flags(locals())
    # Here and not above: `--help` and completion need not wait for the media server's and the SDK's modules.
    from incamera.demo.crowd import run_crowd
    from incamera.demo.meeting import NOTICE, kept
    from incamera.server import run

    people, synthetic = taken(seats(seat_count, with_count))
    with nullcontext(str(data)) if data is not None else tempfile.TemporaryDirectory(prefix="incamera-") as folder:
        given = {**given, ("data", "folder"): Given(folder, "flag --data" if data is not None else "demo")}
        loaded = taken(load(flags=given, environ=os.environ, more=_DEFAULTS))
        settings = loaded.settings
        log.configure(settings.log.level, settings.log.format)
        clock = SystemClock()
        meeting = kept(Path(folder), places=len(people) + len(synthetic))

        async def ready(running: "Running", asked: asyncio.Event) -> None:
            links = [(seat, meeting.link(seat, running, clock)) for seat in people]
            note(NOTICE)
            _show(running, links, as_json=as_json)
            if synthetic:
                ca = Path(folder) / "tls" / "self-signed.crt" if settings.http.tls == "self-signed" else None
                await run_crowd([meeting.link(seat, running, clock) for seat in synthetic], asked, ca=ca)

        try:
            asyncio.run(run(settings, clock=clock, environ=os.environ, ready=ready))
        except Refused as error:
            refuse(error.refusal)


def _show(running: "Running", links: list[tuple[Seat, str]], *, as_json: bool) -> None:
    if as_json:
        result(
            {
                "url": f"{running.origin}/",
                "links": [{"seat": seat.seat, "link": link, "name": seat.delegation} for seat, link in links],
                "pid": os.getpid(),
                "udp_port": running.udp_port,
                "tcp_port": running.tcp_port,
            }
        )
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True)
    console.print("\nOpen each link in a browser of its own, or in a tab:\n")
    for seat, link in links:
        console.print(Text.assemble("  ", (seat.delegation, "bold"), f", {seat.role}"))
        console.print(Text(f"  {link}\n", style=f"link {link}"))
    console.print("Ctrl-C ends the meeting.")
