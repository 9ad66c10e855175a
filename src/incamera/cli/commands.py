"""The commands there are, each in a module of its own, which is loaded when it is asked for.

What a member or a server needs takes a second to load: completing a word or asking for help should not wait for it.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup

SINGLE: Final[Mapping[str, str]] = {
    "demo": "A throw-away meeting, and its links.",
    "serve": "The server.",
    "join": "Join with this installation's page.",
    "attend": "Attend without a screen.",
    "sfu": "The media server alone.",
    "doctor": "What this machine lacks.",
    "invite": "Links and sheets for seats.",
}
"""A function of the module's name, and its EXAMPLES."""
GROUPS: Final[Mapping[str, str]] = {
    "charter": "The signed document of a meeting.",
    "authority": "The key that signs charters.",
    "meeting": "A meeting on a server.",
    "record": "The record of a meeting, in one file.",
    "config": "The configuration of `incamera serve`.",
}
"""Commands of their own: the module's `app`."""


class Commands(TyperGroup):
    """The commands by name, in this order."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names."""
        return [*SINGLE, *GROUPS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, loaded; None: there is none of that name."""
        if cmd_name in GROUPS:
            return typer.main.get_group(_module(cmd_name).app)
        if cmd_name in SINGLE:
            module = _module(cmd_name)
            alone = typer.Typer(rich_markup_mode=None, add_completion=False)
            alone.command(cmd_name, epilog=module.EXAMPLES)(getattr(module, cmd_name))
            return typer.main.get_command(alone)
        return None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list in `--help`."""
        with formatter.section("Commands"):
            formatter.write_dl([*SINGLE.items(), *GROUPS.items()])


def every(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each command by its words, a group before its own."""
    yield words, command
    if isinstance(command, TyperGroup):
        context = typer.Context(command)
        for name in command.list_commands(context):
            yield from every(command.get_command(context, name), (*words, name))


def _module(name: str) -> Any:
    return import_module(f"incamera.cli.{name}")
