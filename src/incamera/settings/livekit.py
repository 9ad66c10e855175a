"""LiveKit's own configuration, as far as this server has the same thing: what it lacks is refused by name.

Source: livekit-server's `config-sample.yaml`, 1.13. Read from `--config livekit.yaml`, `LIVEKIT_CONFIG` (the text)
and `LIVEKIT_KEYS` (`key: secret` lines), so that an operator can change servers without changing files.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from incamera.refusal import Code, Refusal
from incamera.settings.given import Given, Name, Source

_SAME: Mapping[str, Name] = {
    "port": ("http", "port"),
    "rtc.udp_port": ("media", "udp_port"),
    "rtc.tcp_port": ("media", "tcp_port"),
    "keys": ("media", "keys"),
    "room.auto_create": ("media", "auto_create"),
    "room.empty_timeout": ("media", "empty_timeout_s"),
    "room.departure_timeout": ("media", "departure_timeout_s"),
    "webhook.api_key": ("media", "webhook_key"),
    "webhook.urls": ("media", "webhook_urls"),
    "logging.level": ("log", "level"),
}
_LEVELS = {"debug": "debug", "info": "info", "warn": "warning", "error": "error"}
_SILENT: Mapping[str, tuple[object, ...]] = {
    # What livekit.yaml may say without a change here: this server does so anyway.
    "rtc.use_external_ip": (False,),
    "rtc.use_ice_lite": (True, False),
    "turn.enabled": (False,),
    "development": (True, False),
}


def _leaves(document: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in document.items():
        path = f"{before}{key}"
        if isinstance(value, dict) and path not in _SAME:
            found += _leaves(value, f"{path}.")
        else:
            found.append((path, value))
    return found


def _tables(text: str, origin: str) -> Source | Refusal:
    try:
        document = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        return Refusal(Code.SETTINGS_INVALID, f"{origin}{line}: this is not YAML.", "Correct that line.")
    if not isinstance(document, dict):
        return Refusal(Code.SETTINGS_INVALID, f"{origin}: a mapping is expected.", "See LiveKit's config-sample.yaml.")
    found: dict[Name, Given] = {}
    for path, value in _leaves(document):
        given = Given(value, f"{origin}, {path}")
        if path in _SAME:
            found[_SAME[path]] = given
        elif path == "bind_addresses" and isinstance(value, list) and len(value) == 1:
            found["http", "host"] = given
        elif path == "logging.json" and isinstance(value, bool):
            found["log", "format"] = Given("json" if value else "text", given.origin)
        elif value not in _SILENT.get(path, ()):
            return Refusal(
                Code.SETTINGS_UNKNOWN,
                f"{origin}: this server has no {path!r} (or not with this value).",
                "Leave it out; what there is stands in docs/reference/livekit.md.",
            )
    if level := found.get(("log", "level")):
        found["log", "level"] = Given(_LEVELS.get(str(level.value), level.value), level.origin)
    return found


def from_livekit(*, config: Path | None, environ: Mapping[str, str]) -> Source | Refusal:
    """Settings by LiveKit's names: `LIVEKIT_KEYS` over the file, the file over `LIVEKIT_CONFIG`."""
    merged: dict[Name, Given] = {}
    texts: list[tuple[str, str]] = []
    if text := environ.get("LIVEKIT_CONFIG"):
        texts.append((text, "environment LIVEKIT_CONFIG"))
    if config is not None:
        try:
            texts.append((config.read_text(), f"file {config}"))
        except (OSError, UnicodeDecodeError):
            return Refusal(
                Code.SETTINGS_UNREADABLE, f"{config} cannot be read.", "Give the path of a livekit.yaml with --config."
            )
    for text, origin in texts:
        tables = _tables(text, origin)
        if isinstance(tables, Refusal):
            return tables
        merged |= tables
    if keys := environ.get("LIVEKIT_KEYS"):
        tables = keys_from(keys, "environment LIVEKIT_KEYS")
        if isinstance(tables, Refusal):
            return tables
        merged |= tables
    return merged


def keys_from(text: str, origin: str) -> Source | Refusal:
    """`key: secret`, one a line, as LiveKit writes its keys on one line or in a file."""
    try:
        parsed = yaml.safe_load(text)
    except yaml.YAMLError:
        parsed = None
    if not isinstance(parsed, dict) or not parsed:
        return Refusal(Code.SETTINGS_INVALID, f"{origin}: not `key: secret`.", "Mind the space after the colon.")
    return {("media", "keys"): Given({str(key): str(value) for key, value in parsed.items()}, origin)}
