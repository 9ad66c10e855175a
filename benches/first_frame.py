"""How long a person waits: from `connect()` to the first *decoded* picture of another, with the unmodified SDKs."""

import asyncio
import contextlib
import os
import shutil
import time
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

from livekit import api, rtc
from playwright.async_api import Page, async_playwright

from benches.servers import KEY, NotMeasurable, Server

ROOT = Path(__file__).resolve().parent.parent
CLIENT = ROOT / "web" / "node_modules" / "livekit-client" / "dist" / "livekit-client.umd.js"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
WIDTH, HEIGHT, FRAMES_PER_SECOND = 320, 180, 15
PATIENCE_S = 30.0
ROOM = "first-frame"

_WAIT_FOR_FRAME = """
async ([url, token]) => {
  const room = new LivekitClient.Room();
  const started = performance.now();
  const first = new Promise((resolve) => {
    room.on(LivekitClient.RoomEvent.TrackSubscribed, (track) => {
      if (track.kind !== "video") return;
      const element = track.attach();
      document.body.append(element);
      element.requestVideoFrameCallback(() => resolve(performance.now() - started));
    });
  });
  await room.connect(url, token);
  const milliseconds = await first;
  await room.disconnect();
  document.body.replaceChildren();
  return milliseconds;
}
"""


def has_chromium() -> bool:
    """Whether the browser and the client's bundle are here."""
    return shutil.which(CHROMIUM) is not None and CLIENT.exists()


async def by_python(server: Server, times: int) -> list[float]:
    """Milliseconds, once a connection, with the Python SDK as the subscriber."""
    async with _publisher(server):
        return [await _bounded(_python_subscriber(server, n), server) for n in range(times)]


async def by_chromium(server: Server, times: int) -> list[float]:
    """Milliseconds, once a connection, with livekit-client in headless Chromium as the subscriber."""
    async with _publisher(server), async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        )
        try:
            page = await browser.new_page()
            await page.goto(server.url)
            await page.add_script_tag(path=CLIENT)
            return [await _bounded(_browser_subscriber(page, server, n), server) for n in range(times)]
        finally:
            await browser.close()


async def _bounded(wait: Coroutine[Any, Any, float], server: Server) -> float:
    try:
        return await asyncio.wait_for(wait, PATIENCE_S)
    except TimeoutError:
        raise NotMeasurable(f"{server.contender.name}: no picture within {PATIENCE_S:.0f} s of connect()") from None


async def _browser_subscriber(page: Page, server: Server, n: int) -> float:
    milliseconds: float = await page.evaluate(
        _WAIT_FOR_FRAME, [server.url.replace("http", "ws", 1), _token(server, f"browser-{n}")]
    )
    return milliseconds


async def _python_subscriber(server: Server, n: int) -> float:
    room = rtc.Room()
    subscribed: asyncio.Future[rtc.Track] = asyncio.get_running_loop().create_future()

    @room.on("track_subscribed")
    def _(track: rtc.Track, _publication: rtc.RemoteTrackPublication, _participant: rtc.RemoteParticipant) -> None:
        if track.kind == rtc.TrackKind.KIND_VIDEO and not subscribed.done():
            subscribed.set_result(track)

    started = time.perf_counter()
    await room.connect(server.url, _token(server, f"python-{n}"))
    try:
        stream = rtc.VideoStream(await subscribed)
        await anext(stream)
        milliseconds = (time.perf_counter() - started) * 1000
        await stream.aclose()
    finally:
        await room.disconnect()
    return milliseconds


def _token(server: Server, identity: str) -> str:
    grants = api.VideoGrants(room_join=True, room=ROOM)
    return api.AccessToken(KEY, server.secret).with_identity(identity).with_grants(grants).to_jwt()


@contextlib.asynccontextmanager
async def _publisher(server: Server) -> AsyncIterator[None]:
    """One member that sends a moving picture, without simulcast, for as long as the context lasts."""
    room = rtc.Room()
    await room.connect(server.url, _token(server, "publisher"))
    try:
        source = rtc.VideoSource(WIDTH, HEIGHT)
        track = rtc.LocalVideoTrack.create_video_track("picture", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA, simulcast=False)
        await room.local_participant.publish_track(track, options)
        painter = asyncio.create_task(_paint(source))
        try:
            yield
        finally:
            painter.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await painter
    finally:
        await room.disconnect()


async def _paint(source: rtc.VideoSource) -> None:
    shade = 0
    while True:
        shade = (shade + 5) % 256
        frame = bytes((shade, shade, shade, 255)) * (WIDTH * HEIGHT)
        source.capture_frame(rtc.VideoFrame(WIDTH, HEIGHT, rtc.VideoBufferType.RGBA, frame))
        await asyncio.sleep(1 / FRAMES_PER_SECOND)
