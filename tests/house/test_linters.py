"""The linters that hold a rule of the house fire on a planted line."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def ruff(text: str, name: str = "src/incamera/planted.py") -> str:
    """What ruff says of this text, as if it stood in that file."""
    command = [
        str(Path(sys.executable).parent / "ruff"),
        "check",
        "--output-format",
        "concise",
        "--stdin-filename",
        name,
    ]
    return subprocess.run([*command, "-"], cwd=ROOT, input=text, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    "line",
    [
        "import time\n\nNOW = time.time()",
        "import time\n\nNOW = time.time_ns()",
        "import datetime\n\nNOW = datetime.datetime.now()",
    ],
)
def test_the_time_is_asked_in_one_module_only(line: str) -> None:
    text = f'"""Planted."""\n\n{line}\n'
    assert "TID251" in ruff(text)
    assert "TID251" not in ruff(text, "src/incamera/clock.py")


def test_a_public_function_needs_a_docstring() -> None:
    assert "D103" in ruff('"""Planted."""\n\n\ndef shown() -> None:\n    pass\n')
