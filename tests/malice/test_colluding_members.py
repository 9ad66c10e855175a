"""A member that colludes: its commit is not what its act says. The server takes it; all others refuse it, by name."""

from collections.abc import Callable
from pathlib import Path

import pytest

from incamera.api.page import Page
from incamera.e2ee.facts import Plan, PlannedRemove
from incamera.e2ee.group import Draft, Group
from incamera.member.conduct import Manner
from incamera.member.sitting import Sitting
from incamera.refusal import Code, Refusal
from tests.malice import conspiracy
from tests.malice.conspiracy import Ghost, Wicked, bringing, collude, revoke
from tests.support.private import Chamber, Present, agreed, chamber, reached

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not Page().built, reason="the page is not built: make setup")]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def conspiring(meeting: Chamber) -> tuple[Sitting, Sitting, Sitting]:
    """The doorkeeper holds leaf 0 and commits first: it colludes. The chair and Albania do not."""
    colluder = await meeting.enter("doorkeeper", opens=True, admits=True).member()
    chair = await meeting.enter("chair").member()
    albania = await meeting.enter("alb-head").member()
    await agreed(colluder, chair, albania)
    return colluder, chair, albania


async def all_refuse(colluder: Sitting, others: list[Sitting], newcomer: Present) -> None:
    """Everybody else names the author and stops; the chair's word in the record brings a new group without it.

    Who knocked honestly was not added by that commit, and comes in by the new group.
    """
    for one in others:
        await reached(one, lambda one: one.phase == "blocked")
        (breach,) = [alarm for alarm in one.alarms if alarm.cause == "breach"]
        assert breach.by == colluder.me
        assert_sends_nothing(one)
    chair = others[0]
    await reached(chair, lambda one: one.state is not None and chair.me in refusers(one))
    # Until somebody who may open makes a new group, it stays so.
    assert all(one.phase == "blocked" for one in others)
    chair.manner = Manner(opens=True, admits="all")
    chair.hurry()
    await agreed(*others, await newcomer.member())
    assert chair.state is not None
    assert colluder.me not in chair.state.sitting.lobby.admits
    for one in others:
        assert one.can_send
        assert not one.alarms, "the breach was of the group that is no more"


def refusers(sitting: Sitting) -> set[str]:
    state = sitting.state
    assert state is not None
    return {str(device) for commit in state.sitting.group.commits.values() for device in commit.refusals}


def assert_sends_nothing(sitting: Sitting) -> None:
    """Neither a message, nor a heartbeat, nor a frame's key: the core gives none."""
    assert not sitting.can_send
    assert sitting.group is None
    assert sitting.words() is None
    assert sitting.membership.beat_ms() is None
    share = sitting.membership.share.group
    assert share is not None
    message = share.encrypt(b"x", sitting._reader.heads(sitting.id))
    for answer in (message, share.frame_key(f"{sitting.me}.AAAAAAAAAAA")):
        assert isinstance(answer, Refusal)
        assert answer.code is Code.GROUP_BLOCKED


async def revoked(meeting: Chamber, secretariat: Sitting) -> Ghost:
    """Belgium enrols, and is revoked."""
    present = meeting.enter("bel-head")
    await present.sitting()
    ghost = conspiracy.device_of(meeting, "bel-head")
    await revoke(secretariat, ghost.device)
    assert await present.task == "revoked"
    return ghost


@pytest.mark.parametrize("make", [conspiracy.own, conspiracy.expired, conspiracy.foreign, conspiracy.unknown])
async def test_a_ghost_in_the_place_of_who_knocked_is_refused_by_all(
    tmp_path: Path, make: Callable[[Chamber], Ghost]
) -> None:
    async with chamber(tmp_path, updates=False) as meeting:
        colluder, *others = await conspiring(meeting)
        collude(colluder, bringing(colluder, make(meeting)))
        can = meeting.enter("can-head")
        await all_refuse(colluder, others, can)


async def test_a_revoked_device_in_the_place_of_who_knocked_is_refused_by_all(tmp_path: Path) -> None:
    async with chamber(tmp_path, updates=False) as meeting:
        colluder, *others = await conspiring(meeting)
        ghost = await revoked(meeting, colluder)
        await agreed(colluder, *others)
        collude(colluder, bringing(colluder, ghost))
        can = meeting.enter("can-head")
        await all_refuse(colluder, others, can)


def removing_in_secret(sitting: Sitting, victim: Sitting) -> Wicked:
    """The commit removes a member, its act says nothing of it."""

    def wicked(group: Group, plan: Plan) -> tuple[Draft, dict[str, object]]:
        false = Plan(removes=(PlannedRemove(victim.me, "silent", None),))
        draft = group.commit(false, sitting.deeds.facts(), sitting._reader.heads(sitting.id), judged=False)
        assert isinstance(draft, Draft), draft
        return draft, {"removes": []}

    return wicked


def removing_in_words(sitting: Sitting, victim: Sitting) -> Wicked:
    """The act says that a member was removed; it was not, and would read on."""

    def wicked(group: Group, plan: Plan) -> tuple[Draft, dict[str, object]]:
        draft = group.commit(plan, sitting.deeds.facts(), sitting._reader.heads(sitting.id), judged=False)
        assert isinstance(draft, Draft), draft
        leaf = next(seat.leaf for seat in sitting.roster() if seat.device == victim.me)
        return draft, {"removes": [{"device": victim.me, "leaf": leaf, "because": "silent", "cites": None}]}

    return wicked


@pytest.mark.parametrize("lie", [removing_in_secret, removing_in_words])
async def test_a_commit_that_does_not_do_what_its_act_says_is_refused_by_all(
    tmp_path: Path, lie: Callable[[Sitting, Sitting], Wicked]
) -> None:
    async with chamber(tmp_path, updates=False) as meeting:
        colluder, chair, albania = await conspiring(meeting)
        belgium = await meeting.enter("bel-head").member()
        await agreed(colluder, chair, albania, belgium)
        posted = collude(colluder, lie(colluder, albania))
        meeting.enter("can-head")
        others = (chair, belgium)
        for one in others:
            await reached(one, lambda one: one.phase == "blocked")
            (breach,) = [alarm for alarm in one.alarms if alarm.cause == "breach"]
            assert breach.by == colluder.me
            assert_sends_nothing(one)
        await reached(chair, lambda one: chair.me in refusers(one))
        (commit,) = posted
        state = chair.state
        assert state is not None
        assert chair.me in state.sitting.group.commits[commit].refusals, "its word is in the record"
