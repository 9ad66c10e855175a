"""A Python member and a browser in one sitting: pictures both ways, and the tone that was sent is what is heard."""

import json
import signal
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.test_call import decoded, enter
from tests.support.browsers import PATIENCE_S, await_true, chromium
from tests.support.servers import COMMAND, Demo
from tests.support.sound import LISTEN, LOUDEST, write_tone

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SENT_BY_BROWSER_HZ, SENT_BY_PYTHON_HZ = 700, 1100


def hears(page: Page, hz: int) -> bool:
    heard = page.evaluate(LOUDEST)
    return abs(heard - hz) < 15


def test_a_python_member_and_a_browser_see_each_other_and_hear_the_tone_that_was_sent(tmp_path: Path) -> None:
    write_tone(tmp_path / "tone.wav", SENT_BY_BROWSER_HZ)
    arguments = ["attend", "-", "--headless", "--json", "--tone-hz", str(SENT_BY_PYTHON_HZ)]
    with (
        chromium(f"--use-file-for-fake-audio-capture={tmp_path / 'tone.wav'}") as browser,
        Demo("--seats", "2") as demo,
    ):
        attend = subprocess.Popen([str(COMMAND), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert attend.stdin is not None
        assert attend.stdout is not None
        attend.stdin.write(demo.link(1) + "\n")
        attend.stdin.close()
        try:
            chair = enter(browser, demo.link(0), before=LISTEN)
            device = await_true(
                "the browser sees the member",
                lambda: next((who for who, seen in decoded(chair).items() if seen["video_frames"] > 30), None),
            )
            assert not hears(chair, SENT_BY_PYTHON_HZ), "it has not the floor"
            give = "(body) => window.__incamera.act('floor.give', body)"
            assert chair.evaluate(give, {"delegation": "alb", "device": device}) is None
            await_true(f"the browser hears {SENT_BY_PYTHON_HZ} Hz", lambda: hears(chair, SENT_BY_PYTHON_HZ))
            attend.send_signal(signal.SIGTERM)
            report = json.loads(attend.stdout.read().strip().splitlines()[-1])
            assert attend.wait(PATIENCE_S) == 0
        finally:
            attend.kill()
    seen = report["participants"][demo.seat(0)]
    assert seen["video_frames"] > 30, "the member did not see the browser"
    assert (seen["failed"], seen["refused"]) == (0, 0)
    assert abs(seen["tone_hz"] - SENT_BY_BROWSER_HZ) < 15, f"the member heard {seen['tone_hz']} Hz"
