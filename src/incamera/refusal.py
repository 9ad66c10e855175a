"""A "no" that a person can act on, and the registry of all codes (docs/reference/refusals.md is generated from it)."""

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """Stable codes, `noun.reason`; registered once, never reused. The comment after each is its meaning."""

    # Tokens and signalling of the media plane.
    TOKEN_MISSING = "token.missing"  # no token came with the request
    TOKEN_INVALID = "token.invalid"  # not a token, a wrong signature, or a key that this server does not know
    TOKEN_EXPIRED = "token.expired"  # the token's time is over
    TOKEN_NOT_YET_VALID = "token.not_yet_valid"  # the token's time has not begun
    GRANT_MISSING = "grant.missing"  # the token is good but does not allow this
    ROOM_UNKNOWN = "room.unknown"  # there is no such room
    ROOM_FULL = "room.full"  # the room has as many participants as it may
    PARTICIPANT_UNKNOWN = "participant.unknown"  # there is no such participant in the room
    TRACK_UNKNOWN = "track.unknown"  # the participant has no such track
    SIGNAL_MALFORMED = "signal.malformed"  # a frame that is not a SignalRequest
    SIGNAL_UNSUPPORTED = "signal.unsupported"  # a request that this server does not answer yet
    SDP_REFUSED = "sdp.refused"  # a session description that can't be used
    LIMIT_REACHED = "limit.reached"  # one more than limits.py allows


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, and who can do what. A value: `T | Refusal` cannot be used unchecked."""

    code: Code
    reason: str
    """What is so: "The intervention list of item 2 is closed."."""
    remedy: str
    """Who can do what: "Ask the chair to reopen it."."""

    def __str__(self) -> str:
        return f"{self.reason} {self.remedy} [{self.code}]"


class Refused(Exception):
    """A refusal on its way through a shell to whoever answers it."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
