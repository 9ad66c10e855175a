"""The linters that hold a rule of the house fire on a planted line."""

import os
import re
import shutil
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


def pure_crates() -> list[str]:
    """The crates that docs/explanation/architecture.md calls pure: sans-I/O."""
    page = (ROOT / "docs" / "explanation" / "architecture.md").read_text()
    invariant = re.search(r"^5\. .*?(?=^6\. )", page, re.MULTILINE | re.DOTALL)
    assert invariant is not None
    return list(dict.fromkeys(re.findall(r"`(crates/\w+)`", invariant[0])))


def test_some_crates_are_called_pure() -> None:
    assert pure_crates() == ["crates/sfu", "crates/e2ee"]


@pytest.mark.parametrize("crate", pure_crates())
@pytest.mark.parametrize("clock", ["std::time::Instant", "std::time::SystemTime"])
def test_a_pure_crate_is_told_the_time(crate: str, clock: str, tmp_path: Path) -> None:
    if shutil.which("clippy-driver") is None:
        pytest.skip("clippy is not installed")
    line = f"pub fn planted() -> {clock} {{ {clock}::now() }}"
    command = ["clippy-driver", "-", "--crate-type", "lib", "--emit=metadata", "-o", str(tmp_path / "planted.rmeta")]
    environment = os.environ | {"CLIPPY_CONF_DIR": str(ROOT / crate)}
    outcome = subprocess.run([*command, "-D", "warnings"], input=line, env=environment, capture_output=True, text=True)
    assert outcome.returncode != 0
    assert "disallowed method" in outcome.stderr, outcome.stderr
