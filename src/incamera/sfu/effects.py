"""What a room wants done. The room and its sessions only collect; the shell (server.py) carries out, in order."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NewType

from google.protobuf.json_format import MessageToJson
from livekit.protocol.models import ParticipantInfo, Room, TrackInfo
from livekit.protocol.rtc import SignalResponse

from incamera.sfu.core import Command

ParticipantSid = NewType("ParticipantSid", str)
TrackSid = NewType("TrackSid", str)

Happening = Literal[
    "room_started",
    "room_finished",
    "participant_joined",
    "participant_left",
    "participant_connection_aborted",
    "track_published",
    "track_unpublished",
]
"""What LiveKit's webhooks tell."""


class Frame:
    """A message as it goes over the wire: made once, however many it is sent to."""

    def __init__(self, message: SignalResponse) -> None:
        self.message = message

    @functools.cached_property
    def binary(self) -> bytes:
        """As protobuf."""
        return self.message.SerializeToString()

    @functools.cached_property
    def text(self) -> str:
        """As JSON, for clients that write JSON."""
        return MessageToJson(self.message)


@dataclass(frozen=True, slots=True)
class Send:
    """A message to one participant's socket; dropped if it has none."""

    to: ParticipantSid
    frame: Frame

    @property
    def message(self) -> SignalResponse:
        """What it says."""
        return self.frame.message


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the participant's socket once what was sent before is out."""

    to: ParticipantSid


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that webhooks and the process's own listeners are told."""

    event: Happening
    room: Room
    participant: ParticipantInfo | None = None
    track: TrackInfo | None = None
    room_end_reason: int = 0


Effect = Send | HangUp | Notice | Command


class Outbox:
    """The effects of one step, in order. Contract: after each step, drain it."""

    def __init__(self) -> None:
        self._effects: list[Effect] = []

    def send(self, to: ParticipantSid, message: SignalResponse) -> None:
        """A message to one participant."""
        self._effects.append(Send(to, Frame(message)))

    def broadcast(self, to: Iterable[ParticipantSid], message: SignalResponse) -> None:
        """A message to many."""
        frame = Frame(message)
        self._effects.extend(Send(each, frame) for each in to)

    def hang_up(self, to: ParticipantSid) -> None:
        """Close a participant's socket."""
        self._effects.append(HangUp(to))

    def do(self, command: Command) -> None:
        """A command to the media core."""
        self._effects.append(command)

    def tell(self, notice: Notice) -> None:
        """Something that listeners are told."""
        self._effects.append(notice)

    def drain(self) -> list[Effect]:
        """All effects since the last drain."""
        effects, self._effects = self._effects, []
        return effects
