"""A sitting in private, in real browsers: pages that open links are members of its MLS group, beside Python members."""

from pathlib import Path

import pytest

from incamera.api.page import Page
from tests.support.private import chamber, reached
from tests.support.private_pages import gallery, pages_agree, pictures_grow

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.anyio,
    pytest.mark.skipif(not Page().built, reason="the page is not built: make setup"),
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_two_pages_and_a_doorkeeper_are_one_group_and_decode_each_other(tmp_path: Path) -> None:
    async with chamber(tmp_path) as meeting, gallery() as browser:
        keeper = await meeting.enter("doorkeeper", opens=True, admits=True).member()
        albania = await browser.enter(meeting, "alb-head")
        belgium = await browser.enter(meeting, "bel-head")
        await pages_agree(albania, belgium, members=3)
        told = await albania.plane()
        await reached(keeper, lambda one: one.epoch == told["epoch"] and one.words() == tuple(told["words"]))
        assert "#" not in albania.page.url

        await pictures_grow(albania, [await belgium.device()])
        await pictures_grow(belgium, [await albania.device()])
        assert (await albania.plane())["alarms"] == []
