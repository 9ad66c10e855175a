"""Thirty in private, all MLS members: a browser beside 29 synthetic delegations, and thirty Python members.

As small as two cores allow, which carry the server, all members and the browser.
- `incamera demo --with 29`: each of the 29, in one process, sends a picture of 160 x 90, 5 a second, one layer, and
  subscribes to nothing; the browser subscribes to the picture of every one of them, and sends its own in low quality.
- Thirty Python members in three processes: three of them show such a picture, the chair a tone too; each of the thirty
  subscribes to all of that.
How long it took is printed.
"""

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from threading import Timer

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
PARTS = 3
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


def test_each_of_thirty_python_members_decodes_three_pictures_and_the_chair_s_tone_in_private() -> None:
    began_s = time.monotonic()
    with Demo("--seats", str(OTHERS + 1)) as demo, ExitStack() as ending:
        links = [(demo.seat(place), demo.link(place)) for place in range(OTHERS + 1)]
        shown = [seat for seat, _ in links[:PARTS]]
        parts = []
        for part in range(PARTS):
            command = [sys.executable, "-m", "tests.support.heads"]
            heads = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            ending.callback(heads.kill)
            bound = Timer(PATIENCE_S, heads.kill)
            ending.callback(bound.cancel)
            bound.start()
            parts.append(heads)
            order = {"links": links[part::PARTS], "showing": 1, "see": shown, "hear": demo.seat(0)}
            assert heads.stdin is not None
            heads.stdin.write(json.dumps(order) + "\n")
            heads.stdin.flush()
        received = {}
        for heads in parts:
            assert heads.stdout is not None
            line = heads.stdout.readline()
            assert line, "its members ended before"
            received |= json.loads(line)
        all_s = time.monotonic() - began_s
        for heads in parts:
            assert heads.stdin is not None
            heads.stdin.close()
            assert heads.wait(timeout=PATIENCE_S) == 0
    assert received.keys() == {seat for seat, _ in links}
    for seat, report in received.items():
        assert all(report[other]["video_frames"] >= FRAMES for other in shown if other != seat)
        assert all(figures["refused"] == 0 for figures in report.values())
    early = sum(figures["early"] for report in received.values() for figures in report.values())
    failed = sum(figures["failed"] for report in received.values() for figures in report.values())
    print(f"from the demo's start: all had decoded after {all_s:.0f} s; {early} frames early, {failed} failed")
