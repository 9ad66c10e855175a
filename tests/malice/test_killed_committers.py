"""Two knocks, and the committer dies in between: before its commit reached the server, or after it was accepted.

The others take over: both come in, once each, and what the dead committer had posted does nothing a second time.
"""

import asyncio
from pathlib import Path

import pytest

from incamera.api.page import Page
from incamera.e2ee.heartbeat import HEARD_MS
from tests.malice.conspiracy import Ahead, additions, assert_one_commit_an_epoch, hears, lied_to
from tests.support.private import WAIT_S, agreed, agreed_on_words, reached

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(not Page().built, reason="the page is not built: make setup"),
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("opener", ["doorkeeper", "chair"])
async def test_two_knocks_and_the_committer_killed_in_between_bring_both_in_once(
    tmp_path: Path, opener: str, is_before: bool
) -> None:
    async with lied_to(tmp_path) as (meeting, liar):
        clock = Ahead()
        first = meeting.enter(opener, opens=True, admits=True)
        committer = await first.member()
        other = await meeting.enter("doorkeeper" if opener == "chair" else "chair", admits=True, clock=clock).member()
        albania = await meeting.enter("alb-head", clock=clock).member()
        await agreed(committer, other, albania)
        assert min(committer.roster(), key=lambda seat: seat.leaf).device == committer.me, "it commits first"
        clock.stand_still()  # for the others its turn lasts until it was killed
        for one in (other, albania):
            await hears(one, committer)

        hold = liar.hold("mls.commit", is_before=is_before)
        belgium = meeting.enter("bel-head")
        await asyncio.wait_for(hold.reached.wait(), WAIT_S)
        assert hold.by == committer.me
        await first.kill()
        bulgaria = meeting.enter("bgr-head")
        clock.go_on(HEARD_MS / 1000)
        other.hurry()
        albania.hurry()
        came = [await belgium.member(), await bulgaria.member()]
        await agreed_on_words(other, albania, *came)
        for one in (other, albania):
            by = [additions(one, each.me) for each in came]
            assert [len(each) for each in by] == [1, 1]
            assert [[committer.me] in by, committer.me in by[1]] == [not is_before, False]

        # Its words come late, and it comes back itself: it has its leaf, and nobody is in twice.
        hold.over.set()
        again = await meeting.enter(opener, opens=True, admits=True).member()
        await agreed(again, other, albania, *came)
        for one in (again, other, albania, *came):
            assert [len(additions(one, each.me)) for each in came] == [1, 1]
            assert_one_commit_an_epoch(one)
            await reached(one, lambda one: not one.alarms)  # a machine that stood still is an alarm until it goes on
