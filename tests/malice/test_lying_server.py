"""A server that lies to Python members about the record: one that stands still, ghosts in it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from incamera.accreditation.strict import Thumbprint
from incamera.api.page import Page
from incamera.e2ee.heartbeat import HEARTBEAT_MS
from incamera.meeting.acts import EnrolDevice, Knock, RequestFloor
from incamera.meeting_plane import registrar_key
from incamera.member.sitting import Sitting
from incamera.member.vigil import STALL_MS
from incamera.record.entry import Entry, JournalId, Place
from incamera.record.journal import open_head
from incamera.refusal import Refusal
from tests.malice import conspiracy
from tests.malice.conspiracy import HOUR_MS, Ahead, Ghost, hears, lied_to, now_ms
from tests.malice.liar import claims_of, kind_of
from tests.support.private import Chamber, agreed, reached

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not Page().built, reason="the page is not built: make setup")]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


STEPS = 3
"""A heartbeat each, in the 30 s."""


def causes(sitting: Sitting) -> set[str]:
    return {alarm.cause for alarm in sitting.alarms}


def waiting(sitting: Sitting) -> set[Thumbprint]:
    """Who waits for the floor, by this member's fold."""
    return set() if sitting.state is None else {one.device for one in sitting.state.sitting.floor.waiting}


async def kept(meeting: Chamber, seat: str) -> tuple[Entry, Place]:
    """What the member's device has on its disk once it was stopped: the sitting's last entry, and the server's word."""
    present = meeting.present[seat]
    await present.kill()
    name, key = JournalId(meeting.first), registrar_key(meeting.data, make=False).public
    signed = present.folder.heads()[frozenset({JournalId(meeting.founded.meeting), name})]
    head = open_head(signed, key, meeting.founded.meeting)
    assert not isinstance(head, Refusal), head
    return present.folder.journals()[name][-1], head.payload.heads[name]


async def test_a_record_that_stands_still_is_seen_within_30_s_though_heartbeats_pass(tmp_path: Path) -> None:
    async with lied_to(tmp_path) as (meeting, liar):
        clock = Ahead()
        chair = await meeting.enter("chair", opens=True, admits=True).member()
        albania = await meeting.enter("alb-head", clock=clock).member()
        belgium = await meeting.enter("bel-head").member()
        await agreed(chair, albania, belgium)
        history = liar.lines[albania.me].history
        assert history is not None
        clock.stand_still()
        clock.move(1)  # one heartbeat may follow the last
        await hears(belgium, albania)
        await hears(albania, belgium)
        history.is_closed = True
        await belgium.deeds.act(RequestFloor())
        ahead = albania.round
        await reached(belgium, lambda one: waiting(one) == {belgium.me})
        for _ in range(STEPS):
            clock.move(STALL_MS / 1000 / STEPS)
            assert not albania.alarms, "it may be on its way"
            # Heartbeats and their echoes pass: by them alone the feed lives.
            await hears(belgium, albania)
            await hears(albania, belgium)
        clock.move(STALL_MS / 1000 / STEPS)
        albania.hurry()
        await reached(albania, lambda one: "stalled" in causes(one))
        assert [alarm.by in (chair.me, belgium.me) for alarm in albania.alarms] == [True], "who has read on is named"
        assert albania.round == ahead
        assert STALL_MS == 30_000
        assert not chair.alarms


async def test_a_silent_feed_is_seen_within_30_s(tmp_path: Path) -> None:
    async with lied_to(tmp_path) as (meeting, liar):
        clock = Ahead()
        chair = await meeting.enter("chair", opens=True, admits=True).member()
        albania = await meeting.enter("alb-head", clock=clock).member()
        await agreed(chair, albania)
        liar.lines[albania.me].is_frozen = True
        assert "stalled" not in causes(albania)
        clock.ahead_s += STALL_MS / 1000
        albania.hurry()
        await reached(albania, lambda one: "stalled" in causes(one))


async def test_two_views_of_a_journal_alarm_both_sides_and_both_records_are_kept(tmp_path: Path) -> None:
    """Albania is shown its own request for the floor, all others are shown Belgium's in its place."""
    async with lied_to(tmp_path) as (meeting, liar):
        chair = await meeting.enter("chair", opens=True, admits=True).member()
        albania = await meeting.enter("alb-head").member()
        belgium = await meeting.enter("bel-head").member()
        everybody = (chair, albania, belgium)
        await agreed(*everybody)
        for one in everybody:
            shown, hidden = liar.lines[one.me].history, belgium if one is albania else albania
            assert shown is not None
            shown.hides = lambda entry, of=hidden: (  # type: ignore[misc]
                kind_of(entry) == "floor.request" and claims_of(entry.body)["by"] == of.me
            )
        for one in (belgium, albania):
            await one.deeds.act(RequestFloor())
        await reached(chair, lambda one: waiting(one) == {belgium.me})
        await reached(albania, lambda one: waiting(one) == {albania.me})

        for one in everybody:
            one.hurry()
        for one in everybody:
            await reached(one, lambda one: "fork" in causes(one))
            assert one.phase == "blocked"
            assert not one.can_send
        assert HEARTBEAT_MS < 15_000, "seen with the next heartbeat"
        (seen_by_chair,) = [alarm for alarm in chair.alarms if alarm.cause == "fork"]
        assert seen_by_chair.by == albania.me, "who was shown another record is named"

        (ours, one_word), (theirs, another) = await kept(meeting, "chair"), await kept(meeting, "alb-head")
        assert ours.header.seq == theirs.header.seq
        assert ours.hash != theirs.hash
        assert ours.hash in seen_by_chair.what
        assert theirs.hash in seen_by_chair.what
        assert (one_word, another) == (ours.place, theirs.place), "two signatures for one place convict the server"


@pytest.mark.parametrize(
    ("make", "hours_ago", "code"),
    [
        (conspiracy.own, 0, "chain.authority"),
        (conspiracy.expired, 0, "chain.time"),
        (conspiracy.expired, 1, "entry.broken"),
        (conspiracy.foreign, 0, "chain.meeting"),
    ],
    ids=["own", "expired", "expired, back-dated", "foreign"],
)
async def test_a_ghost_that_the_server_lets_enrol_ends_every_member_s_trust(
    tmp_path: Path, make: Callable[[Chamber], Ghost], hours_ago: int, code: str
) -> None:
    async with lied_to(tmp_path) as (meeting, liar):
        chair = await meeting.enter("chair", opens=True, admits=True).member()
        albania = await meeting.enter("alb-head").member()
        await agreed(chair, albania)
        ghost = make(meeting)
        body = ghost.sign(EnrolDevice(ghost.chain), None)
        at_ms = now_ms() - hours_ago * HOUR_MS
        for one in (chair, albania):
            await liar.lines[one.me].insert(JournalId(meeting.founded.meeting), body, at_ms)
        for seat in ("chair", "alb-head"):
            present = meeting.present[seat]
            assert await present.task == "alarmed"
            assert [alarm.cause for alarm in present.attendee.alarms] == ["record"]
            assert present.attendee.refusal is not None
            assert present.attendee.refusal.code == code


async def test_a_knock_of_a_device_that_never_enrolled_ends_every_member_s_trust(tmp_path: Path) -> None:
    async with lied_to(tmp_path) as (meeting, liar):
        chair = await meeting.enter("chair", opens=True, admits=True).member()
        albania = await meeting.enter("alb-head").member()
        await agreed(chair, albania)
        ghost, group = conspiracy.unknown(meeting), chair.state
        assert group is not None
        knock = ghost.knock(meeting.first, group.sitting.group.id)
        body = ghost.sign(Knock(knock.chain, knock.key_package), meeting.first)
        for one in (chair, albania):
            await liar.lines[one.me].insert(JournalId(meeting.first), body, now_ms())
        for seat in ("chair", "alb-head"):
            assert await meeting.present[seat].task == "alarmed"
