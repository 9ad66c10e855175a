"""charter.json: the signed core and its parts."""

from typing import Any

from incamera.accreditation.charter import (
    SUITE,
    Admission,
    Charter,
    Delegation,
    DelegationPart,
    Item,
    OpenPart,
    PagePolicy,
    PartId,
    Policies,
    Role,
    Seat,
    SeatsPart,
    SittingPart,
    open_charter,
    open_contents,
    part_bytes,
    part_content,
    sign_charter,
)
from incamera.accreditation.signature import Typ, sign
from incamera.accreditation.statements import Period
from incamera.accreditation.strict import DelegationId, ItemId, SeatId, b64u, sha256, unb64u
from incamera.refusal import Refusal
from tests.vectors.given import AUTHORITY, DAY_MS, HOUR_MS, MEETING, NOW_MS, REGISTRAR, SITTING, Vector, key, octets

MADE_BY = "tests/vectors/make.py"
BEL, HOST = DelegationId("bel"), DelegationId("host")
HEAD, CHAIR, CLERK = SeatId("bel-head"), SeatId("host-chair"), SeatId("host-clerk")

CONTENTS: dict[str, Any] = {
    "open": OpenPart(
        title={"en": "Meeting of Ministers", "fr": "Réunion des ministres"},
        first_day="2021-02-17",
        last_day="2021-02-18",
        languages=("en", "fr"),
        telephone="+32 2 000 00 00",
    ),
    "seats": SeatsPart(
        (
            Delegation(HOST, {"en": "Secretariat", "fr": "Secrétariat"}),
            Delegation(BEL, {"en": "Belgium", "fr": "Belgique"}),
        ),
        (
            Seat(CHAIR, HOST, Role.CHAIR, 0),
            Seat(CLERK, HOST, Role.SECRETARIAT, None),
            Seat(HEAD, BEL, Role.HEAD, None),
        ),
    ),
    b64u(octets("part sitting", 16)): SittingPart(
        sitting=SITTING,
        title={"en": "First session", "fr": "Première séance"},
        opens_ms=NOW_MS,
        closes_ms=NOW_MS + 2 * HOUR_MS,
        items=(
            Item(ItemId("opening"), {"en": "Opening", "fr": "Ouverture"}, NOW_MS),
            Item(ItemId("lessons"), None, None),
        ),
        admission=(CHAIR, CLERK, HEAD),
    ),
    b64u(octets("part bel", 16)): DelegationPart(BEL, {HEAD: "A Minister"}),
    b64u(octets("part host", 16)): DelegationPart(HOST, {}),
}
PARTS: dict[PartId, bytes] = {
    PartId(name): part_bytes(octets(f"salt {name}", 16), part_content(part)) for name, part in CONTENTS.items()
}
CHARTER = Charter(
    meeting=MEETING,
    issuer=AUTHORITY.thumbprint,
    period=Period(NOW_MS - DAY_MS, NOW_MS - DAY_MS, NOW_MS + 7 * DAY_MS),
    number=0,
    previous=None,
    organisation="An Organisation",
    authority=AUTHORITY.public,
    registrar=REGISTRAR.public,
    policies=Policies(
        admission=Admission.BY_HAND, refuse_quorum=3, suite=SUITE, page=PagePolicy.ASK, decisions=("silence",)
    ),
    parts={name: sha256(data) for name, data in sorted(PARTS.items())},
)
CHARTER_JWS = sign_charter(AUTHORITY, CHARTER)


def charters() -> Vector:
    payload = CHARTER.payload()
    policies = payload["policies"]
    assert isinstance(policies, dict)
    stranger = key("stranger")
    theirs = {"authority": stranger.public.jwk(), "iss": stranger.thumbprint}
    classical = {"suite": "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519"}
    shown = [
        ("a charter", CHARTER_JWS),
        ("an amended one", _signed(payload | {"number": 1, "previous": sha256(CHARTER_JWS.encode())})),
        ("no registrar named", _signed(payload | {"registrar": None})),
        ("by another authority", sign(stranger, Typ.CHARTER, payload | theirs)),
        ("by a stranger in the authority's name", sign(stranger, Typ.CHARTER, payload)),
        ("that names another issuer", _signed(payload | {"iss": stranger.thumbprint})),
        ("a first charter that replaces another", _signed(payload | {"previous": sha256(b"another")})),
        ("a second charter that replaces none", _signed(payload | {"number": 1})),
        ("another suite", _signed(payload | {"policies": policies | classical})),
        ("admission by nobody", _signed(payload | {"policies": policies | {"admission": "open"}})),
        ("a quorum of none", _signed(payload | {"policies": policies | {"refuse_quorum": 0}})),
        ("a member that no charter has", _signed(payload | {"note": "x"})),
        ("a part whose id says what it is", _signed(payload | {"parts": {"restricted-session": sha256(b"x")}})),
        ("a part without a digest", _signed(payload | {"parts": {"open": None}})),
        ("signed as a statement", sign(AUTHORITY, Typ.DELEGATION, payload)),
    ]  # fmt: skip
    cases = []
    for name, jws in shown:
        opened = open_charter(jws, authorities=[AUTHORITY.thumbprint])
        if isinstance(opened, Refusal):
            outcome: Vector = {"refusal": opened.code.value}
        else:
            outcome = {"hash": opened.hash, "number": opened.payload.number, "parts": dict(opened.payload.parts)}
        cases.append({"name": name, "charter": jws, "outcome": outcome})
    return {
        "about": "Charters and their parts (record.md, 2).",
        "made_by": MADE_BY,
        "authority": AUTHORITY.thumbprint,
        "payload": payload,
        "cases": cases,
        "parts": _parts(),
    }


def _signed(payload: dict[str, Any]) -> str:
    return sign(AUTHORITY, Typ.CHARTER, payload)


def _parts() -> list[Vector]:
    whole = {str(name): b64u(data) for name, data in PARTS.items()}
    sitting, bel = b64u(octets("part sitting", 16)), b64u(octets("part bel", 16))
    shown = [
        ("all parts", whole),
        ("what a knocker has", {"open": whole["open"], bel: whole[bel]}),
        ("a part with one bit changed", whole | {sitting: b64u(_flipped(PARTS[PartId(sitting)]))}),
        ("two parts exchanged", whole | {sitting: whole[bel], bel: whole[sitting]}),
        ("a part that the charter does not name", whole | {b64u(octets("another part", 16)): whole["open"]}),
    ]
    cases = []
    for name, parts in shown:
        contents = open_contents({PartId(part): unb64u(data) or b"" for part, data in parts.items()}, CHARTER)
        if isinstance(contents, Refusal):
            outcome: Vector = {"refusal": contents.code.value}
        else:
            outcome = {"sittings": list(contents.sittings), "delegations": list(contents.delegations)}
        cases.append({"name": name, "charter": CHARTER_JWS, "parts": parts, "outcome": outcome})
    return cases


def _flipped(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]
