"""A meeting on paper: authority, charter, seats, devices, acts and journals, with no server, no socket and no clock.

All keys come from names, so that the same story gives the same bytes.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from incamera.accreditation.charter import (
    OPEN,
    SEATS_PART,
    SUITE,
    Admission,
    Charter,
    Contents,
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
    open_charter,
    open_contents,
    part_bytes,
    part_content,
    sign_charter,
)
from incamera.accreditation.credential import join
from incamera.accreditation.signature import Signed, SigningKey, Typ, sign
from incamera.accreditation.statements import (
    DelegationStatement,
    DeviceStatement,
    LeafStatement,
    Period,
    SeatStatement,
    issue,
)
from incamera.accreditation.strict import (
    DelegationId,
    GroupId,
    Hash,
    ItemId,
    MeetingId,
    SeatId,
    SittingId,
    Thumbprint,
    b64u,
    sha256,
)
from incamera.meeting.acts import (
    Act,
    Add,
    Admit,
    Body,
    Commit,
    EnrolDevice,
    Knock,
    OpenSitting,
    Regroup,
    RegroupReason,
    Remove,
    Seen,
    wire_form,
)
from incamera.meeting.own import Own, ServerStarted, own_body
from incamera.meeting.rules import Breach, Decided, advance, decide, due, fold, open_act
from incamera.meeting.state import RecordState, State, initial
from incamera.meeting.terms import MeetingTerms, meeting_terms
from incamera.record.entry import Entry
from incamera.record.journal import link
from incamera.refusal import Refusal

START_MS = 1_613_552_400_000
"""17 February 2021, 09:00 UTC: the meeting's first day."""
DAY_MS = 24 * 60 * 60 * 1000
SEATS: dict[str, tuple[str, Role]] = {
    "chair": ("nato", Role.CHAIR),
    "deputy": ("nato", Role.CHAIR),
    "secretariat": ("nato", Role.SECRETARIAT),
    "interpreter": ("nato", Role.INTERPRETER),
    "recorder": ("nato", Role.RECORDER),
    "be-head": ("be", Role.HEAD),
    "be-adviser": ("be", Role.ADVISER),
    "ee-head": ("ee", Role.HEAD),
    "fi-head": ("fi", Role.HEAD),
    "press": ("media", Role.PRESS),
    "witness": ("media", Role.WITNESS),
}
"""Seat → delegation, role. Finland, press and witness attend the first sitting only."""
PARTNERS = frozenset({"fi-head", "press", "witness"})


def octets(name: str, length: int = 32) -> bytes:
    """Bytes that stand for randomness: always the same for a name."""
    return hashlib.shake_256(name.encode()).digest(length)


@cache
def key(name: str) -> SigningKey:
    """A key pair, always the same for a name."""
    return SigningKey(octets(name))


FIRST = SittingId(b64u(octets("sitting first", 16)))
SECOND = SittingId(b64u(octets("sitting second", 16)))


@dataclass(frozen=True)
class Device:
    """A device with its chain, which signs acts and makes leaves."""

    seat: SeatId
    key: SigningKey
    chain: tuple[str, str, str]
    meeting: MeetingId

    @property
    def thumbprint(self) -> Thumbprint:
        return self.key.thumbprint

    def leaf_chain(self, sitting: SittingId, group: str, *, until_ms: int = START_MS + DAY_MS) -> str:
        """The chain of four for a leaf in a group, with a key of its own."""
        leaf = LeafStatement(
            meeting=self.meeting,
            issuer=self.thumbprint,
            period=Period(START_MS, START_MS - 1000, until_ms),
            sitting=sitting,
            group=GroupId(group),
            key=key(f"leaf {self.thumbprint} {sitting} {group}").public,
        )
        return join((*self.chain, issue(self.key, leaf)))


@dataclass
class Charters:
    """The authority's side: a signed charter of two sittings, its parts, and statements for each seat."""

    admission: Admission = Admission.BY_HAND
    refuse_quorum: int = 2
    authority: SigningKey = field(default_factory=lambda: key("authority"))
    meeting: MeetingId = field(default_factory=lambda: MeetingId(b64u(octets("meeting", 16))))
    registrar: SigningKey = field(default_factory=lambda: key("registrar"))

    def __post_init__(self) -> None:
        self._devices: dict[tuple[str, str], Device] = {}
        seats = tuple(
            Seat(SeatId(seat), DelegationId(delegation), role, _rank(seat, role))
            for seat, (delegation, role) in SEATS.items()
        )
        names = dict.fromkeys(delegation for delegation, _ in SEATS.values())
        parts: dict[str, Part] = {
            OPEN: OpenPart(
                title={"en": "Defence ministers"},
                first_day="2021-02-17",
                last_day="2021-02-18",
                languages=("en", "fr"),
                telephone=None,
            ),
            SEATS_PART: SeatsPart(tuple(Delegation(DelegationId(name), {"en": name}) for name in names), seats),
            b64u(octets("part first", 16)): _sitting(FIRST, SEATS, restricted=False),
            b64u(octets("part second", 16)): _sitting(SECOND, set(SEATS) - PARTNERS, restricted=True),
        }
        for name in names:
            persons = {SeatId(seat): f"Person of {seat}" for seat, (of, _) in SEATS.items() if of == name}
            parts[b64u(octets(f"part {name}", 16))] = DelegationPart(DelegationId(name), persons)
        self.parts = {
            PartId(part): part_bytes(octets(f"salt {part}", 16), part_content(content))
            for part, content in parts.items()
        }
        self.charter = sign_charter(
            self.authority,
            Charter(
                meeting=self.meeting,
                issuer=self.authority.thumbprint,
                period=Period(START_MS - DAY_MS, START_MS - DAY_MS, START_MS + 7 * DAY_MS),
                number=0,
                previous=None,
                organisation="NATO",
                authority=self.authority.public,
                registrar=None,
                policies=Policies(
                    admission=self.admission,
                    refuse_quorum=self.refuse_quorum,
                    suite=SUITE,
                    page=PagePolicy.ASK,
                    decisions=("silence",),
                ),
                parts={part: sha256(data) for part, data in self.parts.items()},
            ),
        )

    @property
    def charter_hash(self) -> Hash:
        return sha256(self.charter.encode())

    def opened(self) -> tuple[Signed[Charter], Contents]:
        """The charter and its parts, as a server opens them."""
        signed = open_charter(self.charter, authorities={self.authority.thumbprint})
        assert isinstance(signed, Signed), signed
        contents = open_contents(self.parts, signed.payload)
        assert isinstance(contents, Contents), contents
        return signed, contents

    def terms(self) -> MeetingTerms:
        signed, contents = self.opened()
        terms = meeting_terms([signed], contents)
        assert isinstance(terms, MeetingTerms), terms
        return terms

    def statements(self, seat: str, *, by: str = "", to: SigningKey | None = None) -> tuple[str, str]:
        """The delegation's and the seat's statement; `by` another key of the delegation, `to` another link's key."""
        delegation = DelegationId(SEATS[seat][0])
        period = Period(START_MS - DAY_MS, START_MS - DAY_MS, START_MS + 7 * DAY_MS)
        delegation_key, seat_key = key(f"delegation {delegation}{by}"), to or self.seat_key(seat)
        first = DelegationStatement(
            meeting=self.meeting,
            issuer=self.authority.thumbprint,
            period=period,
            delegation=delegation,
            key=delegation_key.public,
            charter=self.charter_hash,
        )
        second = SeatStatement(
            meeting=self.meeting,
            issuer=delegation_key.thumbprint,
            period=period,
            delegation=delegation,
            seat=SeatId(seat),
            key=seat_key.public,
        )
        return issue(self.authority, first), issue(delegation_key, second)

    def seat_key(self, seat: str) -> SigningKey:
        return key(f"invitation {seat}")

    def device(self, seat: str, name: str = "laptop") -> Device:
        """A device that holds the seat's link."""
        if (seat, name) not in self._devices:
            self._devices[seat, name] = self._device(seat, name)
        return self._devices[seat, name]

    def _device(self, seat: str, name: str) -> Device:
        device_key, seat_key = key(f"device {seat} {name}"), self.seat_key(seat)
        statement = DeviceStatement(
            meeting=self.meeting,
            issuer=seat_key.thumbprint,
            period=Period(START_MS - DAY_MS, START_MS - DAY_MS, START_MS + 7 * DAY_MS),
            delegation=DelegationId(SEATS[seat][0]),
            seat=SeatId(seat),
            key=device_key.public,
        )
        chain = (*self.statements(seat), issue(seat_key, statement))
        return Device(SeatId(seat), device_key, chain, self.meeting)


def _rank(seat: str, role: Role) -> int | None:
    return int(seat == "deputy") if role is Role.CHAIR else None


def _sitting(sitting: SittingId, seats: Iterable[str], *, restricted: bool) -> SittingPart:
    items = (
        Item(ItemId("afghanistan"), None if restricted else {"en": "Afghanistan"}, None),
        Item(ItemId("deterrence"), None, None),
    )
    admission = tuple(SeatId(seat) for seat in SEATS if seat in set(seats))
    return SittingPart(
        sitting=sitting,
        title={"en": "A sitting"},
        opens_ms=START_MS,
        closes_ms=START_MS + DAY_MS // 4,
        items=items,
        admission=admission,
    )


class Paper:
    """A record that grows by acts, with no server: the server's fold and a reader's beside it, which must agree."""

    def __init__(self, charters: Charters | None = None) -> None:
        self.charters = charters or Charters()
        self.now = START_MS
        self.record = initial(self.charters.terms())
        self.reader = self.record
        self.entries: list[Entry] = []
        self.count = 0
        self.start()

    def nonce(self) -> str:
        self.count += 1
        return b64u(octets(f"nonce {self.count}", 16))

    def start(self) -> None:
        """The server starts."""
        own = ServerStarted(self.nonce(), self.charters.charter_hash, self.charters.registrar.public)
        assert self.own(None, own) is None

    def state(self, sitting: SittingId = FIRST) -> State:
        return self.record.at(sitting)

    def seen(self, sitting: SittingId | None) -> tuple[Seen | None, Seen | None]:
        """What a reader that follows has seen."""
        main = self.record.meeting.tail.place
        known = None if sitting is None else self.record.sittings.get(sitting)
        return main, None if known is None else known.tail.place

    def signed(
        self,
        device: Device,
        body: Body,
        sitting: SittingId | None = None,
        *,
        seen: tuple[Seen | None, Seen | None] | None = None,
        at: int | None = None,
        nonce: str | None = None,
    ) -> str:
        """An act's JWS."""
        seen_main, seen_sitting = self.seen(sitting) if seen is None else seen
        act = Act(
            self.charters.meeting,
            device.thumbprint,
            sitting,
            seen_main,
            seen_sitting,
            self.now if at is None else at,
            self.nonce() if nonce is None else nonce,
            body,
        )
        return sign(device.key, Typ.ACT, wire_form(act))  # type: ignore[arg-type]

    def decide(self, jws: str) -> Decided | Refusal:
        """What the server says to an act now."""
        signed = open_act(self.record.meeting, jws, self.now)
        return signed if isinstance(signed, Refusal) else decide(self.record, signed, self.now)

    def post(self, jws: str) -> Refusal | None:
        """An act is decided; if it may stand, it is appended, and a reader folds the entry."""
        decided = self.decide(jws)
        if isinstance(decided, Refusal):
            return decided
        self._append(decided, jws)
        return None

    def act(self, device: Device, body: Body, sitting: SittingId | None = None) -> Refusal | None:
        """Sign and post."""
        return self.post(self.signed(device, body, sitting))

    def must(self, device: Device, body: Body, sitting: SittingId | None = None) -> Hash:
        """Sign and post what must be accepted; its hash."""
        jws = self.signed(device, body, sitting)
        refusal = self.post(jws)
        assert refusal is None, refusal
        return sha256(jws.encode())

    def own(self, sitting: SittingId | None, own: Own) -> Refusal | None:
        """An entry of the server's own, if it is due."""
        decided = due(self.record, sitting, own, self.now)
        if isinstance(decided, Refusal):
            return decided
        self._append(decided, own_body(own))
        return None

    def _append(self, decided: Decided, body: str) -> None:
        sitting = decided.sitting
        meeting = self.record.meeting
        tail = meeting.tail if sitting is None else self.record.sittings[sitting].tail
        entry = link(tail, at_ms=self.now, main=None if sitting is None else meeting.tail.place, body=body)
        self.record = advance(self.record, entry, decided)
        folded = fold(self.reader, entry)
        assert isinstance(folded, RecordState), f"a reader refuses what the server let through: {folded}"
        self.reader = folded
        self.entries.append(entry)
        assert self.reader == self.record, "reader and server fold to one state"

    # What stories are made of.

    def enrolled(self, seat: str, name: str = "laptop") -> Device:
        """A device of the seat, enrolled by its link."""
        device = self.charters.device(seat, name)
        self.must(device, EnrolDevice(join(device.chain)))
        return device

    def open(self, device: Device, sitting: SittingId = FIRST, group: str = "group 1") -> Hash:
        """The device opens the sitting."""
        return self.must(device, self.opening(device, sitting, group), sitting)

    def opening(self, device: Device, sitting: SittingId = FIRST, group: str = "group 1") -> OpenSitting:
        group_id = GroupId(b64u(octets(group, 16)))
        return OpenSitting(group_id, SUITE, device.leaf_chain(sitting, group_id))

    def regrouping(
        self,
        device: Device,
        because: RegroupReason,
        *,
        without: tuple[Thumbprint, ...] = (),
        group: str = "group 2",
        sitting: SittingId = FIRST,
    ) -> Regroup:
        group_id = GroupId(b64u(octets(group, 16)))
        return Regroup(group_id, SUITE, device.leaf_chain(sitting, group_id), because, without)

    def knocking(self, device: Device, sitting: SittingId = FIRST, *, until_ms: int = START_MS + DAY_MS) -> Knock:
        group = self.group(sitting)
        self.count += 1
        package = b64u(octets(f"key package {self.count}", 64))
        return Knock(device.leaf_chain(sitting, group, until_ms=until_ms), package)

    def group(self, sitting: SittingId) -> GroupId:
        """The sitting's group, or one that nobody made."""
        return self.state(sitting).sitting.group.id or GroupId(b64u(bytes(16)))

    def knock(self, device: Device, sitting: SittingId = FIRST) -> Hash:
        return self.must(device, self.knocking(device, sitting), sitting)

    def committing(
        self,
        sitting: SittingId = FIRST,
        *,
        adds: Iterable[Device] = (),
        removes: tuple[Remove, ...] | None = None,
        item: str | None = None,
        epoch: int | None = None,
    ) -> Commit:
        """A commit that adds these devices and, unless it is told otherwise, removes all that are due."""
        state = self.state(sitting).sitting
        group, lobby = state.group, state.lobby
        if removes is None:
            removes = tuple(
                Remove(device, group.members[device].leaf, dues[0].because, dues[0].cites)
                for device, dues in group.dues.items()
            )
        gone = {remove.device for remove in removes}
        taken = {member.leaf for device, member in group.members.items() if device not in gone}
        free = (leaf for leaf in range(1000) if leaf not in taken)
        added = tuple(
            Add(
                device.thumbprint,
                next(free),
                lobby.knocks[device.thumbprint].act,
                lobby.admits[device.thumbprint],
            )
            for device in adds
        )
        self.count += 1
        message = b64u(octets(f"commit {self.count}", 64))
        welcome = sha256(octets(f"welcome {self.count}")) if added else None
        number = group.epoch if epoch is None else epoch
        named = None if item is None else ItemId(item)
        return Commit(self.group(sitting), number, message, welcome, added, removes, named)

    def commit(self, author: Device, *devices: Device, sitting: SittingId = FIRST, item: str | None = None) -> Hash:
        """A second later, the author commits what is due, and these adds."""
        self.now += 1000
        return self.must(author, self.committing(sitting, adds=devices, item=item), sitting)

    def admitted(self, host: Device, *devices: Device, sitting: SittingId = FIRST) -> None:
        """The devices knock, the host admits them and commits: all are members."""
        for device in devices:
            self.knock(device, sitting)
            if device.thumbprint not in self.state(sitting).sitting.lobby.admits:
                self.must(host, Admit(device.thumbprint), sitting)
        self.commit(host, *devices, sitting=sitting)


def breach_of(record: RecordState, entries: Iterable[Entry]) -> Breach | None:
    """The first entry that a reader refuses."""
    for entry in entries:
        folded = fold(record, entry)
        if isinstance(folded, Breach):
            return folded
        record = folded
    return None
