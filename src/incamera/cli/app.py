"""`incamera`: all commands."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from incamera.cli.answers import Exit
from incamera.cli.commands import Commands

app = typer.Typer(
    name="incamera",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


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
