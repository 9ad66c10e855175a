"""The throw-away meeting: its ids, and a link for each seat.

Until meetings have charters, a link carries a plain ticket for the media server in its fragment: whoever has the link
is in the room, and the server could see and hear all of it. The demo says so where it prints the links.
"""

import base64
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from incamera.clock import Clock
from incamera.demo.delegations import Seat
from incamera.server import Running
from incamera.sfu import tokens

TICKET_TTL_S: Final = 24 * 3600
TITLE: Final = "Demonstration"
SITTING: Final = "Sitting 1"
ID_BYTES: Final = 16
NOTICE: Final = (
    "These links carry plain tickets: whoever has a link is in the room. End-to-end encryption is not there yet: "
    "this server could see and hear what is said."
)


def new_id(random: bytes) -> str:
    """An opaque id of a meeting or a room: 16 random bytes, base64url."""
    assert len(random) == ID_BYTES, "128 bits can't be guessed"
    return base64.urlsafe_b64encode(random).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class DemoMeeting:
    """One meeting with one sitting, in the room `room` of the media server."""

    meeting: str
    room: str
    places: int

    def link(self, seat: Seat, running: Running, clock: Clock) -> str:
        """The seat's link. Its ticket is good for a day: a demo is shown, left, and shown again."""
        ticket = tokens.issue(
            running.keys,
            seat.seat,
            self.room,
            tokens.Grants(room_join=True, can_update_own_metadata=False),
            now_ms=clock.now_ms(),
            ttl_s=TICKET_TTL_S,
            name=seat.delegation,
            attributes={**seat.attributes(), "title": TITLE, "sitting": SITTING, "places": str(self.places)},
        )
        return f"{running.origin}/m/{self.meeting}#ticket={ticket}"


def kept(folder: Path, *, places: int) -> DemoMeeting:
    """The meeting of this folder; made, with new ids, where there is none yet.

    So a restarted demo is the same meeting.
    """
    path = folder / "demo.json"
    if path.exists():
        ids = json.loads(path.read_text())
    else:
        ids = {name: new_id(secrets.token_bytes(ID_BYTES)) for name in ("meeting", "room")}
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(json.dumps(ids))
    return DemoMeeting(ids["meeting"], ids["room"], places)
