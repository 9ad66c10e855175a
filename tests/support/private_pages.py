"""Pages in a private meeting: real Chromium, a seat each, asked by what `?debug` tells (web/README.md)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, Error, Page, Worker, async_playwright

from incamera.accreditation.strict import SeatId
from incamera.member.sitting import Sitting
from tests.support.browsers import CHROMIUM, FLAGS, PATIENCE_MS, PATIENCE_S
from tests.support.private import Chamber

Outline = dict[str, Any]
"""`PlaneOutline` of web/src/member/debug.ts."""


@dataclass
class Guest:
    """A tab that was opened with a seat's link."""

    seat: str
    page: Page
    context: BrowserContext
    broken: list[str] = field(default_factory=list)
    """Breaches of the policy, and errors that nobody caught."""

    async def plane(self) -> Outline:
        """Where it stands; {} while the page is being loaded."""
        with contextlib.suppress(Exception):  # a page that is just being reloaded has no answer
            told: Outline | None = await self.page.evaluate("() => window.__incamera?.plane?.() ?? null")
            return told or {}
        return {}

    async def until(self, what: str, holds: Callable[[Outline], Any], patience_s: float = PATIENCE_S) -> Outline:
        """Ask until it holds; fail with where it stood."""
        told: Outline = {}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while True:
                    told = await self.plane()
                    if told and holds(told):
                        return told
                    await asyncio.sleep(0.1)
        raise AssertionError(f"{self.seat}: not seen within {patience_s:.0f} s: {what}; it stands at {told}")

    async def call(self, name: str, *arguments: object) -> Any:
        """Ask the member for something, as a screen does; a refusal comes back as `{"refused": code}`."""
        return await self.page.evaluate("([name, args]) => window.__incamera[name](...args)", [name, list(arguments)])

    async def act(self, kind: str, body: dict[str, Any]) -> None:
        """An act that must stand."""
        refusal = await self.call("act", kind, body)
        assert refusal is None, f"{self.seat}: {kind} was refused: {refusal}"

    async def statistics(self) -> dict[str, dict[str, int]]:
        """What it decoded so far, by device."""
        found: dict[str, dict[str, int]] = await self.page.evaluate(
            "async () => window.__incamera ? await window.__incamera.statistics() : {}"
        )
        by_device: dict[str, dict[str, int]] = {}
        for identity, counts in found.items():
            sums = by_device.setdefault(identity.partition(".")[0], {})
            for name in ("video_frames", "audio_frames"):
                sums[name] = sums.get(name, 0) + counts.get(name, 0)
        return by_device

    async def device(self) -> str:
        """Its device's thumbprint, once it is enrolled."""
        return str((await self.until("a device", lambda told: told["device"]))["device"])

    async def member(self) -> Outline:
        """In the group."""
        return await self.until("a member", lambda told: told["phase"] == "member" and told["words"])


@dataclass
class Gallery:
    """A browser, and the guests in it: each has a storage of its own."""

    browser: Browser
    guests: list[Guest] = field(default_factory=list)

    async def open(self, chamber: Chamber, seat: str, *, origin: str | None = None, before: str = "") -> Guest:
        """Opens a seat's link, up to the check."""
        context = await self.browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        guest = Guest(seat, page, context)
        if before:
            await page.add_init_script(before)
        page.on("pageerror", lambda error: guest.broken.append(str(error)))
        page.on(
            "console",
            lambda message: guest.broken.append(message.text) if "Content Security" in message.text else None,
        )
        address, fragment = chamber.founded.invited[SeatId(seat)].link.split("#")
        if origin is not None:
            address = address.replace(chamber.running.origin, origin)
        await page.goto(f"{address}?debug&quality=low#{fragment}")
        self.guests.append(guest)
        await guest.until("the check", lambda told: told["stand"]["at"] == "check")
        return guest

    async def enter(self, chamber: Chamber, seat: str, *, origin: str | None = None, before: str = "") -> Guest:
        """Opens a seat's link, and goes to the doors."""
        guest = await self.open(chamber, seat, origin=origin, before=before)
        await guest.call("enterLobby")
        return guest


@asynccontextmanager
async def gallery(*flags: str) -> AsyncIterator[Gallery]:
    """One browser process; whatever broke in a page of it is a failure."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags], timeout=PATIENCE_MS)
        opened = Gallery(browser)
        try:
            yield opened
        finally:
            await browser.close()
        broken = {guest.seat: guest.broken for guest in opened.guests if guest.broken}
        assert not broken, f"pages broke: {broken}"


async def pages_agree(*guests: Guest, members: int, since_epoch: int = 0, beside: Iterable[Sitting] = ()) -> Outline:
    """Wait until all pages have one epoch, from this one on, one roster of so many, and the same eight words.

    `beside`: so have these members, at the same moment, since leaves are updated at any time.
    """
    told: list[Outline] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            while True:
                told = [await guest.plane() for guest in guests]
                if all(one and one["phase"] == "member" and one["words"] for one in told):
                    seen = {(one["epoch"], tuple(one["words"]), tuple(sorted(one["roster"]))) for one in told}
                    seen |= {
                        (one.epoch, one.words() or (), tuple(sorted(seat.device for seat in one.roster())))
                        for one in beside
                    }
                    is_whole = len(told[0]["roster"]) == members and told[0]["epoch"] >= since_epoch
                    if len(seen) == 1 and is_whole:
                        return told[0]
                await asyncio.sleep(0.1)
    others = [(one.phase, one.epoch, len(one.roster())) for one in beside]
    raise AssertionError(f"the pages do not agree: {told}, {others}")


async def pictures_grow(guest: Guest, of: Iterable[str], frames: int = 15) -> None:
    """Wait until so many more pictures of each of these devices were decoded."""
    devices = list(of)
    before = await guest.statistics()
    now: dict[str, dict[str, int]] = {}

    def grown(device: str) -> int:
        return now.get(device, {}).get("video_frames", 0) - before.get(device, {}).get("video_frames", 0)

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            while True:
                now = await guest.statistics()
                if all(grown(device) >= frames for device in devices):
                    return
                await asyncio.sleep(0.2)
    raise AssertionError(f"{guest.seat} decodes too little of {devices}: {before} then {now}; {await guest.plane()}")


async def sound_grows(guest: Guest, of: str, frames: int = 50) -> None:
    """Wait until so many more blocks of sound of a device were decoded."""
    before = (await guest.statistics()).get(of, {}).get("audio_frames", 0)
    now = before
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            while now < before + frames:
                await asyncio.sleep(0.2)
                now = (await guest.statistics()).get(of, {}).get("audio_frames", 0)
            return
    raise AssertionError(f"{guest.seat} hears nothing of {of}: {await guest.plane()}")


async def sound_stops(guest: Guest, of: str) -> None:
    """Wait until no more sound of a device was decoded in a whole second."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            while True:
                before = (await guest.statistics()).get(of, {}).get("audio_frames", 0)
                await asyncio.sleep(1)
                if (await guest.statistics()).get(of, {}).get("audio_frames", 0) == before:
                    return
    raise AssertionError(f"{guest.seat} still hears {of}")


async def forget_group(guest: Guest) -> None:
    """The sealed state is lost, as where a browser clears a site's data in part; the device stays. Then a reload."""
    await guest.page.evaluate(
        """() => new Promise((resolve, reject) => {
            const open = indexedDB.open("incamera");
            open.onsuccess = () => {
                const transaction = open.result.transaction("sealed", "readwrite");
                transaction.objectStore("sealed").clear();
                transaction.oncomplete = () => resolve(null);
                transaction.onerror = () => reject(transaction.error);
            };
        })"""
    )
    await guest.page.reload()


def core_workers(guest: Guest) -> list[Worker]:
    """The threads in which its member's core runs: one, while it lives."""
    return [worker for worker in guest.page.workers if "core.worker" in worker.url]


async def break_core(guest: Guest, by: str) -> None:
    """A fault in the core's own thread; resolves when that has ended."""
    (worker,) = core_workers(guest)
    gone = asyncio.Event()
    worker.once("close", lambda _: gone.set())
    with contextlib.suppress(Error):  # it is ended while it answers
        await worker.evaluate(f"() => {{ {by} }}")
    async with asyncio.timeout(PATIENCE_S):
        await gone.wait()
