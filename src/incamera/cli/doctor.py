"""`incamera doctor`: what of the environment is missing or wrong, with what to do."""

import os
import sys
from dataclasses import asdict

import typer

from incamera.cli import options
from incamera.cli.answers import Exit, result, taken
from incamera.clock import SystemClock
from incamera.settings.sources import data_folder, default_file, load

EXAMPLES = """\b
Examples:
  incamera doctor
  incamera doctor --json --config incamera.toml
"""

_SIGNS = {"good": ("✓", "green"), "note": ("!", "yellow"), "bad": ("✗", "red")}


def doctor(config: options.Config = None, as_json: options.Json = False) -> None:
    """Examine this machine with the settings of `incamera serve`. Exit code 1: something keeps it from working."""
    from incamera.doctor import examine  # here: `--help` need not wait for it

    loaded = taken(load(flags={}, environ=os.environ, config=config or default_file()))
    findings = examine(loaded.settings, data_folder(loaded.settings, os.environ), os.environ, SystemClock())
    bad = any(finding.state == "bad" for finding in findings)
    if as_json:
        result({"good": not bad, "findings": [asdict(finding) for finding in findings]})
    else:
        from rich.console import Console
        from rich.text import Text

        console = Console(soft_wrap=True, file=sys.stdout)
        for finding in findings:
            sign, colour = _SIGNS[finding.state]
            console.print(Text.assemble((sign, colour), f" {finding.subject}: {finding.found}"))
            if finding.remedy:
                console.print(Text(f"    {finding.remedy}"))
    raise typer.Exit(Exit.FAILED if bad else Exit.DONE)
