"""What the media server is told at its start: one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass

from incamera import __version__
from incamera.sfu.core import CoreConfig


@dataclass(frozen=True, slots=True)
class SfuSettings:
    """Keys, the core's addresses, how rooms live, where webhooks go. Times in seconds."""

    keys: Mapping[str, str]
    """API key -> secret. Whoever serves others gives secrets of at least 32 characters."""
    core: CoreConfig
    auto_create: bool = True
    """A room that nobody made is made by the first who joins it; otherwise by RoomService alone."""
    empty_timeout_s: int = 300
    """How long a room waits for its first participant."""
    departure_timeout_s: int = 20
    """How long a room waits once its last participant left."""
    webhook_urls: tuple[str, ...] = ()
    webhook_key: str | None = None
    """The API key that signs webhooks; the first of `keys` if none is named."""
    node_id: str = "ND_incamera"
    version: str = __version__

    def __repr__(self) -> str:
        return f"SfuSettings(keys={len(self.keys)}, core={self.core!r}, node_id={self.node_id!r})"  # never the secrets
