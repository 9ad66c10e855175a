"""The house's contracts are kept, and each of them can fail: a checker that can't is a false calm."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]

VIOLATIONS = [
    ("The house has one direction", "refusal.py", "import incamera.server"),
    ("The server cannot decrypt", "api/http.py", "import incamera.member.call"),
    ("The server cannot decrypt", "api/http.py", "import incamera.e2ee.group"),
    (
        "A member and an auditor meet the server on the wire or in a file",
        "member/call.py",
        "import incamera.sfu.rooms",
    ),
    (
        "A member and an auditor meet the server on the wire or in a file",
        "e2ee/group.py",
        "import incamera.record.store",
    ),
    ("The SFU stands alone", "sfu/rooms.py", "import incamera.record.entry"),
    ("Pure cores do no I/O", "sfu/session.py", "import socket"),
    ("Few modules touch the native core", "api/page.py", "import incamera.native"),
]
"""A contract, a file, and the line that breaks it there: one or more for each contract."""


def check(folder: Path, contract: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the house in this folder."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache"]
    return subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(folder / "src"), "PATH": "/bin:/usr/bin"},
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The house's Python files and its contracts, where something may be planted."""
    shutil.copytree(
        ROOT / "src" / "incamera",
        tmp_path / "src" / "incamera",
        ignore=shutil.ignore_patterns("web", "*.so", "__pycache__"),
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_all_contracts_are_kept() -> None:
    outcome = check(ROOT)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_each_contract_has_a_planted_violation() -> None:
    assert {contract["name"] for contract in CONTRACTS} == {name for name, _, _ in VIOLATIONS}


@pytest.mark.parametrize(("name", "file", "line"), VIOLATIONS)
def test_a_planted_violation_breaks(name: str, file: str, line: str, copy: Path) -> None:
    path = copy / "src" / "incamera" / file
    path.write_text(f"{path.read_text()}\n{line}\n")
    outcome = check(copy)
    assert outcome.returncode != 0
    assert f"{name} BROKEN" in outcome.stdout, outcome.stdout + outcome.stderr


def test_a_part_that_nobody_placed_breaks(copy: Path) -> None:
    (copy / "src" / "incamera" / "utils.py").write_text('"""A second home for everything."""\n')
    outcome = check(copy)
    assert outcome.returncode != 0
    assert "incamera.utils" in outcome.stdout, outcome.stdout + outcome.stderr
