"""`incamera serve`: a server, configured by file, environment and flags."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from incamera import log
from incamera.cli import options
from incamera.cli.answers import note, refuse, result, taken
from incamera.clock import SystemClock
from incamera.refusal import Refused
from incamera.settings.sources import default_file, load

if TYPE_CHECKING:
    from incamera.server import Running

EXAMPLES = """\b
Examples:
  incamera serve
      on this machine, http://localhost:7880
  incamera serve --host 0.0.0.0 --origin https://meet.example:7880 --tls-cert chain.pem --tls-key key.pem
      for everybody, under this address alone; SIGHUP reads the certificate again
  INCAMERA_MEDIA__ANNOUNCE_UDP=192.0.2.7:7882 incamera serve
      behind a NAT that passes UDP 7882 on
"""


def serve(
    config: options.Config = None,
    host: options.Host = None,
    port: options.Port = None,
    origin: options.Origin = None,
    tls_cert: options.TlsCert = None,
    tls_key: options.TlsKey = None,
    tls: options.Tls = None,
    udp_port: options.UdpPort = None,
    tcp_port: options.TcpPort = None,
    announce_udp: options.AnnounceUdp = None,
    announce_tcp: options.AnnounceTcp = None,
    no_udp: options.NoUdp = False,
    data: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Folder in which state is kept.")] = None,
    log_level: options.LogLevel = None,
    log_format: options.LogFormat = None,
    as_json: options.Json = False,
) -> None:
    """Run the server: the page, and a LiveKit-compatible media server.

    Flags go before INCAMERA_* in the environment, which goes before the file. `incamera config show` prints what is
    in force. With --json, one object on stdout says when it is ready and where. SIGTERM ends it within ten seconds, a
    second one at once.
    """
    loaded = taken(load(flags=options.flags(locals()), environ=os.environ, config=config or default_file()))
    settings = loaded.settings
    log.configure(settings.log.level, settings.log.format)
    from incamera.server import believes_any_host, run  # here: `--help` need not wait for it

    async def ready(running: "Running", _: asyncio.Event) -> None:
        if believes_any_host(settings):
            note("Any host name is believed: give the address of people's links with --origin, or set http.origins.")
        if as_json:
            ports = {"udp_port": running.udp_port, "tcp_port": running.tcp_port}
            result({"url": f"{running.origin}/", "pid": os.getpid(), **ports})
        else:
            note(f"Ready: {running.origin}/")

    try:
        asyncio.run(run(settings, clock=SystemClock(), environ=os.environ, ready=ready))
    except Refused as error:
        refuse(error.refusal)
