"""Who sits in the demo's chamber: the chair, and the thirty of February 2021 in English protocol order."""

from dataclasses import dataclass
from typing import Final

from incamera.refusal import Code, Refusal

_STATES: Final = (
    ("al", "Albania"), ("be", "Belgium"), ("bg", "Bulgaria"), ("ca", "Canada"), ("hr", "Croatia"),
    ("cz", "Czech Republic"), ("dk", "Denmark"), ("ee", "Estonia"), ("fr", "France"), ("de", "Germany"),
    ("gr", "Greece"), ("hu", "Hungary"), ("is", "Iceland"), ("it", "Italy"), ("lv", "Latvia"),
    ("lt", "Lithuania"), ("lu", "Luxembourg"), ("me", "Montenegro"), ("nl", "Netherlands"), ("mk", "North Macedonia"),
    ("no", "Norway"), ("pl", "Poland"), ("pt", "Portugal"), ("ro", "Romania"), ("sk", "Slovakia"),
    ("si", "Slovenia"), ("es", "Spain"), ("tr", "Turkey"), ("gb", "United Kingdom"), ("us", "United States"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seat:
    """A place in the demo's chamber."""

    seat: str
    """Its id, and the participant's identity: `chair`, `ee-head`."""
    delegation: str
    """What stands on the name plate."""
    code: str
    """Of the flag, two letters; empty: none."""
    role: str
    order: int
    """In protocol, from 1."""

    def attributes(self) -> dict[str, str]:
        """What the ticket says of it, beside the name."""
        said = {
            "seat": self.seat,
            "delegation": self.delegation,
            "code": self.code,
            "role": self.role,
            "order": str(self.order),
        }
        return {label: value for label, value in said.items() if value}


CHAIR: Final = Seat("chair", "Secretary General", "", "chair", 1)
ALL: Final = (
    CHAIR,
    *(Seat(f"{code}-head", name, code, "head", order) for order, (code, name) in enumerate(_STATES, start=2)),
)


def seats(people: int, synthetic: int) -> tuple[tuple[Seat, ...], tuple[Seat, ...]] | Refusal:
    """The seats that people get links for, the chair first, and those that synthetic members take."""
    if people + synthetic > len(ALL):
        return Refusal(
            Code.LIMIT_REACHED,
            f"The demo's chamber has {len(ALL)} seats, and {people + synthetic} are asked for.",
            "Ask for fewer with --seats or --with.",
        )
    return ALL[:people], ALL[people : people + synthetic]
