"""`incamera config show`: what is in force, and where each value comes from."""

import os
from pathlib import Path

import typer

from incamera.cli import options
from incamera.cli.answers import result, taken
from incamera.cli.commands import GROUPS
from incamera.settings.given import Name
from incamera.settings.sources import Loaded, data_folder, default_file, load, names, shown

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
    for name, _ in names():
        value, origin = _in_force(loaded, name)
        rows.append((".".join(name), _as_text(value), origin))
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    for setting, text, origin in rows:
        print(f"{setting:<{first}}  {text:<{second}}  {origin}")


def _in_force(loaded: Loaded, name: Name) -> tuple[object, str]:
    """A setting's value and origin; of the data folder, where nobody named one, the one that is used."""
    origin = loaded.origins[name]
    if name != ("data", "folder"):
        return shown(loaded, name), origin
    is_given = loaded.settings.data.folder is None and os.environ.get("STATE_DIRECTORY")
    return data_folder(loaded.settings, os.environ), "environment STATE_DIRECTORY" if is_given else origin


def _as_tables(loaded: Loaded) -> dict[str, dict[str, dict[str, object]]]:
    tables: dict[str, dict[str, dict[str, object]]] = {}
    for name, _ in names():
        value, origin = _in_force(loaded, name)
        tables.setdefault(name[0], {})[name[1]] = {
            "value": str(value) if isinstance(value, Path) else value,
            "from": origin,
        }
    return tables


def _as_text(value: object) -> str:
    match value:
        case None:
            return "–"
        case True | False:
            return str(value).lower()
        case dict():
            return ", ".join(f"{key}: {secret}" for key, secret in value.items()) or "–"
        case Path():
            home = Path.home()
            return f"~/{value.relative_to(home)}" if value.is_relative_to(home) else str(value)
        case list():
            return ", ".join(map(str, value)) or "–"
        case _:
            return str(value)
