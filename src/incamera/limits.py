"""Each limit on what can grow: name, value, unit and reason (docs/reference/limits.md is generated from this table)."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound, its unit, and why it stands where it stands."""

    value: int
    unit: str
    reason: str

    def __int__(self) -> int:
        return self.value

    def __index__(self) -> int:
        return self.value


SDP_BYTES: Final = Limit(256 * 1024, "bytes", "a session description of 100 m-lines is about 120 KiB")
SDP_SECTIONS: Final = Limit(100, "m-lines", "thirty delegations, picture and sound, and room for republished tracks")
REQUEST_LINE_BYTES: Final = Limit(64 * 1024, "bytes", "the first offer travels in the URL of /rtc/v1: 18.5 kB uncompressed")
SIGNAL_BYTES: Final = Limit(512 * 1024, "bytes", "a signalling message that carries the largest session description twice")
SIGNAL_PER_SECOND: Final = Limit(50, "messages/s", "a client that scrolls a grid sends a track setting a tile")
SIGNAL_BURST: Final = Limit(200, "messages", "a full reconnect with thirty subscriptions")
TRACKS_PER_PARTICIPANT: Final = Limit(6, "tracks", "camera, microphone, two screens with sound")
DATA_PACKET_BYTES: Final = Limit(64 * 1024, "bytes", "what data channels of today's browsers agree on")
DATA_PER_SECOND: Final = Limit(100, "packets/s", "text streams in chunks of 15 kB, and signals")
ROOMS: Final = Limit(1000, "rooms", "a room holds a few kilobytes; a flood of them is a mistake or an attack")
PARTICIPANTS_PER_ROOM: Final = Limit(500, "participants", "as many as seats a meeting may have")
