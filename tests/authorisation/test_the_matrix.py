"""Who may do what, cell by cell: every role and every kind, in a sitting in which each act makes sense.

The table says who may; the test derives nothing from the code that decides. A kind without a case here fails the test.
"""

from collections.abc import Callable

import pytest

from incamera.accreditation.charter import Role
from incamera.accreditation.credential import join
from incamera.accreditation.strict import DelegationId, Hash, ItemId, SittingId, b64u
from incamera.meeting.acts import (
    Admit,
    Body,
    CloseItem,
    CloseSitting,
    EnrolDevice,
    Exclude,
    GiveFloor,
    Leave,
    Message,
    OpenItem,
    RefuseCommit,
    RefuseKnock,
    ReopenInvitation,
    RequestFloor,
    RevokeDevice,
    Sealed,
    TakeBackFloor,
    TitleItem,
    WithdrawRequest,
)
from incamera.meeting.rules import RULES, Journal, Standing
from incamera.refusal import Code
from tests.support.paper import FIRST, SECOND, Device, Paper

SEAT_OF_ROLE = {
    Role.CHAIR: "deputy",
    Role.SECRETARIAT: "secretariat",
    Role.HEAD: "be-head",
    Role.ADVISER: "be-adviser",
    Role.INTERPRETER: "interpreter",
    Role.PRESS: "press",
    Role.RECORDER: "recorder",
    Role.WITNESS: "witness",
}
"""The deputy stands for the chair: a chair by rank 1 is a chair too."""
ITEM = ItemId("afghanistan")
SEALED = Sealed(ItemId("deterrence"), Hash(b64u(bytes(32))), b64u(bytes(40)))


class Scene:
    """An open sitting with a chair, the actor admitted and in the group, somebody at the door, and a full list."""

    def __init__(self, role: Role, *, member: bool = True) -> None:
        self.paper = Paper()
        self.chair = self.paper.enrolled("chair")
        self.actor = self.paper.enrolled(SEAT_OF_ROLE[role])
        self.root = self.actor if role is Role.SECRETARIAT else self.paper.enrolled("secretariat")
        self.other = self.paper.enrolled("ee-head")
        self.waiting = self.paper.enrolled("fi-head")
        self.paper.open(self.chair)
        self.paper.admitted(self.chair, self.other)
        if member:
            self.paper.admitted(self.chair, self.actor)
        self.last_commit = self.paper.commit(self.chair)
        self.knock = self.paper.knock(self.waiting)
        self.paper.now += 2000

    def prepare(self, kind: str) -> Body:
        """An act of the kind that only the author's role or standing could make wrong, after what it needs."""
        return PREPARE[kind](self)

    def withdraw(self) -> Body:
        try:
            self.paper.must(self.actor, RequestFloor(), FIRST)
        except AssertionError:
            return WithdrawRequest()  # who may not ask may not withdraw: the refusal is the same cell
        return WithdrawRequest()

    def take_back(self) -> Body:
        """The actor has the floor, if it may; else another has it."""
        device = self.actor
        give = GiveFloor(device_delegation(self.paper, device), device.thumbprint)
        if self.paper.act(self.chair, give, FIRST) is not None:
            self.paper.must(self.chair, GiveFloor(DelegationId("ee"), self.other.thumbprint), FIRST)
        return TakeBackFloor()

    def close_item(self) -> Body:
        self.paper.must(self.chair, OpenItem(ITEM), FIRST)
        return CloseItem(ITEM)

    def exclude(self) -> Body:
        return Exclude(self.other.thumbprint)

    def enrol(self) -> Body:
        """The secretariat reopened the seat's link: its second device is the actor."""
        self.paper.must(self.root, ReopenInvitation(self.actor.seat))
        self.actor = self.paper.charters.device(str(self.actor.seat), "second")
        return EnrolDevice(join(self.actor.chain))


def device_delegation(paper: Paper, device: Device) -> DelegationId:
    return paper.record.meeting.enrolment.devices[device.thumbprint].delegation


PREPARE: dict[str, Callable[[Scene], Body]] = {
    "device.enrol": Scene.enrol,
    "device.revoke": lambda scene: RevokeDevice(scene.waiting.thumbprint),
    "invitation.reopen": lambda scene: ReopenInvitation(scene.waiting.seat),
    "sitting.open": lambda scene: scene.paper.opening(scene.actor, SECOND, "group of second"),
    "sitting.regroup": lambda scene: scene.paper.regrouping(scene.actor, "unreadable"),
    "sitting.close": lambda scene: CloseSitting(),
    "lobby.knock": lambda scene: scene.paper.knocking(scene.actor),
    "lobby.admit": lambda scene: Admit(scene.waiting.thumbprint),
    "lobby.refuse": lambda scene: RefuseKnock(scene.knock, "not_now"),
    "lobby.exclude": Scene.exclude,
    "lobby.leave": lambda scene: Leave(),
    "mls.commit": lambda scene: scene.paper.committing(),
    "mls.refuse": lambda scene: RefuseCommit(scene.last_commit, "claims"),
    "mls.message": lambda scene: Message(scene.paper.group(FIRST), scene.paper.state().sitting.group.epoch, "AAAA"),
    "floor.request": lambda scene: RequestFloor(),
    "floor.withdraw": Scene.withdraw,
    "floor.give": lambda scene: GiveFloor(DelegationId("ee"), scene.other.thumbprint),
    "floor.take_back": Scene.take_back,
    "agenda.title": lambda scene: TitleItem(SEALED.item, SEALED),
    "agenda.open": lambda scene: OpenItem(ITEM),
    "agenda.close": Scene.close_item,
}
# What the table of record.md 3 says, by hand: the code's table is held to it.
C, S, H, A, I, P, R, W = Role  # noqa: E741
EVERYBODY = set(Role)
WHO: dict[str, set[Role]] = {
    "device.enrol": EVERYBODY,
    "device.revoke": {S},
    "invitation.reopen": {S},
    "sitting.open": {C, S},
    "sitting.regroup": {C, S},
    "sitting.close": {C, S},
    "lobby.knock": EVERYBODY,
    "lobby.admit": {C, S},
    "lobby.refuse": {C, S},
    "lobby.exclude": {C, S},
    "lobby.leave": EVERYBODY,
    "mls.commit": EVERYBODY,
    "mls.refuse": EVERYBODY,
    "mls.message": EVERYBODY,
    "floor.request": {H, A},
    "floor.withdraw": {H, A},
    "floor.give": {C},
    "floor.take_back": {C, S, H, A},
    "agenda.title": {C, S},
    "agenda.open": {C},
    "agenda.close": {C},
}


def sitting_of(kind: str) -> SittingId | None:
    if RULES[kind].journal is Journal.MAIN:
        return None
    return SECOND if kind == "sitting.open" else FIRST


def test_every_kind_has_a_row() -> None:
    assert RULES.keys() == PREPARE.keys() == WHO.keys()
    assert {kind: set(rule.roles) for kind, rule in RULES.items()} == WHO


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("kind", list(RULES))
def test_a_role_may_or_may_not(kind: str, role: Role) -> None:
    scene = Scene(role)
    body = scene.prepare(kind)
    refusal = scene.paper.act(scene.actor, body, sitting_of(kind))
    if role in WHO[kind]:
        assert refusal is None, refusal
    elif kind == "sitting.open" and role in {Role.PRESS, Role.WITNESS}:
        # The second sitting does not list them: "not there" and "not allowed" answer alike.
        assert refusal is not None
        assert refusal.code is Code.SITTING_UNKNOWN
    else:
        assert refusal is not None
        assert refusal.code is Code.ACT_ROLE, refusal


NEEDS_ADMISSION = [kind for kind, rule in RULES.items() if rule.standing in {Standing.ADMITTED, Standing.MEMBER}]


@pytest.mark.parametrize("kind", NEEDS_ADMISSION)
def test_a_device_at_the_door_may_do_nothing_but_knock_and_leave(kind: str) -> None:
    role = next(role for role in SEAT_OF_ROLE if role in WHO[kind])
    scene = Scene(role, member=False)
    scene.paper.knock(scene.actor)
    refusal = scene.paper.act(scene.actor, scene.prepare(kind), sitting_of(kind))
    assert refusal is not None
    assert refusal.code in {Code.ADMISSION_MISSING, Code.MEMBER_MISSING}


@pytest.mark.parametrize("kind", list(RULES))
def test_a_revoked_device_may_do_nothing(kind: str) -> None:
    role = next(role for role in SEAT_OF_ROLE if role in WHO[kind])
    scene = Scene(role)
    body = scene.prepare(kind)
    revoked = scene.actor
    if kind == "device.enrol":
        scene.paper.must(revoked, body)
    scene.paper.must(scene.root, RevokeDevice(revoked.thumbprint))
    refusal = scene.paper.act(revoked, body, sitting_of(kind))
    assert refusal is not None
    assert refusal.code in {Code.DEVICE_REVOKED, Code.CHAIN_REVOKED}


@pytest.mark.parametrize("kind", list(RULES))
def test_nobody_does_anything_without_enrolment(kind: str) -> None:
    role = next(role for role in SEAT_OF_ROLE if role in WHO[kind])
    scene = Scene(role)
    body = scene.prepare(kind)
    stranger = scene.paper.charters.device(str(scene.actor.seat), "stranger")
    refusal = scene.paper.act(stranger, body, sitting_of(kind))
    assert refusal is not None
    assert refusal.code in {Code.DEVICE_UNKNOWN, Code.ENROLMENT_SIGNER}


@pytest.mark.parametrize("kind", [kind for kind in RULES if RULES[kind].journal is Journal.SITTING])
def test_a_sitting_that_does_not_list_the_seat_is_not_there(kind: str) -> None:
    scene = Scene(Role.PRESS)
    refusal = scene.paper.act(scene.actor, scene.prepare(kind), SECOND)
    assert refusal is not None
    assert refusal.code is Code.SITTING_UNKNOWN


@pytest.mark.parametrize("kind", list(RULES))
def test_an_act_counts_once_now_in_its_own_meeting(kind: str) -> None:
    """Replayed, of the past, of the future, by a forked view: each is refused."""
    role = next(role for role in SEAT_OF_ROLE if role in WHO[kind])
    scene = Scene(role)
    body, sitting, paper = scene.prepare(kind), sitting_of(kind), scene.paper
    forged = (1, Hash(b64u(bytes(32))))
    for wrong, code in (
        (paper.signed(scene.actor, body, sitting, at=paper.now - 5 * 60_000 - 1), Code.ACT_TIME),
        (paper.signed(scene.actor, body, sitting, at=paper.now + 5 * 60_000 + 1), Code.ACT_TIME),
        (paper.signed(scene.actor, body, sitting, seen=(forged, None)), Code.ACT_SEEN),
        (paper.signed(scene.actor, body, sitting, seen=(None, forged)), None),
    ):
        refusal = paper.post(wrong)
        assert refusal is not None
        assert refusal.code in ({code} if code else {Code.ACT_SEEN, Code.ACT_JOURNAL}), refusal
    jws = paper.signed(scene.actor, body, sitting, nonce=paper.nonce())
    assert paper.post(jws) is None
    again = paper.post(jws)
    assert again is not None
    assert again.code in {Code.ACT_KNOWN, Code.SITTING_CLOSED, Code.DEVICE_REVOKED, Code.CHAIN_REVOKED}
