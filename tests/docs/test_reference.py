"""The documents are what the code says, and nothing that a user can meet is left out of them."""

import re
import subprocess
import sys
from pathlib import Path

import typer
from typer.testing import CliRunner

from incamera import limits
from incamera.cli.app import app
from incamera.cli.commands import every
from incamera.refusal import Code
from incamera.settings.sources import names

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


def test_the_generated_pages_are_what_the_code_says() -> None:
    outcome = subprocess.run([sys.executable, "scripts/reference.py"], cwd=ROOT, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr


def test_every_refusal_limit_and_setting_is_documented() -> None:
    refusals, limits_page, settings = (
        (REFERENCE / f"{name}.md").read_text() for name in ("refusals", "limits", "settings")
    )
    assert [code for code in Code if f"| `{code}` |" not in refusals] == []
    named = [name for name, limit in vars(limits).items() if isinstance(limit, limits.Limit)]
    assert [name for name in named if f"| `{name}` |" not in limits_page] == []
    assert [name for name, _ in names() if f"| `{name[1]}` |" not in settings] == []


def test_every_flag_is_documented() -> None:
    page = (REFERENCE / "cli.md").read_text()
    for path, command in every(typer.main.get_command(app)):
        heading = " ".join(("## incamera", *path))
        assert f"{heading}\n" in page, f"{heading}: make docs"
        said = page.split(f"{heading}\n")[1].split("\n## ")[0]
        shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
        flags = [flag for parameter in shown for flag in parameter.opts if flag.startswith("--")]
        assert [flag for flag in flags if flag not in said] == []


def documents() -> list[Path]:
    """All our pages."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def test_links_between_pages_lead_somewhere() -> None:
    lost = []
    for page in documents():
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
            if not re.match(r"[a-z]+:", target) and not (page.parent / target).exists():
                lost.append(f"{page.relative_to(ROOT)} -> {target}")
    assert lost == []


def test_commands_in_the_documents_exist_with_their_flags() -> None:
    known = {path: command for path, command in every(typer.main.get_command(app)) if path}
    wrong = []
    for page in documents():
        for line in re.findall(r"^(?:\$ )?(?:\w+=\S+ )*(?:\.venv/bin/)?incamera (.+)$", page.read_text(), re.MULTILINE):
            words = re.split(r"\s[#<|>]|\s{3,}", line)[0].split()
            path = tuple(words[:2]) if tuple(words[:2]) in known else tuple(words[:1])
            if path not in known:
                wrong.append(f"{page.name}: incamera {line}")
                continue
            flags = {flag for parameter in known[path].params for flag in (*parameter.opts, *parameter.secondary_opts)}
            given = {word.split("=")[0] for word in words if word.startswith("--")} - {"--help"}
            wrong += [f"{page.name}: {path} has no {flag}" for flag in given - flags]
    assert wrong == []


def test_make_targets_in_the_documents_exist() -> None:
    there = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        target
        for page in documents()
        for target in re.findall(r"(?:`|^|\s)make ([a-z-]+)", page.read_text())
        if re.search(rf"(`|^|\n)make {target}", page.read_text())
    }
    assert named - there == set()


def test_help_shows_examples() -> None:
    for path, command in every(typer.main.get_command(app)):
        if not hasattr(command, "commands"):
            assert "Examples:" in CliRunner().invoke(app, [*path, "--help"]).output, path


def test_the_rules_of_commits_and_welcomes_are_explained_by_their_numbers() -> None:
    sources = "".join(path.read_text() for path in sorted((ROOT / "crates" / "e2ee" / "src").glob("*.rs")))
    page = (ROOT / "docs" / "explanation" / "e2ee.md").read_text()
    assert set(re.findall(r'"((?:CLAIM|WELCOME)-\d+)"', sources)) == set(re.findall(r"^\| ([A-Z]+-\d+) \|", page, re.M))


def test_the_code_names_no_document_that_is_not_here() -> None:
    here = {path.name for path in documents()} | {path.name for path in (ROOT / "web").glob("*.md")}
    sources = [
        *(ROOT / "src").rglob("*.py"),
        *(ROOT / "web" / "src").rglob("*.ts"),
        *(ROOT / "web" / "src").rglob("*.tsx"),
    ]
    named = {name for path in sources for name in re.findall(r"\b([A-Za-z][A-Za-z0-9_-]*\.md)\b", path.read_text())}
    assert named - here == set()
