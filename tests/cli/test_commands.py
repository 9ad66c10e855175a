"""The commands by their names: loaded when they are asked for, completed by the shell."""

import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from incamera.cli.app import app
from incamera.cli.commands import GROUPS, SINGLE
from tests.support.servers import COMMAND


def test_asking_for_help_loads_no_command() -> None:
    asked = "import sys; from incamera.cli.app import app; app(['--help'], standalone_mode=False); print(*sys.modules)"
    outcome = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    loaded = outcome.stdout.split()
    assert "incamera.cli.commands" in loaded
    assert not {f"incamera.cli.{name}" for name in (*SINGLE, *GROUPS)} & {*loaded}


@pytest.mark.parametrize("name", [*SINGLE, *GROUPS])
def test_each_command_is_found_under_its_name(name: str) -> None:
    outcome = CliRunner().invoke(app, [name, "--help"])
    assert outcome.exit_code == 0
    assert f"Usage: incamera {name}" in outcome.output


@pytest.mark.parametrize(
    ("words", "offered"),
    [("incamera re", "record"), ("incamera record ex", "export"), ("incamera demo --wi", "--with")],
)
def test_the_shell_completes_commands_and_flags(words: str, offered: str) -> None:
    asking = {"_INCAMERA_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    outcome = subprocess.run([COMMAND], env={**os.environ, **asking}, capture_output=True, text=True)
    assert offered in outcome.stdout.split()
