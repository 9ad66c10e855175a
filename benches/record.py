"""Appends a second to the record, one writer or many: to the real store on this disk (SQLite, WAL, synchronous=FULL),
and by HTTP to the whole server, in a process of its own.
"""

import asyncio
import ssl
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benches.chamber import Chamber, attendee, chamber
from benches.figures import Figure
from benches.servers import NotMeasurable
from incamera.accreditation.signature import SigningKey, Typ, sign
from incamera.accreditation.strict import GroupId, MeetingId, b64u
from incamera.clock import SystemClock
from incamera.meeting.acts import NONCE_BYTES, Act, Message, Seen, wire_form
from incamera.member.client import Client, Posted
from incamera.member.conduct import Manner
from incamera.record import journal
from incamera.record.entry import JournalId
from incamera.record.journal import Tail
from incamera.record.sql_store import SqlStore
from incamera.refusal import Refusal

MEETING = MeetingId(b64u(bytes(16)))
MAIN = JournalId(MEETING)
BODY_OCTETS = 700
"""About an act of the floor, signed."""
MESSAGE_OCTETS = 150
"""A message so long makes an act of about as much."""
PATIENCE_S = 120.0


class Clerk:
    """Links entries in order, as the registrar does: each on the last that was handed to the store."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._tail: Tail = journal.beginning(MEETING, MAIN)
        self.count = 0

    async def append(self) -> None:
        """One entry; returns when it is on disk."""
        body = f'{{"n":{self.count}}}'.ljust(BODY_OCTETS, ".")
        entry = journal.link(self._tail, at_ms=self.count, main=None, body=body)
        self._tail, self.count = journal.follow(self._tail, entry), self.count + 1
        answer = await self._store.append(MEETING, [entry])
        assert not isinstance(answer, Refusal), answer


def measure(writers: tuple[int, ...], seconds: float, times: int) -> list[Figure]:
    """So many writers, each of which appends again as soon as its entry is acknowledged."""
    return [
        Figure(
            "record",
            f"appends to the store, {count} {'writer' if count == 1 else 'writers'}",
            "a second",
            tuple(asyncio.run(_appends(count, seconds)) for _ in range(times)),
        )
        for count in writers
    ]


async def _appends(writers: int, seconds: float) -> float:
    with tempfile.TemporaryDirectory(prefix="incamera-bench-") as folder:
        async with SqlStore.open(Path(folder)) as store:
            await store.create_meeting(MEETING, "not looked at by the store", {}, [])
            clerk = Clerk(store)
            began = time.perf_counter()

            async def write() -> None:
                while time.perf_counter() - began < seconds:
                    await clerk.append()

            await asyncio.gather(*(write() for _ in range(writers)))
            return clerk.count / (time.perf_counter() - began)


def measure_http(writers: tuple[int, ...], seconds: float, times: int) -> list[Figure]:
    """Acts that the server checks, files and answers, so many posted at a time; its rates of acts are lifted."""
    return [
        Figure(
            "record",
            f"appends over HTTP, {count} {'writer' if count == 1 else 'writers'}",
            "a second",
            tuple(asyncio.run(_posts(count, seconds)) for _ in range(times)),
        )
        for count in writers
    ]


@dataclass(frozen=True, slots=True)
class Opener:
    """A device that opened the sitting, and says something in its group. It has gone: it reads nothing."""

    key: SigningKey
    group: GroupId
    seen: tuple[Seen | None, Seen | None]

    def message(self, meeting: Chamber, count: int) -> str:
        """A stored message: no member is there who could find that nobody can open it."""
        clock, name = SystemClock(), meeting.founded.meeting
        nonce = b64u(count.to_bytes(NONCE_BYTES, "big"))
        body = Message(self.group, 0, b64u(bytes(MESSAGE_OCTETS)))
        act = Act(name, self.key.thumbprint, meeting.sitting, *self.seen, clock.now_ms(), nonce, body)
        return sign(self.key, Typ.ACT, wire_form(act))  # type: ignore[arg-type]


async def _posts(writers: int, seconds: float) -> float:
    with tempfile.TemporaryDirectory(prefix="incamera-bench-") as folder:
        async with chamber(Path(folder), 1, is_lifted=True) as meeting:
            tls = ssl.create_default_context()
            opener = await _open(meeting, tls)
            clients = [Client(meeting.origin, meeting.founded.meeting, SystemClock(), tls) for _ in range(writers)]
            count, began = 0, time.perf_counter()

            async def write(client: Client) -> None:
                nonlocal count
                while time.perf_counter() - began < seconds:
                    count += 1
                    answer = await client.post(opener.message(meeting, count))
                    if not isinstance(answer, Posted):
                        raise NotMeasurable(f"the server took no act: {answer}")

            await asyncio.gather(*(write(client) for client in clients))
            found = count / (time.perf_counter() - began)
            for client in clients:
                await client.aclose()
    return found


async def _open(meeting: Chamber, tls: ssl.SSLContext) -> Opener:
    one, folder = attendee(meeting.link("chair"), meeting.state("chair"), meeting.sitting, tls, Manner(opens=True))
    asked = asyncio.Event()
    life = asyncio.create_task(one.run(asked))
    async with asyncio.timeout(PATIENCE_S):
        sitting = await one.sitting(meeting.sitting)
        await sitting.reached(lambda each: each.phase == "member")
        identity, state = one.identity, sitting.state
        assert identity is not None, "who is in has a device"
        assert state is not None, "who is in reads the sitting"
        group = state.sitting.group.id
        assert group is not None, "who is in has a group"
        opener = Opener(identity.key, group, one.reader.seen(meeting.sitting))
        asked.set()
        await life
    folder.close()
    return opener
