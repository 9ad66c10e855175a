"""`incamera config show`: what is in force, and where each value comes from."""

import os

import typer

from incamera.cli import options
from incamera.cli.answers import result, taken
from incamera.cli.commands import GROUPS
from incamera.settings.sources import Loaded, default_file, load, names, shown

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=GROUPS["config"])

EXAMPLES = """\b
Examples:
  incamera config show
  INCAMERA_HTTP__PORT=443 incamera config show --json
"""


@app.command("show", epilog=EXAMPLES)
def show(config: options.Config = None, as_json: options.Json = False) -> None:
    """Print every setting, its value, and its origin: default, file, environment. Secrets are masked."""
    loaded = taken(load(flags={}, environ=os.environ, config=config or default_file()))
    if as_json:
        result(_as_tables(loaded))
        return
    rows = [("setting", "value", "from")]
    rows += [(".".join(name), _as_text(shown(loaded, name)), loaded.origins[name]) for name, _ in names()]
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    for setting, value, origin in rows:
        print(f"{setting:<{first}}  {value:<{second}}  {origin}")


def _as_tables(loaded: Loaded) -> dict[str, dict[str, dict[str, object]]]:
    tables: dict[str, dict[str, dict[str, object]]] = {}
    for name, _ in names():
        tables.setdefault(name[0], {})[name[1]] = {"value": shown(loaded, name), "from": loaded.origins[name]}
    return tables


def _as_text(value: object) -> str:
    match value:
        case None:
            return "–"
        case True | False:
            return str(value).lower()
        case dict():
            return ", ".join(f"{key}: {secret}" for key, secret in value.items()) or "–"
        case list():
            return ", ".join(map(str, value)) or "–"
        case _:
            return str(value)
