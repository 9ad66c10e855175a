"""Seeds: the whole server core, devices and a bad network on one thread; and three flows by name.

A late reader, a reload between POST and answer, a regroup in the middle: each once by name, then all faults at once.
"""

import os

import pytest

from incamera.accreditation.charter import SUITE
from incamera.accreditation.strict import GroupId, b64u
from incamera.meeting.acts import CloseSitting, Exclude, Leave, Regroup
from incamera.proceedings.registrar import Filed
from incamera.record.entry import JournalId
from tests.simulation.world import Chances, World, bad_weather, simulate
from tests.support.paper import FIRST, SECOND

SEEDS = range(int(os.environ.get("SEEDS", "3")))
"""More of them in `make test-long`: each costs some seconds of signatures."""
STORIES = range(max(1, len(SEEDS) // 3))
CALM = Chances(0, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("seed", SEEDS)
def test_after_bad_weather_everybody_is_in_and_all_agree(seed: int) -> None:
    world = simulate(bad_weather, seed)
    assert len(world.store.entries[world.meeting]) > 30


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1000, 1200))
def test_after_much_bad_weather_everybody_is_in_and_all_agree(seed: int) -> None:
    simulate(bad_weather, seed)


def test_one_seed_is_one_story() -> None:
    async def story(world: World) -> None:
        await world.run(60)

    first, second = (simulate(story, 3) for _ in range(2))
    assert [one.entry.hash for one in first.store.entries[first.meeting]] == [
        one.entry.hash for one in second.store.entries[second.meeting]
    ]


@pytest.mark.parametrize("seed", STORIES)
def test_a_late_reader_folds_to_the_same_state(seed: int) -> None:
    """Estonia comes when the sitting has gone on for long, reads both journals whole, and agrees."""

    async def story(world: World) -> None:
        late = world.clients["ee-head"]
        late.wants = frozenset()
        await world.until(world.everybody_is_in)
        await world.run(60)
        late.wants = frozenset({FIRST})
        await world.until(world.everybody_is_in)
        await world.settle()
        world.check_agreement()
        assert len(late.entries[late.main]) == world.served.registrar.record.meeting.tail.seq  # type: ignore[union-attr]

    simulate(story, seed)


@pytest.mark.parametrize("seed", STORIES)
def test_a_second_sitting_is_folded_merged_though_its_journal_comes_late(seed: int) -> None:
    """The secretariat reads main and the first sitting to their ends before it is admitted to the second."""

    async def story(world: World) -> None:
        await world.until(world.everybody_is_in)
        for seat in ("chair", "be-head"):
            world.clients[seat].wants = frozenset({FIRST, SECOND})
        await world.run(30)
        world.clients["secretariat"].wants = frozenset({FIRST, SECOND})
        await world.until(lambda: world.everybody_is_in(SECOND) and world.everybody_is_in(FIRST))
        await world.settle()
        world.check_agreement(FIRST)
        world.check_agreement(SECOND)
        assert JournalId(SECOND) not in world.clients["fi-head"].entries

    simulate(story, seed, chances=Chances(disk_lost=0, disk_unknown=0, server_dies=0))


@pytest.mark.parametrize("seed", STORIES)
def test_a_reload_between_post_and_answer_neither_loses_nor_doubles_an_act(seed: int) -> None:
    """Every answer is lost and tabs reload all the time: they post the same bytes again, or find them in the feed."""

    async def story(world: World) -> None:
        await world.run(60)
        await world.until(world.everybody_is_in)
        await world.settle()
        world.check_agreement()

    simulate(story, seed, chances=Chances(answer_lost=1000, tab_reloads=300, request_lost=0))


@pytest.mark.parametrize("seed", STORIES)
def test_a_regroup_in_the_middle_brings_everybody_back_without_a_hand(seed: int) -> None:
    """The chair loses the group's state: a new group, and each member's tab knocks and is added by itself."""

    async def story(world: World) -> None:
        await world.until(world.everybody_is_in)
        await world.run(20)
        await world.until(lambda: world.everybody_is_in() and world.clients["chair"].pending is None)
        assert world.served is not None
        before = world.served.registrar.record.sittings[FIRST]
        chair = world.clients["chair"]
        await world.settle()
        group = GroupId(b64u(world.random.randbytes(16)))
        body = Regroup(group, SUITE, chair.device.leaf_chain(FIRST, group), "unreadable", ())
        answer = await world.served.registrar.post(chair.sign(body, FIRST, world.clock.ms).jws)
        assert isinstance(answer, Filed), answer
        assert world.served.registrar.record.sittings[FIRST].group.members.keys() == {chair.device.thumbprint}
        await world.run(20)
        await world.until(world.everybody_is_in)
        await world.settle()
        world.check_agreement()
        after = world.served.registrar.record.sittings[FIRST]
        assert after.round > before.round
        assert after.lobby.admitted_once >= before.lobby.admitted_once

    simulate(story, seed)


def test_an_excluded_device_gets_its_exclusion_last_and_nothing_after() -> None:
    async def story(world: World) -> None:
        await world.until(world.everybody_is_in)
        await world.settle()
        assert world.served is not None
        chair, finland = world.clients["chair"], world.clients["fi-head"]
        finland.wants = frozenset()
        registrar = world.served.registrar
        answer = await registrar.post(chair.sign(Exclude(finland.device.thumbprint), FIRST, world.clock.ms).jws)
        assert isinstance(answer, Filed), answer
        await world.settle()
        answer = await registrar.post(chair.sign(CloseSitting(), FIRST, world.clock.ms).jws)
        assert isinstance(answer, Filed), answer
        await world.settle()
        assert len(finland.entries[JournalId(FIRST)]) == answer.entry.header.seq - 1
        assert finland.state(FIRST) is not None

    simulate(story, 1, chances=CALM)


def test_who_left_and_comes_back_needs_no_hand() -> None:
    async def story(world: World) -> None:
        await world.until(world.everybody_is_in)
        await world.settle()
        assert world.served is not None
        belgium = world.clients["be-head"]
        before = world.served.registrar.record.sittings[FIRST].lobby.admits[belgium.device.thumbprint]
        answer = await world.served.registrar.post(belgium.sign(Leave(), FIRST, world.clock.ms).jws)
        assert isinstance(answer, Filed), answer
        await world.until(world.everybody_is_in)
        assert world.served.registrar.record.sittings[FIRST].lobby.admits[belgium.device.thumbprint] == before

    simulate(story, 2, chances=CALM)
