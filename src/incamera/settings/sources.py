"""Where values come from: flags over environment over file over defaults; each kept with its origin."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import yaml
from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from incamera.refusal import Code, Refusal
from incamera.settings.fields import Section, Settings
from incamera.settings.given import Given, Name, Source

PREFIX = "INCAMERA_"
DEFAULT_FILE = Path("/etc/incamera/incamera.toml")


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings in force, and the origin of each: `default` where nobody said anything."""

    settings: Settings
    origins: Mapping[Name, str]


def names() -> Iterator[tuple[Name, FieldInfo]]:
    """Every setting there is, in the order of the models."""
    for section, outer in Settings.model_fields.items():
        model = outer.annotation
        assert isinstance(model, type)
        assert issubclass(model, Section)
        for field, info in model.model_fields.items():
            yield (section, field), info


_KNOWN: dict[Name, FieldInfo] = dict(names())


def _mentions(annotation: object, wanted: type) -> bool:
    """Whether a type is `wanted`, or has it somewhere inside."""
    return annotation is wanted or any(_mentions(part, wanted) for part in get_args(annotation))


def is_secret(name: Name) -> bool:
    """Whether a setting holds secrets: shown masked, and readable from a file of its own (`…_file`)."""
    return _mentions(_KNOWN[name].annotation, SecretStr)


def _takes(name: Name, container: type) -> bool:
    annotation = _KNOWN[name].annotation
    options = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return any(get_origin(option) is container for option in options)


def from_text(name: Name, text: str) -> object:
    """A value written as text (environment, a secret's file): lists by commas or JSON, keys as `key: secret` lines."""
    text = text.strip()
    if _takes(name, dict):
        parsed = yaml.safe_load(text) if text else {}
        if not isinstance(parsed, dict):
            raise ValueError("write `key: secret`")
        return {str(key): str(value) for key, value in parsed.items()}
    if _takes(name, tuple):
        if text.startswith("["):
            return json.loads(text)
        return [part.strip() for part in text.split(",") if part.strip()]
    if text == "" and _mentions(_KNOWN[name].annotation, type(None)):
        return None
    return text


def _of_secret_file(name: Name, path: str, origin: str) -> Given | Refusal:
    try:
        text = Path(path).read_text()
    except OSError as error:
        return Refusal(
            Code.SETTINGS_UNREADABLE,
            f"{origin}: {path} cannot be read ({error.strerror}).",
            "Give the path of a file that this user may read.",
        )
    return _parsed(name, text, f"{origin} ({path})")


def _parsed(name: Name, text: str, origin: str) -> Given | Refusal:
    try:
        return Given(from_text(name, text), origin)
    except (ValueError, yaml.YAMLError):
        # Their texts may quote the value, and the value may be a secret.
        return Refusal(
            Code.SETTINGS_INVALID,
            f"{origin}: not a value of {'.'.join(name)}.",
            "Lists: commas, or JSON. Keys: `key: secret`, one a line.",
        )


def _unknown(what: str, origin: str, of: str = "") -> Refusal:
    known = [".".join(name) for name in _KNOWN if not of or name[0] == of]
    return Refusal(Code.SETTINGS_UNKNOWN, f"{origin}: there is no setting {what!r}.", f"There are: {', '.join(known)}.")


def from_environment(environ: Mapping[str, str]) -> Source | Refusal:
    """`INCAMERA_HTTP__PORT=7880`; for secrets also `…_FILE=/path`, and systemd's credentials: `incamera.media.keys`."""
    found: dict[Name, Given] = {}
    if folder := environ.get("CREDENTIALS_DIRECTORY"):
        for name in _KNOWN:
            path = Path(folder) / f"incamera.{'.'.join(name)}"
            if is_secret(name) and path.exists():
                given = _of_secret_file(name, str(path), "systemd credential")
                if isinstance(given, Refusal):
                    return given
                found[name] = given
    for variable in sorted(environ):
        if not variable.startswith(PREFIX):
            continue
        section, _, field = variable.removeprefix(PREFIX).lower().partition("__")
        origin = f"environment {variable}"
        if (section, field) in _KNOWN:
            outcome = _parsed((section, field), environ[variable], origin)
        elif (name := (section, field.removesuffix("_file"))) in _KNOWN and is_secret(name):
            outcome = _of_secret_file(name, environ[variable], origin)
            section, field = name
        else:
            return _unknown(variable, "environment")
        if isinstance(outcome, Refusal):
            return outcome
        found[section, field] = outcome
    return found


def from_file(path: Path) -> Source | Refusal:
    """An `incamera.toml`: a table a section; for secrets also `keys_file = "/path"`."""
    origin = f"file {path}"
    try:
        document = tomllib.loads(path.read_text())
    except OSError as error:
        return Refusal(
            Code.SETTINGS_UNREADABLE,
            f"{path} cannot be read ({error.strerror}).",
            "Give the path of a file that this user may read, with --config.",
        )
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return Refusal(Code.SETTINGS_INVALID, f"{path} is not TOML: {error}.", "Correct that line.")
    return from_tables(document, origin)


def from_tables(document: Mapping[str, Any], origin: str) -> Source | Refusal:
    """Sections and fields as nested mappings."""
    found: dict[Name, Given] = {}
    for section, table in document.items():
        if section not in Settings.model_fields or not isinstance(table, dict):
            return _unknown(section, origin)
        for field, value in table.items():
            if (section, field) in _KNOWN:
                found[section, field] = Given(value, origin)
                continue
            name = (section, field.removesuffix("_file"))
            if name not in _KNOWN or not is_secret(name):
                return _unknown(f"{section}.{field}", origin, of=section)
            given = _of_secret_file(name, str(value), f"{origin}, {section}.{field}")
            if isinstance(given, Refusal):
                return given
            found[name] = given
    return found


def default_file() -> Path | None:
    """/etc/incamera/incamera.toml, where there is one."""
    return DEFAULT_FILE if DEFAULT_FILE.exists() else None


def load(
    *, flags: Source, environ: Mapping[str, str], config: Path | None = None, more: Source | None = None
) -> Loaded | Refusal:
    """What is in force. `config`: the file to read, if any (`default_file()` where nobody named one).

    `more` stands between file and environment: what a LiveKit configuration said (livekit.py), or a command's own
    defaults.
    """
    of_file = from_file(config) if config is not None else {}
    if isinstance(of_file, Refusal):
        return of_file
    of_environment = from_environment(environ)
    if isinstance(of_environment, Refusal):
        return of_environment
    merged: dict[Name, Given] = {**of_file, **(more or {}), **of_environment, **flags}
    tables: dict[str, dict[str, object]] = {section: {} for section in Settings.model_fields}
    for (section, field), given in merged.items():
        tables[section][field] = given.value
    try:
        settings = Settings.model_validate(tables)
    except ValidationError as error:
        return _invalid(error, merged)
    return Loaded(settings, {name: merged[name].origin if name in merged else "default" for name in _KNOWN})


def _invalid(error: ValidationError, merged: Source) -> Refusal:
    """Each wrong value by its name and origin; the value itself is not repeated: it may be a secret."""
    lines = []
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        name = (str(problem["loc"][0]), str(problem["loc"][1]))
        origin = merged[name].origin if name in merged else "default"
        lines.append(f"{'.'.join(name)} ({origin}): {problem['msg'].removeprefix('Value error, ')}")
    return Refusal(
        Code.SETTINGS_INVALID, "; ".join(lines) + ".", "See docs/reference/settings.md for what each may be."
    )


def shown(loaded: Loaded, name: Name) -> object:
    """A value as it may be printed: secrets as •, paths as text."""
    value = getattr(getattr(loaded.settings, name[0]), name[1])
    if isinstance(value, dict) and is_secret(name):
        return dict.fromkeys(value, "•")
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def data_folder(settings: Settings, environ: Mapping[str, str]) -> Path:
    """Where state is kept: the setting, systemd's state directory, or the user's data folder."""
    if settings.data.folder is not None:
        return settings.data.folder
    if state := environ.get("STATE_DIRECTORY"):
        return Path(state.partition(":")[0])
    return Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "incamera"
