"""The charter: a signed core with the salted digests of its parts, and the parts (docs/reference/record.md, 2).

A device gets the parts of the scopes that it may see; the core alone reaches every holder of a link, so it names no
delegation, no sitting and no seat: the ids of parts are random but for `open` and `seats`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NewType, TypeAlias, TypeVar

from incamera.accreditation.signature import PublicKey, Signed, SigningKey, Typ, jwk_member, open_signed, sign
from incamera.accreditation.statements import Claims, parse_claims
from incamera.accreditation.strict import (
    ID_BYTES,
    DelegationId,
    Hash,
    ItemId,
    Json,
    Malformed,
    Members,
    SeatId,
    SittingId,
    Thumbprint,
    b64u,
    compact,
    hash_of,
    is_id,
    read,
    seat_of,
    sha256,
    text_of,
)
from incamera.limits import DELEGATIONS, ITEMS_PER_SITTING, SEATS, SITTINGS
from incamera.refusal import Code, Refusal

T = TypeVar("T")
PartId = NewType("PartId", str)
Text: TypeAlias = Mapping[str, str]
"""A text in the meeting's languages: `{"en": …, "fr": …}`."""

OPEN: Final = PartId("open")
SEATS_PART: Final = PartId("seats")
SUITE: Final = "MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519"
"""The one MLS suite, by its name in draft-ietf-mls-pq-ciphersuites-06: no other is offered."""


class Role(StrEnum):
    """What a seat is for."""

    CHAIR = "chair"
    SECRETARIAT = "secretariat"
    HEAD = "head"
    ADVISER = "adviser"
    INTERPRETER = "interpreter"
    PRESS = "press"
    RECORDER = "recorder"
    WITNESS = "witness"


class Admission(StrEnum):
    """Whether a client of chair or secretariat may sign an admission by itself."""

    BY_HAND = "by_hand"
    AUTOMATIC = "automatic"


class PagePolicy(StrEnum):
    """What the server's own copy of the page does before it enrols."""

    ASK = "ask"
    FORBID = "forbid"


ROLES: Final = {role.value: role for role in Role}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """How this meeting is held."""

    admission: Admission
    refuse_quorum: int
    """So many members who refuse a commit bring about a regroup without its author."""
    suite: str
    page: PagePolicy
    decisions: tuple[str, ...]
    """The procedures of decision that may be used: `silence`, `vote`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charter(Claims):
    """The signed core."""

    number: int
    """0, and one more with each amendment."""
    previous: Hash | None
    """The charter that it replaces."""
    organisation: str
    authority: PublicKey
    """The key that signs it, whole: links carry its thumbprint only."""
    registrar: PublicKey | None
    """The server's key, if it is known before; else main's first entry says it."""
    policies: Policies
    parts: Mapping[PartId, Hash]

    def payload(self) -> dict[str, Json]:
        """The payload to be signed."""
        policies = self.policies
        return self.head() | {
            "number": self.number,
            "previous": self.previous,
            "organisation": self.organisation,
            "authority": self.authority.jwk(),
            "registrar": None if self.registrar is None else self.registrar.jwk(),
            "policies": {
                "admission": policies.admission.value,
                "refuse_quorum": policies.refuse_quorum,
                "suite": policies.suite,
                "page": policies.page.value,
                "decisions": list(policies.decisions),
            },
            "parts": {str(part): digest for part, digest in self.parts.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPart:
    """What every enrolled device may read."""

    title: Text
    first_day: str
    """YYYY-MM-DD, at the place of the meeting."""
    last_day: str
    languages: tuple[str, ...]
    """The first is the language of the spoken words."""
    telephone: str | None
    """The secretariat's: who can't get in calls it."""


@dataclass(frozen=True, slots=True)
class Delegation:
    """A delegation: its name stands on name plates."""

    delegation: DelegationId
    name: Text


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat of a delegation."""

    seat: SeatId
    delegation: DelegationId
    role: Role
    rank: int | None
    """Of a chair: 0 leads, 1 is the deputy. None for all others."""


@dataclass(frozen=True, slots=True)
class SeatsPart:
    """All delegations and seats, in protocol order; read by who reads the main journal."""

    delegations: tuple[Delegation, ...]
    seats: tuple[Seat, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a sitting's agenda. A restricted one has no title here: it is posted sealed."""

    item: ItemId
    title: Text | None
    opens_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SittingPart:
    """A sitting: times, items, admission list; read by the devices admitted to it."""

    sitting: SittingId
    title: Text
    opens_ms: int
    closes_ms: int
    items: tuple[Item, ...]
    admission: tuple[SeatId, ...]
    """Who may knock; the chairs and the secretariat among them run it."""


@dataclass(frozen=True, slots=True)
class DelegationPart:
    """What a delegation's persons are called: read by its own devices, and those of sittings that list it."""

    delegation: DelegationId
    persons: Mapping[SeatId, str]


Part: TypeAlias = OpenPart | SeatsPart | SittingPart | DelegationPart


@dataclass(frozen=True, slots=True)
class Contents:
    """The parts that one has: a server all, a device those that it may see."""

    open: OpenPart | None = None
    seats: SeatsPart | None = None
    sittings: Mapping[SittingId, SittingPart] = field(default_factory=dict)
    delegations: Mapping[DelegationId, DelegationPart] = field(default_factory=dict)
    ids: Mapping[SittingId | DelegationId, PartId] = field(default_factory=dict)
    """Under which random id a sitting's or a delegation's part stands in the core."""


def part_bytes(salt: bytes, content: Mapping[str, Json]) -> bytes:
    """A part as it is hashed, stored and handed out. The salt (16 bytes) keeps its digest from being guessed."""
    assert len(salt) == 16, "a salt has 16 bytes"
    return compact({"salt": b64u(salt), "content": dict(content)})


def part_content(part: Part) -> dict[str, Json]:
    """A part's `content`, members in their order."""
    match part:
        case OpenPart():
            return {
                "kind": "open",
                "title": dict(part.title),
                "first_day": part.first_day,
                "last_day": part.last_day,
                "languages": list(part.languages),
                "telephone": part.telephone,
            }
        case SeatsPart():
            return {
                "kind": "seats",
                "delegations": [{"delegation": one.delegation, "name": dict(one.name)} for one in part.delegations],
                "seats": [
                    {"seat": one.seat, "delegation": one.delegation, "role": one.role.value, "rank": one.rank}
                    for one in part.seats
                ],
            }
        case SittingPart():
            return {
                "kind": "sitting",
                "sitting": part.sitting,
                "title": dict(part.title),
                "opens": part.opens_ms,
                "closes": part.closes_ms,
                "items": [
                    {"item": one.item, "title": None if one.title is None else dict(one.title), "opens": one.opens_ms}
                    for one in part.items
                ],
                "admission": list(part.admission),
            }
        case DelegationPart():
            return {
                "kind": "delegation",
                "delegation": part.delegation,
                "persons": {str(seat): name for seat, name in part.persons.items()},
            }


def sign_charter(key: SigningKey, charter: Charter) -> str:
    """The charter's JWS."""
    assert key.public == charter.authority, "the authority signs its own charters"
    assert key.thumbprint == charter.issuer, "a charter names the key that signs it"
    return sign(key, Typ.CHARTER, charter.payload())


def open_charter(jws: str, *, authorities: Collection[Thumbprint]) -> Signed[Charter] | Refusal:
    """A charter that one of these authorities signed: a client passes its link's thumbprint, a server its settings'."""

    def trusted(charter: Charter) -> PublicKey | Refusal:
        key = charter.authority
        if key.thumbprint not in authorities or charter.issuer != key.thumbprint:
            return Refusal(
                Code.CHARTER_AUTHORITY,
                f"The charter is signed by the authority {key.thumbprint}, which is not trusted here.",
                "Compare the thumbprint with the organisation; a server's settings name those that it trusts.",
            )
        return key

    return open_signed(jws, typ=Typ.CHARTER, key=trusted, parse=parse_charter)


def open_part(part: PartId, data: bytes, charter: Charter) -> Part | Refusal:
    """A part of this charter: its bytes have the digest that the authority signed."""
    if charter.parts.get(part) != sha256(data):
        return Refusal(
            Code.CHARTER_PART,
            f"The part {part} is not the one that the authority signed.",
            "Ask the secretariat for it.",
        )
    return read(data, _parse_part, what=f"part {part}")


def open_contents(parts: Mapping[PartId, bytes], charter: Charter) -> Contents | Refusal:
    """All parts that one was given, checked one by one and against each other."""
    contents = Contents()
    sittings: dict[SittingId, SittingPart] = {}
    delegations: dict[DelegationId, DelegationPart] = {}
    ids: dict[SittingId | DelegationId, PartId] = {}
    open_one: OpenPart | None = None
    seats: SeatsPart | None = None
    for name, data in parts.items():
        part = open_part(name, data, charter)
        match part:
            case Refusal():
                return part
            case OpenPart() if name == OPEN:
                open_one = part
            case SeatsPart() if name == SEATS_PART:
                seats = part
            case SittingPart() if part.sitting not in sittings:
                sittings[part.sitting] = part
                ids[part.sitting] = name
            case DelegationPart() if part.delegation not in delegations:
                delegations[part.delegation] = part
                ids[part.delegation] = name
            case _:
                return Refusal(
                    Code.CHARTER_PART,
                    f"The part {name} has another part's content.",
                    "Ask the secretariat for the charter.",
                )
    contents = Contents(open_one, seats, sittings, delegations, ids)
    return _check_contents(contents) or contents


def check_succession(charters: Iterable[Signed[Charter]]) -> Refusal | None:
    """Whether each charter replaces the one before it, from number 0 on, by the same authority for the same meeting."""
    before: Signed[Charter] | None = None
    for signed in charters:
        charter = signed.payload
        expected = (0, None) if before is None else (before.payload.number + 1, before.hash)
        is_same = before is None or (charter.meeting, signed.signer) == (before.payload.meeting, before.signer)
        if (charter.number, charter.previous) != expected or not is_same:
            return Refusal(
                Code.CHARTER_AUTHORITY,
                f"Charter number {charter.number} does not replace the one before it.",
                "Ask the secretariat for all charters of the meeting.",
            )
        before = signed
    return None


def parse_charter(members: Members) -> Charter:
    """The payload of a charter."""
    meeting, issuer, period = parse_claims(members)
    number, previous = members.integer("number", most=999), members.optional("previous", members.hash)
    if (number == 0) != (previous is None):
        raise Malformed("previous", "a first charter replaces none, a later one does")
    organisation, authority = members.text("organisation", longest=200), jwk_member(members, "authority")
    registrar = members.optional("registrar", lambda name: jwk_member(members, name))
    policies = members.object("policies")
    parts = members.object("parts")
    return Charter(
        meeting=meeting,
        issuer=issuer,
        period=period,
        number=number,
        previous=previous,
        organisation=organisation,
        authority=authority,
        registrar=registrar,
        policies=_parse_policies(policies),
        parts=dict(parts.each(_digest, most=2 + SITTINGS.value + DELEGATIONS.value)),
    )


def _parse_policies(members: Members) -> Policies:
    members.constant("suite", SUITE)
    return Policies(
        admission=members.one_of("admission", {one.value: one for one in Admission}),
        refuse_quorum=members.integer("refuse_quorum", least=1, most=SEATS.value),
        suite=SUITE,
        page=members.one_of("page", {one.value: one for one in PagePolicy}),
        decisions=members.array("decisions", lambda value, path: text_of(value, path, 32), most=16),
    )


def _digest(name: str, value: Json, path: str) -> tuple[PartId, Hash]:
    if name not in (OPEN, SEATS_PART) and not is_id(name, ID_BYTES):
        raise Malformed(path[:80], "not the id of a part")
    return PartId(name), hash_of(value, path)


def _parse_part(members: Members) -> Part:
    members.octets("salt", least=16)
    content = members.object("content")
    kinds: dict[str, Callable[[Members], Part]] = {
        "open": _parse_open,
        "seats": _parse_seats,
        "sitting": _parse_sitting,
        "delegation": _parse_delegation,
    }
    return content.one_of("kind", kinds)(content)


def _parse_open(content: Members) -> OpenPart:
    return OpenPart(
        title=_text(content, "title"),
        first_day=content.text("first_day", longest=10),
        last_day=content.text("last_day", longest=10),
        languages=content.array("languages", lambda value, path: text_of(value, path, 3), most=8),
        telephone=content.optional("telephone", lambda name: content.text(name, longest=40)),
    )


def _parse_seats(content: Members) -> SeatsPart:
    return SeatsPart(
        tuple(
            Delegation(one.delegation(), _text(one, "name"))
            for one in content.objects("delegations", most=DELEGATIONS.value)
        ),
        tuple(_parse_seat(one) for one in content.objects("seats", most=SEATS.value)),
    )


def _parse_seat(members: Members) -> Seat:
    seat, delegation, role = members.seat(), members.delegation(), members.one_of("role", ROLES)
    rank = members.optional("rank", lambda name: members.integer(name, most=99))
    if (role is Role.CHAIR) != (rank is not None):
        raise Malformed(members.at("rank"), "a chair has a rank, and nobody else")
    return Seat(seat, delegation, role, rank)


def _parse_sitting(content: Members) -> SittingPart:
    return SittingPart(
        sitting=content.sitting(),
        title=_text(content, "title"),
        opens_ms=content.integer("opens"),
        closes_ms=content.integer("closes"),
        items=tuple(
            Item(
                one.item(),
                one.optional("title", lambda name, one=one: _text(one, name)),  # type: ignore[misc]
                one.optional("opens", one.integer),
            )
            for one in content.objects("items", most=ITEMS_PER_SITTING.value)
        ),
        admission=content.array("admission", seat_of, most=SEATS.value),
    )


def _parse_delegation(content: Members) -> DelegationPart:
    delegation, persons = content.delegation(), content.object("persons")

    def person(name: str, value: Json, path: str) -> tuple[SeatId, str]:
        return seat_of(name, path), text_of(value, path, 120)

    return DelegationPart(delegation, dict(persons.each(person, most=SEATS.value)))


def _text(members: Members, name: str) -> Text:
    def one(language: str, value: Json, path: str) -> tuple[str, str]:
        if not (2 <= len(language) <= 3 and language.isascii() and language.islower()):
            raise Malformed(path[:80], "not a language's code")
        return language, text_of(value, path, 300)

    return dict(members.object(name).each(one, most=8))


def _check_contents(contents: Contents) -> Refusal | None:
    if contents.seats is None:
        return None
    delegations = [one.delegation for one in contents.seats.delegations]
    seats = {one.seat: one for one in contents.seats.seats}
    names_once = len(set(delegations)) == len(delegations) and len(seats) == len(contents.seats.seats)
    seats_known = all(one.delegation in delegations for one in seats.values())
    lists_known = all(
        len(set(part.admission)) == len(part.admission) and all(seat in seats for seat in part.admission)
        for part in contents.sittings.values()
    )
    persons_known = all(
        seat in seats and seats[seat].delegation == part.delegation
        for part in contents.delegations.values()
        for seat in part.persons
    )
    if names_once and seats_known and lists_known and persons_known:
        return None
    return Refusal(
        Code.CHARTER_PART, "The charter's parts contradict each other.", "Ask the secretariat to sign it again."
    )
