"""A sitting's life: opened with a group, regrouped when that is lost, closed for good with a countersigned head."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from incamera.accreditation.charter import Role
from incamera.accreditation.strict import GroupId, Hash, Thumbprint
from incamera.meeting.acts import CloseSitting, OpenSitting, Regroup
from incamera.meeting.delivery import Group, Member, must_regroup
from incamera.refusal import Code, Refusal

if TYPE_CHECKING:
    from incamera.meeting.state import Placed, SittingState, State

OPENERS: Final = frozenset({Role.CHAIR, Role.SECRETARIAT})
"""Who may open a sitting that lists its seat."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A sitting is open, with a group of its opener alone."""

    act: Hash
    group: GroupId
    by: Thumbprint
    leaf_key: Thumbprint


@dataclass(frozen=True, slots=True)
class Regrouped:
    """A sitting has a new group, of its maker alone. Admissions stand, but those of the devices left out."""

    act: Hash
    group: GroupId
    by: Thumbprint
    leaf_key: Thumbprint
    without: tuple[Thumbprint, ...]


@dataclass(frozen=True, slots=True)
class Closed:
    """A sitting is over, and its journal at its end."""


def decide_open(state: "State", placed: "Placed[OpenSitting]") -> Opened | Refusal:
    """Once; the first accepted wins, the loser knocks."""
    body, author = placed.body, placed.author
    if body.suite != state.meeting.terms.policies.suite:
        return _other_suite(state)
    credential = state.credential(body.chain, author, placed.at, group=body.group)
    if isinstance(credential, Refusal):
        return credential
    assert credential.leaf is not None, "it was validated as a chain of four"
    return Opened(placed.hash, body.group, author.thumbprint, credential.leaf.thumbprint)


def apply_opened(state: "State", event: Opened) -> "State":
    """Round 1: epoch 0, with the opener at leaf 0. It counts as admitted by its own act."""
    sitting = replace(_with_group(state, event), stage="open")
    return replace(state, of_sitting=sitting)


def decide_regroup(state: "State", placed: "Placed[Regroup]") -> Regrouped | Refusal:
    """A new group, for a reason that does not contradict the record, never by somebody whom nobody admitted while
    somebody who is admitted could do it: a copied link would come in so.
    """
    body, author, sitting = placed.body, placed.author, state.sitting
    if body.group in sitting.groups:
        return Refusal(Code.GROUP_USED, "The sitting had a group of this id before.", "Make a new one.")
    if body.suite != state.meeting.terms.policies.suite:
        return _other_suite(state)
    refusal = _check_founded(state, body, author.thumbprint) or _check_without(state, body, author.thumbprint)
    if refusal is not None:
        return refusal
    credential = state.credential(body.chain, author, placed.at, group=body.group)
    if isinstance(credential, Refusal):
        return credential
    assert credential.leaf is not None, "it was validated as a chain of four"
    return Regrouped(placed.hash, body.group, author.thumbprint, credential.leaf.thumbprint, body.without)


def apply_regrouped(state: "State", event: Regrouped) -> "State":
    """The next round: everybody else knocks again; knocks of the old group are void, since their leaves name it."""
    sitting = state.sitting
    state = state.in_sitting(lobby=replace(sitting.lobby, knocks={}))
    for device in event.without:
        state = state.struck(device, "excluded", event.act)
    return replace(state, of_sitting=_with_group(state, event))


def decide_close(state: "State", placed: "Placed[CloseSitting]") -> Closed | Refusal:
    """What the author saw is the journal's head: the head that its signature countersigns."""
    if placed.act.seen_sitting != state.sitting.tail.place:
        return Refusal(
            Code.SITTING_MOVED, "The journal has grown since you signed.", "Follow the feed to its end and close again."
        )
    return Closed()


def apply_closed(state: "State", _event: Closed) -> "State":
    """Nobody speaks, waits or stands at the door; nothing is open."""
    sitting = state.sitting
    return state.in_sitting(
        stage="closed",
        lobby=replace(sitting.lobby, knocks={}),
        floor=replace(sitting.floor, holder=None, waiting=()),
        agenda=sitting.agenda.closed(sitting.round),
    )


def _with_group(state: "State", event: Opened | Regrouped) -> "SittingState":
    sitting = state.sitting
    round_ = sitting.round + 1
    lobby = sitting.lobby
    if event.by not in lobby.admits:
        lobby = lobby.admitted(event.by, event.act)
    return replace(
        sitting,
        round=round_,
        group=Group(event.group, event.act, 0, {event.by: Member(0, round_, event.leaf_key)}),
        groups=sitting.groups | {event.group},
        lobby=lobby,
    )


def _check_founded(state: "State", body: Regroup, author: Thumbprint) -> Refusal | None:
    sitting = state.sitting
    others = [
        device for device in sitting.lobby.admits if device != author and state.meeting.role_of(device) in OPENERS
    ]
    if author not in sitting.lobby.admits and others:
        return Refusal(
            Code.REGROUP_OTHERS,
            "Nobody admitted this device yet, and others who may do this are admitted.",
            "Knock, and be admitted; or have the lost devices revoked by the secretariat.",
        )
    if body.because == "empty" and sitting.group.present - {author}:
        return Refusal(Code.REGROUP_UNFOUNDED, "The group has other members.", "Knock: one of them adds you.")
    if body.because == "refused" and not must_regroup(state):
        return Refusal(Code.REGROUP_UNFOUNDED, "No commit of the group was refused.", "Go on in the present group.")
    return None


def _check_without(state: "State", body: Regroup, author: Thumbprint) -> Refusal | None:
    lobby, authors = state.sitting.lobby, must_regroup(state)
    if author in body.without or author in authors:
        return Refusal(
            Code.REGROUP_WITHOUT, "Who leaves a device out is not that device.", "Let another who may open do it."
        )
    is_known = all(device in lobby.admits for device in body.without)
    if not is_known or len(set(body.without)) != len(body.without):
        return Refusal(Code.REGROUP_WITHOUT, "Who is left out is admitted, and named once.", "Sign it anew.")
    if not {device for device in authors if device in lobby.admits} <= set(body.without):
        return Refusal(
            Code.REGROUP_WITHOUT,
            "A device whose commit was refused is not left out.",
            "Name in `without` each author of a refused commit.",
        )
    return None


def _other_suite(state: "State") -> Refusal:
    suite = state.meeting.terms.policies.suite
    return Refusal(Code.SITTING_SUITE, f"The charter asks for the suite {suite}.", "Use it; no other is offered.")
