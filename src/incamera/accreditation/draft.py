"""A charter's draft: the secretariat's YAML, checked whole, and the signed charter and parts that are made of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from yaml.nodes import Node

from incamera.accreditation.charter import (
    OPEN,
    ROLES,
    SEATS_PART,
    SUITE,
    Admission,
    Charter,
    Delegation,
    DelegationPart,
    Item,
    OpenPart,
    PagePolicy,
    Part,
    PartId,
    Policies,
    Role,
    Seat,
    SeatsPart,
    SittingPart,
    Text,
    part_bytes,
    part_content,
    sign_charter,
)
from incamera.accreditation.lines import Fields, Problems, compose
from incamera.accreditation.signature import PublicKey, SigningKey
from incamera.accreditation.statements import Period
from incamera.accreditation.strict import DelegationId, ItemId, MeetingId, SeatId, SittingId, b64u, sha256
from incamera.limits import CHARTER_DRAFT_BYTES, DELEGATIONS, ITEMS_PER_SITTING, SEATS, SITTINGS
from incamera.refusal import Code, Refusal

Draw: TypeAlias = Callable[[int], bytes]
"""So many random bytes; drawn by the shell."""
LANGUAGES: Final = ("en", "fr")
"""A charter's first language must be one of these: there are word lists for the spoken check in them."""
DECISIONS: Final = ("silence", "vote")
SIX_MONTHS_MS: Final = 183 * 24 * 60 * 60 * 1000
"""A charter has a short life: a stolen authority key is noticed late."""


@dataclass(frozen=True, slots=True)
class DraftSitting:
    """A sitting of the draft: its own id there, its part (without the random id), and the titles that are kept out."""

    name: str
    part: SittingPart
    restricted: Mapping[ItemId, Text]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A charter that says nothing impossible, and lacks only ids, salts and the signature."""

    organisation: str
    policies: Policies
    from_ms: int
    until_ms: int
    open: OpenPart
    seats: SeatsPart
    sittings: tuple[DraftSitting, ...]
    persons: tuple[DelegationPart, ...]


@dataclass(frozen=True, slots=True)
class SignedCharter:
    """A charter that can be uploaded, and what is kept from the server."""

    meeting: MeetingId
    jws: str
    parts: Mapping[PartId, bytes]
    sittings: Mapping[str, SittingId]
    """Each sitting of the draft, by its name there."""
    titles: Mapping[SittingId, Mapping[ItemId, Text]]
    """Titles of restricted items: for the chair's or secretariat's client, which posts them sealed. Never uploaded."""


def read_draft(text: str) -> Draft | tuple[Refusal, ...]:
    """The draft in a YAML text, or all that is wrong with it, each with its line and field."""
    problems = Problems()
    if len(text) > CHARTER_DRAFT_BYTES.value:
        return (Refusal(Code.CHARTER_INVALID, "The charter is longer than 1 MiB.", "Check which file it is."),)
    top = compose(text, problems)
    draft = None if top is None else _Reader(top).draft()
    return tuple(problems.found) if problems.found or draft is None else draft


def sign_draft(
    draft: Draft, authority: SigningKey, draw: Draw, now_ms: int, registrar: PublicKey | None
) -> SignedCharter:
    """Charter number 0 of a new meeting: ids and salts are drawn, the authority signs."""
    meeting = MeetingId(b64u(draw(16)))
    sittings = {one.name: SittingId(b64u(draw(16))) for one in draft.sittings}
    contents: list[tuple[PartId, Part]] = [(OPEN, draft.open), (SEATS_PART, draft.seats)]
    contents += [(PartId(b64u(draw(16))), replace(one.part, sitting=sittings[one.name])) for one in draft.sittings]
    contents += [(PartId(b64u(draw(16))), one) for one in draft.persons]
    # Sorted: the order in the core would tell which part is which.
    parts = {name: part_bytes(draw(16), part_content(part)) for name, part in sorted(contents, key=lambda one: one[0])}
    charter = Charter(
        meeting=meeting,
        issuer=authority.thumbprint,
        period=Period(now_ms, draft.from_ms, draft.until_ms),
        number=0,
        previous=None,
        organisation=draft.organisation,
        authority=authority.public,
        registrar=registrar,
        policies=draft.policies,
        parts={name: sha256(data) for name, data in parts.items()},
    )
    titles = {sittings[one.name]: one.restricted for one in draft.sittings if one.restricted}
    return SignedCharter(meeting, sign_charter(authority, charter), parts, sittings, titles)


class _Reader:
    """Reads the fields of one draft, top down; seats and groups first, since admission lists name them."""

    def __init__(self, top: Fields) -> None:
        self.top = top
        self.languages: tuple[str, ...] = ()
        self.delegations: list[Delegation] = []
        self.seats: list[Seat] = []
        self.persons: list[DelegationPart] = []
        self.groups: dict[str, list[SeatId]] = {}
        self.items: set[str] = set()

    def draft(self) -> Draft:
        top = self.top
        organisation = top.text("organisation", longest=200)
        self.languages = self._languages()
        opened = self._open()
        from_ms, until_ms = self._validity()
        policies = self._policies()
        for fields in top.each("delegations", most=DELEGATIONS.value):
            self._delegation(fields)
        self._check_chairs()
        if top.has("groups"):
            self._groups(top.fields("groups"))
        sittings = tuple(self._sitting(fields) for fields in top.each("sittings", most=SITTINGS.value))
        self._check_once([one.name for one in sittings], "sittings")
        top.end()
        return Draft(
            organisation=organisation,
            policies=policies,
            from_ms=from_ms,
            until_ms=until_ms,
            open=opened,
            seats=SeatsPart(tuple(self.delegations), tuple(self.seats)),
            sittings=sittings,
            persons=tuple(self.persons),
        )

    def _languages(self) -> tuple[str, ...]:
        found: list[str] = []
        for word, node, path in self.top.words("languages", most=8):
            if not (2 <= len(word) <= 3 and word.isascii() and word.islower()) or word in found:
                self.top.problems.add(
                    node, path, f'"{word}" is not right.', "Write a language's code once: en, fr, de."
                )
            found.append(word)
        if not found or found[0] not in LANGUAGES:
            write = f"Begin with one of: {', '.join(LANGUAGES)}; the spoken words are in the first language."
            self.top.problem("languages", "the first language has no word list.", write)
        return tuple(found)

    def _open(self) -> OpenPart:
        top = self.top
        first, last = top.day("first_day"), top.day("last_day")
        if first and last and last < first:
            top.problem("last_day", "it is before the first day.", "Write the last day of the meeting.")
        telephone = top.text("telephone", longest=40) if top.has("telephone") else None
        return OpenPart(
            title=self._text(top, "title"),
            first_day=first,
            last_day=last,
            languages=self.languages,
            telephone=telephone,
        )

    def _validity(self) -> tuple[int, int]:
        valid = self.top.fields("valid")
        from_ms, until_ms = valid.time_ms("from"), valid.time_ms("until")
        if from_ms and until_ms and not from_ms < until_ms <= from_ms + SIX_MONTHS_MS:
            valid.problem(
                "until", "it is not within half a year after `from`.", "Write the end of the meeting, and some days."
            )
        valid.end()
        return from_ms, until_ms

    def _policies(self) -> Policies:
        fields = self.top.fields("policies")
        admission = fields.one_of("admission", {one.value: one for one in Admission}, Admission.BY_HAND)
        quorum = fields.integer("refuse_quorum", 1, SEATS.value)
        page = fields.one_of("page", {one.value: one for one in PagePolicy}, PagePolicy.ASK)
        decisions: list[str] = []
        for word, node, path in fields.words("decisions", most=16):
            if word not in DECISIONS or word in decisions:
                fields.problems.add(
                    node, path, f'"{word}" is not right.', f"Write each once, of: {', '.join(DECISIONS)}."
                )
            decisions.append(word)
        fields.end()
        return Policies(admission=admission, refuse_quorum=quorum, suite=SUITE, page=page, decisions=tuple(decisions))

    def _delegation(self, fields: Fields) -> None:
        delegation = DelegationId(fields.slug("id"))
        if delegation and any(delegation == one.delegation for one in self.delegations):
            fields.problem("id", f"there are two delegations {delegation}.", "Give each an id of its own.")
        self.delegations.append(Delegation(delegation, self._text(fields, "name")))
        persons: dict[SeatId, str] = {}
        for seat in fields.each("seats", most=SEATS.value):
            found = self._seat(seat, delegation)
            if seat.has("person"):
                persons[found.seat] = seat.text("person", longest=120)
            seat.end()
        fields.end()
        self.persons.append(DelegationPart(delegation, persons))
        self.groups.setdefault(delegation, []).extend(one.seat for one in self.seats if one.delegation == delegation)

    def _seat(self, fields: Fields, delegation: DelegationId) -> Seat:
        name = SeatId(fields.slug("id"))
        role = fields.one_of("role", ROLES, Role.ADVISER)
        rank = fields.integer("rank", 0, 99) if fields.has("rank") else None
        if (role is Role.CHAIR) != (rank is not None):
            fields.problem(
                "rank", "a chair has a rank, and nobody else.", "Write `rank: 0` for the chair, 1 for the deputy."
            )
        if name and any(name == one.seat for one in self.seats):
            fields.problem("id", f"there are two seats {name}.", "Give each an id of its own.")
        if len(self.seats) == SEATS.value:
            fields.problem("id", f"there are more than {SEATS.value} seats.", "Leave some out.")
        seat = Seat(name, delegation, role, rank)
        self.seats.append(seat)
        return seat

    def _check_chairs(self) -> None:
        ranks = sorted(one.rank for one in self.seats if one.rank is not None)
        if ranks[:1] != [0] or len(set(ranks)) != len(ranks):
            self.top.problem(
                "delegations",
                "no seat, or more than one, is `role: chair` with `rank: 0`.",
                "Number the chairs from 0.",
            )
        if not any(one.role is Role.SECRETARIAT for one in self.seats):
            self.top.problem(
                "delegations", "no seat is of the secretariat.", "Give one `role: secretariat`: it lets people in."
            )

    def _groups(self, fields: Fields) -> None:
        for name in fields.names():
            seats = [
                seat
                for word, node, path in fields.words(name, most=SEATS.value)
                for seat in self._named(word, node, path)
            ]
            if name in self.groups or name in {one.seat for one in self.seats}:
                fields.problem(name, "a delegation or seat has this id.", "Name the group otherwise.")
            self.groups[name] = list(dict.fromkeys(seats))

    def _named(self, word: str, node: Node, path: str) -> list[SeatId]:
        if word in self.groups:
            return self.groups[word]
        if any(word == one.seat for one in self.seats):
            return [SeatId(word)]
        self.top.problems.add(node, path, f'there is no delegation, seat or group "{word}".', "Write an id from above.")
        return []

    def _sitting(self, fields: Fields) -> DraftSitting:
        name, title = fields.slug("id"), self._text(fields, "title")
        opens_ms, closes_ms = fields.time_ms("opens"), fields.time_ms("closes")
        if opens_ms and closes_ms and closes_ms <= opens_ms:
            fields.problem("closes", "it closes before it opens.", "Write the time at which it ends.")
        words = fields.words("admit", most=SEATS.value)
        seats = dict.fromkeys(seat for word, node, path in words for seat in self._named(word, node, path))
        runs = {one.seat for one in self.seats if one.role in (Role.CHAIR, Role.SECRETARIAT)}
        if words and not runs & set(seats):
            fields.problem("admit", "nobody of chair and secretariat is admitted.", "Admit who opens the sitting.")
        items, restricted = self._agenda(fields)
        fields.end()
        part = SittingPart(
            sitting=SittingId(name),
            title=title,
            opens_ms=opens_ms,
            closes_ms=closes_ms,
            items=tuple(items),
            admission=tuple(seats),
        )
        return DraftSitting(name, part, restricted)

    def _agenda(self, sitting: Fields) -> tuple[list[Item], dict[ItemId, Text]]:
        items: list[Item] = []
        restricted: dict[ItemId, Text] = {}
        if not sitting.has("items"):
            return items, restricted
        for fields in sitting.each("items", most=ITEMS_PER_SITTING.value):
            name, title = ItemId(fields.slug("id")), self._text(fields, "title")
            if name and name in self.items:
                fields.problem("id", f"there are two items {name}.", "Give each an id of its own, over all sittings.")
            self.items.add(name)
            is_restricted = fields.boolean("restricted")
            opens_ms = fields.time_ms("opens") if fields.has("opens") else None
            fields.end()
            if is_restricted:
                restricted[name] = title
            items.append(Item(name, None if is_restricted else title, opens_ms))
        return items, restricted

    def _text(self, fields: Fields, name: str) -> Text:
        words = fields.fields(name)
        text = {language: words.text(language, longest=300) for language in self.languages}
        words.end()
        return text

    def _check_once(self, names: list[str], field: str) -> None:
        twice = {name for name in names if name and names.count(name) > 1}
        for name in sorted(twice):
            self.top.problem(field, f"there are two called {name}.", "Give each an id of its own.")
