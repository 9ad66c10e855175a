"""Members with MLS in one sitting on the real server: in, on, out, and in again, by the record alone."""

from pathlib import Path

import pytest

from incamera.api.page import Page
from tests.support.private import agreed, chamber, reached

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not Page().built, reason="the page is not built: make setup")]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_two_members_agree_on_epoch_and_words_and_hear_each_other(tmp_path: Path) -> None:
    async with chamber(tmp_path) as meeting:
        chair = await meeting.enter("chair", opens=True, admits=True).member()
        albania = await meeting.enter("alb-head").member()
        await agreed(chair, albania)
        heard: list[object] = []
        albania.membership.on_heard.append(heard.append)
        chair.hurry()
        await reached(albania, lambda _: bool(heard))
        assert not chair.alarms
        assert not albania.alarms
