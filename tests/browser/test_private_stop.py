"""A server that lies to a page, or falls silent: the page stops, says what it saw, and its pictures and sound end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from incamera.accreditation.strict import Thumbprint
from incamera.api.page import Page
from incamera.cli.app import app
from incamera.clock import SystemClock
from incamera.meeting.acts import Leave, RequestFloor
from incamera.record.entry import JournalId
from tests.malice.conspiracy import lied_to
from tests.malice.liar import Liar, kind_of
from tests.support.browsers import PATIENCE_S
from tests.support.private import reached
from tests.support.private_pages import Guest, Outline, gallery, pages_agree

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.anyio,
    pytest.mark.skipif(not Page().built, reason="the page is not built: make setup"),
]

CLOCK = """
window.ahead_ms = 0;
const now = performance.now.bind(performance);
performance.now = () => now() + window.ahead_ms;
"""
"""The page's monotonic clock, which a test moves on."""
REPORT_MS = 200
"""How often the frames worker counts (web/src/media/frames.worker.ts)."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def stopped(guest: Guest, cause: str, patience_s: float = PATIENCE_S) -> dict[str, object]:
    """Wait for an alarm of this cause; the stop page stands."""
    told = await guest.until(
        f"an alarm: {cause}", lambda told: any(alarm["cause"] == cause for alarm in told["alarms"]), patience_s
    )
    await guest.page.locator("[data-control=stop]").wait_for()
    return next(alarm for alarm in told["alarms"] if alarm["cause"] == cause)


async def sends_nothing_more(guest: Guest) -> Outline:
    """It has no leave to send, and nothing leaves; where it stood when all that left before had been told."""
    await guest.until("no leave to send", lambda told: not told["isSending"])
    await guest.page.evaluate("(ms) => new Promise((told) => setTimeout(told, ms))", 2 * REPORT_MS)
    before = await guest.until("an answer", lambda _: True)
    await asyncio.sleep(2)
    after = await guest.until("an answer", lambda _: True)
    assert after["sent"] - before["sent"] <= 2, "what was on its way, and nothing more"
    return before


async def save_record(guest: Guest, authority: Thumbprint, to: Path) -> None:
    """What a person takes away from the stop page: a file that `record verify` calls intact."""
    async with guest.page.expect_download() as download:
        await guest.page.locator("[data-control=save-record]").click()
    saved = await download.value
    assert saved.suggested_filename.endswith(".incamera")
    await saved.save_as(to)
    said = CliRunner().invoke(app, ["record", "verify", str(to), "--authority", authority])
    assert said.exit_code == 0, said.output


@asynccontextmanager
async def frozen(liar: Liar, device: Thumbprint) -> AsyncIterator[None]:
    """Meanwhile nothing is told to a device, on whatever line it tries."""
    liar.frozen.add(device)
    liar.lines[device].is_frozen = True
    try:
        yield
    finally:
        liar.frozen.discard(device)
        liar.lines[device].is_frozen = False


async def test_two_views_of_a_journal_alarm_both_sides_by_name(tmp_path: Path) -> None:
    async with lied_to(tmp_path) as (meeting, liar), gallery() as browser:
        keeper = await meeting.enter("doorkeeper", opens=True, admits=True).member()
        albania = await meeting.enter("alb-head").member()
        belgium = await browser.enter(meeting, "bel-head")
        await pages_agree(belgium, members=3)
        page = Thumbprint(await belgium.device())

        # A device that colludes signs two acts for one place: the page is shown the one, everybody else the other.
        line = liar.lines[page]
        assert line.history is not None
        line.history.hides = lambda entry: kind_of(entry) == "floor.request"
        decoy = meeting.present["alb-head"].attendee.sign(Leave(), meeting.first)
        await albania.deeds.act(RequestFloor())
        await line.insert(JournalId(meeting.first), decoy, SystemClock().now_ms())
        for one in (keeper, albania):
            one.hurry()  # seen with the next heartbeat
        alarm = await stopped(belgium, "fork")
        assert alarm["place"]["journal"] == "sitting"  # type: ignore[index]
        assert alarm["ours"] != alarm["theirs"]
        await sends_nothing_more(belgium)
        await reached(albania, lambda one: any(alarm.by == page for alarm in one.alarms))
        await save_record(belgium, meeting.founded.authority, tmp_path / "shown.incamera")


async def test_a_feed_that_falls_silent_is_seen_within_half_a_minute_and_mended(tmp_path: Path) -> None:
    async with lied_to(tmp_path) as (meeting, liar), gallery() as browser:
        await meeting.enter("doorkeeper", opens=True, admits=True).member()
        belgium = await browser.enter(meeting, "bel-head", before=CLOCK)
        await pages_agree(belgium, members=2)
        async with frozen(liar, Thumbprint(await belgium.device())):
            await belgium.page.evaluate("() => { window.ahead_ms = 30_000 }")
            await stopped(belgium, "stalled")
        # A page whose line was dead mends itself: it takes another one.
        await belgium.until("the feed moves again", lambda told: told["alarms"] == [])


@pytest.mark.long
async def test_after_a_hundred_seconds_of_silence_nothing_more_is_sent(tmp_path: Path) -> None:
    async with lied_to(tmp_path) as (meeting, liar), gallery() as browser:
        await meeting.enter("doorkeeper", opens=True, admits=True).member()
        belgium = await browser.enter(meeting, "bel-head")
        albania = await browser.enter(meeting, "alb-head")  # who is watched by nobody sends nothing for long
        await pages_agree(belgium, albania, members=3)
        await belgium.until("sending", lambda told: told["sent"] > 30)
        async with frozen(liar, Thumbprint(await belgium.device())):
            await stopped(belgium, "stopped", 2 * PATIENCE_S)
            before = await sends_nothing_more(belgium)
            assert before["phase"] == "member"


async def test_an_entry_that_may_not_stand_stops_the_page_for_good(tmp_path: Path) -> None:
    async with lied_to(tmp_path) as (meeting, liar), gallery() as browser:
        await meeting.enter("doorkeeper", opens=True, admits=True).member()
        albania = await meeting.enter("alb-head").member()
        belgium = await browser.enter(meeting, "bel-head")
        await pages_agree(belgium, members=3)
        line = liar.lines[Thumbprint(await belgium.device())]
        assert line.history is not None
        line.history.hides = lambda entry: kind_of(entry) == "floor.request"
        await albania.deeds.act(RequestFloor())

        # What comes next says that its author saw an entry that was never shown here.
        await albania.leave()
        alarm = await stopped(belgium, "record")
        assert alarm["code"] == "act.seen"
        assert not (await belgium.plane())["isSending"]
        await belgium.page.reload()
        await stopped(belgium, "record")
        # What it kept before still proves itself, by the head that was kept with it.
        await save_record(belgium, meeting.founded.authority, tmp_path / "before.incamera")
