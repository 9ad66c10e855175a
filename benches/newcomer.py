"""What one newcomer takes: the bytes of its way in, and how long it waits from its knock to a picture."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from benches.chamber import Chamber, chamber, heads
from benches.figures import Figure
from benches.first_frame import CHROMIUM
from benches.joins import begin
from benches.processes import Process, beginning
from benches.relay import Relay, relay
from incamera.demo.convening import DOORKEEPER

DELEGATES = "benches.delegating"
FLAGS = ("--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream=fps=15")
PATIENCE_MS = 60_000
AT_THE_CHECK = "() => window.__incamera?.plane().stand.at === 'check'"
WAIT = """
async () => {
  const { plane, statistics, enterLobby } = window.__incamera;
  const ticks = () => new Promise((next) => setTimeout(next, 2));
  await enterLobby();
  while (!["knocking", "member"].includes(plane().phase)) await ticks();
  const knocked = performance.now();
  while (!Object.values(await statistics()).some((figures) => figures.video_frames > 0)) await ticks();
  return performance.now() - knocked;
}
"""
"""In the page: milliseconds from its knock, made and about to be posted, to the first picture of anybody."""


def measure(members: int, times: int) -> list[Figure]:
    """The bytes of who makes it so many members; the waits of so many who come one after the other."""
    way = asyncio.run(_way_in(members))
    python, chromium = asyncio.run(_waits(times)), asyncio.run(_waits_in_chromium(times))
    what = f"a join that makes it {members} members"
    return [
        Figure("newcomer", f"{what}: downloaded", "kB", (way.down_bytes / 1000,)),
        Figure("newcomer", f"{what}: uploaded", "kB", (way.up_bytes / 1000,)),
        Figure("newcomer", "Python: knock → first decrypted picture", "ms", tuple(python)),
        Figure("newcomer", "Chromium: knock → first decrypted picture", "ms", tuple(chromium)),
    ]


async def _way_in(members: int) -> Relay:
    """From the link to the Welcome, by HTTP and the feed; all others are in, the doorkeeper among them."""
    *others, seat = ["chair", *heads(members - 2)]
    with tempfile.TemporaryDirectory(prefix="incamera-bench-") as folder:
        async with chamber(Path(folder), members - 2) as meeting, AsyncExitStack() as stack:
            doorkeeper = await stack.enter_async_context(begin(meeting, [DOORKEEPER], keeps_the_door=True))
            for _ in ("ready", "entered"):
                await doorkeeper.said()
            present = await stack.enter_async_context(begin(meeting, others))
            for _ in ("ready", "entered"):
                await present.said()
            through = await stack.enter_async_context(relay(meeting.origin))
            newcomer = await stack.enter_async_context(begin(meeting, [seat], origin=through.origin))
            for _ in ("ready", "entered"):
                await newcomer.said()
            found = Relay(through.origin, through.up_bytes, through.down_bytes, through.connections)
    return found


@asynccontextmanager
async def _shown(times: int) -> AsyncIterator[Chamber]:
    """A meeting of so many delegations, in which the chair shows a picture and lets in who knocks."""
    with tempfile.TemporaryDirectory(prefix="incamera-bench-") as folder:
        async with chamber(Path(folder), times) as meeting, _delegates(meeting, "chair", shows=True) as chair:
            await chair.said()
            yield meeting


def _delegates(meeting: Chamber, *seats: str, shows: bool) -> AbstractAsyncContextManager[Process]:
    members = [{"link": meeting.link(seat), "state": str(meeting.state(seat))} for seat in seats]
    return beginning(DELEGATES, {"members": members, "sitting": meeting.sitting, "shows": shows})


async def _waits(times: int) -> list[float]:
    """Milliseconds of each Python member; each leaves before the next one comes."""
    seats = heads(times)
    async with _shown(times) as meeting, _delegates(meeting, *seats, shows=False) as newcomers:
        return [float((await newcomers.said())["waited_ms"]) for _ in seats]


async def _waits_in_chromium(times: int) -> list[float]:
    """The same of a page each."""
    async with _shown(times) as meeting, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
        try:
            return [await _page(browser, meeting.link(seat)) for seat in heads(times)]
        finally:
            await browser.close()


async def _page(browser: Browser, link: str) -> float:
    context = await browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    address, fragment = link.split("#")
    await page.goto(f"{address}?debug&quality=low#{fragment}")
    await page.wait_for_function(AT_THE_CHECK)
    waited: float = await page.evaluate(WAIT)
    await page.evaluate("() => window.__incamera.leave()")
    await context.close()
    return waited
