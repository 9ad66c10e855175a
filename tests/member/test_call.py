"""Members with MLS see and hear each other, end-to-end encrypted, over all that happens in a sitting."""

from dataclasses import replace
from pathlib import Path

import pytest

from incamera.accreditation.strict import DelegationId
from incamera.api.page import Page
from incamera.meeting.acts import GiveFloor
from tests.support.delegates import SMALL, ending, hears, seated, sees
from tests.support.private import chamber

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(not Page().built, reason="the page is not built: make setup"),
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_two_members_see_each_other_and_the_floor_says_who_is_heard(tmp_path: Path) -> None:
    async with (
        chamber(tmp_path) as meeting,
        ending(
            seated(meeting, "chair", replace(SMALL, tone_hz=440), opens=True, admits=True),
            seated(meeting, "alb-head", replace(SMALL, tone_hz=880)),
        ) as (chair, albania),
    ):
        host, guest = await chair.entered(), await albania.entered()
        await sees(chair, albania)
        await sees(albania, chair)
        await hears(albania, chair, 440)
        assert chair.of(albania)["tone_hz"] is None, "it has not the floor"
        await host.deeds.act(GiveFloor(DelegationId("alb"), guest.me))
        await hears(chair, albania, 880)
