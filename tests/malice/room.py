"""Members of a sitting's room: the product's room, seal, worker and devices (web/harness/room.ts).

The test plays the group and the floor. A server that lies is played by changing its signals on their way to a page.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from livekit import api
from livekit.protocol.rtc import SignalResponse
from playwright.sync_api import Browser, BrowserContext, Page, WebSocketRoute

from tests.support.browsers import await_true, opened
from tests.support.firefox import FirefoxPage

Lie = Callable[[SignalResponse], None]
"""Changes a signal of the media server on its way to a page."""

GRANTS_OFF = ("camera", "microphone")
"""A server that lets everybody publish everything."""
NO_FLOOR = ("camera",)
"""What a member without the floor may publish (proceedings/usher.py)."""


@dataclass
class Member:
    """A device with one page."""

    device: str
    page: Page | FirefoxPage

    @property
    def identity(self) -> str:
        return f"{self.device}.1"

    def call(self, function: str, *arguments: Any) -> Any:
        return self.page.evaluate(f"async (a) => await room.{function}(...a)", list(arguments))

    def of(self, other: "Member", what: str) -> int:
        return int(self.call("statistics").get(other.identity, {}).get(what, 0))

    def pictures(self, other: "Member") -> int:
        return self.of(other, "video_frames")

    def sound(self, other: "Member") -> int:
        return self.of(other, "audio_frames")

    def opened(self, other: "Member", kind: str = "") -> int:
        counts = self.call("seal")["counts"]
        mine = [one for one in counts if one["identity"] == other.identity and kind in ("", one["kind"])]
        return sum(int(one["opened"]) for one in mine)

    def dropped(self, other: "Member", reason: str) -> int:
        counts = self.call("seal")["counts"]
        return sum(int(count["dropped"].get(reason, 0)) for count in counts if count["identity"] == other.identity)

    def draws(self, other: "Member") -> bool:
        """Whether it has a tile."""
        return any(one["seat"]["identity"] == other.identity for one in self.call("others"))

    def shows(self, other: "Member") -> bool:
        """Whether its picture is attached."""
        return other.identity in self.call("attached")


@dataclass
class Group:
    """What MLS does in the product: a roster, and one secret a round from which everybody has everybody's frame key."""

    members: list[Member] = field(default_factory=list)
    round: int = 0
    secret: bytes = b""

    def next(self, change: str = "overlap") -> None:
        """A round, to all who are in it."""
        self.round += 1
        self.secret = secrets.token_bytes(32)
        for member in self.members:
            self.tell(member, change)

    def tell(self, member: Member, change: str) -> None:
        roster = [one.device for one in self.members]
        member.call("enter", self.round, change, roster, list(self.secret))

    def join(self, newcomer: Member) -> None:
        """A commit that adds one."""
        self.members.append(newcomer)
        self.next("overlap")

    def remove(self, leaver: Member) -> None:
        """A commit that removes one: it is told nothing."""
        self.members.remove(leaver)
        self.next("overwrite")

    def floor(self, *speakers: Member) -> None:
        """What everybody's fold says of who may speak."""
        for member in self.members:
            member.call("setSpeakers", [speaker.device for speaker in speakers])


def lie_to(page: Page, lie: Lie) -> None:
    """The page gets the media server's signals as `lie` changes them."""

    def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def change(message: str | bytes) -> None:
            if isinstance(message, bytes):
                signal = SignalResponse.FromString(message)
                lie(signal)
                message = signal.SerializeToString()
            socket.send(message)

        server.on_message(change)

    page.route_web_socket(re.compile("/rtc"), between)


@dataclass
class Hall:
    """Where members come in: a browser, the built test pages, a media server."""

    browser: Browser
    harness: str
    sfu: str
    contexts: list[BrowserContext] = field(default_factory=list)
    room: str = field(default_factory=lambda: f"private {secrets.token_hex(8)}")

    def enter(
        self, device: str, *, publishes: bool = True, sources: tuple[str, ...] = GRANTS_OFF, lie: Lie | None = None
    ) -> Member:
        """Into the media server's room, with the product's page; no key yet."""
        page = self._page("room")
        if lie is not None:
            lie_to(page, lie)
        return self._start(Member(device, page), publishes, sources)

    def enter_with(self, page: FirefoxPage, device: str) -> Member:
        """Into the room with another browser."""
        page.goto(f"{self.harness}/room.html")
        page.wait_for_function("window.room")
        return self._start(Member(device, page), True, GRANTS_OFF)

    def _start(self, member: Member, publishes: bool, sources: tuple[str, ...]) -> Member:
        member.call("start", self.sfu, member.identity, self._token(member.identity, sources), publishes)
        await_true(f"{member.device} is in the room, or not let in", lambda: member.call("line")["state"] != "joining")
        return member

    def outsider(self, device: str, frames: str) -> Member:
        """A participant of the room that publishes with another client (web/harness/gate.ts)."""
        page = self._page("gate")
        identity = f"{device}.1"
        arguments = [self.sfu, identity, self._token(identity, GRANTS_OFF), frames, True]
        page.evaluate("async (a) => await harness.connect(...a)", arguments)
        return Member(device, page)

    def _page(self, name: str) -> Page:
        context = opened(self.browser)
        self.contexts.append(context)
        page = context.new_page()
        page.goto(f"{self.harness}/{name}.html")
        page.wait_for_function("window.room || window.harness")
        return page

    def _token(self, identity: str, sources: tuple[str, ...]) -> str:
        grants = api.VideoGrants(room_join=True, room=self.room, can_publish_sources=list(sources))
        return api.AccessToken("devkey", "secret").with_identity(identity).with_grants(grants).to_jwt()


def sees_more(viewer: Member, other: Member, frames: int = 15) -> None:
    had = viewer.pictures(other)
    await_true(f"{viewer.device} decodes {other.device}", lambda: viewer.pictures(other) >= had + frames)


def hears_more(listener: Member, speaker: Member, frames: int = 25) -> None:
    had = listener.sound(speaker)
    await_true(f"{listener.device} hears {speaker.device}", lambda: listener.sound(speaker) >= had + frames)


def falls_silent(listener: Member, speaker: Member) -> int:
    """Wait until what of its sound had come was played: nothing more in half a second; how much that was."""

    def silent() -> bool:
        had = listener.sound(speaker)
        listener.page.evaluate("() => new Promise((done) => setTimeout(done, 500))")
        return listener.sound(speaker) == had

    await_true(f"{listener.device} hears no more of {speaker.device}", silent)
    return listener.sound(speaker)
