"""Thirty in private: a chair's browser beside 29 synthetic delegations (`incamera demo --with 29`), all MLS members.

As small as two cores allow, which carry the server, the 29 in one process, and the browser: each of the 29 sends a
picture of 160 x 90, 5 a second, one layer, and subscribes to nothing; the browser subscribes to the picture of every
one of them, and sends its own in the page's low quality.
"""

import time

import pytest
from playwright.sync_api import Page

from incamera.api.page import Page as BuiltPage
from tests.browser.test_call import decoded, enter, plane
from tests.support.browsers import await_true, chromium
from tests.support.servers import Demo

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.alone,
    pytest.mark.skipif(not BuiltPage().built, reason="the page is not built: make setup"),
]
OTHERS = 29
PATIENCE_S = 400.0
FRAMES = 10


def pictures(page: Page) -> dict[str, int]:
    """How many pictures it decoded, by device."""
    return {device: seen["video_frames"] for device, seen in decoded(page).items()}


def all_go_on(page: Page) -> bool:
    """Wait until it decoded more pictures of each of the others."""
    had = pictures(page)

    def holds() -> bool:
        now = pictures(page)
        return sum(now[device] >= had.get(device, 0) + FRAMES for device in now) >= OTHERS

    return bool(await_true(f"{FRAMES} more pictures of each of {OTHERS}", holds, PATIENCE_S))


def test_a_browser_decodes_the_pictures_of_all_29_others_in_one_private_sitting() -> None:
    began_s = time.monotonic()
    with chromium() as browser, Demo("--seats", "1", "--with", str(OTHERS)) as demo:
        page = enter(browser, demo.link(0))
        entered_s = time.monotonic()
        await_true("all are on the roster", lambda: len(plane(page)["roster"]) == OTHERS + 2, PATIENCE_S)
        rostered_s = time.monotonic()
        assert all_go_on(page)
        decoded_s = time.monotonic()
        assert all_go_on(page), "and they last"
    in_s, rostered_s, decoded_s = (at_s - began_s for at_s in (entered_s, rostered_s, decoded_s))
    print(
        f"from the demo's start: the browser in after {in_s:.0f} s, {OTHERS + 2} on the roster with the doorkeeper "
        f"after {rostered_s:.0f} s, {FRAMES} pictures of each of {OTHERS} decoded after {decoded_s:.0f} s"
    )
