"""Options that several commands share, and their way into the settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from incamera.cli.answers import taken
from incamera.settings.given import Given, Name, Source

Json = Annotated[bool, typer.Option("--json", help="Output for a program: JSON on stdout.")]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config", help="Configuration file.", show_default="/etc/incamera/incamera.toml, where there is one"
    ),
]
Host = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Address to listen on.", show_default="127.0.0.1")]
Port = Annotated[
    int | None,
    typer.Option(
        metavar="PORT",
        min=0,
        max=65535,
        help="TCP port of page and signalling; 0: the system chooses.",
        show_default="7880",
    ),
]
Origin = Annotated[
    list[str] | None,
    typer.Option(metavar="URL", help="Address in people's links; any other is refused. Repeatable."),
]
UdpPort = Annotated[
    int | None, typer.Option(metavar="PORT", min=0, max=65535, help="UDP port of all media; 0: the system chooses.")
]
TcpPort = Annotated[
    int | None,
    typer.Option(
        metavar="PORT", min=0, max=65535, help="TCP port for media where UDP is blocked; 0: the system chooses."
    ),
]
AnnounceUdp = Annotated[
    list[str] | None,
    typer.Option(metavar="IP:PORT", help="Told to clients in place of the machine's own addresses (NAT). Repeatable."),
]
AnnounceTcp = Annotated[
    list[str] | None, typer.Option(metavar="IP:PORT", help="The same for media over TCP. Repeatable.")
]
NoUdp = Annotated[bool, typer.Option("--no-udp", help="Tell clients no UDP address: media takes TCP.")]
TlsCert = Annotated[Path | None, typer.Option(metavar="FILE", help="Certificate chain, PEM; read again on SIGHUP.")]
TlsKey = Annotated[Path | None, typer.Option(metavar="FILE", help="The certificate's key, PEM.")]
Tls = Annotated[
    str | None,
    typer.Option(metavar="self-signed", help="Make a certificate, for a try on a local network: browsers warn."),
]
LogLevel = Annotated[
    str | None, typer.Option(metavar="LEVEL", help="Least that is logged: debug, info, warning, error.")
]
LogFormat = Annotated[
    str | None, typer.Option(metavar="FORMAT", help="auto (text on a terminal, else JSON lines), json, text.")
]
Ca = Annotated[
    Path | None,
    typer.Option(
        "--ca", metavar="FILE", help="Certificates to trust for the server, PEM.", show_default="the system's"
    ),
]

FLAGS: Mapping[str, Name] = {
    "host": ("http", "host"),
    "port": ("http", "port"),
    "tls_cert": ("http", "tls_cert"),
    "tls_key": ("http", "tls_key"),
    "tls": ("http", "tls"),
    "origin": ("http", "origins"),
    "udp_port": ("media", "udp_port"),
    "tcp_port": ("media", "tcp_port"),
    "announce_udp": ("media", "announce_udp"),
    "announce_tcp": ("media", "announce_tcp"),
    "no_udp": ("media", "udp"),
    "data": ("data", "folder"),
    "log_level": ("log", "level"),
    "log_format": ("log", "format"),
}
"""Each flag that is a setting."""


def flags(given: Mapping[str, Any]) -> Source:
    """The settings that flags gave, from a command's arguments; what was not given leaves its setting alone."""
    found: dict[Name, Given] = {}
    for argument, name in FLAGS.items():
        value = given.get(argument)
        if value is None or value is False or value == []:
            continue
        found[name] = Given(False if argument == "no_udp" else value, f"flag --{argument.replace('_', '-')}")
    return found


def begin_log(level: str | None) -> None:
    """For a command that is a person's own and reads no settings: warnings, unless its flag says another level."""
    from incamera import log  # here, with the settings: `--help` need not wait for them
    from incamera.settings.sources import load

    chosen = taken(load(flags=flags({"log_level": level or "warning"}), environ={})).settings.log
    log.configure(chosen.level, chosen.format)
