"""A page whose member's core breaks or hangs, in a real browser: it begins anew by itself, and not for ever."""

from pathlib import Path

import pytest

from incamera.api.page import Page
from tests.support.delegates import await_true
from tests.support.private import chamber
from tests.support.private_pages import Guest, Outline, break_core, core_workers, gallery

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.long,  # web/src/member/lives.test.ts holds the rule beside each change
    pytest.mark.anyio,
    pytest.mark.skipif(not Page().built, reason="the page is not built: make setup"),
]

PANIC = "setTimeout(() => { throw new Error('a panic') })"
HANG = "setTimeout(() => { for (;;); })"
BROKEN_CALL = "self.onmessage({data: {id: 0, name: 'trust', args: [1e6, '']}})"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def sending_since(guest: Guest, epoch: int) -> Outline:
    """Frames of its leave sealed, under this epoch or a later one."""
    return await guest.until(
        "frames that leave", lambda told: told["isSending"] and told["sent"] and told["epoch"] >= epoch
    )


async def test_a_page_whose_core_breaks_or_hangs_begins_anew_by_itself_and_not_for_ever(tmp_path: Path) -> None:
    async with chamber(tmp_path) as meeting, gallery() as browser:
        keeper = await meeting.enter("doorkeeper", opens=True, admits=True).member()
        said: list[tuple[str, ...]] = []
        keeper.membership.on_heard.append(lambda heard: said.append(tuple(one.source for one in heard.beat.tracks)))
        albania = await browser.enter(meeting, "alb-head")
        before = await sending_since(albania, 0)

        for fault in (PANIC, HANG):
            await break_core(albania, fault)
            after = await sending_since(albania, before["epoch"] + 1)
            assert after["alarms"] == []
            assert after["identity"] != before["identity"], "another connection, with keys of its own"
            grown = after["entries"][meeting.first] - before["entries"][meeting.first]
            assert grown == after["epoch"] - before["epoch"], "updates alone: it did not knock"
            before = after
        await await_true("a heartbeat that says what the page publishes", lambda: ("camera",) in said)

        await break_core(albania, BROKEN_CALL)
        told = await albania.until("the stop page", lambda now: now["alarms"])
        assert [(alarm["cause"], alarm["code"]) for alarm in told["alarms"]] == [("fault", "core.internal")]
        assert not told["isSending"]
        await albania.page.locator("[data-control=stop][data-why=fault]").wait_for()
        assert core_workers(albania) == [], "nothing of it goes on"
