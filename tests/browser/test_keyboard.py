"""The way in by keyboard alone, in a real browser: every control has a name, and where one is can be seen."""

from pathlib import Path
from typing import Any

import pytest

from incamera.api.page import Page
from tests.support.private import chamber
from tests.support.private_pages import Guest, gallery

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.anyio,
    pytest.mark.skipif(not Page().built, reason="the page is not built: make setup"),
]

CONTROLS_MAX = 40
FOCUSED = """() => {
    const at = document.activeElement, {outlineStyle, outlineWidth} = getComputedStyle(at);
    return {control: at.dataset.control ?? at.tagName, outline: outlineStyle === "solid" ? outlineWidth : ""};
}"""
UNNAMED = """() => [...document.querySelectorAll("button, a[href], input, select, [role=button], [role=switch]")]
    .filter((one) => one.checkVisibility() && !one.labels?.length)
    .filter((one) => !(one.getAttribute("aria-label") || one.getAttribute("aria-labelledby") || one.textContent.trim()))
    .map((one) => one.outerHTML)"""
MOVING = """() => [...document.querySelectorAll("*")].map((one) => getComputedStyle(one))
    .filter((style) => parseFloat(style.transitionDuration) > 0 || parseFloat(style.animationDuration) > 0).length"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def tab_to(guest: Guest, control: str) -> list[dict[str, Any]]:
    """Press Tab until the control has the focus; what had it on the way."""
    way: list[dict[str, Any]] = []
    for _ in range(CONTROLS_MAX):
        await guest.page.keyboard.press("Tab")
        way.append(await guest.page.evaluate(FOCUSED))
        if way[-1]["control"] == control:
            return way
    raise AssertionError(f"{control} is not on the way: {way}")


async def test_the_way_from_the_check_to_the_floor_is_open_to_a_keyboard(tmp_path: Path) -> None:
    async with chamber(tmp_path) as meeting, gallery() as browser:
        await meeting.enter("doorkeeper", opens=True, admits=True).member()
        albania = await browser.open(meeting, "alb-head")
        await albania.page.emulate_media(reduced_motion="reduce")
        asks = albania.page.locator("[data-control=page-asks]")
        await asks.wait_for()
        assert await albania.page.evaluate(UNNAMED) == []
        way = await tab_to(albania, "enter")
        await albania.page.keyboard.press("Enter")  # to go on with the server's own page
        await asks.wait_for(state="detached")
        way += await tab_to(albania, "enter")
        await albania.page.keyboard.press("Enter")
        await albania.page.locator("[data-control=room]").wait_for()
        assert await albania.page.evaluate(UNNAMED) == []
        assert await albania.page.evaluate(MOVING) == 0, "less motion was asked for"

        way += await tab_to(albania, "floor-ask")
        await albania.page.keyboard.press("Enter")
        await albania.page.locator("[data-control=floor-withdraw]").wait_for()
        unseen = [one["control"] for one in way if one["control"] != "BODY" and one["outline"] != "3px"]
        assert unseen == [], "the focus is seen at each step"
