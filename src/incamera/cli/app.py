"""`incamera`: all commands."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from incamera.cli import attend, authority, charter, config, demo, doctor, invite, join, meeting, record, serve, sfu
from incamera.cli.answers import Exit

app = typer.Typer(
    name="incamera",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("demo", short_help="A throw-away meeting, and its links.", epilog=demo.EXAMPLES)(demo.demo)
app.command("serve", short_help="The server.", epilog=serve.EXAMPLES)(serve.serve)
app.command("join", short_help="Join with this installation's page.", epilog=join.EXAMPLES)(join.join)
app.command("attend", short_help="Attend without a screen.", epilog=attend.EXAMPLES)(attend.attend)
app.command("sfu", short_help="The media server alone.", epilog=sfu.EXAMPLES)(sfu.sfu)
app.command("doctor", short_help="What this machine lacks.", epilog=doctor.EXAMPLES)(doctor.doctor)
app.command("invite", short_help="Links and sheets for seats.", epilog=invite.EXAMPLES)(invite.invitations)
app.add_typer(charter.app, name="charter")
app.add_typer(authority.app, name="authority")
app.add_typer(meeting.app, name="meeting")
app.add_typer(record.app, name="record")
app.add_typer(config.app, name="config")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"incamera {version('incamera')}")
        raise typer.Exit


@app.callback(
    epilog="""\b
Examples:
  incamera demo                 a meeting to try, two links to open
  incamera serve                a server, configured by file, environment and flags
  incamera doctor               what this machine lacks, and what to do
"""
)
def incamera(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """A self-hosted secure video conference for ministerial meetings."""


def main() -> None:
    """The command. Ctrl-C where nothing else listens to it ends with 130, without a trace."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
