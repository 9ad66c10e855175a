"""The gate around LiveKit's frame encryption, in Chromium on our media server, against those who lie.

Each page has the product's frames worker and key provider (web/harness/gate.ts); the test plays the group and gives out
keys.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from livekit import api
from playwright.sync_api import Browser, Page

from tests.support.browsers import await_true, opened
from tests.support.machine import holds_when_calm

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TURNS_MAX = 5


@dataclass
class Member:
    identity: str
    page: Page

    def call(self, function: str, *arguments: Any) -> Any:
        return self.page.evaluate(f"async (a) => await harness.{function}(...a)", list(arguments))

    def statistics(self, other: "Member") -> dict[str, float]:
        answer: dict[str, float] = self.call("statistics").get(
            other.identity, {"frames": 0, "freezes": 0, "frozen_s": 0, "energy": 0}
        )
        return answer

    def frames(self, other: "Member") -> int:
        return int(self.statistics(other)["frames"])

    def opened(self, other: "Member") -> int:
        return sum(count["opened"] for count in self.call("counts") if count["identity"] == other.identity)

    def dropped(self, other: "Member") -> dict[str, int]:
        total: dict[str, int] = {}
        for count in self.call("counts"):
            if count["identity"] == other.identity:
                for reason, frames in count["dropped"].items():
                    total[reason] = total.get(reason, 0) + frames
        return total


@dataclass
class Group:
    """What MLS does in the product: one secret a round, from which everybody has everybody's frame key."""

    members: list[Member] = field(default_factory=list)
    round: int = 0
    secret: bytes = b""

    def key(self, member: Member) -> list[int]:

        return list(hashlib.sha256(self.secret + member.identity.encode()).digest())

    def next(self, denied: tuple[Member, ...] = (), overlap: int = 0) -> None:
        """A round: its keys to all who are in it."""
        self.round += 1
        self.secret = secrets.token_bytes(32)
        for member in self.members:
            self.tell(member, denied, overlap)

    def tell(self, member: Member, denied: tuple[Member, ...] = (), overlap: int = 0) -> None:
        index = self.round % 16
        oldest = (self.round - overlap) % 16
        member.call(
            "enter", {"newest": index, "oldest": oldest, "denied": [m.identity for m in denied], "switched": []}
        )
        for other in self.members:
            member.call("setKey", other.identity, index, self.key(other))
        member.call("sendUnder", member.identity, index)


@pytest.fixture
def join(browser: Browser, harness: str, sfu: str) -> Iterator[Callable[..., Member]]:
    contexts, room = [], f"gate {secrets.token_hex(8)}"

    def join(name: str, frames: str = "gate", publish: bool = True, group: Group | None = None) -> Member:
        identity = f"{name}.1"
        context = opened(browser)
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{harness}/gate.html")
        page.wait_for_function("window.harness")
        member = Member(identity, page)
        if group is not None:
            group.members.append(member)
        grants = api.VideoGrants(room_join=True, room=room)
        token = api.AccessToken("devkey", "secret").with_identity(identity).with_grants(grants).to_jwt()
        member.call("connect", sfu, identity, token, frames, publish)
        return member

    yield join
    for context in contexts:
        context.close()


def more_frames(of: Member, seen_by: Member, frames: int = 20) -> None:
    had = seen_by.frames(of)
    await_true(f"{seen_by.identity} decodes {of.identity}", lambda: seen_by.frames(of) >= had + frames)


@pytest.mark.alone
def test_members_decode_one_another_through_rounds_that_wrap_the_ring(join: Callable[..., Member]) -> None:
    group = Group()
    anna, ben = join("anna", group=group), join("ben", group=group)
    group.next()
    more_frames(anna, seen_by=ben)
    more_frames(ben, seen_by=anna)

    def freezes() -> float:
        """In twenty rounds."""
        froze = ben.statistics(anna)["freezes"]
        for _ in range(20):
            group.next(overlap=1)
            ben.page.wait_for_timeout(300)
        more_frames(anna, seen_by=ben)
        return ben.statistics(anna)["freezes"] - froze

    assert holds_when_calm(lambda: freezes() == 0, TURNS_MAX), "a change of keys froze the picture"
    assert "replay" not in ben.dropped(anna), "the replay filter took a real frame for a replay"


@pytest.mark.long
def test_pictures_wait_for_a_key_that_is_late_instead_of_freezing(join: Callable[..., Member]) -> None:
    """A frame lost for want of a key freezes a picture for 3 s; held, it stands only as long as the key is late."""
    group = Group()
    anna, ben = join("anna", group=group), join("ben", group=group)
    group.next()
    more_frames(anna, seen_by=ben)
    froze_s = ben.statistics(anna)["frozen_s"]
    group.round += 1
    group.secret = secrets.token_bytes(32)
    group.tell(anna)
    ben.page.wait_for_timeout(300)
    group.tell(ben)
    more_frames(anna, seen_by=ben)
    assert ben.statistics(anna)["frozen_s"] - froze_s < 1.5
    assert sum(count["held"] for count in ben.call("counts")) > 0, "no frame had to wait: the test shows nothing"


@pytest.mark.long  # tests/malice/test_room.py shows it in the product's own room, beside each change
def test_who_was_removed_is_not_shown_though_the_server_goes_on_delivering(join: Callable[..., Member]) -> None:
    group = Group()
    anna, ben, eve = (join(name, group=group) for name in ("anna", "ben", "eve"))
    group.next()
    more_frames(eve, seen_by=ben)
    more_frames(anna, seen_by=eve)
    group.members.remove(eve)
    group.next(denied=(eve,), overlap=1)
    # What was sealed before the round came is on its way; streams are in order, so it is over with the first one after.
    await_true("the removed member gets frames of the new round", lambda: eve.dropped(anna).get("future", 0) > 0)
    await_true("the removed member's frames arrive", lambda: ben.dropped(eve).get("denied", 0) > 0)
    shown, seen = ben.opened(eve), eve.opened(anna)
    more_frames(anna, seen_by=ben, frames=30)
    assert ben.opened(eve) == shown, "frames of a removed member were shown"
    assert eve.opened(anna) == seen, "a removed member went on reading"


@pytest.mark.parametrize("frames", ["gate", "stock"])
def test_a_track_in_clear_is_shown_by_the_stock_client_and_not_by_ours(
    join: Callable[..., Member], frames: str
) -> None:
    group = Group()
    ben = join("ben", frames=frames, publish=False, group=group)
    group.next()
    liar = join("anna", frames="none")
    if frames == "stock":
        more_frames(liar, seen_by=ben)
        return
    await_true("the clear frames arrive at the gate", lambda: sum(ben.dropped(liar).values()) >= 30)
    assert ben.frames(liar) == 0
    assert ben.statistics(liar)["energy"] == 0, "sound in clear was played"


@pytest.mark.long
def test_nothing_leaves_before_there_is_a_key(join: Callable[..., Member]) -> None:
    group = Group()
    anna, ben = join("anna", group=group), join("ben", publish=False, group=group)
    anna.page.wait_for_timeout(1500)
    assert ben.frames(anna) == 0
    assert anna.call("sending")["sent"] == 0
    group.next()
    more_frames(anna, seen_by=ben)
