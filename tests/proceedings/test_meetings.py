"""All meetings of a server: a mistake in one meeting's loops is that meeting's alone."""

import asyncio

import pytest

from incamera.accreditation.strict import b64u
from incamera.media.plane import Identity, RoomName
from incamera.proceedings import meetings
from incamera.proceedings.meetings import Meetings
from tests.support.house import Hands
from tests.support.memory_store import MemoryStore
from tests.support.paper import Charters
from tests.support.plane import PaperPlane

CHARTERS = Charters()


class Breaking(PaperPlane):
    """A plane with a mistake in it, that shows once."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.again = asyncio.Event()

    async def participants(self, room: RoomName) -> tuple[Identity, ...]:
        self.asked += 1
        if self.asked == 1:
            raise RuntimeError("a mistake")
        self.again.set()
        return ()


def test_a_meetings_loop_begins_anew_after_a_mistake_and_the_server_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meetings, "AGAIN_SECONDS", 0)

    async def serve() -> None:
        plane, nonces = Breaking(), iter(range(1_000))
        served = Meetings(
            MemoryStore(),
            plane=plane,
            key=CHARTERS.registrar,
            authorities=[CHARTERS.authority.thumbprint],
            clock=Hands(),
            nonce=lambda: b64u(next(nonces).to_bytes(16, "big")),
        )
        async with served.running(), asyncio.timeout(30):
            await served.create(CHARTERS.charter, CHARTERS.parts, ())
            await served.serve(CHARTERS.meeting)
            await plane.again.wait()

    asyncio.run(serve())
