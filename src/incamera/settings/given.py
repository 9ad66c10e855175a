"""A setting as somebody gave it: plain words, since flags are read before any model of the settings is loaded."""

from collections.abc import Mapping
from dataclasses import dataclass

Name = tuple[str, str]
"""A setting: its section and its field, `("http", "port")`."""


@dataclass(frozen=True, slots=True)
class Given:
    """A value as somebody gave it, and where: `flag --port`, `environment INCAMERA_HTTP__PORT`, `file /etc/…`."""

    value: object
    origin: str


Source = Mapping[Name, Given]
