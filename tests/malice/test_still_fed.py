"""A server that goes on delivering the feed to who was excluded, and that tells everybody what that one says.

Its client is patched too: it keeps its group, or a copy of it, and goes on listening and talking.
"""

import asyncio
from pathlib import Path

import pytest

from incamera.accreditation.strict import ItemId, Thumbprint, b64u
from incamera.api.page import Page
from incamera.e2ee import heartbeat, messages
from incamera.e2ee.group import Group
from incamera.e2ee.heartbeat import Heard, Heartbeat
from incamera.meeting.acts import RequestFloor
from incamera.member import titles
from incamera.member.feed import Signal, parse
from incamera.member.sitting import Sitting
from incamera.record.entry import JournalId
from incamera.refusal import Refusal
from tests.malice.conspiracy import hears, lied_to, now_ms
from tests.support.private import WAIT_S, agreed, reached

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(not Page().built, reason="the page is not built: make setup"),
]
ITEM = ItemId("item-2")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def deaf_to_its_exclusion(sitting: Sitting) -> Group:
    """Its client is patched: it keeps the group as it was, and no commit moves it on."""
    group = sitting.membership.share.group
    assert group is not None, "it is a member"

    async def process(_: object) -> None:
        return None

    sitting._is_excluded = lambda: False  # type: ignore[method-assign]
    sitting.membership.process = process  # type: ignore[method-assign]
    sitting.membership.drop = lambda: None  # type: ignore[method-assign]
    return group


def senders(said: list[str], group: Group) -> tuple[int, list[Thumbprint]]:
    """Of these messages of the feed: how many are signals, and who sent the heartbeats that the group opens."""
    signals = [message for text in said if isinstance(message := parse(text), Signal)]
    read = [heartbeat.read(group, signal.message) for signal in signals]
    return len(signals), [one.by.device for one in read if not isinstance(one, Refusal)]


def words(sitting: Sitting) -> Heartbeat:
    """What its next heartbeat might say."""
    heads = sitting._reader.heads(sitting.id)
    return Heartbeat(heads=heads, round=sitting.round, sends_under=sitting.round, nonce=b64u(bytes(8)))


def title(sitting: Sitting) -> object:
    """The restricted item's title as this member reads it."""
    group, state = sitting.group, sitting.state
    return None if group is None or state is None else titles.opened(group, state, ITEM)


async def test_who_was_excluded_and_is_still_fed_opens_nothing_and_is_heard_by_nobody(tmp_path: Path) -> None:
    async with lied_to(tmp_path) as (meeting, liar):
        chair = await meeting.enter("chair", opens=True, admits=True).member()
        albania = await meeting.enter("alb-head").member()
        belgium = meeting.enter("bel-head")
        excluded = await belgium.member()
        await agreed(chair, albania, excluded)
        line = liar.lines[excluded.me]
        liar.lines[albania.me].listeners.append(line)
        line.is_relayed = True

        # Before: it opens what the others say, and they what it says.
        heard: list[tuple[Thumbprint, Thumbprint]] = []

        def hark(sitting: Sitting) -> None:
            def note(beat: Heard) -> None:
                heard.append((sitting.me, beat.by.device))

            sitting.membership.on_heard.append(note)

        await hears(chair, excluded)
        await hears(excluded, chair)
        hark(chair)
        hark(excluded)
        sealed = belgium.folder.group(meeting.first)
        kept = deaf_to_its_exclusion(excluded)
        assert sealed is not None
        loaded = Group.load(belgium.folder.key, sealed, excluded._reader.trust(), meeting.first)
        assert not isinstance(loaded, Refusal)
        copy = loaded[0]

        await chair.exclude(excluded.me)
        await agreed(chair, albania)
        since, heard_before = len(line.said), len(heard)

        # What the others say from now on reaches it, and stays shut: its folder's copy opens what was said before.
        assert await chair.deeds.post_title(ITEM, {"en": "In confidence"}) is None
        await reached(albania, lambda one: title(one) == {"en": "In confidence"})
        await hears(albania, chair)
        await reached(excluded, lambda one: one.state is not None and ITEM in one.state.sitting.agenda.titles)
        came, of = senders(line.said[since:], copy)
        assert came, "the server goes on"
        assert of == [], "and nothing of it is opened"
        assert chair.me in senders(line.said[:since], copy)[1]
        for group in (kept, copy):
            assert ITEM not in messages.items(group)
            assert excluded.state is not None
            assert isinstance(titles.opened(group, excluded.state, ITEM), Refusal)

        # What it says from now on, the server tells everybody.
        beat = heartbeat.send(kept, words(excluded))
        assert isinstance(beat, bytes), beat
        await liar.relay(excluded.me, {"sitting": meeting.first, "message": b64u(beat)})
        assert all(any(b64u(beat) in text for text in liar.lines[one.me].said) for one in (chair, albania)), (
            "it is told"
        )
        await hears(albania, chair)
        await hears(chair, albania)
        assert set(heard[heard_before:]) == {(chair.me, albania.me)}, "nobody heard it, and it heard nobody"

        # An act of its own, which the real server refuses: whoever is shown it in the record stops.
        posted = await excluded.deeds.act(RequestFloor())
        assert isinstance(posted, Refusal)
        for one in (chair, albania):
            await liar.lines[one.me].insert(
                JournalId(meeting.first), excluded.deeds._sign(RequestFloor(), meeting.first), now_ms()
            )
        async with asyncio.timeout(WAIT_S):
            for seat in ("chair", "alb-head"):
                assert await meeting.present[seat].task == "alarmed"
