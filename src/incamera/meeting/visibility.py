"""Who may read what: journals, charter parts, doors, receipts (record.md 2, 4 and 5). The feed and the API ask here.

All that a knocker gets is `KNOCKER_GETS`; a test holds what the server sends to it.
"""

from dataclasses import dataclass
from typing import Any, Final

from incamera.accreditation.charter import OPEN, SEATS_PART, Contents, PartId, Role
from incamera.accreditation.strict import DelegationId, Hash, SeatId, SittingId, Thumbprint
from incamera.meeting import delivery, enrolment, lobby, sittings
from incamera.meeting.enrolment import Device
from incamera.meeting.state import RecordState, SittingState, Stage
from incamera.record.entry import JournalId

KNOCKER_GETS: Final = (
    "the charter's core",
    "the charter's part `open`",
    "its own delegation's part",
    "its own delegation's and seat's statements",
    "the door of each sitting that lists its seat",
    "receipts: the entries of its own acts, and those that name its device or seat",
    "a signed head for the journal of each receipt, at the receipt's place",
    "its Welcome, once the commit that adds it is accepted",
)
"""Before its first admission a device gets this, and nothing else."""


@dataclass(frozen=True, slots=True)
class Door:
    """What a device that does not read a sitting is told of it, if the sitting lists its seat."""

    sitting: SittingId
    stage: Stage
    opens_ms: int
    opener: Role
    """Who opens it, or opened it: no name, no seat."""
    act: Hash | None
    """The open or regroup act of its present group: the knock's leaf names that group."""


def reads_main(record: RecordState, device: Thumbprint) -> bool:
    """Main is read from a device's first admission anywhere to its revocation, whole."""
    if record.meeting.enrolment.live(device) is None:
        return False
    return any(device in sitting.lobby.admitted_once for sitting in record.sittings.values())


def reads_sitting(sitting: SittingState, device: Thumbprint) -> bool:
    """A sitting's journal is read from an admission to it to the exclusion from it, or the revocation, whole."""
    return device in sitting.lobby.admits


def journals(record: RecordState, device: Thumbprint) -> frozenset[JournalId]:
    """All journals that a device reads."""
    read = {JournalId(sitting.id) for sitting in record.sittings.values() if reads_sitting(sitting, device)}
    main = {JournalId(record.meeting.terms.meeting)} if reads_main(record, device) else set()
    return frozenset(read | main)


def parts(record: RecordState, contents: Contents, device: Device) -> frozenset[PartId]:
    """The charter's parts that an enrolled device may read."""
    if record.meeting.enrolment.live(device.thumbprint) is None:
        return frozenset()
    visible = {OPEN}
    delegations: set[DelegationId] = {device.delegation}
    if reads_main(record, device.thumbprint):
        visible.add(SEATS_PART)
    for sitting, state in record.sittings.items():
        if reads_sitting(state, device.thumbprint):
            visible.add(contents.ids[sitting])
            delegations |= {record.meeting.terms.seats[seat].delegation for seat in _listed(record, sitting)}
    return frozenset(visible | {contents.ids[one] for one in delegations if one in contents.ids})


def doors(record: RecordState, device: Device) -> tuple[Door, ...]:
    """The doors of the sittings that list a device's seat and that it does not read, in the order of their times."""
    if record.meeting.enrolment.live(device.thumbprint) is None:
        return ()
    return tuple(
        _door(record, state)
        for sitting, state in record.sittings.items()
        if device.seat in _listed(record, sitting) and not reads_sitting(state, device.thumbprint)
    )


@dataclass(frozen=True, slots=True)
class Subjects:
    """Whom an entry names, beside its author: they get it as a receipt if they do not read its journal."""

    devices: frozenset[Thumbprint] = frozenset()
    seats: frozenset[SeatId] = frozenset()


def subjects(event: Any) -> Subjects:  # Any: an event of any noun, as rules.Decided has it
    """The devices and seats that an entry names, from what it does."""
    match event:
        case enrolment.Reopened(seat=seat) | enrolment.Contested(seat=seat) | enrolment.Locked(seat=seat):
            return Subjects(seats=frozenset({seat}))
        case (
            enrolment.Revoked(device=device)
            | lobby.Admitted(device=device)
            | lobby.KnockRefused(device=device)
            | lobby.Excluded(device=device)
        ):
            return Subjects(devices=frozenset({device}))
        case sittings.Regrouped(without=without):
            return Subjects(devices=frozenset(without))
        case delivery.Committed():
            return Subjects(devices=event.removed | event.added.keys())
        case _:
            return Subjects()


def receives(device: Device, author: str, subjects: Subjects) -> bool:
    """Whether an entry concerns a device, so that it gets it as a receipt."""
    return device.thumbprint == author or device.thumbprint in subjects.devices or device.seat in subjects.seats


def receives_welcome(record: RecordState, device: Thumbprint, welcome: Hash) -> bool:
    """Whether a Welcome may go to a device: to those whom the accepted commit that names it added, and nobody else."""
    return any(
        commit.welcome == welcome and device in commit.added and reads_sitting(sitting, device)
        for sitting in record.sittings.values()
        for commit in sitting.group.commits.values()
    )


def _listed(record: RecordState, sitting: SittingId) -> frozenset[SeatId]:
    return record.meeting.terms.sittings[sitting].listed


def _door(record: RecordState, sitting: SittingState) -> Door:
    meeting = record.meeting
    terms = meeting.terms.sittings[sitting.id]
    roles = {meeting.terms.seats[seat].role for seat in terms.listed}
    opener = Role.CHAIR if Role.CHAIR in roles else Role.SECRETARIAT
    if sitting.stage == "unopened":
        return Door(sitting.id, sitting.stage, terms.opens_ms, opener, None)
    by = next((device for device, act in sitting.lobby.admits.items() if act == sitting.group.act), None)
    role = None if by is None else meeting.role_of(by)
    return Door(sitting.id, sitting.stage, terms.opens_ms, role or opener, sitting.group.act)
