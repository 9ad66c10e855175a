"""Two or more Python members of one sitting, and the facts that their folds would have: no server, no journal.

OpenMLS checks lifetimes by the system's clock, so what is signed here is signed now.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import TypeVar

from incamera.accreditation.credential import join
from incamera.accreditation.signature import PublicKey, SigningKey, public_key
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
    MeetingId,
    SeatId,
    SittingId,
    Thumbprint,
    b64u,
    sha256,
)
from incamera.clock import SystemClock
from incamera.e2ee.facts import Due, Facts, Head, Heads, Knock, Plan, PlannedAdd, RosterLeaf, Trust
from incamera.e2ee.group import Advance, Breach, Draft, Group
from incamera.refusal import Refusal

T = TypeVar("T")
MEETING = MeetingId(b64u(b"m" * 16))
SITTING = SittingId(b64u(b"s" * 16))
CHARTER = Hash(b64u(b"c" * 32))
HOUR_MS = 3_600_000
NOW_MS = SystemClock().now_ms()
PERIOD = Period(NOW_MS, NOW_MS - HOUR_MS, NOW_MS + 12 * HOUR_MS)
HEADS = Heads(Head(1, sha256(b"main")), Head(2, sha256(b"sitting")))
STATE_KEY = bytes(range(32))


def key(name: str) -> SigningKey:
    return SigningKey(hashlib.sha256(f"e2ee {name}".encode()).digest())


def got(value: T | Refusal | Breach) -> T:
    """What was asked for, where the test means to get it."""
    assert not isinstance(value, Refusal | Breach), value
    return value


AUTHORITY = key("authority")


def trust(authority: SigningKey = AUTHORITY) -> Trust:
    return Trust(authority.thumbprint, authority.public, MEETING, frozenset({CHARTER}), None)


@dataclass
class Attendee:
    """A device and its share of the group."""

    name: str
    group: Group
    authority: SigningKey = AUTHORITY
    key: SigningKey = field(init=False)

    def __post_init__(self) -> None:
        self.key = key(f"device {self.name}")

    @property
    def device(self) -> Thumbprint:
        return self.key.thumbprint

    def chain(self, group: GroupId) -> str:
        delegation, seat = key(f"delegation {self.name}"), key(f"seat {self.name}")
        octets = public_key(self.group.leaf_key())
        assert isinstance(octets, PublicKey)
        head = {"meeting": MEETING, "period": PERIOD}
        named = {"delegation": DelegationId(self.name), "seat": SeatId(f"{self.name}-head")}
        first = DelegationStatement(
            issuer=self.authority.thumbprint,
            delegation=DelegationId(self.name),
            key=delegation.public,
            charter=CHARTER,
            **head,  # type: ignore[arg-type]
        )
        second = SeatStatement(issuer=delegation.thumbprint, key=seat.public, **head, **named)  # type: ignore[arg-type]
        third = DeviceStatement(issuer=seat.thumbprint, key=self.key.public, **head, **named)  # type: ignore[arg-type]
        leaf = LeafStatement(issuer=self.device, sitting=SITTING, group=group, key=octets, **head)  # type: ignore[arg-type]
        return join(
            (issue(self.authority, first), issue(delegation, second), issue(seat, third), issue(self.key, leaf))
        )


class Chamber:
    """The facts, and how they change."""

    def __init__(self) -> None:
        self.group = Group.new_id()
        self.admitted: dict[Thumbprint, frozenset[Hash]] = {}
        self.knocks: dict[Hash, Knock] = {}
        self.due: list[Due] = []
        self.revoked: set[Thumbprint] = set()
        self.roster: dict[int, RosterLeaf] = {}
        self.acts = 0

    def facts(self) -> Facts:
        return Facts(
            at_ms=NOW_MS,
            admitted=dict(self.admitted),
            knocks=dict(self.knocks),
            due=tuple(self.due),
            revoked=frozenset(self.revoked),
        )

    def act(self) -> Hash:
        self.acts += 1
        return sha256(str(self.acts).encode())

    def attendee(self, name: str, authority: SigningKey = AUTHORITY) -> Attendee:
        return Attendee(name, got(Group.prepare(trust(authority), SITTING)), authority)

    def open(self, name: str = "chair") -> Attendee:
        chair = self.attendee(name)
        self.admitted[chair.device] = frozenset()
        assert chair.group.found(chair.chain(self.group), self.facts()) is None
        self.roster = {0: RosterLeaf(0, chair.device, NOW_MS)}
        return chair

    def knock(self, attendee: Attendee) -> PlannedAdd:
        chain = attendee.chain(self.group)
        package = got(attendee.group.knock(chain, NOW_MS))
        knock, admit = self.act(), self.act()
        self.knocks[knock] = Knock(attendee.device, chain, b64u(package))
        self.admitted[attendee.device] = self.admitted.get(attendee.device, frozenset()) | {admit}
        return PlannedAdd(attendee.device, knock, admit)

    def accept(self, members: list[Attendee], author: Attendee, draft: Draft) -> list[Advance]:
        """The commit's entry reaches all members."""
        advances = [got(member.group.process(author.device, draft.body.encode(), self.facts())) for member in members]
        body = json.loads(draft.body)
        for remove in body["removes"]:
            del self.roster[remove["leaf"]]
        for add in body["adds"]:
            self.roster[add["leaf"]] = RosterLeaf(add["leaf"], Thumbprint(add["device"]), NOW_MS)
        self.due = [due for due in self.due if due.device in {leaf.device for leaf in self.roster.values()}]
        return advances

    def join(self, newcomer: Attendee, author: Attendee, draft: Draft) -> Advance:
        assert draft.welcome is not None
        roster = tuple(self.roster.values())
        return got(newcomer.group.join(draft.welcome, author.device, draft.body.encode(), self.facts(), roster))

    def gather(self, count: int) -> list[Attendee]:
        """So many members, all but the first added in one commit."""
        chair = self.open()
        newcomers = [self.attendee(f"d{place}") for place in range(1, count)]
        plan = Plan(adds=tuple(self.knock(newcomer) for newcomer in newcomers))
        draft = got(chair.group.commit(plan, self.facts(), HEADS))
        self.accept([chair], chair, draft)
        for newcomer in newcomers:
            self.join(newcomer, chair, draft)
        return [chair, *newcomers]
