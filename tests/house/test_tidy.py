"""What a machine can see of the house's habits."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from incamera.api.page import CONTENT_SECURITY_POLICY

ROOT = Path(__file__).parents[2]
WORDS = re.compile(r"(^|/)(utils?|helpers?|common|misc|managers?)(\.|/|$)")
SOURCE = {".py", ".rs", ".ts", ".tsx"}


def files() -> list[Path]:
    """All files of the project: what git tracks; without git (a source archive) there is nothing to look at."""
    outcome = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if outcome.returncode != 0:
        pytest.skip("not a git checkout")
    return [path for name in outcome.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def texts() -> list[tuple[str, str]]:
    """Name and text of each file that is text and written by us."""
    written = [
        path for path in files() if path.name not in {"package-lock.json", "Cargo.lock", "requirements.lock", "LICENSE"}
    ]
    found = []
    for path in written:
        try:
            found.append((str(path.relative_to(ROOT)), path.read_text()))
        except UnicodeDecodeError:
            continue
    return found


def test_no_file_is_named_for_a_technique() -> None:
    names = [str(path.relative_to(ROOT)) for path in files()]
    # `tests/common/mod.rs` is where Cargo wants what its test programs share.
    assert [name for name in names if WORDS.search(name) and not name.endswith("/tests/common/mod.rs")] == []


def test_nine_of_ten_source_files_stay_under_400_lines() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in files() if path.suffix in SOURCE}
    long = sorted((length, str(path.relative_to(ROOT))) for path, length in lengths.items() if length > 400)
    assert len(long) <= len(lengths) / 10, long


def test_nothing_is_left_for_later_in_the_code() -> None:
    later = re.compile(r"\b(" + "TO" + "DO|FIX" + r"ME|X{3})\b")
    assert [name for name, text in texts() if Path(name).suffix in SOURCE and later.search(text)] == []


def test_each_document_that_is_named_is_in_the_repository() -> None:
    there = {path.name for path in files()} | {"licences.md"}  # made with the page
    named = re.compile(r"\b[\w-]+\.md\b")
    assert [(name, one) for name, text in texts() for one in named.findall(text) if one not in there] == []


def test_no_registry_is_named() -> None:
    hosts = re.compile(
        r"https?://(?:[\w.-]*\.)?(" + r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|crates\.io" + r")"
    )
    assert [name for name, text in texts() if hosts.search(text)] == []
    locks = {name: (ROOT / name).read_text() for name in ("requirements.lock", "web/package-lock.json")}
    assert [name for name, text in locks.items() if '"resolved"' in text or "index-url" in text] == []


def test_the_page_is_developed_under_the_policy_it_is_served_with() -> None:
    listed = re.findall(r'^  "([^"]+)",$', (ROOT / "web" / "policy.ts").read_text(), re.MULTILINE)
    assert "; ".join(listed) == CONTENT_SECURITY_POLICY


def test_the_versions_of_the_package_are_one() -> None:
    python = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    rust = re.search(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    web = re.search(r'"version": "(.+)"', (ROOT / "web" / "package.json").read_text())
    found = {match[1] for match in (python, rust, web) if match is not None}
    assert len(found) == 1, found


def test_the_other_server_of_the_bench_is_got_by_the_command_that_its_page_says() -> None:
    page = (ROOT / "docs" / "explanation" / "performance.md").read_text()
    said = re.findall(r"go install \S+@v\d+\.\d+\.\d+", (ROOT / "benches" / "run.py").read_text())
    assert len(said) == 1
    assert f"\n{said[0]}\n" in page
    assert f"livekit-server {said[0].partition('@v')[2]}" in page, "the version that was measured"


@pytest.mark.parametrize("crate", ["sfu", "net", "e2ee"])
def test_what_forwards_packets_and_what_keeps_keys_know_neither_python_nor_the_browser(crate: str) -> None:
    manifest = tomllib.loads((ROOT / "crates" / crate / "Cargo.toml").read_text())
    known = {name.split("-")[0] for name in manifest["dependencies"]}
    assert known & {"pyo3", "wasm"} == set()
