"""Thirty devices wait at a closed door; it opens, all knock at once, and all are in: one roster, one record."""

import asyncio
from pathlib import Path

import pytest

from incamera.accreditation.examples import ALLIES
from incamera.accreditation.strict import Hash, SittingId
from incamera.demo.convening import DOORKEEPER
from incamera.record.entry import JournalId
from tests.support.private import Chamber, Present, agreed, chamber

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

HEADS = 29
PATIENCE_S = 600.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def at_the_door(meeting: Chamber) -> None:
    """The chair and the heads enrol, and find the sitting closed."""
    everyone = [meeting.enter(seat) for seat in ("chair", *(f"{name}-head" for name, _, _ in ALLIES[:HEADS]))]
    sittings = await asyncio.wait_for(
        asyncio.gather(*(one.attendee.sitting(meeting.first) for one in everyone)), PATIENCE_S
    )
    assert {one.phase for one in sittings} == {"outside"}


def entries_of(one: Present, sitting: SittingId) -> list[Hash]:
    """The record of a sitting as a member has read it."""
    return [entry.hash for entry in one.attendee.reader.entries[JournalId(sitting)]]


async def test_thirty_who_knock_at_once_are_all_let_in_and_read_one_record(tmp_path: Path) -> None:
    async with chamber(tmp_path, delegations=HEADS) as meeting:
        await at_the_door(meeting)
        meeting.enter(DOORKEEPER, opens=True, admits=True)
        sittings = [one.attendee.sitting(meeting.first) for one in meeting.present.values()]
        everyone = await asyncio.wait_for(asyncio.gather(*sittings), PATIENCE_S)
        entered = (one.reached(lambda each: each.phase == "member") for one in everyone)
        await asyncio.wait_for(asyncio.gather(*entered), PATIENCE_S)
        await agreed(*everyone, wait_s=PATIENCE_S)
        read = [entries_of(one, meeting.first) for one in meeting.present.values()]
        longest = max(read, key=len)
        assert all(one == longest[: len(one)] for one in read)
