"""`incamera join`: a person in a real browser, on the page of the installed package, in a sitting on a server."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.browsers import PATIENCE_S, await_true, chromium, opened
from tests.support.servers import COMMAND, Demo

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PLAYING = "[...document.querySelectorAll('video')].filter((v) => v.videoWidth > 0 && v.currentTime > 0.5).length"


def started(*arguments: str, link: str) -> "subprocess.Popen[str]":
    """A command of ours that reads its link from standard input."""
    process = subprocess.Popen(
        [str(COMMAND), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdin is not None
    process.stdin.write(f"{link}\n")
    process.stdin.close()
    return process


def test_the_page_of_the_package_is_in_the_sitting_and_asks_nobody_else(tmp_path: Path) -> None:
    with Demo("--seats", "2") as demo, chromium() as browser:
        other = started("attend", "-", "--headless", "--json", link=demo.link(1))
        join = started("join", "-", "--no-browser", "--json", "--data", str(tmp_path), link=demo.link(0))
        try:
            assert join.stdout is not None
            address = json.loads(join.stdout.readline())["url"]
            origin = address.split("/?")[0]
            page = opened(browser, locale="en-GB").new_page()
            asked: list[str] = []
            broken: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            page.on("websocket", lambda socket: asked.append(socket.url.replace("ws://", "http://")))
            page.on(
                "console", lambda message: broken.append(message.text) if "Content Security" in message.text else None
            )
            page.on("pageerror", lambda error: broken.append(str(error)))
            page.goto(address)
            page.locator("[data-control=enter]").click()
            page.locator("[data-control=room][data-line=open]").wait_for()
            assert page.locator("[data-control=page-asks]").count() == 0, "the program's page asks nothing"
            await_true("both pictures play", lambda: page.evaluate(PLAYING) >= 2)
            assert "#" not in page.url, "the link's secret part stands in the address bar"
            assert "once=" not in page.url

            page.reload()
            page.locator("[data-control=room][data-line=open]").wait_for()
            await_true("both pictures play again", lambda: page.evaluate(PLAYING) >= 2)

            assert [url for url in asked if not url.startswith((f"{origin}/", "blob:"))] == []
            assert broken == []

            second = opened(browser, locale="en-GB").new_page()
            answer = second.goto(address)
            assert answer is not None
            assert answer.status == 403
        finally:
            for process in (join, other):
                process.send_signal(signal.SIGTERM)
            assert other.stdout is not None
            report = json.loads(other.stdout.read().splitlines()[-1])
        assert (join.wait(PATIENCE_S), other.wait(PATIENCE_S)) == (0, 0)
        assert report["participants"]["chair"]["video_frames"] > 0
