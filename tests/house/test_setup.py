"""`make setup` on a machine that lacks everything: each thing by its name, with the command that brings it."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What every Unix has; what setup is about is not among it.
PLAIN = ("bash", "cat", "cut", "dirname", "find", "grep", "head", "mkdir", "printf", "sha256sum", "sort", "xargs")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A checkout's scripts, and a PATH with nothing but what every Unix has."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    (tmp_path / "bin").mkdir()
    for name in PLAIN:
        if path := shutil.which(name):
            (tmp_path / "bin" / name).symlink_to(path)
    return tmp_path


def test_a_missing_tool_is_named_with_the_command_that_installs_it(bare: Path) -> None:
    outcome = subprocess.run(
        [bare / "scripts" / "setup"], env={"PATH": str(bare / "bin")}, capture_output=True, text=True
    )
    assert outcome.returncode == 1
    for name, how in {
        "Python 3.11 or newer": "venv",
        "Node.js 20.19 or newer": "nodejs.org",
        "cargo 1.91 or newer": "rustup",
        "rustc 1.91 or newer": "rustup",
        "a C compiler": "install",
    }.items():
        assert name in outcome.stderr
        assert how in outcome.stderr.split(name)[1].split("\n  a")[0]
    assert not (bare / ".venv").exists(), "it began all the same"


def test_an_old_tool_is_named_with_what_was_found(bare: Path) -> None:
    node = bare / "bin" / "node"
    node.write_text("#!/bin/sh\necho v18.19.0\n")
    node.chmod(0o755)
    outcome = subprocess.run(
        [bare / "scripts" / "setup", "web"], env={"PATH": str(bare / "bin")}, capture_output=True, text=True
    )
    assert outcome.returncode == 1
    assert "Node.js 20.19 or newer (found: 18.19.0)" in outcome.stderr


def test_each_make_target_is_explained() -> None:
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("setup", "run", "check", "test", "test-long", "bench", "wheel", "lock", "golden", "docs", "lint"):
        assert f"make {target} " in said
