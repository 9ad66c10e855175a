"""Real Chromium, headless, with a fake camera and microphone."""

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--no-first-run",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    # And what a window's address bar loads beforehand: two pages of its own, 1.4 s of CPU a window.
    "--disable-features=WebRtcHideLocalIpsWithMdns,WebUIOmniboxPopup,WebUIOmniboxAimPopup",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream=fps=15",
    "--autoplay-policy=no-user-gesture-required",
)
PATIENCE_S = 240.0
"""How long a browser test waits for what must come: generous, since two cores carry servers, browsers and builds."""
PATIENCE_MS = PATIENCE_S * 1_000


@contextlib.contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """One browser process; a page of it is one participant (`opened(browser)` each: own storage)."""
    if shutil.which(CHROMIUM) is None:
        pytest.skip(f"Chromium is not at {CHROMIUM}: run scripts/system-packages chromium, or set CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags], timeout=PATIENCE_MS)
        try:
            yield browser
        finally:
            browser.close()


def opened(browser: Browser, **options: Any) -> BrowserContext:
    """A participant's own storage, with our patience for all that its pages are asked to wait for."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    return context


def await_true(what: str, condition: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
    """Ask until the answer is true, and give it back; fail with what was awaited."""
    deadline = time.monotonic() + patience_s
    while True:
        if answer := condition():
            return answer
        if time.monotonic() > deadline:
            pytest.fail(f"not seen within {patience_s:.0f} s: {what}")
        time.sleep(0.1)


def statistics(page: Page) -> dict[str, dict[str, int]]:
    """What the page decoded so far, by participant's identity: web/README.md (`?debug`)."""
    answer: dict[str, dict[str, int]] = page.evaluate(
        "async () => window.__incamera ? await window.__incamera.statistics() : {}"
    )
    return answer
