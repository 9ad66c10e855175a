"""The floor: who may speak, and the intervention list of those who asked to."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from incamera.accreditation.charter import Role
from incamera.accreditation.strict import DelegationId, Hash, Thumbprint
from incamera.meeting.acts import GiveFloor, RequestFloor, TakeBackFloor, WithdrawRequest
from incamera.refusal import Code, Refusal

if TYPE_CHECKING:
    from incamera.meeting.state import Placed, State

SPEAKERS: Final = frozenset({Role.CHAIR, Role.SECRETARIAT, Role.HEAD, Role.ADVISER})
"""Whose devices may be given the floor. Interpreters have their booth, and the others came to hear."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A place on the intervention list."""

    delegation: DelegationId
    device: Thumbprint
    request: Hash
    at: int


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the floor, by which act, and since when (ms)."""

    delegation: DelegationId
    device: Thumbprint
    given: Hash
    since: int


@dataclass(frozen=True, slots=True)
class Floor:
    """One holder at most, and who comes next, in the order of asking."""

    holder: Holder | None = None
    waiting: tuple[Waiting, ...] = ()

    def without(self, device: Thumbprint) -> "Floor":
        """The floor after a device lost its part in the sitting: it neither speaks nor waits."""
        holder = None if self.holder is not None and self.holder.device == device else self.holder
        return Floor(holder, tuple(waiting for waiting in self.waiting if waiting.device != device))

    def is_waiting(self, delegation: DelegationId) -> bool:
        """Whether the delegation is on the intervention list."""
        return any(waiting.delegation == delegation for waiting in self.waiting)


@dataclass(frozen=True, slots=True)
class Requested:
    """A delegation asked for the floor."""

    waiting: Waiting


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A delegation left the intervention list."""

    delegation: DelegationId


@dataclass(frozen=True, slots=True)
class Given:
    """The floor went to a device; whoever had it before has it no longer."""

    holder: Holder


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Nobody has the floor."""


def decide_request(state: "State", placed: "Placed[RequestFloor]") -> Requested | Refusal:
    """A delegation waits once, and not while it speaks."""
    floor, author = state.sitting.floor, placed.author
    if floor.is_waiting(author.delegation):
        return Refusal(
            Code.FLOOR_WAITING,
            "Your delegation is on the intervention list already.",
            "Wait, or withdraw and ask anew.",
        )
    if floor.holder is not None and floor.holder.delegation == author.delegation:
        return Refusal(Code.FLOOR_HELD, "Your delegation has the floor.", "Speak; give it back when you are done.")
    return Requested(Waiting(author.delegation, author.thumbprint, placed.hash, placed.at))


def apply_requested(state: "State", event: Requested) -> "State":
    """The delegation joins the end of the list."""
    floor = state.sitting.floor
    assert not floor.is_waiting(event.waiting.delegation), "decide_request refuses it"
    return state.in_sitting(floor=replace(floor, waiting=(*floor.waiting, event.waiting)))


def decide_withdraw(state: "State", placed: "Placed[WithdrawRequest]") -> Withdrawn | Refusal:
    """Any device of a delegation withdraws what one of them asked for."""
    if not state.sitting.floor.is_waiting(placed.author.delegation):
        return Refusal(Code.FLOOR_NOT_WAITING, "Your delegation is not on the intervention list.", "Nothing to do.")
    return Withdrawn(placed.author.delegation)


def apply_withdrawn(state: "State", event: Withdrawn) -> "State":
    """The delegation leaves the list."""
    floor = state.sitting.floor
    left = tuple(waiting for waiting in floor.waiting if waiting.delegation != event.delegation)
    return state.in_sitting(floor=replace(floor, waiting=left))


def decide_give(state: "State", placed: "Placed[GiveFloor]") -> Given | Refusal:
    """The chair gives the floor to a member that may speak, asked for or not; whoever had it loses it."""
    body, sitting = placed.body, state.sitting
    device = state.meeting.enrolment.devices.get(body.device)
    may_speak = (
        device is not None
        and device.delegation == body.delegation
        and body.device in sitting.group.present
        and state.meeting.role(device) in SPEAKERS
    )
    if not may_speak:
        return Refusal(
            Code.FLOOR_DEVICE,
            "This is no device of that delegation that may speak in this sitting now.",
            "Choose one of its devices in the room, or ask the delegation to come in.",
        )
    if sitting.floor.holder is not None and sitting.floor.holder.device == body.device:
        return Refusal(Code.FLOOR_HELD, "This device has the floor already.", "Nothing to do.")
    return Given(Holder(body.delegation, body.device, placed.hash, placed.at))


def apply_given(state: "State", event: Given) -> "State":
    """The holder speaks and waits no more."""
    waiting = tuple(w for w in state.sitting.floor.waiting if w.delegation != event.holder.delegation)
    return state.in_sitting(floor=Floor(event.holder, waiting))


def decide_take_back(state: "State", placed: "Placed[TakeBackFloor]") -> TakenBack | Refusal:
    """The chair takes the floor back, or its holder gives it back."""
    holder = state.sitting.floor.holder
    if holder is None:
        return Refusal(Code.FLOOR_FREE, "Nobody has the floor.", "Nothing to do.")
    if state.meeting.role(placed.author) is not Role.CHAIR and holder.device != placed.author.thumbprint:
        return Refusal(Code.FLOOR_OTHERS, "Another device has the floor.", "Ask the chair to take it back.")
    return TakenBack()


def apply_taken_back(state: "State", _event: TakenBack) -> "State":
    """Nobody speaks; the list stands."""
    return state.in_sitting(floor=replace(state.sitting.floor, holder=None))
