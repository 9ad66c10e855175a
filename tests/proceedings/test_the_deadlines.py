"""The loop that passes deadlines, on a disk that takes none."""

import asyncio
from typing import cast

import pytest

from incamera.proceedings import deadlines
from incamera.proceedings.registrar import Registrar
from tests.support.house import Hands


class Stuck:
    """A registrar whose disk is full: what is due stays due."""

    record = None

    def __init__(self) -> None:
        self.passes = 0

    async def pass_deadlines(self) -> int:
        self.passes += 1
        return 0


def test_a_deadline_that_can_not_be_filed_is_tried_again_and_again_but_not_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, stuck = Hands(), Stuck()
    monkeypatch.setattr(deadlines, "soonest_ms", lambda _: clock.now_ms() - 1)
    monkeypatch.setattr(deadlines, "RETRY_SECONDS", 0.05)

    async def for_a_while() -> None:
        task = asyncio.create_task(deadlines.Deadlines(cast(Registrar, stuck), clock).run())
        await asyncio.sleep(0.5)
        task.cancel()

    asyncio.run(for_a_while())
    assert 2 <= stuck.passes <= 12
