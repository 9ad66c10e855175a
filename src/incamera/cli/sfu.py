"""`incamera sfu`: the media server alone, compatible with LiveKit."""

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
from incamera.settings.livekit import from_livekit, keys_from
from incamera.settings.sources import load

if TYPE_CHECKING:
    from incamera.server import Running

EXAMPLES = """\b
Examples:
  incamera sfu --dev
      for development and tests: key devkey, secret secret, this machine only
  incamera sfu --keys 'APIteam: a-secret-of-at-least-32-characters' --host 0.0.0.0
      LIVEKIT_KEYS and LIVEKIT_CONFIG are read as well
  incamera sfu --config livekit.yaml
      what livekit-server has and this server lacks is refused by name
"""


def sfu(
    dev: Annotated[
        bool, typer.Option("--dev", help="For development: devkey/secret unless --keys is given; this machine only.")
    ] = False,
    port: options.Port = None,
    host: options.Host = None,
    udp_port: options.UdpPort = None,
    tcp_port: options.TcpPort = None,
    keys: Annotated[
        str | None, typer.Option(metavar="'KEY: SECRET'", help="API keys, one a line.", show_default="LIVEKIT_KEYS")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="A livekit.yaml.")] = None,
    announce_udp: options.AnnounceUdp = None,
    announce_tcp: options.AnnounceTcp = None,
    no_udp: options.NoUdp = False,
    tls_cert: options.TlsCert = None,
    tls_key: options.TlsKey = None,
    log_level: options.LogLevel = None,
    log_format: options.LogFormat = None,
    as_json: options.Json = False,
) -> None:
    """Run the media server alone: LiveKit's clients and server SDKs work with it unmodified.

    It knows nothing of meetings. With --json, one object on stdout says when it is ready and where.
    """
    given = dict(options.flags(locals()))
    if keys is not None:
        given.update(taken(keys_from(keys, "flag --keys")))
    more = taken(from_livekit(config=config, environ=os.environ))
    settings = taken(load(flags=given, environ=os.environ, more=more)).settings
    log.configure(settings.log.level, settings.log.format)
    from incamera.server import DEV_KEYS, run  # here: `--help` need not wait for it

    async def ready(running: "Running", _: asyncio.Event) -> None:
        if as_json:
            ports = {"udp_port": running.udp_port, "tcp_port": running.tcp_port}
            kept = None if running.key_file is None else str(running.key_file)
            result({"url": running.origin, "pid": os.getpid(), **ports, "keys": list(running.keys), "key_file": kept})
            return
        note(f"Ready: {running.origin}, media on UDP {running.udp_port}, TCP {running.tcp_port or 'off'}")
        if running.keys == DEV_KEYS:
            note("key devkey, secret secret: for development only")
        if running.key_file is not None:
            note(f"Its key and secret, made once, are in {running.key_file}; give others with --keys.")

    try:
        asyncio.run(run(settings, clock=SystemClock(), environ=os.environ, ready=ready, dev=dev, page=False))
    except Refused as error:
        refuse(error.refusal)
