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
    private: Annotated[bool, typer.Option("--private", hidden=True)] = False,
    by_hand: Annotated[bool, typer.Option("--by-hand", hidden=True, help="Chairs let the others in.")] = False,
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
    if private:
        _private(given, seat_count, with_count, data, as_json=as_json, by_hand=by_hand)
        return
    # Here and not above: `--help` and completion need not wait for the media server's and the SDK's modules.
    from incamera.demo import processes
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
                order = {"links": [meeting.link(seat, running, clock) for seat in synthetic]}
                await processes.keep("incamera.member", order, asked, ca=ca)

        try:
            asyncio.run(run(settings, clock=clock, environ=os.environ, ready=ready))
        except Refused as error:
            refuse(error.refusal)


def _private(given: Source, people: int, synthetic: int, data: Path | None, *, as_json: bool, by_hand: bool) -> None:
    from incamera.demo.convening import convened
    from incamera.demo.holding import hold
    from incamera.server import run

    clock = SystemClock()
    with nullcontext(str(data)) if data is not None else tempfile.TemporaryDirectory(prefix="incamera-") as folder:
        meeting = taken(convened(Path(folder), clock, seats=people + synthetic, is_automatic=not by_hand))
        authorities = Given((meeting.authority.thumbprint,), "demo")
        origin = "flag --data" if data is not None else "demo"
        given = {**given, ("data", "folder"): Given(folder, origin), ("meetings", "authorities"): authorities}
        settings = taken(load(flags=given, environ=os.environ, more=_DEFAULTS)).settings
        log.configure(settings.log.level, settings.log.format)
        ca = Path(folder) / "tls" / "self-signed.crt" if settings.http.tls == "self-signed" else None
        guests, synthetics, rest = meeting.divided(people, synthetic)

        async def ready(running: "Running", asked: asyncio.Event) -> None:
            def show() -> None:
                _show_private(running, meeting, guests, rest, Path(folder), as_json=as_json)

            await hold(meeting, synthetics, running.origin, Path(folder), asked, ca=ca, show=show)

        try:
            asyncio.run(run(settings, clock=clock, environ=os.environ, ready=ready))
        except Refused as error:
            refuse(error.refusal)


def _show_private(
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
