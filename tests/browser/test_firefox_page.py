"""The whole page in Firefox, once through by its buttons: check, lobby, door, room, floor, words, reload, exclusion."""

from typing import Any

import pytest
from playwright.sync_api import Page

from incamera.api.page import Page as Built
from tests.browser.test_call import decoded, enter, plane
from tests.support.browsers import PATIENCE_S, await_true, chromium
from tests.support.firefox import FirefoxPage, firefox
from tests.support.servers import Demo

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.skipif(not Built().built, reason="the page is not built: make setup"),
]

OUTLINE = "() => window.__incamera?.plane?.() ?? {}"
FRAMES = """async () => {
    const counted = {};
    for (const [identity, seen] of Object.entries(await window.__incamera.statistics()))
        counted[identity.split(".")[0]] = seen.video_frames;
    return counted;
}"""
DRAWN = """(device) => [...document.querySelectorAll("video[data-identity]")].some(
    (video) => video.dataset.identity.startsWith(device) && !video.hidden && video.videoWidth > 0)"""


def shows(page: FirefoxPage, selector: str) -> bool:
    """Whether something of the page is there."""
    return bool(page.evaluate("(selector) => document.querySelector(selector) !== null", selector))


def await_shown(page: FirefoxPage, selector: str) -> None:
    """Wait for it; fail with what the page shows instead."""
    try:
        await_true(selector, lambda: shows(page, selector))
    except pytest.fail.Exception as failure:
        words = page.evaluate("() => document.body.innerText")
        raise AssertionError(f"{failure}; Firefox shows: {words}; it stands at {page.evaluate(OUTLINE)}") from None


def more_pictures(page: FirefoxPage, of: str) -> None:
    """Firefox decodes more of somebody's pictures than it had."""
    before = page.evaluate(FRAMES).get(of, 0)
    await_true("Firefox decodes", lambda: page.evaluate(FRAMES).get(of, 0) >= before + 15)


def is_seen(chair: Page, device: str, kind: str = "video_frames") -> None:
    """Chromium decodes more of Firefox's pictures, or sound, than it had."""
    before = decoded(chair).get(device, {}).get(kind, 0)
    await_true(f"Chromium decodes {kind}", lambda: decoded(chair).get(device, {}).get(kind, 0) >= before + 15)


def press(chair: Page, control: str) -> None:
    chair.locator(f'[data-control="{control}"]').first.click(timeout=PATIENCE_S * 1000)


def test_firefox_goes_through_the_whole_page_from_the_check_to_its_exclusion() -> None:
    with firefox() as page, chromium() as browser, Demo("--by-hand", "--seats", "2") as demo:
        chair = enter(browser, demo.link(0))
        address, fragment = demo.link(1).split("#")
        page.goto(f"{address}?debug&quality=low#{fragment}")
        for row in ("camera", "network"):
            await_shown(page, f'[data-control="check-{row}"][data-state="ok"]')
        assert "#" not in str(page.evaluate("() => location.href")), "the key of the link stays in the address"
        page.press("enter")
        await_true("the page's own warning was answered", lambda: not shows(page, '[data-control="page-asks"]'))
        page.press("enter")
        await_shown(page, '[data-control="lobby"][data-says="knocking"]')
        assert page.evaluate(FRAMES) == {}, "whoever knocks receives nothing"

        press(chair, "admit")
        await_shown(page, '[data-control="room"][data-line="open"]')
        told: dict[str, Any] = page.evaluate(OUTLINE)
        firefox_device, chair_device = told["device"], plane(chair)["device"]
        more_pictures(page, of=chair_device)
        is_seen(chair, firefox_device)
        await_true("the picture is drawn", lambda: page.evaluate(DRAWN, chair_device))

        page.press("floor-ask")
        press(chair, "floor-give")
        await_shown(page, '[data-control="microphone"][data-selected]')
        is_seen(chair, firefox_device, "audio_frames")
        page.press("floor-give-back")
        await_shown(page, '[data-control="floor-ask"]')
        assert not shows(page, '[data-control="microphone"][data-selected]')

        page.press("lock")
        await_shown(page, '[data-control="words"]')
        await_true("both have the same eight words", lambda: page.evaluate(OUTLINE)["words"] == plane(chair)["words"])
        page.press("back-to-chamber")

        page.reload()
        await_true("it came back by itself", lambda: page.evaluate(OUTLINE).get("phase") == "member")
        await_shown(page, '[data-control="room"][data-line="open"]')
        assert page.evaluate(OUTLINE)["device"] == firefox_device, "a reload is no new enrolment"
        more_pictures(page, of=chair_device)
        is_seen(chair, firefox_device)

        exclude = "(body) => window.__incamera.act('lobby.exclude', body)"
        assert chair.evaluate(exclude, {"device": firefox_device}) is None
        await_shown(page, '[data-control="lobby"][data-says="excluded"]')
        await_true("it has left the room", lambda: firefox_device not in plane(chair)["roster"])
        page.press("leave")
        await_shown(page, '[data-control="departure"]')
