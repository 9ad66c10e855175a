"""The loop that passes deadlines, on a disk that takes none."""

import asyncio
import itertools
from typing import cast

import pytest

from incamera.proceedings import deadlines
from incamera.proceedings.registrar import Registrar
from tests.support.house import Hands


class Stuck:
    """A registrar whose disk is full: what is due stays due."""

    record = None

    def __init__(self) -> None:
        self.tried_at_s: list[float] = []
        self.often = asyncio.Event()

    async def pass_deadlines(self) -> int:
        self.tried_at_s.append(asyncio.get_running_loop().time())
        if len(self.tried_at_s) == 4:
            self.often.set()
        return 0


def test_a_deadline_that_can_not_be_filed_is_tried_again_and_again_but_not_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, stuck = Hands(), Stuck()
    monkeypatch.setattr(deadlines, "soonest_ms", lambda _: clock.now_ms() - 1)
    monkeypatch.setattr(deadlines, "RETRY_SECONDS", 0.05)

    async def until_it_tried_often() -> None:
        task = asyncio.create_task(deadlines.Deadlines(cast(Registrar, stuck), clock).run())
        async with asyncio.timeout(60):
            await stuck.often.wait()
        task.cancel()

    asyncio.run(until_it_tried_often())
    pauses_s = [after - before for before, after in itertools.pairwise(stuck.tried_at_s)]
    assert min(pauses_s) > 0.049, "a loop's own clock may be early by its resolution"
