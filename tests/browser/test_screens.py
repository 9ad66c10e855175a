"""The screens of a sitting in private, by what a person presses: its buttons and keys, and nothing else."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from incamera.accreditation.strict import Thumbprint
from incamera.api.page import Page
from incamera.meeting.acts import Admit
from tests.support.browsers import PATIENCE_MS, PATIENCE_S
from tests.support.private import chamber, reached
from tests.support.private_pages import Guest, gallery

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.anyio,
    pytest.mark.skipif(not Page().built, reason="the page is not built: make setup"),
]

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def control(guest: Guest, name: str) -> Locator:
    """What web/README.md calls by that name."""
    return guest.page.locator(f'[data-control="{name}"]').first


async def press(guest: Guest, name: str) -> None:
    await control(guest, name).click()


async def enter(guest: Guest) -> None:
    """From the check to the doors: on the server's own page it is asked twice, since the link is used up by it."""
    await expect(control(guest, "page-asks")).to_be_visible()
    await press(guest, "enter")
    await expect(control(guest, "page-asks")).to_have_count(0)
    await press(guest, "enter")


async def same_words(one: Guest, other: Guest) -> None:
    """Both show the same, at one moment: each commit makes new ones, and a leaf may be updated at any time."""
    async with asyncio.timeout(PATIENCE_S):
        while await control(one, "words").inner_text() != await control(other, "words").inner_text():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_a_sitting_is_held_by_its_buttons_and_keys(tmp_path: Path) -> None:
    async with chamber(tmp_path, is_automatic=False) as meeting, gallery() as browser:
        keeper = await meeting.enter("doorkeeper", opens=True).member()
        chair = await browser.open(meeting, "chair")
        await enter(chair)
        await reached(keeper, lambda one: one.state is not None and bool(one.state.sitting.lobby.knocks))
        await keeper.deeds.act(Admit(Thumbprint(await chair.device())))
        await expect(control(chair, "room")).to_be_visible()

        albania = await browser.open(meeting, "alb-head")
        await enter(albania)
        await expect(albania.page.locator('[data-control="lobby"][data-says="knocking"]')).to_be_visible()
        await press(chair, "admit")
        await expect(control(albania, "room")).to_be_visible()

        await expect(control(albania, "floor-ask")).to_be_enabled()
        await albania.page.keyboard.press("f")
        await expect(control(albania, "floor-withdraw")).to_be_visible()
        await expect(control(chair, "floor-give")).to_be_enabled()
        await chair.page.keyboard.press("g")
        await expect(albania.page.locator('[data-control="microphone"][data-selected]')).to_be_visible()
        await expect(control(chair, "floor-take-back")).to_be_enabled()
        await chair.page.keyboard.press("t")
        await expect(control(albania, "floor-ask")).to_be_visible()
        await expect(albania.page.locator('[data-control="microphone"][data-selected]')).to_have_count(0)

        await press(chair, "lock")
        await press(albania, "lock")
        await same_words(chair, albania)

        await press(albania, "words-differ")
        await press(albania, "confirm-differ-yes")
        await expect(albania.page.locator('[data-control="stop"][data-why="words"]')).to_be_visible()
        await albania.page.keyboard.press("Escape")
        await expect(control(albania, "stop")).to_be_visible()
        async with albania.page.expect_download() as kept:
            await press(albania, "keep-proof")
        assert (await kept.value).suggested_filename.startswith("incamera-record-")


async def test_a_link_that_was_used_ends_at_the_refusal_and_its_holder_sees_the_try(tmp_path: Path) -> None:
    async with chamber(tmp_path) as meeting, gallery() as browser:
        await meeting.enter("doorkeeper", opens=True, admits=True).member()
        albania = await browser.open(meeting, "alb-head")
        await enter(albania)
        await expect(control(albania, "room")).to_be_visible()

        second = await browser.open(meeting, "alb-head")
        await enter(second)
        await expect(second.page.locator('[data-control="refusal"][data-why="enrolment.used"]')).to_be_visible()
        await expect(albania.page.locator('[data-control="contest"][data-seat="alb-head"]')).to_be_visible()
