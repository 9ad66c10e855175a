"""The whole server core on one thread, one seed, a false clock and a bad network: `python -m tests.simulation.world 7`.

Faults: requests and answers that are lost, feeds that break, a server that is killed, a disk that fails before or after
its commit, tabs that are reloaded. Then calm: within 60 simulated seconds all is as it should be.
"""

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

from incamera.accreditation.strict import SittingId, b64u
from incamera.meeting.acts import Commit
from incamera.meeting.rules import Breach, fold, open_act
from incamera.meeting.state import initial
from incamera.meeting.visibility import journals
from incamera.proceedings.meetings import Meetings, Proceedings
from incamera.proceedings.registrar import Filed
from incamera.proceedings.watch import DoorsChanged, Receipt, Watch
from incamera.record.entry import JournalId, parse_entry
from incamera.record.journal import open_head
from incamera.record.store import BlobRecord
from incamera.refusal import Code, Refusal
from tests.simulation.client import Client, Pending
from tests.support.house import Hands
from tests.support.memory_store import MemoryStore
from tests.support.paper import FIRST, SEATS, Charters
from tests.support.plane import PaperPlane

STEP_MS = 250
CALM_MS = 60_000
TRANSIENT = {Code.STORAGE_FAILED, Code.RECORD_MOVED, Code.SERVER_CLOSING}
"""Refusals that are no answer: the same act is sent again."""


@dataclass
class Chances:
    """Of each fault in a step, per thousand."""

    request_lost: int = 50
    answer_lost: int = 50
    feed_breaks: int = 20
    server_dies: int = 4
    tab_reloads: int = 6
    disk_lost: int = 3
    """Percent of commits."""
    disk_unknown: int = 2


@dataclass
class World:
    """A server, its disk, and devices that wish to meet."""

    seed: int
    chances: Chances = field(default_factory=Chances)
    seats: tuple[str, ...] = ("chair", "secretariat", "be-head", "be-adviser", "ee-head", "fi-head", "interpreter")

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.charters = Charters()
        self.clock = Hands()
        self.store = MemoryStore(Random(self.seed + 1))
        self.meeting = self.charters.meeting
        self.clients = {seat: self._client(seat) for seat in self.seats}
        self.watches: dict[str, Watch] = {}
        self.acknowledged: dict[str, int] = {}
        self.life = contextlib.AsyncExitStack()
        self.served: Proceedings | None = None

    def _client(self, seat: str) -> Client:
        device = self.charters.device(seat)
        client = Client(device, SEATS[seat][1], self.charters.terms(), Random(f"{self.seed} {seat}"))
        client.wants = frozenset({FIRST})
        return client

    # The server.

    async def start(self) -> None:
        """A server on what the disk has."""
        meetings = Meetings(
            self.store,
            plane=PaperPlane(),
            key=self.charters.registrar,
            authorities={self.charters.authority.thumbprint},
            clock=self.clock,
            nonce=lambda: b64u(self.random.randbytes(16)),
        )
        self.life = contextlib.AsyncExitStack()
        await self.life.enter_async_context(meetings.running())
        created = await meetings.create(self.charters.charter, self.charters.parts, ())
        assert not isinstance(created, Refusal), created
        while isinstance(served := await meetings.serve(self.meeting), Refusal):
            assert served.code in TRANSIENT, served
        self.served = served

    async def stop(self) -> None:
        """The server dies; what was on its way is gone."""
        self.watches.clear()
        self.served = None
        await self.life.aclose()

    # A step of time.

    async def step(self, *, calm: bool) -> None:
        self.clock.ms += STEP_MS
        chances = Chances(0, 0, 0, 0, 0, 0, 0) if calm else self.chances
        self.store.lost, self.store.unknown = chances.disk_lost, chances.disk_unknown
        if self._happens(chances.server_dies):
            await self.stop()
            await self.start()
        order = list(self.clients)
        self.random.shuffle(order)
        posts: list[Awaitable[None]] = []
        for seat in order:
            client = self.clients[seat]
            if self._happens(chances.tab_reloads):
                self._cut(seat)
                client.reload()
            if self._happens(chances.feed_breaks):
                self._cut(seat)
            await self._listen(seat, client)
            act = client.next_act(self.clock.ms) or self._knock(client)
            if act is not None and not self._happens(chances.request_lost):
                posts.append(self._post(client, act, answers=not self._happens(chances.answer_lost)))
        await asyncio.gather(*posts)
        assert self.served is not None
        await self.served.registrar.pass_deadlines()

    async def _post(self, client: Client, act: Pending, *, answers: bool) -> None:
        assert self.served is not None
        registrar = self.served.registrar
        await self._upload(act)
        answer = await registrar.post(act.jws)
        if isinstance(answer, Filed):
            name = answer.entry.header.body
            self.acknowledged[name] = self.acknowledged.get(name, 0) + int(answer.is_new)
            head = open_head(answer.head, self.charters.registrar.public, self.meeting)
            assert not isinstance(head, Refusal), head
        if not answers or client.pending is not act:
            return
        if isinstance(answer, Filed):
            client.note(answer.entry)
        elif answer.code not in TRANSIENT:
            client.refused()

    async def _upload(self, act: Pending) -> None:
        if act.kind != Commit.kind or self.served is None:
            return
        signed = open_act(self.served.registrar.record.meeting, act.jws, self.clock.ms)
        if not isinstance(signed, Refusal) and isinstance(signed.payload.body, Commit):
            welcome = signed.payload.body.welcome
            if welcome is not None:
                await self.store.add_blob(self.meeting, BlobRecord(welcome, 100, self.clock.ms, None))

    def _knock(self, client: Client) -> Pending | None:
        """At a door that it does not read behind: the group's id stands in the act that the door shows."""
        assert self.served is not None
        record = self.served.registrar.record
        for sitting, door in client.doors.items():
            standing = record.sittings[sitting].lobby.knocks.get(client.device.thumbprint)
            is_asking = standing is not None and standing.act in client.known
            if door.stage == "open" and sitting in client.wants and client.state(sitting) is None and not is_asking:
                body = client.knock_at(sitting, record.sittings[sitting].group.id)
                client.pending = client.sign(body, sitting, self.clock.ms)
                return client.pending
        return None

    async def _listen(self, seat: str, client: Client) -> None:
        """What the feed has for it by now."""
        assert self.served is not None
        registrar = self.served.registrar
        if seat not in self.watches:
            device = registrar.record.meeting.enrolment.live(client.device.thumbprint)
            if device is None:
                return
            self.watches[seat] = registrar.watch(device, client.after())
        watch = self.watches[seat]
        while (batch := await _now(watch.reader.next)) is not None:
            me, record = client.device.thumbprint, registrar.record
            was_in = {sitting for sitting, state in record.sittings.items() if me in state.lobby.admitted_once}
            may_read = journals(record, me) | {JournalId(sitting) for sitting in was_in}
            for entry in batch.entries:
                assert entry.header.journal in may_read, "the feed gave a journal that the device may not read"
                parsed = parse_entry(entry.line())
                assert not isinstance(parsed, Refusal), parsed
                client.read(parsed)
        for notice in await _now(watch.next_notices) or ():
            match notice:
                case Receipt(entry):
                    client.note(entry)
                case DoorsChanged(doors):
                    client.doors = {door.sitting: door for door in doors}

    def _cut(self, seat: str) -> None:
        watch = self.watches.pop(seat, None)
        if watch is not None and self.served is not None:
            self.served.registrar.leave(watch)

    def _happens(self, per_thousand: int) -> bool:
        return self.random.randrange(1000) < per_thousand

    # What must be so.

    def check_safety(self) -> None:
        """At each moment: nothing that was acknowledged is missing or twice, and no reader met a breach."""
        stored = [placed.entry.header.body for placed in self.store.entries[self.meeting]]
        assert len(set(stored)) == len(stored), "an act stands twice"
        assert self.acknowledged.keys() <= set(stored), "an acknowledged act is lost"
        assert all(times <= 1 for times in self.acknowledged.values()), "an act was new twice"
        for seat, client in self.clients.items():
            assert not client.breaches, f"{seat}: {client.breaches[0]}"

    def check_agreement(self, sitting: SittingId = FIRST) -> None:
        """After calm: every reader folds to the server's state, and an auditor to the same."""
        assert self.served is not None
        record = self.served.registrar.record
        auditor = initial(self.charters.terms())
        for placed in self.store.entries[self.meeting]:
            folded = fold(auditor, placed.entry)
            assert not isinstance(folded, Breach), folded
            auditor = folded
        assert auditor == record, "the disk folds to another state than the server's"
        for seat, client in self.clients.items():
            state = client.state(sitting)
            if state is not None and sitting in client.wants:
                assert state.sitting == record.sittings[sitting], f"{seat} has another state"
                assert state.meeting.trail == record.meeting.trail, f"{seat} has another main journal"

    def everybody_is_in(self, sitting: SittingId = FIRST) -> bool:
        """Whether all who would be in are members, by the record and by their own folds, and nothing is left to do."""
        assert self.served is not None
        group = self.served.registrar.record.sittings[sitting].group
        wanted = {client.device.thumbprint for client in self.clients.values() if sitting in client.wants}
        return wanted <= group.present and all(
            client.is_member(sitting) for client in self.clients.values() if sitting in client.wants
        )

    async def run(self, steps: int) -> None:
        for _ in range(steps):
            await self.step(calm=False)
            self.check_safety()

    async def until(self, done: Callable[[], bool], within_ms: int = CALM_MS) -> None:
        """Calm, until something is so."""
        end = self.clock.ms + within_ms
        while not done():
            assert self.clock.ms < end, f"not within {within_ms / 1000} s of calm"
            await self.step(calm=True)
            self.check_safety()

    async def settle(self) -> None:
        """Nobody says anything new until all have read what there is."""
        for _ in range(10):
            for seat, client in self.clients.items():
                await self._listen(seat, client)


async def _now(ask):  # type: ignore[no-untyped-def]
    """What there is without waiting: None if it would wait. Turns of the loop, not time."""
    task = asyncio.ensure_future(ask())
    for _ in range(6):
        if task.done():
            break
        await asyncio.sleep(0)
    if not task.done():
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return None
    return task.result()


def simulate(story: Callable[[World], Awaitable[None]], seed: int, **more: object) -> World:
    """Run a story in a new world; a failure says how to see it again."""
    world = World(seed, **more)  # type: ignore[arg-type]

    async def told() -> None:
        await world.start()
        try:
            await story(world)
        finally:
            await world.stop()

    try:
        asyncio.run(told())
    except BaseException as error:
        error.add_note(f"replay: make simulate SEED={seed}")
        raise
    return world


async def bad_weather(world: World) -> None:
    """All faults at once for a while, then calm: everybody is in, and all agree."""
    await world.run(100)
    await world.until(world.everybody_is_in)
    await world.settle()
    world.check_agreement()


if __name__ == "__main__":
    simulate(bad_weather, int(sys.argv[1]))
