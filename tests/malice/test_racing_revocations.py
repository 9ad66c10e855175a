"""A revocation and a commit that cross on their way: whichever has its place first, who is revoked is out."""

import asyncio
import json
from pathlib import Path

import pytest

from incamera.api.page import Page
from tests.malice.conspiracy import Ahead, additions, assert_one_commit_an_epoch, hears, lied_to, removals, revoke
from tests.support.private import WAIT_S, agreed, reached

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(not Page().built, reason="the page is not built: make setup"),
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize(
    ("revoked", "is_first", "refused", "added", "removed"),
    [
        ("alb-head", True, {"commit.stale"}, 1, ["revoked"]),
        ("bel-head", True, {"commit.add"}, 0, []),
        ("alb-head", False, set(), 1, ["revoked"]),
        ("bel-head", False, set(), 1, ["revoked"]),
    ],
    ids=["a member, first", "the newcomer, first", "a member, second", "the newcomer, second"],
)
async def test_who_is_revoked_while_a_commit_is_under_way_is_out_of_the_group(
    tmp_path: Path, revoked: str, is_first: bool, refused: set[str], added: int, removed: list[str]
) -> None:
    """The commit adds Belgium, without a removal; it is on its way when the secretariat revokes a device."""
    async with lied_to(tmp_path) as (meeting, liar):
        clock = Ahead()
        committer = await meeting.enter("chair", opens=True, admits=True).member()
        secretariat = await meeting.enter("doorkeeper", clock=clock).member()
        albania = await meeting.enter("alb-head", clock=clock).member()
        await agreed(committer, secretariat, albania)
        clock.stand_still()  # nobody else's turn comes
        for one in (secretariat, albania):
            await hears(one, committer)

        hold = liar.hold("mls.commit", is_before=is_first, freezes=False)
        belgium = meeting.enter("bel-head")
        await asyncio.wait_for(hold.reached.wait(), WAIT_S)
        victim = meeting.present[revoked]
        await revoke(secretariat, victim.attendee.me)
        answered = len(liar.answers[committer.me])
        hold.over.set()

        assert await asyncio.wait_for(victim.task, WAIT_S) == "revoked"
        stay = [committer, secretariat, await belgium.member() if revoked == "alb-head" else albania]
        await agreed(*stay)
        told = [json.loads(answer) for path, answer in liar.answers[committer.me][answered:] if path == "acts"]
        codes = {answer.get("code") for answer in told} - {None, "admission.stands"}
        assert codes == refused, "until it has read the revocation"
        for one in stay:
            assert len(additions(one, belgium.attendee.me)) == added
            assert removals(one, victim.attendee.me) == removed
            assert_one_commit_an_epoch(one)
            await reached(one, lambda one: not one.alarms)  # a machine that stood still is an alarm until it goes on
