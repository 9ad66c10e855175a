"""The chain's statements: delegation, seat, device, leaf; each vouches for one key (docs/reference/record.md, 2)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from incamera.accreditation.signature import PublicKey, SigningKey, Typ, jwk_member, sign
from incamera.accreditation.strict import (
    DelegationId,
    GroupId,
    Hash,
    Json,
    MeetingId,
    Members,
    SeatId,
    SittingId,
    Thumbprint,
)


@dataclass(frozen=True, slots=True)
class Period:
    """When a statement was made and when it holds: `from_ms` <= t < `until_ms`, in milliseconds since 1970, UTC."""

    issued_ms: int
    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What stands in the payload of each statement, the charter's too."""

    meeting: MeetingId
    issuer: Thumbprint
    """The thumbprint of the key that signs."""
    period: Period

    def head(self) -> dict[str, Json]:
        """The first members of the payload, in their order."""
        return {
            "v": 1,
            "meeting": self.meeting,
            "iss": self.issuer,
            "iat": self.period.issued_ms,
            "nbf": self.period.from_ms,
            "exp": self.period.until_ms,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationStatement(Claims):
    """The authority says: this is the delegation's key."""

    typ: ClassVar = Typ.DELEGATION
    delegation: DelegationId
    key: PublicKey
    charter: Hash
    """The charter's JWS, hashed: under which charter it was made."""

    def payload(self) -> dict[str, Json]:
        """The payload to be signed."""
        return self.head() | {"delegation": self.delegation, "cnf": {"jwk": self.key.jwk()}, "charter": self.charter}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatStatement(Claims):
    """The delegation's key says: this is the one-time key of the seat's invitation."""

    typ: ClassVar = Typ.SEAT
    delegation: DelegationId
    seat: SeatId
    key: PublicKey

    def payload(self) -> dict[str, Json]:
        """The payload to be signed."""
        return self.head() | {"delegation": self.delegation, "seat": self.seat, "cnf": {"jwk": self.key.jwk()}}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceStatement(Claims):
    """The seat's one-time key says: this device sits here."""

    typ: ClassVar = Typ.DEVICE
    delegation: DelegationId
    seat: SeatId
    key: PublicKey

    def payload(self) -> dict[str, Json]:
        """The payload to be signed."""
        return self.head() | {"delegation": self.delegation, "seat": self.seat, "cnf": {"jwk": self.key.jwk()}}


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafStatement(Claims):
    """The device's key says: this leaf of this MLS group is mine."""

    typ: ClassVar = Typ.LEAF
    sitting: SittingId
    group: GroupId
    key: PublicKey

    def payload(self) -> dict[str, Json]:
        """The payload to be signed."""
        return self.head() | {"sitting": self.sitting, "group": self.group, "cnf": {"jwk": self.key.jwk()}}


Statement: TypeAlias = DelegationStatement | SeatStatement | DeviceStatement | LeafStatement


def issue(key: SigningKey, statement: Statement) -> str:
    """The statement's JWS, signed by the key that it names as its issuer."""
    assert key.thumbprint == statement.issuer, "a statement names the key that signs it"
    return sign(key, statement.typ, statement.payload())


def parse_claims(members: Members) -> tuple[MeetingId, Thumbprint, Period]:
    """The members that each statement and the charter begin with."""
    members.constant("v", 1)
    meeting, issuer = members.meeting(), members.thumbprint("iss")
    return meeting, issuer, Period(members.integer("iat"), members.integer("nbf"), members.integer("exp"))


def parse_delegation(members: Members) -> DelegationStatement:
    """The payload of a delegation's statement."""
    meeting, issuer, period = parse_claims(members)
    return DelegationStatement(
        meeting=meeting,
        issuer=issuer,
        period=period,
        delegation=members.delegation(),
        key=_confirmed(members),
        charter=members.hash("charter"),
    )


def parse_seat(members: Members) -> SeatStatement:
    """The payload of a seat's statement."""
    meeting, issuer, period = parse_claims(members)
    return SeatStatement(
        meeting=meeting,
        issuer=issuer,
        period=period,
        delegation=members.delegation(),
        seat=members.seat(),
        key=_confirmed(members),
    )


def parse_device(members: Members) -> DeviceStatement:
    """The payload of a device's statement."""
    meeting, issuer, period = parse_claims(members)
    return DeviceStatement(
        meeting=meeting,
        issuer=issuer,
        period=period,
        delegation=members.delegation(),
        seat=members.seat(),
        key=_confirmed(members),
    )


def parse_leaf(members: Members) -> LeafStatement:
    """The payload of a leaf's statement."""
    meeting, issuer, period = parse_claims(members)
    return LeafStatement(
        meeting=meeting,
        issuer=issuer,
        period=period,
        sitting=members.sitting(),
        group=members.group(),
        key=_confirmed(members),
    )


LEVELS: tuple[tuple[Typ, Callable[[Members], Statement]], ...] = (
    (Typ.DELEGATION, parse_delegation),
    (Typ.SEAT, parse_seat),
    (Typ.DEVICE, parse_device),
    (Typ.LEAF, parse_leaf),
)
"""The chain from the authority down: what stands at each place, and nothing else may."""


def _confirmed(members: Members) -> PublicKey:
    return jwk_member(members.object("cnf"), "jwk")
