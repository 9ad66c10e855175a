"""How the command line answers.

Results go to stdout, everything else to stderr; with `--json`, stdout is for a program alone. An error says what is
so, then what to do, then its stable code. Exit codes: 0 done, 1 failed or refused, 2 wrong usage, 78 wrong
configuration, 130 Ctrl-C.
"""

import json
import sys
from enum import IntEnum
from typing import NoReturn, TypeVar

import typer

from incamera.refusal import Code, Refusal

T = TypeVar("T")


class Exit(IntEnum):
    """Exit codes, stable. 2 is click's own; 78 is EX_CONFIG of sysexits.h."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    CONFIGURATION = 78
    INTERRUPTED = 130


_OF_CODE = {
    Code.SETTINGS_UNKNOWN: Exit.CONFIGURATION,
    Code.SETTINGS_INVALID: Exit.CONFIGURATION,
    Code.SETTINGS_UNREADABLE: Exit.CONFIGURATION,
    Code.SETTINGS_UNSAFE: Exit.CONFIGURATION,
    Code.TLS_UNUSABLE: Exit.CONFIGURATION,
    Code.INVITATION_MALFORMED: Exit.USAGE,
    Code.ARCHIVE_UNREADABLE: Exit.USAGE,
}


def refuse(refusal: Refusal) -> NoReturn:
    """Say a refusal on stderr, and end with its exit code."""
    _say("error", refusal)
    raise typer.Exit(_OF_CODE.get(refusal.code, Exit.FAILED))


def taken(outcome: T | Refusal) -> T:
    """What a check proved; a refusal ends the command."""
    if isinstance(outcome, Refusal):
        refuse(outcome)
    return outcome


def result(value: object) -> None:
    """One object on one line of stdout, at once: a program waits for it."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def note(text: str) -> None:
    """A line for a person, on stderr."""
    print(text, file=sys.stderr, flush=True)


def note_refusal(refusal: Refusal) -> None:
    """What stands in the way of something that goes on being tried."""
    _say("note", refusal)


def _say(how: str, refusal: Refusal) -> None:
    print(f"{how}: {refusal.reason}\nhint: {refusal.remedy}\ncode: {refusal.code}", file=sys.stderr)
