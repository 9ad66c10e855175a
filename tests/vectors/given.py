"""What the vectors are made of: fixed keys, ids and times, so that the same files come out each time."""

import hashlib
import json
from typing import Any, TypeAlias

from incamera.accreditation.credential import Expected, LeafPlace
from incamera.accreditation.signature import SigningKey, Typ, sign
from incamera.accreditation.strict import DelegationId, GroupId, Hash, MeetingId, SeatId, SittingId, b64u
from incamera.record.entry import JournalId

Vector: TypeAlias = dict[str, Any]
"""A file, or a case of one: JSON that tests read."""

HOUR_MS = 60 * 60 * 1000
DAY_MS = 24 * HOUR_MS
NOW_MS = 1_613_552_400_000
"""17 February 2021, 09:00 UTC."""


def octets(name: str, length: int) -> bytes:
    """Bytes that look random and are not: SHA-256 of a name."""
    return hashlib.sha256(f"incamera vectors: {name}".encode()).digest()[:length]


def key(name: str) -> SigningKey:
    """The key pair with this name."""
    return SigningKey(octets(f"key {name}", 32))


AUTHORITY = key("authority")
DELEGATION = key("delegation")
INVITATION = key("invitation")
DEVICE = key("device")
LEAF = key("leaf")
REGISTRAR = key("registrar")
KEYS = [DELEGATION, INVITATION, DEVICE, LEAF]
MEETING = MeetingId(b64u(octets("meeting", 16)))
SITTING = SittingId(b64u(octets("sitting", 16)))
GROUP = GroupId(b64u(octets("group", 16)))
CHARTER = Hash(b64u(octets("charter", 32)))
MAIN = JournalId(MEETING)
JOURNAL = JournalId(SITTING)


def expected(**changes: Any) -> Expected:
    """What a chain is held to in these vectors."""
    values: dict[str, Any] = {
        "authority": AUTHORITY.public,
        "meeting": MEETING,
        "charters": [CHARTER],
        "leaf": LeafPlace(SITTING, GROUP),
        "seats": {SeatId("bel-head"): DelegationId("bel"), SeatId("nld-head"): DelegationId("nld")},
        "enrolled": [DEVICE.thumbprint],
        "revoked": [],
    }
    return Expected(**(values | changes))


def payloads() -> list[dict[str, Any]]:
    """The four payloads of a good chain, members in their order."""
    issuers = [AUTHORITY, *KEYS]
    claims: list[dict[str, Any]] = []
    for place, subject in enumerate(KEYS):
        head = {"v": 1, "meeting": MEETING, "iss": issuers[place].thumbprint, "iat": NOW_MS - HOUR_MS}
        period = {"nbf": NOW_MS - HOUR_MS, "exp": NOW_MS + DAY_MS}
        cnf = {"jwk": subject.public.jwk()}
        own: list[dict[str, Any]] = [
            {"delegation": "bel", "cnf": cnf, "charter": CHARTER},
            {"delegation": "bel", "seat": "bel-head", "cnf": cnf},
            {"delegation": "bel", "seat": "bel-head", "cnf": cnf},
            {"sitting": SITTING, "group": GROUP, "cnf": cnf},
        ]
        claims.append(head | period | own[place])
    return claims


TYPS = [Typ.DELEGATION, Typ.SEAT, Typ.DEVICE, Typ.LEAF]


def signed(claims: list[Any], signers: dict[int, SigningKey] | None = None) -> list[str]:
    """The statements of payloads (values, or bytes as they are), each signed by the level above, or by another."""
    issuers = [AUTHORITY, *KEYS]
    return [
        sign((signers or {}).get(place, issuers[place]), TYPS[place], payload) for place, payload in enumerate(claims)
    ]


def written(value: Vector) -> str:
    """A vector's file."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
