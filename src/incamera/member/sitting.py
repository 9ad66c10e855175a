"""A device in one sitting: the loop that follows the record and asks `conduct` what to do next (deeds.py does it)."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from secrets import token_bytes
from typing import Final, Literal, TypeAlias

from incamera import log
from incamera.accreditation.strict import Hash, SittingId, Thumbprint, b64u
from incamera.clock import Clock
from incamera.e2ee.group import Group, Seat
from incamera.e2ee.heartbeat import next_update
from incamera.meeting.acts import (
    Exclude,
    Leave,
)
from incamera.meeting.state import State
from incamera.member import conduct
from incamera.member.client import Client, Posted
from incamera.member.conduct import Doorway, Manner, View
from incamera.member.deeds import Deeds, Sign
from incamera.member.device import Identity, StateFolder
from incamera.member.feed import Door
from incamera.member.reader import Reader, Step
from incamera.member.share import Share
from incamera.member.vigil import Alarm
from incamera.refusal import Refusal

_log = log.logger(__name__)

LOOK_MS: Final = 1_000
"""While there is no feed, its silence is looked at so often."""

Phase: TypeAlias = Literal["outside", "knocking", "member", "blocked", "closed"]
SendSignal = Callable[[SittingId, bytes], Awaitable[None]]


class Sitting:
    """One sitting as this device takes part in it. `run` is its life; the attendee hands it entries, doors, signals."""

    def __init__(
        self,
        sitting: SittingId,
        *,
        identity: Identity,
        folder: StateFolder,
        reader: Reader,
        client: Client,
        sign: Sign,
        send: SendSignal,
        clock: Clock,
        manner: Manner,
    ) -> None:
        self.id = sitting
        self.manner = manner
        self.known_elsewhere: Callable[[], frozenset[Thumbprint]] = frozenset
        self._identity, self._reader, self._client = identity, reader, client
        self._send = send
        self._share = Share(folder, identity, reader.meeting, sitting)
        self.deeds = Deeds(
            sitting, identity=identity, share=self._share, reader=reader, client=client, sign=sign, clock=clock
        )
        self.membership = self.deeds.membership
        self._inbox: deque[Step] = deque()
        self._signals: deque[bytes] = deque(maxlen=256)
        self._door: Door | None = None
        self._noticed: dict[str, int] = {}
        self._bad: set[Hash] = set()
        self._looked_at: set[Hash] = set()
        self._wants_in = True
        self._insists = False
        self._is_live = False
        self._news = asyncio.Event()
        self._changed: asyncio.Condition = asyncio.Condition()

    # What others see of it.

    @property
    def me(self) -> Thumbprint:
        """Our device."""
        return self._identity.thumbprint

    @property
    def state(self) -> State | None:
        """Our fold."""
        return self._reader.state(self.id)

    @property
    def refusal(self) -> Refusal | None:
        """The last thing that was refused, for the screen."""
        return self.deeds.refusal

    @property
    def alarms(self) -> list[Alarm]:
        """What was seen that must not be."""
        return self.membership.alarms

    @property
    def is_forked(self) -> bool:
        """Whether others were shown another record: that blocks. Heartbeats go on, so that they see it too."""
        return any(alarm.cause == "fork" for alarm in self.alarms)

    @property
    def phase(self) -> Phase:
        """Where we stand."""
        state, core = self.state, self._share.state()
        if state is not None and state.sitting.stage == "closed":
            return "closed"
        if core is not None and conduct.has_share(self.me, core, state):
            return "blocked" if core.phase == "blocked" or self.is_forked else "member"
        return "knocking" if core is not None and core.phase == "knocking" else "outside"

    @property
    def group(self) -> Group | None:
        """Our share of the present group, if we are in it and nothing blocks it."""
        return self._share.group if self.phase == "member" else None

    @property
    def can_send(self) -> bool:
        """Whether messages of ours may go to the group: after a reload a commit comes first."""
        group = self.group
        return group is not None and not group.state().must_update

    @property
    def epoch(self) -> int | None:
        """The group's epoch, while we are in it."""
        core = self._share.state()
        return None if core is None else core.epoch

    @property
    def round(self) -> int:
        """The sitting's round, by our fold."""
        return 0 if self.state is None else self.state.sitting.round

    def roster(self) -> tuple[Seat, ...]:
        """The members as the authority signed them; nobody while we are not in the group."""
        core = self._share.state()
        return core.roster if core is not None and self.phase in ("member", "blocked") else ()

    def words(self, language: Literal["en", "fr"] = "en") -> tuple[str, ...] | None:
        """The epoch's eight words."""
        words = None if self.group is None else self.group.words(language)
        return None if isinstance(words, Refusal) else words

    async def reached(self, holds: "Callable[[Sitting], bool]") -> None:
        """Wait until something holds."""
        async with self._changed:
            await self._changed.wait_for(lambda: holds(self))

    # What the attendee hands over.

    def take(self, step: Step) -> None:
        """The next entry, folded."""
        self._inbox.append(step)
        self._news.set()

    def at_the_door(self, door: Door | None) -> None:
        """What the server says of the sitting while we do not read it."""
        self._door = door
        self._news.set()

    def signal(self, message: bytes) -> None:
        """Another member's signal."""
        self._signals.append(message)
        self._news.set()

    def live(self, is_live: bool) -> None:
        """Whether the feed stands and all that it had was read: nothing is decided on less."""
        self._is_live = is_live
        self._news.set()

    def hurry(self) -> None:
        """Say at once what we send under."""
        if self.membership.vigil is not None:
            self.membership.vigil.hurry()
        self._news.set()

    # What a person asks for.

    def knock(self) -> None:
        """Come in, after an exclusion or a leave too."""
        self._wants_in, self._insists = True, True
        self._news.set()

    async def leave(self) -> Posted | Refusal:
        """Leave; the others remove us."""
        self._wants_in, self._insists = False, False
        return await self.deeds.act(Leave())

    async def exclude(self, device: Thumbprint) -> Posted | Refusal:
        """End a device's admission."""
        return await self.deeds.act(Exclude(device))

    # Its life.

    async def run(self) -> None:
        """Until cancelled."""
        self.membership.load()
        while True:
            self._news.clear()
            until_ms = await self._turn()
            async with self._changed:
                self._changed.notify_all()
            wait_s = None if until_ms is None else max(until_ms - self._now(), 0) / 1000
            # Not `wait_for`: Python 3.11's swallows a cancellation that comes together with the news.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._news.wait()

    async def _turn(self) -> int | None:
        """All that can be done now; when to look again without news."""
        membership = self.membership
        while self._inbox:
            await membership.process(self._inbox.popleft())
            self.deeds.conflict_ms = None
        while self._signals:
            membership.hear(self._signals.popleft())
        if not self._is_live:
            return self._overhear()
        self._notice()
        membership.follow()
        if self._share.note.act is not None and not self.deeds.is_posting:
            return await self.deeds.post_again()
        await self._beat()
        if not self.is_forked:
            await self.deeds.tell_keys()
        step = conduct.next_step(self._view())
        if not isinstance(step, conduct.Wait):
            await self.deeds.carry_out(step)
            return max(self._now(), self.deeds.not_before_ms)
        times = [step.until_ms, self.deeds.conflict_ms, membership.beat_ms(), membership.watch_ms()]
        return min((time for time in times if time is not None), default=None)

    def _overhear(self) -> int | None:
        """Without a feed nothing is decided, and its silence is an alarm all the same: a server could just hang up."""
        if self.phase not in ("member", "blocked"):
            return None
        self.membership.follow()
        return self._now() + LOOK_MS

    def _now(self) -> int:
        return self.membership.now()

    def _view(self) -> View:
        core, membership, door = self._share.state(), self.membership, self._door
        vigil = membership.vigil
        own = None if core is None else core.leaf
        leaves = () if core is None else tuple(seat.leaf for seat in core.roster)
        now = self._now()

        def turn(leaving: frozenset[int], since: int) -> int | None:
            if vigil is None or own is None:
                return None
            return vigil.presence.turn(now, own, leaves, leaving, since)

        silent = () if vigil is None else vigil.presence.silent(now, leaves)
        return View(
            me=self.me,
            now_ms=now,
            manner=self.manner,
            wants_in=self._wants_in,
            insists=self._insists,
            state=self.state,
            door=None if door is None else Doorway(door.is_open, door.group),
            core=core,
            knocked=membership.knocked,
            is_posting=self.deeds.is_posting,
            is_behind=bool(self._inbox),
            is_forked=self.is_forked,
            wrong=membership.wrong,
            turn=turn,
            noticed=self._noticed,
            silent=frozenset(leaf for leaf in silent if leaf != own),
            bad_knocks=frozenset(self._bad),
            known_elsewhere=self.known_elsewhere(),
            committed_ms=membership.committed_ms,
            admitted_ms=tuple(self.deeds.admitted_ms),
            grouped_ms=membership.grouped_ms,
            update_ms=None
            if vigil is None or own is None
            else next_update(own, vigil.joined_ms, membership.updated_ms),
            not_before_ms=self.deeds.not_before_ms,
        )

    def _notice(self) -> None:
        """When each thing became due here, and which knocks nobody could add: one of them spoils a whole commit."""
        state, group = self.state, self._share.group
        if group is not None and self._is_excluded() and group.state().phase != "knocking":
            self.membership.drop()
        self.deeds.drop_lost()
        if self.deeds.has_knocked:
            self.deeds.has_knocked = self._insists = False
        view = self._view()
        if conduct.is_ours(view) and group is not None and state is not None:
            facts = self.deeds.facts()
            self._bad &= facts.knocks.keys()
            self._looked_at &= facts.knocks.keys()
            fresh = {act: knock for act, knock in facts.knocks.items() if act not in self._looked_at}
            self._looked_at |= fresh.keys()
            # Looked at as if it were admitted: the core takes the admitted for the enrolled.
            unadmitted: dict[Thumbprint, frozenset[Hash]] = {knock.device: frozenset() for knock in fresh.values()}
            known = replace(facts, knocks={}, admitted={**unadmitted, **facts.admitted})
            self._bad |= {act for act, knock in fresh.items() if group.inspect(knock, known) is not None}
            view = self._view()
        now = self._now()
        self._noticed = {name: self._noticed.get(name, now) for name in conduct.work(view)}

    async def _beat(self) -> None:
        message = self.membership.beat(b64u(token_bytes(8)))
        if message is not None:
            await self._send(self.id, message)

    def _is_excluded(self) -> bool:
        state = self.state
        return state is not None and conduct.is_excluded(state, self.me)
