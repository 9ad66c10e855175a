"""`livekit-client`, unmodified, in real Chromium: one connection (`/rtc/v1`), two (`/rtc`), resumes, data."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.livekit.running import RunningSfu
from tests.support.browsers import await_true, chromium

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HERE = Path(__file__).parent
DIST = HERE.parents[1] / "web" / "node_modules" / "livekit-client" / "dist"


@pytest.fixture(scope="module")
def sfu() -> Iterator[RunningSfu]:
    if not DIST.exists():
        pytest.skip("livekit-client is not installed: run make setup")
    with RunningSfu(pages={"/pages": str(HERE / "page"), "/dist": str(DIST)}) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


class Guests:
    """Pages of one room."""

    def __init__(self, browser: Browser, sfu: RunningSfu, room: str) -> None:
        self._browser = browser
        self._sfu = sfu
        self._room = room
        self._contexts: list[Any] = []

    def join(self, identity: str, *, options: dict[str, Any] | None = None, **grants: Any) -> Page:
        """One page, in the room, publishing simulcast and sound."""
        context = self._browser.new_context(permissions=["camera", "microphone"])
        self._contexts.append(context)
        page = context.new_page()
        page.goto(f"{self._sfu.http}/pages/index.html")
        token = self._sfu.token(identity, self._room, **grants)
        page.evaluate("([url, token, options]) => join(url, token, options)", [self._sfu.url, token, options or {}])
        page.evaluate("() => publish()")
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def guests(browser: Browser, sfu: RunningSfu, request: pytest.FixtureRequest) -> Iterator[Guests]:
    guests = Guests(browser, sfu, request.node.name)
    try:
        yield guests
    finally:
        guests.close()


def decodes(page: Page, other: str, *, more: int = 15) -> None:
    """A page decodes more pictures and sound of another than it had."""
    before = page.evaluate("() => decoded()").get(other, {"frames": 0, "samples": 0})

    def grew() -> bool:
        now = page.evaluate("() => decoded()").get(other)
        return bool(now) and now["frames"] >= before["frames"] + more and now["samples"] > before["samples"]

    await_true(f"pictures and sound of {other}", grew)


def active(page: Page) -> set[str]:
    """The layers that a page's camera sends."""
    return {rid for rid, each in page.evaluate("() => sending()").items() if each["active"]}


def saw(page: Page, *event: str) -> bool:
    """Whether a page saw an event."""
    events: list[list[str]] = page.evaluate("() => seen.events")
    return any(each[: len(event)] == list(event) for each in events)


@pytest.mark.parametrize("single", [True, False], ids=["one_connection", "two_connections"])
def test_two_pages_decode_each_other_and_see_mutes_and_leaves(guests: Guests, single: bool) -> None:
    options = {"singlePeerConnection": single}
    alice, bob = guests.join("alice", options=options), guests.join("bob", options=options)
    decodes(alice, "bob")
    decodes(bob, "alice")

    alice.evaluate("() => room.localParticipant.setMicrophoneEnabled(false)")
    await_true("bob sees the mute", lambda: saw(bob, "TrackMuted"))
    alice.evaluate("() => room.localParticipant.setMicrophoneEnabled(true)")
    await_true("bob sees it end", lambda: saw(bob, "TrackUnmuted"))
    decodes(bob, "alice")

    alice.evaluate(
        "async () => { for (const p of room.localParticipant.videoTrackPublications.values())"
        " await room.localParticipant.unpublishTrack(p.track) }"
    )
    await_true("bob sees the camera go", lambda: saw(bob, "TrackUnpublished"))
    alice.evaluate("() => publish()")
    decodes(bob, "alice")

    alice.evaluate("() => room.disconnect()")
    await_true("bob sees alice leave", lambda: saw(bob, "ParticipantDisconnected", "alice"))


def test_a_subscriber_chooses_a_layer_and_the_publisher_stops_what_nobody_watches(guests: Guests) -> None:
    alice, bob = guests.join("alice"), guests.join("bob")
    await_true("the highest layer", lambda: bob.evaluate("() => decoded()")["alice"]["height"] == 360)
    choose = (
        "quality => { for (const p of room.remoteParticipants.get('alice').videoTrackPublications.values())"
        " p.setVideoQuality(quality) }"
    )
    bob.evaluate(choose, 0)
    await_true("the lowest layer", lambda: bob.evaluate("() => decoded()")["alice"]["height"] == 90)
    await_true("alice stops the others (dynacast)", lambda: active(alice) == {"q"})
    bob.evaluate(choose, 2)
    await_true("the highest layer again", lambda: bob.evaluate("() => decoded()")["alice"]["height"] == 360)
    decodes(bob, "alice")


def test_data_text_and_rpc_cross(guests: Guests) -> None:
    alice, bob = guests.join("alice"), guests.join("bob")
    decodes(bob, "alice")
    send = "([text, options]) => room.localParticipant.publishData(new TextEncoder().encode(text), options)"
    alice.evaluate(send, ["hello", {"reliable": True, "topic": "note"}])
    alice.evaluate(send, ["for bob", {"reliable": True, "destinationIdentities": ["bob"]}])
    await_true("both arrive", lambda: len(bob.evaluate("() => seen.data")) == 2)
    assert bob.evaluate("() => seen.data") == [["hello", "alice", "note"], ["for bob", "alice", None]]
    story = "a long story " * 4000
    alice.evaluate("text => room.localParticipant.sendText(text, { topic: 'story' })", story)
    await_true("the text arrives whole", lambda: bob.evaluate("() => seen.texts") == [[story, "alice"]])
    answer = alice.evaluate(
        "() => room.localParticipant.performRpc({ destinationIdentity: 'bob', method: 'double', payload: '21' })"
    )
    assert answer == "alice: 42"


def test_a_lost_socket_is_resumed_and_nobody_else_notices(guests: Guests) -> None:
    alice, bob = guests.join("alice"), guests.join("bob")
    decodes(bob, "alice")
    sid = alice.evaluate("() => room.localParticipant.sid")
    alice.evaluate("() => room.simulateScenario('signal-reconnect')")
    await_true("alice is back", lambda: saw(alice, "Reconnected"))
    assert alice.evaluate("() => room.localParticipant.sid") == sid
    decodes(bob, "alice")
    decodes(alice, "bob")
    assert not saw(bob, "ParticipantDisconnected", "alice")
    assert not saw(bob, "TrackUnpublished")
    bob.evaluate("() => room.localParticipant.publishData(new TextEncoder().encode('still here'), { reliable: true })")
    await_true("data flows", lambda: alice.evaluate("() => seen.data.length") == 1)


@pytest.mark.parametrize("scenario", ["full-reconnect", "leave-full-reconnect"])
def test_a_full_reconnect_brings_everything_back(guests: Guests, scenario: str) -> None:
    alice, bob = guests.join("alice"), guests.join("bob")
    decodes(bob, "alice")
    sid = alice.evaluate("() => room.localParticipant.sid")
    alice.evaluate("scenario => room.simulateScenario(scenario)", scenario)
    await_true("alice is back", lambda: saw(alice, "Reconnected"))
    assert alice.evaluate("() => room.localParticipant.sid") != sid
    decodes(bob, "alice")
    decodes(alice, "bob")
    assert bob.evaluate("() => room.remoteParticipants.size") == 1


def test_with_two_connections_a_lost_socket_is_resumed_too(guests: Guests) -> None:
    options = {"singlePeerConnection": False}
    alice, bob = guests.join("alice", options=options), guests.join("bob", options=options)
    decodes(bob, "alice")
    alice.evaluate("() => room.simulateScenario('signal-reconnect')")
    await_true("alice is back", lambda: saw(alice, "Reconnected"))
    decodes(bob, "alice")
    decodes(alice, "bob")
    assert not saw(bob, "ParticipantDisconnected", "alice")
