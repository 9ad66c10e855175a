"""Enrolment: which devices are known, once a link; their revocation; what a link's second use leaves in the record."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from incamera.accreditation.signature import PublicKey
from incamera.accreditation.strict import DelegationId, Hash, SeatId, Thumbprint
from incamera.limits import CONTEST_MS, CONTESTS, DEVICES_PER_SEAT
from incamera.meeting.acts import EnrolDevice, ReopenInvitation, RevokeDevice
from incamera.refusal import Code, Refusal

if TYPE_CHECKING:
    from incamera.meeting.state import Placed, State


@dataclass(frozen=True, slots=True)
class Device:
    """An enrolled device: the name that acts have, whose it is, and the key that verifies what it signs."""

    thumbprint: Thumbprint
    key: PublicKey
    delegation: DelegationId
    seat: SeatId


@dataclass(frozen=True, slots=True)
class Link:
    """What happened to one seat's invitation since it was issued or last reopened."""

    uses_left: int = 1
    devices: int = 0
    """How many devices it enrolled in all."""
    contests: tuple[tuple[int, Hash], ...] = ()
    """Second uses that the record has: time and the refused act's hash."""
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The devices of a meeting: who ever enrolled, who is revoked (by which act), and the state of each used link."""

    devices: Mapping[Thumbprint, Device] = field(default_factory=dict)
    revoked: Mapping[Thumbprint, Hash] = field(default_factory=dict)
    links: Mapping[SeatId, Link] = field(default_factory=dict)

    def link(self, seat: SeatId) -> Link:
        """The state of a seat's link."""
        return self.links.get(seat, Link())

    def live(self, device: Thumbprint) -> Device | None:
        """The device, if it is enrolled and not revoked."""
        return None if device in self.revoked else self.devices.get(device)

    def of_seat(self, seat: SeatId) -> tuple[Device, ...]:
        """All devices that the seat ever enrolled, revoked ones too."""
        return tuple(device for device in self.devices.values() if device.seat == seat)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A device is known from here on."""

    device: Device


@dataclass(frozen=True, slots=True)
class Revoked:
    """A device's part in the meeting has ended, by this act."""

    device: Thumbprint
    act: Hash


@dataclass(frozen=True, slots=True)
class Reopened:
    """A seat's link takes exactly one more device."""

    seat: SeatId


@dataclass(frozen=True, slots=True)
class Contested:
    """A used link was used again: the record says so."""

    seat: SeatId
    at: int
    act: Hash


@dataclass(frozen=True, slots=True)
class Locked:
    """A link was tried too often: it takes no more devices and leaves no more entries."""

    seat: SeatId


def decide_enrol(state: "State", placed: "Placed[EnrolDevice]") -> Enrolled | Refusal:
    """A link enrols once, and once more for each reopening. The chain was validated: it says who the author is."""
    enrolment, author = state.meeting.enrolment, placed.author
    if author.thumbprint in enrolment.devices:
        return Refusal(Code.ENROLMENT_KNOWN, "This device is enrolled already.", "Go on: knock at a sitting.")
    link = enrolment.link(author.seat)
    if link.locked:
        return Refusal(
            Code.ENROLMENT_LOCKED,
            "This link was tried too often after it was used.",
            "Telephone the secretariat: it can reopen the invitation.",
        )
    if link.uses_left == 0 or link.devices >= int(DEVICES_PER_SEAT):
        return Refusal(
            Code.ENROLMENT_USED,
            "This link was used already, on another device. Its holder, the chair and the secretariat see this.",
            "If it was not you, telephone the secretariat at once. If it was, ask it to reopen the invitation.",
        )
    return Enrolled(author)


def apply_enrolled(state: "State", event: Enrolled) -> "State":
    """The device is known; the link has one use less."""
    enrolment, device = state.meeting.enrolment, event.device
    link = enrolment.link(device.seat)
    assert link.uses_left > 0, "decide_enrol refuses it"
    used = replace(link, uses_left=link.uses_left - 1, devices=link.devices + 1)
    return state.in_meeting(
        enrolment=replace(
            enrolment,
            devices={**enrolment.devices, device.thumbprint: device},
            links={**enrolment.links, device.seat: used},
        )
    )


def decide_revoke(state: "State", placed: "Placed[RevokeDevice]") -> Revoked | Refusal:
    """Once a device, and for good."""
    enrolment, device = state.meeting.enrolment, placed.body.device
    if device not in enrolment.devices:
        return Refusal(Code.DEVICE_UNKNOWN, "No such device is enrolled.", "Choose one of the list.")
    if device in enrolment.revoked:
        return Refusal(Code.DEVICE_REVOKED, "This device is revoked already.", "Nothing to do.")
    return Revoked(device, placed.hash)


def apply_revoked(state: "State", event: Revoked) -> "State":
    """No act of it counts any more; in a sitting, its removal is due."""
    enrolment = state.meeting.enrolment
    state = state.in_meeting(enrolment=replace(enrolment, revoked={**enrolment.revoked, event.device: event.act}))
    return state.struck(event.device, "revoked", event.act)


def decide_reopen(state: "State", placed: "Placed[ReopenInvitation]") -> Reopened | Refusal:
    """Only a used link is reopened, once until it is used again."""
    seat = placed.body.seat
    if seat not in state.meeting.terms.seats:
        return Refusal(Code.INVITATION_UNKNOWN, "The charter has no such seat.", "Choose one of the list.")
    link = state.meeting.enrolment.link(seat)
    if link.uses_left > 0 and not link.locked:
        return Refusal(Code.INVITATION_OPEN, "This link takes one more device already.", "Use it.")
    if link.devices >= int(DEVICES_PER_SEAT):
        return Refusal(Code.LIMIT_REACHED, f"This seat enrolled {link.devices} devices, the most it may.", "Use one.")
    return Reopened(seat)


def apply_reopened(state: "State", event: Reopened) -> "State":
    """One more use; earlier second uses are forgiven."""
    enrolment = state.meeting.enrolment
    link = replace(enrolment.link(event.seat), uses_left=1, contests=(), locked=False)
    return state.in_meeting(enrolment=replace(enrolment, links={**enrolment.links, event.seat: link}))


def due_contest(state: "State", seat: SeatId, act: Hash, at: int) -> Contested | Refusal:
    """A second use is written down once, at most once a minute a seat, until the link is locked."""
    contests = state.meeting.enrolment.link(seat).contests
    if any(act == known for _, known in contests) or (contests and at - contests[-1][0] < int(CONTEST_MS)):
        return Refusal(Code.OWN_UNDUE, "This second use was written down, or another a moment ago.", "Append nothing.")
    return Contested(seat, at, act)


def apply_contested(state: "State", event: Contested) -> "State":
    """The link remembers it."""
    enrolment = state.meeting.enrolment
    link = enrolment.link(event.seat)
    contested = replace(link, contests=(*link.contests, (event.at, event.act)))
    return state.in_meeting(enrolment=replace(enrolment, links={**enrolment.links, event.seat: contested}))


def due_lock(state: "State", seat: SeatId) -> Locked | Refusal:
    """A link is locked when it was contested often enough, once."""
    link = state.meeting.enrolment.link(seat)
    if link.locked or len(link.contests) < int(CONTESTS):
        return Refusal(Code.OWN_UNDUE, "This link is not to be locked now.", "Append nothing.")
    return Locked(seat)


def apply_locked(state: "State", event: Locked) -> "State":
    """The link takes nothing more until it is reopened."""
    enrolment = state.meeting.enrolment
    link = replace(enrolment.link(event.seat), locked=True, uses_left=0)
    return state.in_meeting(enrolment=replace(enrolment, links={**enrolment.links, event.seat: link}))
