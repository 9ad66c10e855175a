"""The registrar: one a meeting. Open the signature, decide, append, apply, publish, in this order.

Contract: nothing is acknowledged, applied or fed before it is on disk. Acts are decided on a provisional state that
runs ahead of the disk, so that many of them share one commit; what the disk does not confirm is
forgotten, and decided again.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from incamera.accreditation.signature import Signed, SigningKey
from incamera.accreditation.strict import Hash, MeetingId, SittingId, Thumbprint, sha256
from incamera.clock import Clock
from incamera.limits import ENTRIES, WELCOME_SECONDS, Limit
from incamera.log import logger
from incamera.meeting import visibility
from incamera.meeting.acts import Act, Body
from incamera.meeting.delivery import Committed
from incamera.meeting.enrolment import Device
from incamera.meeting.lobby import deadlines
from incamera.meeting.own import DeadlinePassed, EnrolmentContested, EnrolmentLocked, Own, ServerStarted, own_body
from incamera.meeting.rules import Decided, advance, author_of, contested, decide, decided_at, due, open_act
from incamera.meeting.sittings import OPENERS
from incamera.meeting.state import RecordState
from incamera.meeting.visibility import subjects
from incamera.proceedings.receipts import Receipts
from incamera.proceedings.watch import Watch
from incamera.record.entry import Entry, JournalId, Place
from incamera.record.feed import Feed, Signal
from incamera.record.journal import Head, link, sign_head
from incamera.record.store import Appended, Store
from incamera.refusal import Code, Refusal

_log = logger(__name__)

KEPT_PART: Final = 20
"""Of all entries that there may be, one in so many is kept for chair and secretariat."""
TRIES: Final = 4
"""So often an act is decided again when the record moved between its decision and the disk."""

Allow = Callable[[Signed[Act[Body]]], Refusal | None]


@dataclass(frozen=True, slots=True)
class Filed:
    """An act's entry, on disk, and the head that goes with the answer."""

    entry: Entry
    head: str
    is_new: bool
    """False: the same act had been filed before."""


@dataclass(frozen=True, slots=True)
class _Step:
    """An entry that was decided, and the state that follows from it."""

    entry: Entry
    before: RecordState
    after: RecordState
    decided: Decided


class Registrar:
    """The one order of a meeting's entries, and who is told of them."""

    def __init__(
        self,
        record: RecordState,
        receipts: Receipts,
        *,
        store: Store,
        key: SigningKey,
        clock: Clock,
        nonce: Callable[[], str],
        entries_max: Limit = ENTRIES,
    ) -> None:
        """`record` and `receipts` are folded from all that the store has; `nonce` makes 16 random bytes, b64u."""
        self._store = store
        self._feed = Feed(store, record.meeting.terms.meeting)
        self._key = key
        self._clock = clock
        self._nonce = nonce
        self._entries_max = entries_max
        self._record = record
        self._ahead = record
        self._generation = 0
        self._steady = asyncio.Event()
        self._steady.set()
        self._filing: dict[Hash, asyncio.Future[Filed | Refusal]] = {}
        self._receipts = receipts
        self._watches: set[Watch] = set()
        self._followers: list[Callable[[RecordState, RecordState], None]] = []
        self._counts = {"filed": 0, "refused": 0, "again": 0, "recovered": 0}

    @property
    def record(self) -> RecordState:
        """What is on disk, folded."""
        return self._record

    @property
    def meeting(self) -> MeetingId:
        """The meeting's id."""
        return self._record.meeting.terms.meeting

    def follow(self, follower: Callable[[RecordState, RecordState], None]) -> None:
        """Call this with the states before and after each entry that is on disk."""
        self._followers.append(follower)

    def close(self) -> None:
        """End all readers: the server stops."""
        self._feed.close()

    def statistics(self) -> dict[str, int]:
        """Counts since the start, and how many devices are connected."""
        return {**self._counts, "watches": len(self._watches), "filing": len(self._filing)}

    # Filing.

    async def post(self, jws: str, allow: Allow = lambda _: None) -> Filed | Refusal:
        """File an act: its entry is on disk when this returns; or why not. The same act again gives the same entry.

        `allow` may turn away an act that is not filed yet, once its author is known: rates.
        """
        name = sha256(jws.encode("utf-8"))
        if (filing := self._filing.get(name)) is not None:
            self._counts["again"] += 1
            return await asyncio.shield(filing)
        filing = self._filing[name] = asyncio.get_running_loop().create_future()
        try:
            answer = await self._post(jws, name, allow)
            filing.set_result(answer)
        except BaseException as error:
            filing.set_exception(error)
            filing.exception()  # it was looked at, if nobody else waits for it
            raise
        finally:
            del self._filing[name]
        if isinstance(answer, Refusal):
            self._counts["refused"] += 1
            _log.info("act.refused", code=str(answer.code))
        return answer

    async def file(self, sitting: SittingId | None, own: Own) -> Entry | Refusal:
        """File an entry of the server's own, if it is due."""
        return await self._file(lambda at: self._own_steps(sitting, own, at))

    async def start(self, charter: Hash) -> Entry | Refusal:
        """Say in the record that the server began to serve the meeting."""
        return await self.file(None, ServerStarted(self._nonce(), charter, self._key.public))

    async def pass_deadlines(self) -> int:
        """File each deadline that has passed; gives how many did."""
        filed = 0
        for sitting in self._record.sittings:
            for at, act in deadlines(self._record.at(sitting)):
                if at > self._clock.now_ms():
                    break
                entry = await self.file(sitting, DeadlinePassed(act, self._nonce()))
                filed += int(isinstance(entry, Entry))
        return filed

    async def _post(self, jws: str, name: Hash, allow: Allow) -> Filed | Refusal:
        known = await self._known(jws, name)
        if known is not None:
            return known
        signed = open_act(self._ahead.meeting, jws, self._now_ms())
        if isinstance(signed, Refusal):
            return signed
        if (turned_away := allow(signed)) is not None:
            return turned_away
        refused: list[Refusal] = []
        entry = await self._file(lambda at: self._act_steps(signed, at, refused))
        if refused and isinstance(entry, Entry):
            # What was filed is the server's own word about the refused act; the refusal goes to its author alone.
            return refused[-1]
        if isinstance(entry, Refusal):
            return entry
        self._counts["filed"] += 1
        return Filed(entry, self._head_for(entry), is_new=True)

    async def _known(self, jws: str, name: Hash) -> Filed | None:
        trails = (self._record.meeting.trail, *(sitting.trail for sitting in self._record.sittings.values()))
        if not any(name in trail.bodies for trail in trails):
            return None
        entry = await self._store.find(self.meeting, name)
        assert entry is not None, "what the fold has, the store has"
        self._counts["again"] += 1
        return Filed(entry, self._head_for(entry), is_new=False)

    async def _file(self, decide_steps: Callable[[int], list[_Step] | Refusal]) -> Entry | Refusal:
        moved: Refusal | None = None
        uploaded: set[Hash] = set()
        for _ in range(TRIES):
            await self._steady.wait()
            # No other task runs between here and the writer's queue: what was decided is appended in that order.
            steps = decide_steps(self._now_ms())
            if isinstance(steps, Refusal):
                return steps
            welcome = _welcome(steps)
            if welcome is not None and welcome not in uploaded:
                if (refusal := await self._keep_welcome(welcome)) is not None:
                    return refusal
                uploaded.add(welcome)
                continue
            generation, self._ahead = self._generation, steps[-1].after
            appended = await self._append(steps, generation)
            if isinstance(appended, Appended):
                if not appended.is_new or not self._has(appended.entries[-1]):
                    await self._recover(self._generation)
                return appended.entries[0]
            moved = appended
            await self._recover(generation)
            if appended.code is not Code.RECORD_MOVED:
                return appended
        return moved or Refusal(Code.RECORD_MOVED, "The record moves on too fast.", "Send the same act again.")

    async def _append(self, steps: Sequence[_Step], generation: int) -> Appended | Refusal:
        try:
            return await self._store.append(
                self.meeting, [step.entry for step in steps], lambda appended: self._settle(appended, steps)
            )
        except Exception:  # a mistake of ours: whoever posted hears of it, and the others go on
            await self._recover(generation)
            raise

    # Deciding, on the state that runs ahead of the disk.

    def _act_steps(self, signed: Signed[Act[Body]], at: int, refused: list[Refusal]) -> list[_Step] | Refusal:
        refused.clear()
        sittings = self._ahead.sittings.values()
        left = int(self._entries_max) - self._ahead.meeting.tail.seq - sum(sitting.tail.seq for sitting in sittings)
        # The last part is for those who run the meeting: else anybody could fill the record and so end all revocations.
        is_kept = self._ahead.meeting.role_of(signed.payload.by) not in OPENERS
        if left <= (int(self._entries_max) // KEPT_PART if is_kept else 0):
            return Refusal(Code.LIMIT_REACHED, "The record has as many entries as it may.", "End the meeting.")
        decided = decide(self._ahead, signed, at)
        if isinstance(decided, Decided):
            return [self._step(self._ahead, decided, signed.jws, at=at)]
        if not contested(signed, decided):
            return decided
        refused.append(decided)
        return self._contest(signed, at) or decided

    def _contest(self, signed: Signed[Act[Body]], at: int) -> list[_Step]:
        own = EnrolmentContested(signed.jws, self._nonce())
        decided = due(self._ahead, None, own, at)
        if isinstance(decided, Refusal):
            return []
        steps = [self._step(self._ahead, decided, own_body(own), at=at)]
        author = author_of(self._ahead.meeting, signed.payload, at)
        assert isinstance(author, Device), "its signature was opened"
        lock = EnrolmentLocked(author.seat, self._nonce())
        locked = due(steps[-1].after, None, lock, at)
        if isinstance(locked, Decided):
            steps.append(self._step(steps[-1].after, locked, own_body(lock), at=at))
        return steps

    def _own_steps(self, sitting: SittingId | None, own: Own, at: int) -> list[_Step] | Refusal:
        decided = due(self._ahead, sitting, own, at)
        return decided if isinstance(decided, Refusal) else [self._step(self._ahead, decided, own_body(own), at=at)]

    def _step(self, before: RecordState, decided: Decided, body: str, *, at: int) -> _Step:
        main = before.meeting.tail
        tail = main if decided.sitting is None else before.sittings[decided.sitting].tail
        entry = link(tail, at_ms=at, main=None if decided.sitting is None else main.place, body=body)
        return _Step(entry, before, advance(before, entry, decided), decided)

    async def _keep_welcome(self, welcome: Hash) -> Refusal | None:
        """A commit whose Welcome was not uploaded is refused: only the server knows, so it is no rule of the fold."""
        now = self._clock.now_ms()
        blob = await self._store.blob(self.meeting, welcome)
        if blob is None or (blob.expires_ms is not None and blob.expires_ms <= now):
            return Refusal(
                Code.COMMIT_WELCOME, "The Welcome is not here.", "Upload it first, then send the commit again."
            )
        return await self._store.expire_blob(self.meeting, welcome, now + int(WELCOME_SECONDS) * 1000)

    def _now_ms(self) -> int:
        # A clock that was set back does not take the record back: `link` holds the time of each journal up.
        tails = (self._ahead.meeting.tail, *(sitting.tail for sitting in self._ahead.sittings.values()))
        return max(self._clock.now_ms(), *(tail.at_ms for tail in tails))

    # What is on disk.

    def _settle(self, appended: Appended, steps: Sequence[_Step]) -> None:
        """Called by the writer right after the commit, in the order of appending: apply, then tell."""
        by_hash = {step.entry.hash: step for step in steps}
        for entry in appended.entries:
            step = by_hash.get(entry.hash)
            if step is not None and step.before is self._record:
                self._apply(entry, step.after, step.decided)

    def _apply(self, entry: Entry, after: RecordState, decided: Decided) -> None:
        before, self._record = self._record, after
        self._receipts.note(after, entry, decided)
        self._feed.publish([entry])
        named = subjects(decided.event)
        for watch in list(self._watches):
            watch.follow(after, entry, concerns=visibility.receives(watch.device, decided.author, named))
        for follower in self._followers:
            follower(before, after)

    def _has(self, entry: Entry) -> bool:
        return self._seq(entry.header.journal) >= entry.header.seq

    def _seq(self, journal: JournalId) -> int:
        if str(journal) == str(self.meeting):
            return self._record.meeting.tail.seq
        return self._record.sittings[SittingId(journal)].tail.seq

    async def _recover(self, generation: int) -> None:
        """After a failure: take from the disk what is there (an unknown outcome may have been a good one), and decide
        the rest again. Acts that were decided on what is lost now fail too, and come here with an older generation.
        """
        if generation != self._generation:
            return
        self._generation += 1
        self._counts["recovered"] += 1
        self._steady.clear()
        try:
            journals = (JournalId(self.meeting), *map(JournalId, self._record.sittings))
            while placed := await self._store.read(self.meeting, {name: self._seq(name) for name in journals}):
                for one in placed:
                    if not self._has(one.entry):
                        self._take(one.entry)
        finally:
            self._ahead = self._record
            self._steady.set()

    def _take(self, entry: Entry) -> None:
        decided = decided_at(self._record, entry)
        assert isinstance(decided, Decided), f"the store has an entry that must not stand: {decided}"
        self._apply(entry, advance(self._record, entry, decided), decided)

    # Who is told.

    def watch(self, device: Device, after: Mapping[JournalId, int]) -> Watch:
        """A connected device: it reads on after these places in the journals that it may read."""
        may_read = visibility.journals(self._record, device.thumbprint)
        places = {name: min(after.get(name, 0), self._seq(name)) for name in may_read}
        watch = Watch(device, self._feed.subscribe(places))
        watch.begin(self._record, self._receipts.of(device.thumbprint, may_read))
        self._watches.add(watch)
        return watch

    def leave(self, watch: Watch) -> None:
        """The device is gone."""
        self._watches.discard(watch)
        self._feed.leave(watch.reader)

    def signal(self, watch: Watch, sitting: SittingId, message: str) -> Refusal | None:
        """Relay a signal to the members of the sender's group; it is stored nowhere."""
        state = self._record.sittings.get(sitting)
        if state is None or state.stage != "open" or watch.thumbprint not in state.group.present:
            return Refusal(Code.MEMBER_MISSING, "This device is not a member of the sitting's group.", "Knock.")
        members = state.group.present - {watch.thumbprint}
        readers = [other.reader for other in self._watches if other.thumbprint in members]
        self._feed.signal(Signal(sitting, watch.thumbprint, message), readers)
        return None

    def head(self, journals: Mapping[JournalId, Place]) -> str:
        """The registrar's signature over these places."""
        return sign_head(self._key, Head(meeting=self.meeting, heads=journals, at_ms=self._clock.now_ms()))

    def head_of(self, device: Thumbprint) -> str:
        """The signed ends of the journals that a device reads."""
        places: dict[JournalId, Place] = {}
        for name in sorted(visibility.journals(self._record, device)):
            tail = (
                self._record.meeting.tail
                if str(name) == str(self.meeting)
                else self._record.sittings[SittingId(name)].tail
            )
            if tail.place is not None:
                places[name] = tail.place
        return self.head(places)

    def head_at(self, entry: Entry) -> str:
        """What goes with a receipt: the head of its journal, at its place; it tells nothing that the entry does not."""
        return self.head({entry.header.journal: entry.place})

    async def act(self, act: Hash | None) -> str | None:
        """A filed act's JWS, by its hash; None for none, or one whose body was erased."""
        entry = None if act is None else await self._store.find(self.meeting, act)
        return None if entry is None else entry.body

    def _head_for(self, entry: Entry) -> str:
        journal = entry.header.journal
        is_main = str(journal) == str(self.meeting)
        trail = self._record.meeting.trail if is_main else self._record.sittings[SittingId(journal)].trail
        author = Thumbprint(trail.nonces[entry.header.seq - 1][0])
        if journal in visibility.journals(self._record, author):
            return self.head_of(author)
        return self.head_at(entry)


def _welcome(steps: Sequence[_Step]) -> Hash | None:
    event = steps[0].decided.event
    return event.welcome if isinstance(event, Committed) else None
