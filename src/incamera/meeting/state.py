"""The state of a meeting: a fold of its journals, one frozen part a noun."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal

from incamera.accreditation.charter import Role
from incamera.accreditation.credential import Credential, Expected, LeafPlace, validate
from incamera.accreditation.signature import PublicKey
from incamera.accreditation.strict import GroupId, Hash, SittingId, Thumbprint
from incamera.meeting.acts import Act, B, RemovalReason
from incamera.meeting.agenda import Agenda
from incamera.meeting.delivery import NO_GROUP, Group
from incamera.meeting.enrolment import Device, Enrolment
from incamera.meeting.floor import Floor
from incamera.meeting.lobby import Lobby
from incamera.meeting.terms import MeetingTerms, SittingTerms
from incamera.meeting.trail import Trail
from incamera.record.entry import JournalId
from incamera.record.journal import Tail, beginning
from incamera.refusal import Code, Refusal

Stage = Literal["unopened", "open", "closed"]


@dataclass(frozen=True, slots=True)
class MeetingState:
    """What the main journal folds to."""

    terms: MeetingTerms
    registrar: PublicKey | None
    """The key that signs heads: the charter's, or the one of main's first entry."""
    tail: Tail
    """Where the next entry follows."""
    trail: Trail = field(default_factory=Trail)
    enrolment: Enrolment = field(default_factory=Enrolment)

    def role(self, device: Device) -> Role | None:
        """The role of a device's seat; None if the charter has that seat no more."""
        seat = self.terms.seats.get(device.seat)
        return None if seat is None else seat.role

    def role_of(self, device: Thumbprint) -> Role | None:
        """The role of a device by its name; None if no such device is enrolled and live."""
        live = self.enrolment.live(device)
        return None if live is None else self.role(live)


@dataclass(frozen=True, slots=True)
class SittingState:
    """What a sitting's journal folds to, merged with main."""

    id: SittingId
    tail: Tail
    stage: Stage = "unopened"
    trail: Trail = field(default_factory=Trail)
    round: int = 0
    """Accepted opens, regroups and commits; it never restarts."""
    group: Group = NO_GROUP
    groups: frozenset[GroupId] = frozenset()
    """The ids of all groups that it had."""
    lobby: Lobby = field(default_factory=Lobby)
    floor: Floor = field(default_factory=Floor)
    agenda: Agenda = field(default_factory=Agenda)


@dataclass(frozen=True, slots=True)
class State:
    """What `decide` looks at: the meeting, and the one sitting that an act is about."""

    meeting: MeetingState
    of_sitting: SittingState | None = None

    @property
    def sitting(self) -> SittingState:
        """The sitting; an act of the main journal has none."""
        assert self.of_sitting is not None, "rules.py looks the sitting up for each kind of its journal"
        return self.of_sitting

    @property
    def terms(self) -> SittingTerms:
        """What the charter says of the sitting."""
        return self.meeting.terms.sittings[self.sitting.id]

    def in_meeting(self, **parts: Any) -> "State":  # Any: the parts are checked by `replace`
        """The state with other parts of the meeting."""
        return replace(self, meeting=replace(self.meeting, **parts))

    def in_sitting(self, **parts: Any) -> "State":  # Any: the parts are checked by `replace`
        """The state with other parts of the sitting."""
        return replace(self, of_sitting=replace(self.sitting, **parts))

    def struck(self, device: Thumbprint, because: RemovalReason, act: Hash) -> "State":
        """The state after a device lost its admission: its removal is due, it stands at no door, speaks nowhere."""
        sitting = self.of_sitting
        if sitting is None:
            return self
        return self.in_sitting(
            group=sitting.group.removal_due(device, because, act),
            lobby=sitting.lobby.struck(device),
            floor=sitting.floor.without(device),
        )

    def credential(self, chain: str, author: Device, at: int, *, group: GroupId | None = None) -> Credential | Refusal:
        """What a chain of four proves about the author of an act: its own leaf, in this group or the sitting's present
        one, at the entry's time.
        """
        enrolment = self.meeting.enrolment
        place = LeafPlace(self.sitting.id, self.sitting.group.id if group is None else group)
        credential = validate(
            chain,
            expected(self.meeting, leaf=place, enrolled=enrolment.devices.keys(), revoked=enrolment.revoked.keys()),
            at,
        )
        if isinstance(credential, Refusal):
            return credential
        if credential.device != author.key or credential.seat != author.seat:
            return Refusal(
                Code.ENROLMENT_SIGNER, "The chain is another device's than the act's author.", "Sign with your own."
            )
        return credential


def expected(
    meeting: MeetingState,
    *,
    leaf: LeafPlace | None,
    enrolled: Collection[Thumbprint] | None,
    revoked: Collection[Thumbprint],
) -> Expected:
    """What this meeting holds a chain to."""
    terms = meeting.terms
    return Expected(
        authority=terms.authority,
        meeting=terms.meeting,
        charters=terms.charters,
        leaf=leaf,
        seats=terms.delegations,
        enrolled=enrolled,
        revoked=revoked,
    )


@dataclass(frozen=True, slots=True)
class RecordState:
    """The fold of all journals that somebody reads: main and some sittings. A server reads all."""

    meeting: MeetingState
    sittings: Mapping[SittingId, SittingState]

    def at(self, sitting: SittingId | None) -> State:
        """What an act in this journal is decided on."""
        return State(self.meeting, None if sitting is None else self.sittings[sitting])


def initial(terms: MeetingTerms) -> RecordState:
    """Before the first entry."""
    meeting = terms.meeting
    return RecordState(
        MeetingState(terms, terms.registrar, beginning(meeting, JournalId(meeting))),
        {sitting: SittingState(sitting, beginning(meeting, JournalId(sitting))) for sitting in terms.sittings},
    )


@dataclass(frozen=True, slots=True)
class Placed(Generic[B]):
    """An act at the place in its journal that it asks for, its author known: what each kind's `decide` judges."""

    act: Act[B]
    hash: Hash
    author: Device
    at: int
    """The entry's time, ms."""

    @property
    def body(self) -> B:
        """The act's body."""
        return self.act.body
