"""The fold stands still: Python tells the same stories, and they show each refusal of the meeting's rules once."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import incamera.meeting
from incamera.refusal import Code
from tests.vectors.given import written
from tests.vectors.make_fold import FOLDER, STORIES

UNREACHED = {
    Code.ACT_MEETING: "an act of another meeting opens with no key of this one",
    Code.ACT_TOO_LARGE: "tests/rules/test_limits.py",
    Code.LIMIT_REACHED: "tests/rules/test_limits.py",
    Code.LOBBY_FULL: "tests/rules/test_limits.py",
    Code.CHARTER_PART: "terms, not rules",
}


def stories() -> list[Any]:
    return [json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")) for name in STORIES]


@pytest.mark.parametrize("name", STORIES)
def test_a_story_is_what_its_teller_writes(name: str) -> None:
    told = written(STORIES[name]().told())
    assert told == (FOLDER / f"{name}.json").read_text(encoding="utf-8"), "run `python -m tests.vectors.make_fold`"


def test_the_stories_show_each_refusal_of_the_rules() -> None:
    shown = {act["refusal"] for story in stories() for act in story["acts"]}
    shown |= {lie["code"] for story in stories() for lie in story["lies"]}
    folder = Path(incamera.meeting.__file__).parent
    named = {Code[name] for file in folder.glob("*.py") for name in re.findall(r"Code\.([A-Z_]+)", file.read_text())}
    assert named - UNREACHED.keys() <= {Code(code) for code in shown if code is not None}


def test_no_file_is_left_of_a_story_that_nobody_tells() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == STORIES.keys()
