"""How long a picture stands still for those who watch it, while the keys of a sitting change."""

from collections.abc import Callable
from pathlib import Path

import pytest

from incamera.api.page import Page
from tests.support.machine import Machine
from tests.support.private import chamber
from tests.support.private_pages import Guest, gallery, pages_agree, pictures_grow

pytestmark = [
    pytest.mark.alone,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.anyio,
    pytest.mark.skipif(not Page().built, reason="the page is not built: make setup"),
]

OTHERS = ("alb-head", "bgr-head", "can-head", "hrv-head", "cze-head", "dnk-head", "est-head", "fra-head")
STOOD_MS = 500
TIMES = 3
WATCH = """(device) => {
    const times = (window.shownAt = []);
    const watched = new WeakSet();
    const watch = () => {
        for (const video of document.querySelectorAll(`video[data-identity^="${device}"]`)) {
            if (watched.has(video)) continue;
            watched.add(video);
            const note = (now) => { times.push(now); video.requestVideoFrameCallback(note); };
            video.requestVideoFrameCallback(note);
        }
    };
    clearInterval(window.watching);
    window.watching = setInterval(watch, 50);
    watch();
}"""
"""Notes when each frame of a device's picture is shown, in whatever element the page has it."""
LONGEST = """() => {
    const times = window.shownAt.sort((a, b) => a - b);
    return times.slice(1).reduce((longest, time, index) => Math.max(longest, time - times[index]), 0);
}"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def is_enough(stood: list[float], machine: Machine) -> bool:
    """Three times show it, unless the machine was not the test's own: then it goes on until one does."""
    return len(stood) >= TIMES and (min(stood) < STOOD_MS or not machine.is_busy)


async def stood_ms(watcher: Guest, device: str, frames: int = 30) -> float:
    """The longest time between two frames that were shown since `WATCH`, once so many more are decoded."""
    await pictures_grow(watcher, [device], frames)
    return float(await watcher.page.evaluate(LONGEST))


async def failed(watcher: Guest, device: str) -> int:
    """Frames of a device that came and could not be shown."""
    found = await watcher.page.evaluate("async () => await window.__incamera.statistics()")
    return sum(int(one["failed"]) for identity, one in found.items() if identity.startswith(device))


async def test_pictures_go_on_at_joins_and_at_exclusions(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """The best of three each: a busy machine lets pictures stand by itself; a lost frame would take 3 s each time."""
    async with chamber(tmp_path, delegations=len(OTHERS) + 1) as meeting, gallery() as browser:
        await meeting.enter("doorkeeper", opens=True, admits=True).member()
        chair, belgium = await browser.enter(meeting, "chair"), await browser.enter(meeting, "bel-head")
        await pages_agree(chair, belgium, members=3)
        shown = await belgium.device()
        await pictures_grow(chair, [shown], 30)
        lost = await failed(chair, shown)

        joins: list[float] = []
        exclusions: list[float] = []
        others: list[str] = []
        machine = Machine()
        for seat in OTHERS:
            if is_enough(joins, machine):
                break
            await chair.page.evaluate(WATCH, shown)
            others.append((await meeting.enter(seat).member()).me)
            await pages_agree(chair, belgium, members=3 + len(others))
            joins.append(await stood_ms(chair, shown))
        assert await failed(chair, shown) == lost, "a join lost frames"
        machine = Machine()
        for left, device in enumerate(others, start=1):
            if is_enough(exclusions, machine):
                break
            await chair.page.evaluate(WATCH, shown)
            await chair.act("lobby.exclude", {"device": device})
            await pages_agree(chair, belgium, members=3 + len(others) - left)
            exclusions.append(await stood_ms(chair, shown))

        for name, stood in (("joins", joins), ("exclusions", exclusions)):
            record_property(f"{name}_ms", stood)
            print(f"{name}: {[round(one) for one in stood]} ms")
        assert min(joins) < STOOD_MS
        assert min(exclusions) < STOOD_MS
