"""A server that is killed loses nothing that it acknowledged."""

import asyncio
import multiprocessing
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from incamera.accreditation.strict import Hash
from incamera.record import journal
from incamera.record.entry import JournalId, Place
from incamera.record.sql_store import SqlStore
from incamera.refusal import Refusal
from tests.durability import author
from tests.durability.author import MAIN, MEETING

# One server of forks, which imports the store once: twenty starts of Python cost more than twenty kills.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.durability.author"])


def kill_after(folder: Path, count: int, authors: int) -> list[Hash]:
    """Run authors, kill them when so many entries were acknowledged; gives all that were, up to the kill."""
    hears, says = FORKS.Pipe(duplex=False)
    child = FORKS.Process(target=author.run, args=(folder, authors, says), daemon=True)
    child.start()
    says.close()
    acknowledged: list[Hash] = []
    try:
        while True:
            acknowledged.append(Hash(hears.recv_bytes().decode()))
            if len(acknowledged) == count:
                child.kill()
    except EOFError:  # one that the kill cut short was not acknowledged
        pass
    finally:
        child.kill()
        child.join()
    assert len(acknowledged) >= count, "it wrote until it was killed"
    return acknowledged


async def verify(folder: Path, acknowledged: Sequence[Hash]) -> int:
    """Every acknowledged entry is there, once, on chains that verify; gives how many entries there are."""
    tails: dict[JournalId, journal.Tail] = {}
    bodies: list[Hash] = []
    main: list[Place] = []
    async with SqlStore.open(folder) as store:
        async for placed in store.read_all(MEETING):
            entry = placed.entry
            name = entry.header.journal
            tail = journal.check(tails.get(name, journal.beginning(MEETING, name)), entry, main.__contains__)
            assert not isinstance(tail, Refusal), tail
            tails[name] = tail
            bodies.append(entry.header.body)
            if name == MAIN:
                main = [*main[-8:], entry.place]
        assert dict(await store.tails(MEETING)) == tails
    assert set(acknowledged) <= set(bodies), "acknowledged, and lost"
    assert len(bodies) == len(set(bodies)), "recorded twice"
    return len(bodies)


def kill_often(folder: Path, kills: int, seed: int) -> None:
    moments = random.Random(seed)
    acknowledged: list[Hash] = []
    for kill in range(1, kills + 1):
        acknowledged += kill_after(folder, moments.randint(1, 400), authors=moments.choice((1, 4, 20)))
        # What a kill lost or broke stays so: the whole is read after some, since it is all that was ever written.
        if kill % 5 == 0:
            assert asyncio.run(verify(folder, acknowledged)) >= len(acknowledged)


def test_what_was_acknowledged_is_on_disk_after_twenty_kills(tmp_path: Path) -> None:
    kill_often(tmp_path, kills=20, seed=1)


@pytest.mark.long
def test_what_was_acknowledged_is_on_disk_after_two_hundred_kills(tmp_path: Path) -> None:
    kill_often(tmp_path, kills=200, seed=2)
