"""What a member tells its core: whom it trusts, what the record says at an entry's place, what a commit should do."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from incamera.accreditation.signature import PublicKey
from incamera.accreditation.strict import (
    DelegationId,
    Hash,
    ItemId,
    MeetingId,
    SeatId,
    Thumbprint,
    b64u,
)

Because: TypeAlias = Literal["excluded", "left", "revoked", "silent", "replaced"]
"""Why a leaf is removed: record.md 6."""


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Trust:
    """What is trusted before anybody says anything: from the link, and from charters that verify against it."""

    authority: Thumbprint
    """From the link, never from the server."""
    key: PublicKey
    """From the charter; the core refuses it unless it has that thumbprint."""
    meeting: MeetingId
    charters: frozenset[Hash]
    """The charter and all that it replaces."""
    seats: Mapping[SeatId, DelegationId] | None
    """The charter's seats; None for who does not have that part yet (a knocker)."""

    def json(self) -> str:
        """As the core reads it."""
        return _text(
            {
                "authority": self.authority,
                "key": b64u(self.key.octets),
                "meeting": self.meeting,
                "charters": sorted(self.charters),
                "seats": None if self.seats is None else dict(self.seats),
            }
        )


@dataclass(frozen=True, slots=True)
class Head:
    """A journal's last entry that was read: its number and its hash."""

    seq: int
    hash: Hash


@dataclass(frozen=True, slots=True)
class Heads:
    """Both heads that a member has read up to: they stand in every MLS message that it sends."""

    main: Head | None
    sitting: Head | None

    def value(self) -> dict[str, list[object] | None]:
        """As JSON's value."""
        return {
            "main": None if self.main is None else [self.main.seq, self.main.hash],
            "sitting": None if self.sitting is None else [self.sitting.seq, self.sitting.hash],
        }

    def json(self) -> str:
        """As the core reads it."""
        return _text(self.value())

    @classmethod
    def of(cls, value: Mapping[str, tuple[int, str] | None]) -> "Heads":
        """From JSON's value, as the core writes it."""
        main, sitting = value["main"], value["sitting"]
        return cls(
            None if main is None else Head(main[0], Hash(main[1])),
            None if sitting is None else Head(sitting[0], Hash(sitting[1])),
        )


@dataclass(frozen=True, slots=True)
class Knock:
    """A knock that stands: what its act carried."""

    device: Thumbprint
    chain: str
    """Four statements, joined by `~`."""
    key_package: str
    """b64u, as in the act."""

    def value(self) -> dict[str, str]:
        """As JSON's value."""
        return {"device": self.device, "chain": self.chain, "key_package": self.key_package}


@dataclass(frozen=True, slots=True)
class Due:
    """A removal that is due: excluded, left or revoked, and by which act."""

    device: Thumbprint
    because: Because
    cites: Hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the record says at an entry's place, folded up to it: never up to what somebody had seen."""

    at_ms: int
    """The entry's time."""
    admitted: Mapping[Thumbprint, frozenset[Hash]]
    """Devices that may be in the group: enrolled, admitted, not excluded, not revoked; each with the admit acts that
    stand. Who opened the sitting is in it too, with none."""
    knocks: Mapping[Hash, Knock]
    """Knocks for this group that stand, by their act's hash."""
    due: tuple[Due, ...]
    """Removals due."""
    revoked: frozenset[Thumbprint]
    """Devices revoked in the main journal."""

    def json(self) -> str:
        """As the core reads it."""
        return _text(
            {
                "at": self.at_ms,
                "admitted": {device: sorted(admits) for device, admits in self.admitted.items()},
                "knocks": {act: knock.value() for act, knock in self.knocks.items()},
                "due": [{"device": due.device, "because": due.because, "cites": due.cites} for due in self.due],
                "revoked": sorted(self.revoked),
            }
        )


@dataclass(frozen=True, slots=True)
class PlannedAdd:
    """A device to be added, by the knock and the admit act that allow it."""

    device: Thumbprint
    knock: Hash
    admit: Hash


@dataclass(frozen=True, slots=True)
class PlannedRemove:
    """A device to be removed. `cites` is None for a silent one; for a replaced one it is the new knock."""

    device: Thumbprint
    because: Because
    cites: Hash | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a commit should do; an empty plan is an update."""

    adds: tuple[PlannedAdd, ...] = ()
    removes: tuple[PlannedRemove, ...] = ()
    item: ItemId | None = None

    def json(self) -> str:
        """As the core reads it."""
        return _text(
            {
                "adds": [{"device": add.device, "knock": add.knock, "admit": add.admit} for add in self.adds],
                "removes": [
                    {"device": remove.device, "because": remove.because, "cites": remove.cites}
                    for remove in self.removes
                ],
                "item": self.item,
            }
        )


@dataclass(frozen=True, slots=True)
class RosterLeaf:
    """A leaf of the roster that the claims fold to, and when its entry added it: its chain is judged by that time."""

    leaf: int
    device: Thumbprint
    at_ms: int


def roster_json(roster: tuple[RosterLeaf, ...]) -> str:
    """A roster as the core reads it."""
    return _text([{"leaf": leaf.leaf, "device": leaf.device, "at": leaf.at_ms} for leaf in roster])
