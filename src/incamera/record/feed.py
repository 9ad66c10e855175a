"""The feed: each reader gets its journals' entries after a seq, in the order of appending, and signals.

Nothing is queued for a reader but signals: it pulls entries from where it stands, out of the tail that is kept in
memory or from the store. So a reader that stopped costs its signals, at most `SIGNALS_QUEUED`, and nobody waits for it.
Which journals a reader may read is decided by who subscribes it (meeting/visibility.py). The messages: record.md, 5.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from incamera.accreditation.strict import MeetingId, SittingId, Thumbprint
from incamera.limits import FEED_BATCH_BYTES, FEED_BATCH_ENTRIES, SIGNALS_QUEUED
from incamera.record.entry import Entry, JournalId
from incamera.record.store import Placed, Store, within

RECENT_ENTRIES: Final = 512
"""So many entries a journal are kept in memory for readers that keep up; the others read the store."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A message that the feed relays and nobody stores."""

    sitting: SittingId
    sender: Thumbprint
    message: str
    """b64u of an MLS application message."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What is next for a reader: entries first; signals only once it has caught up."""

    entries: tuple[Entry, ...]
    signals: tuple[Signal, ...]


class Feed:
    """The fan-out of one meeting. Entries are published once they are on disk, in the order of appending."""

    def __init__(self, store: Store, meeting: MeetingId) -> None:
        self._store = store
        self._meeting = meeting
        self._recent: dict[JournalId, deque[Placed]] = {}
        self._readers: set[Reader] = set()
        self._position = 0
        self._dropped = 0

    def publish(self, entries: Sequence[Entry]) -> None:
        """Give appended entries to who reads their journals."""
        for entry in entries:
            # Its own count: positions of the store are compared with positions of the store only (`Reader._next`).
            self._position += 1
            recent = self._recent.setdefault(entry.header.journal, deque(maxlen=RECENT_ENTRIES))
            recent.append(Placed(self._position, entry))
        journals = {entry.header.journal for entry in entries}
        for reader in self._readers:
            if not journals.isdisjoint(reader.journals):
                reader.wake()

    def signal(self, signal: Signal, to: Sequence["Reader"]) -> None:
        """Relay a signal. A reader that has too many waiting loses its oldest: a lost signal breaks nothing."""
        for reader in to:
            self._dropped += reader.add_signal(signal)

    def subscribe(self, after: Mapping[JournalId, int]) -> "Reader":
        """A new reader of these journals, each after a seq."""
        reader = Reader(self._store, self._meeting, self._recent, after)
        self._readers.add(reader)
        return reader

    def leave(self, reader: "Reader") -> None:
        """Let a reader go: it ends after what it is at."""
        self._readers.discard(reader)
        reader.end()

    def close(self) -> None:
        """End all readers."""
        for reader in list(self._readers):
            self.leave(reader)

    def statistics(self) -> dict[str, int]:
        """How many readers there are, and how many signals were dropped on slow ones."""
        return {"readers": len(self._readers), "signals_dropped": self._dropped}


@dataclass(slots=True, eq=False)
class Reader:
    """One reader's place in each of its journals."""

    store: Store
    meeting: MeetingId
    recent: Mapping[JournalId, deque[Placed]]
    after: Mapping[JournalId, int]
    journals: dict[JournalId, int] = field(init=False)
    """The seq of the last entry given, a journal."""
    _until: dict[JournalId, int] = field(init=False, default_factory=dict)
    _signals: deque[Signal] = field(init=False, default_factory=lambda: deque(maxlen=SIGNALS_QUEUED.value))
    _news: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _is_ended: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.journals = dict(self.after)
        self._news.set()

    def read_on(self, journal: JournalId, after: int = 0) -> None:
        """Read one more journal, or one again, after a seq: what is there already comes next."""
        self._until.pop(journal, None)
        self.journals.setdefault(journal, after)
        self.wake()

    def read_until(self, journal: JournalId, seq: int) -> None:
        """Stop reading a journal after the entry of this seq (its exclusion): that one is the last sent."""
        self._until[journal] = seq
        self.wake()

    def add_signal(self, signal: Signal) -> int:
        """Let a signal wait; gives how many were dropped for it."""
        dropped = int(len(self._signals) == self._signals.maxlen)
        self._signals.append(signal)
        self.wake()
        return dropped

    def wake(self) -> None:
        """There is news, or there may be."""
        self._news.set()

    def end(self) -> None:
        """No more: `next` gives None."""
        self._is_ended = True
        self.wake()

    async def next(self) -> Batch | None:
        """Wait for what is next; None at the end. At most `FEED_BATCH_ENTRIES` entries and about `FEED_BATCH_BYTES`."""
        while True:
            await self._news.wait()
            if self._is_ended:
                return None
            self._news.clear()
            entries = await self._next()
            if entries:
                self.wake()  # there may be more
                return Batch(entries, ())
            if self._signals:
                signals = tuple(self._signals)
                self._signals.clear()
                return Batch((), signals)

    async def _next(self) -> tuple[Entry, ...]:
        self._let_go()
        if not self.journals:
            return ()
        placed = self._from_memory()
        if placed is None:
            placed = await self.store.read(self.meeting, self.journals)
        entries: list[Entry] = []
        for one in placed:
            journal, seq = one.entry.header.journal, one.entry.header.seq
            if journal not in self.journals or seq > self._until.get(journal, seq):
                continue  # excluded while the store was read
            assert seq == self.journals[journal] + 1, "a journal is given whole, in its order"
            self.journals[journal] = seq
            entries.append(one.entry)
        return tuple(entries)

    def _from_memory(self) -> Sequence[Placed] | None:
        """What is next of all journals, if memory reaches back far enough for each; else None: ask the store."""
        ahead: list[Placed] = []
        for journal, after in self.journals.items():
            recent = self.recent.get(journal)
            if recent is None or recent[0].entry.header.seq > after + 1:
                return None
            start = after + 1 - recent[0].entry.header.seq
            ahead.extend(islice(recent, start, start + FEED_BATCH_ENTRIES.value))
        ahead.sort(key=lambda one: one.position)
        return within(ahead[: FEED_BATCH_ENTRIES.value], FEED_BATCH_BYTES.value)

    def _let_go(self) -> None:
        for journal, last in self._until.items():
            if self.journals.get(journal, 0) >= last:
                self.journals.pop(journal, None)
