"""The page's room in private, in Chromium on our media server: keys and folds stop who may not.

Each page has the product's room, seal, worker and devices (web/harness/room.ts); the test plays the group and the
floor, and the media server delivers everything to everybody as long as it likes.
"""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from livekit import api
from playwright.sync_api import Browser, Page

from tests.support.browsers import await_true

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GRANTS_OFF = ("camera", "microphone")
"""A server that lets everybody publish everything."""
NO_FLOOR = ("camera",)
"""What a member without the floor may publish (proceedings/usher.py)."""


@dataclass
class Member:
    """A device with one page."""

    device: str
    page: Page

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

    def opened(self, other: "Member") -> int:
        counts = self.call("seal")["counts"]
        return sum(int(count["opened"]) for count in counts if count["identity"] == other.identity)

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


@pytest.fixture
def enter(browser: Browser, harness: str, sfu: str) -> Iterator[Callable[..., Member]]:
    """Into the media server's room, with the product's page; no key yet."""
    contexts = []

    def enter(device: str, *, publishes: bool = True, sources: tuple[str, ...] = GRANTS_OFF) -> Member:
        context = browser.new_context()
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{harness}/room.html")
        page.wait_for_function("window.room")
        member = Member(device, page)
        grants = api.VideoGrants(room_join=True, room="private", can_publish_sources=list(sources))
        token = api.AccessToken("devkey", "secret").with_identity(member.identity).with_grants(grants).to_jwt()
        member.call("start", sfu, member.identity, token, publishes)
        await_true(f"{device} is in the room", lambda: member.call("line")["state"] == "open")
        return member

    yield enter
    for context in contexts:
        context.close()


@pytest.fixture
def outsider(browser: Browser, harness: str, sfu: str) -> Iterator[Callable[..., Page]]:
    """A participant of the room with another client (web/harness/gate.ts), under any identity."""
    contexts = []

    def outsider(identity: str, frames: str, publishes: bool) -> Page:
        context = browser.new_context()
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{harness}/gate.html")
        page.wait_for_function("window.harness")
        grants = api.VideoGrants(room_join=True, room="private")
        token = api.AccessToken("devkey", "secret").with_identity(identity).with_grants(grants).to_jwt()
        page.evaluate(
            "async (a) => await harness.connect(...a)",
            [sfu, identity, token, frames, publishes],
        )
        return page

    yield outsider
    for context in contexts:
        context.close()


def sees_more(viewer: Member, other: Member, frames: int = 15) -> None:
    had = viewer.pictures(other)
    await_true(f"{viewer.device} decodes {other.device}", lambda: viewer.pictures(other) >= had + frames)


def hears_more(listener: Member, speaker: Member, frames: int = 25) -> None:
    had = listener.sound(speaker)
    await_true(f"{listener.device} hears {speaker.device}", lambda: listener.sound(speaker) >= had + frames)


def test_members_see_one_another_and_hear_whom_the_floor_lets_speak(enter: Callable[..., Member]) -> None:
    group = Group()
    anna, ben = enter("anna"), enter("ben")
    group.members += [anna, ben]
    group.next("fresh")
    group.floor(anna)
    sees_more(anna, ben)
    sees_more(ben, anna)
    hears_more(ben, anna)
    await_true("the picture is attached", lambda: ben.shows(anna) and anna.shows(ben))
    assert anna.sound(ben) == 0, "who has not the floor was heard"
    group.floor(ben)
    hears_more(anna, ben)
    heard = ben.sound(anna)
    hears_more(anna, ben)
    assert ben.sound(anna) - heard <= 1, "who lost the floor was heard"


def test_a_participant_without_keys_decodes_nothing(enter: Callable[..., Member]) -> None:
    group = Group()
    anna, ben = enter("anna"), enter("ben")
    group.members += [anna, ben]
    group.next("fresh")
    group.floor(anna)
    eve = enter("eve", publishes=False)
    # Its page takes part in a group of its own, in which the others are: it has a roster, and no key of theirs.
    eve.call("enter", group.round, "fresh", ["anna", "ben", "eve"], list(secrets.token_bytes(32)))
    eve.call("setSpeakers", ["anna", "ben", "eve"])
    sees_more(ben, anna, 30)
    hears_more(ben, anna)
    await_true("sealed frames reach it", lambda: eve.of(anna, "failed") >= 30)
    assert [eve.pictures(anna), eve.sound(anna), eve.opened(anna)] == [0, 0, 0]
    assert not eve.shows(anna)
    assert not ben.draws(eve), "who is not on the roster has a tile"


@pytest.mark.parametrize("label", ["none", "liar"])
def test_a_track_in_clear_is_not_shown_whatever_it_is_called(
    enter: Callable[..., Member], outsider: Callable[..., Page], label: str
) -> None:
    """`none`: labelled NONE, so it is not even subscribed; `liar`: labelled as sealed, and the gate must drop it."""
    group = Group()
    anna, ben = enter("anna"), enter("ben", publishes=False)
    group.members += [anna, ben]
    group.next("fresh")
    group.floor(anna)
    sees_more(ben, anna)
    clear = Member("clear", outsider("clear.1", label, True))
    group.members.append(Member("clear", clear.page))
    group.round += 1
    group.secret = secrets.token_bytes(32)
    for member in (anna, ben):
        group.tell(member, "overlap")
        member.call("setSpeakers", ["anna", "clear"])
    await_true("it is in the room", lambda: ben.draws(clear))
    if label == "liar":
        await_true("its frames reach the gate", lambda: ben.of(clear, "failed") >= 30)
    sees_more(ben, anna, 30)
    assert [ben.pictures(clear), ben.sound(clear), ben.opened(clear)] == [0, 0, 0]
    assert not ben.shows(clear)
    if label == "none":
        assert ben.of(clear, "failed") == 0, "a track in clear was subscribed"


def test_who_was_excluded_reads_nothing_and_is_shown_nowhere_though_the_server_goes_on(
    enter: Callable[..., Member],
) -> None:
    group = Group()
    anna, ben, eve = enter("anna"), enter("ben"), enter("eve")
    group.members += [anna, ben, eve]
    group.next("fresh")
    group.floor(anna, eve)
    sees_more(eve, anna)
    sees_more(ben, eve)
    hears_more(ben, eve)
    since = ben.call("now")
    group.remove(eve)
    group.floor(anna, eve)
    await_true("frames of the new round reach it", lambda: eve.of(anna, "failed") > 0)
    await_true("its tile is gone", lambda: not ben.draws(eve))
    read = eve.opened(anna)
    seen, heard = ben.pictures(eve), ben.sound(eve)
    sees_more(ben, anna, 30)
    assert eve.opened(anna) == read, "a removed member went on reading"
    assert [ben.pictures(eve), ben.sound(eve)] == [seen, heard], "what a removed member sent was shown"
    stood = ben.call("standstill", anna.identity, since)
    assert stood["frames"] >= 30
    assert stood["longest_ms"] < 500, "the removal froze another's picture"


def test_who_is_excluded_by_the_record_is_shown_no_more_before_the_commit_comes(enter: Callable[..., Member]) -> None:
    group = Group()
    anna, ben, eve = enter("anna", publishes=False), enter("ben", publishes=False), enter("eve")
    group.members += [anna, ben, eve]
    group.next("fresh")
    sees_more(anna, eve)
    anna.call("exclude", "eve")
    await_true("its tile is gone", lambda: not anna.draws(eve))
    seen = anna.pictures(eve)
    sees_more(ben, eve, 30)  # who has not read that entry yet
    assert anna.pictures(eve) == seen


def test_pictures_do_not_stand_still_when_somebody_joins(enter: Callable[..., Member]) -> None:
    group = Group()
    anna, ben = enter("anna"), enter("ben")
    group.members += [anna, ben]
    group.next("fresh")
    sees_more(ben, anna, 30)
    carl = enter("carl")
    sees_more(ben, anna)  # the page's own start takes the processor for a moment
    since = ben.call("now")
    group.join(carl)
    sees_more(carl, anna)
    sees_more(ben, carl)
    sees_more(ben, anna, 30)
    assert ben.of(anna, "failed") == 0, "frames were lost at a join"
    assert ben.call("standstill", anna.identity, since)["longest_ms"] < 500


def test_who_ignores_the_floor_is_not_heard_where_the_server_grants_everything(enter: Callable[..., Member]) -> None:
    """The receivers' hold alone: the server's grants are off, the sender's client is patched."""
    group = Group()
    anna, ben, eve = enter("anna"), enter("ben"), enter("eve")
    group.members += [anna, ben, eve]
    group.next("fresh")
    group.floor(anna)
    eve.call("setSpeakers", ["anna", "eve"])
    hears_more(ben, anna)
    await_true("its sound reaches the others", lambda: ben.dropped(eve, "no_floor") >= 50)
    assert [ben.sound(eve), anna.sound(eve)] == [0, 0]


def test_who_ignores_the_floor_is_not_heard_where_receivers_play_everybody(enter: Callable[..., Member]) -> None:
    """The server's grants alone: the sender's client and the receivers' are patched."""
    group = Group()
    anna, eve = enter("anna"), enter("eve", sources=NO_FLOOR)
    group.members += [anna, eve]
    group.next("fresh")
    group.floor(anna, eve)
    sees_more(anna, eve)
    hears_more(eve, anna)
    assert anna.sound(eve) == 0


def test_who_has_not_the_floor_sends_no_sound_though_server_and_receivers_would_let_it(
    enter: Callable[..., Member],
) -> None:
    """The sender's hold alone: grants are off, receivers are patched. With the floor it is heard, without it is not."""
    group = Group()
    anna, ben = enter("anna"), enter("ben")
    group.members += [anna, ben]
    group.next("fresh")
    anna.call("setSpeakers", ["anna", "ben"])
    ben.call("setSpeakers", ["anna"])
    sees_more(anna, ben)
    assert anna.sound(ben) == 0
    ben.call("setSpeakers", ["ben"])
    hears_more(anna, ben)
    ben.call("setSpeakers", ["anna"])
    await_true("its microphone is closed", lambda: not any(one["sound"] for one in anna.call("others")))
    heard = anna.sound(ben)
    sees_more(anna, ben, 30)
    assert anna.sound(ben) == heard


def test_nothing_is_sent_while_the_seal_forbids_it(enter: Callable[..., Member]) -> None:
    group = Group()
    anna, ben = enter("anna"), enter("ben", publishes=False)
    group.members += [anna, ben]
    group.next("fresh")
    sees_more(ben, anna)
    anna.call("allowSending", False)
    await_true("frames are kept back", lambda: anna.call("seal")["sending"]["blocked"] >= 20)
    assert anna.call("seal").get("sendsUnder") is None
    anna.call("allowSending", True)
    sees_more(ben, anna)
