"""A device in one sitting: the loop that asks `conduct` what to do next, and carries it out.

Acts go out one at a time, saved before they are posted, and the same bytes again until the server has answered.
"""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from secrets import token_bytes
from typing import Final, Literal, TypeAlias

from incamera import log
from incamera.accreditation.charter import SUITE
from incamera.accreditation.strict import GroupId, Hash, SittingId, Thumbprint, b64u, read, sha256
from incamera.clock import Clock
from incamera.e2ee import messages
from incamera.e2ee.facts import Facts, Plan
from incamera.e2ee.group import Group, Seat
from incamera.e2ee.heartbeat import next_update
from incamera.meeting.acts import (
    Admit,
    Body,
    Commit,
    Exclude,
    Knock,
    Leave,
    Message,
    OpenSitting,
    RefuseCommit,
    RefuseKnock,
    Regroup,
)
from incamera.meeting.state import State
from incamera.member import conduct
from incamera.member.client import Client, Posted
from incamera.member.conduct import Doorway, Knocked, Manner, View
from incamera.member.device import Identity, StateFolder
from incamera.member.feed import Door
from incamera.member.membership import Membership
from incamera.member.reader import Reader, Step
from incamera.member.share import Note, Share, founder_facts
from incamera.member.vigil import Alarm
from incamera.record.entry import JournalId
from incamera.refusal import Code, Refusal

_log = log.logger(__name__)

RETRY_MS: Final = 1_000
SOON_MS: Final = 300
LATER_MS: Final = 10_000
CONFLICT_MS: Final = 5_000
"""The winner's commit comes by the feed; if it does not in this time, ours is dropped."""
_LATER: Final = frozenset({Code.RATE_LIMITED, Code.LOBBY_FULL})
_AGAIN: Final = frozenset({Code.SERVER_UNREACHABLE, Code.STORAGE_FAILED, Code.RECORD_MOVED, Code.SERVER_CLOSING})
"""The outcome is unknown, or the server asks for the same act again."""

Phase: TypeAlias = Literal["outside", "knocking", "member", "blocked", "closed"]
Sign = Callable[[Body, SittingId | None], str]
"""An act of this device, with what it has seen."""
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
        self.refusal: Refusal | None = None
        """The last thing that was refused, for the screen."""
        self.known_elsewhere: Callable[[], frozenset[Thumbprint]] = frozenset
        self._identity, self._reader, self._client = identity, reader, client
        self._sign, self._send, self._clock = sign, send, clock
        self._share = Share(folder, identity, reader.meeting, sitting)
        self.membership = Membership(
            sitting, identity=identity, share=self._share, reader=reader, fetch=self._welcome, clock=clock
        )
        self._inbox: deque[Step] = deque()
        self._signals: deque[bytes] = deque(maxlen=256)
        self._door: Door | None = None
        self._awaited = 0
        self._noticed: dict[str, int] = {}
        self._bad: set[Hash] = set()
        self._not_before = 0
        self._conflict_ms: int | None = None
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
    def alarms(self) -> list[Alarm]:
        """What was seen that must not be."""
        return self.membership.alarms

    @property
    def phase(self) -> Phase:
        """Where we stand."""
        state, core = self.state, self._share.state()
        if state is not None and state.sitting.stage == "closed":
            return "closed"
        if core is not None and conduct.is_ours(self._view()):
            return "blocked" if core.phase == "blocked" else "member"
        return "knocking" if core is not None and core.phase == "knocking" else "outside"

    @property
    def group(self) -> Group | None:
        """Our share of the present group, if we are in it and nothing blocks it."""
        return self._share.group if self.phase == "member" else None

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
        return await self.act(Leave())

    async def exclude(self, device: Thumbprint) -> Posted | Refusal:
        """End a device's admission."""
        return await self.act(Exclude(device))

    async def act(self, body: Body) -> Posted | Refusal:
        """Sign and post an act in this sitting."""
        answer = await self._client.post(self._sign(body, self.id))
        if isinstance(answer, Refusal):
            self._refused(answer)
        return answer

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
            self._conflict_ms = None
        while self._signals:
            membership.hear(self._signals.popleft())
        if not self._is_live:
            return None
        self._notice()
        membership.follow()
        if self._share.note.act is not None and not self._is_posting():
            return await self._post_again()
        await self._beat()
        await self._tell_keys()
        step = conduct.next_step(self._view())
        if not isinstance(step, conduct.Wait):
            await self._do(step)
            return max(self._now(), self._not_before)
        times = [step.until_ms, self._conflict_ms, membership.beat_ms()]
        return min((time for time in times if time is not None), default=None)

    def _now(self) -> int:
        return self.membership.now()

    def _is_posting(self) -> bool:
        """Whether an act of ours stands by the server's answer, and its entry is not here yet."""
        return len(self._reader.entries.get(JournalId(self.id), ())) < self._awaited

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
            is_posting=self._is_posting(),
            wrong=membership.wrong,
            turn=turn,
            noticed=self._noticed,
            silent=frozenset(leaf for leaf in silent if leaf != own),
            bad_knocks=frozenset(self._bad),
            known_elsewhere=self.known_elsewhere(),
            committed_ms=membership.committed_ms,
            grouped_ms=membership.grouped_ms,
            update_ms=None
            if vigil is None or own is None
            else next_update(own, vigil.joined_ms, membership.updated_ms),
            not_before_ms=self._not_before,
        )

    def _notice(self) -> None:
        """When each thing became due here, and which knocks nobody could add: one of them spoils a whole commit."""
        state, group = self.state, self._share.group
        if group is not None and self._is_excluded() and group.state().phase != "knocking":
            self.membership.drop()
        if self._conflict_ms is not None and self._now() >= self._conflict_ms and group is not None:
            self._conflict_ms = None
            group.discard()
        view = self._view()
        if conduct.is_ours(view) and group is not None and state is not None:
            facts = self._facts()
            self._bad &= facts.knocks.keys()
            fresh = {act: knock for act, knock in facts.knocks.items() if str(act) not in self._noticed}
            # Looked at as if it were admitted: the core takes the admitted for the enrolled.
            unadmitted: dict[Thumbprint, frozenset[Hash]] = {knock.device: frozenset() for knock in fresh.values()}
            known = replace(facts, admitted={**unadmitted, **facts.admitted})
            self._bad |= {act for act, knock in fresh.items() if group.inspect(knock, known) is not None}
            view = self._view()
        now = self._now()
        self._noticed = {name: self._noticed.get(name, now) for name in conduct.work(view)}

    def _facts(self) -> Facts:
        facts = self._reader.facts(self.id, self._clock.now_ms())
        assert facts is not None, "who is in the group reads the sitting"
        return facts

    async def _beat(self) -> None:
        message = self.membership.beat(b64u(token_bytes(8)))
        if message is not None:
            await self._send(self.id, message)

    # Carrying out.

    async def _do(self, step: conduct.Step) -> None:
        match step:
            case conduct.Open():
                await self._found(lambda group, chain: OpenSitting(group, SUITE, chain))
            case conduct.MakeGroup(because=because, without=without):
                await self._found(lambda group, chain: Regroup(group, SUITE, chain, because, without))
            case conduct.KnockAt(group=group):
                await self._knock(group)
            case conduct.AdmitDevice(device=device):
                await self._file(self._sign(Admit(device), self.id))
            case conduct.TurnAway(knock=knock):
                await self._file(self._sign(RefuseKnock(knock, "key_package"), self.id))
            case conduct.Accuse(commit=commit, code=code):
                self.membership.wrong = None
                await self._file(self._sign(RefuseCommit(commit, code), self.id))
            case conduct.MakeCommit(plan=plan):
                await self._commit(plan)

    async def _found(self, body: Callable[[GroupId, str], Body]) -> None:
        """A group of our own: it counts if our act is the first."""
        name, now = Group.new_id(), self._clock.now_ms()
        prepared = self._share.prepare(self._reader.trust(), name, now)
        if isinstance(prepared, Refusal):
            return self._refused(prepared)
        group, chain = prepared
        jws = self._sign(body(name, chain), self.id)
        refusal = group.found(chain, founder_facts(self.me, now))
        refusal = refusal or self._share.adopt(group, self._note(act=jws))
        if refusal is not None:
            return self._refused(refusal)
        self.membership.founded()
        if isinstance(await self._file(jws), Refusal) and self._share.note.act is None:
            self.membership.drop()
        return None

    async def _knock(self, name: GroupId) -> None:
        now = self._clock.now_ms()
        prepared = self._share.prepare(self._reader.trust(), name, now)
        if isinstance(prepared, Refusal):
            return self._refused(prepared)
        group, chain = prepared
        package = group.knock(chain, now)
        if isinstance(package, Refusal):
            return self._refused(package)
        jws = self._sign(Knock(chain, b64u(package)), self.id)
        act = sha256(jws.encode("ascii"))
        refusal = self._share.adopt(group, self._note(act=jws, knock=act))
        if refusal is not None:
            return self._refused(refusal)
        self.membership.vigil = None
        self.membership.knocked = Knocked(act, name, self._now())
        if isinstance(await self._file(jws), Refusal) and self._share.note.act is None:
            self.membership.drop()
        return None

    async def _commit(self, plan: Plan) -> None:
        group = self._share.group
        assert group is not None, "conduct commits as a member"
        draft = group.commit(plan, self._facts(), self._reader.heads(self.id))
        if isinstance(draft, Refusal):
            return self._refused(draft)
        body = read(draft.body.encode("utf-8"), Commit.read, what="commit")
        assert not isinstance(body, Refusal), "the core writes claims of their form"
        jws = self._sign(body, self.id)
        refusal = self._share.keep(act=jws)
        if refusal is None and draft.welcome is not None:
            uploaded = await self._client.upload(self._identity.key, draft.welcome)
            refusal = uploaded if isinstance(uploaded, Refusal) else None
        if refusal is not None:
            group.discard()
            self._share.keep(act=None)
            return self._refused(refusal)
        await self._file(jws)
        return None

    async def _tell_keys(self) -> None:
        """The committer of an Add sends the keys of the items to who came."""
        group = self._share.group
        if not self.membership.newcomers or group is None or self.phase != "member":
            return
        self.membership.newcomers = False
        for item in messages.items(group):
            message = messages.send_item_key(group, item, self._reader.heads(self.id))
            state = group.state()
            if isinstance(message, Refusal) or state.group is None or state.epoch is None:
                continue
            self._share.save()
            await self._file(self._sign(Message(state.group, state.epoch, b64u(message)), self.id))

    async def _welcome(self, name: Hash) -> bytes | Refusal:
        """The Welcome; asked for until the server answers."""
        while True:
            welcome = await self._client.welcome(self._identity.key, name)
            if not isinstance(welcome, Refusal) or welcome.code not in _AGAIN:
                return welcome
            await asyncio.sleep(RETRY_MS / 1000)

    async def _post_again(self) -> int | None:
        """An act of ours has no answer yet, perhaps from an earlier life: the same bytes."""
        jws = self._share.note.act
        assert jws is not None, "asked for one that waits"
        if self._now() < self._not_before:
            return self._not_before
        if (welcome := self._unsent_welcome(jws)) is not None:
            # The Welcome is not kept: a commit that adds somebody is made again.
            welcome.discard()
            self._share.keep(act=None)
            return self._now()
        await self._file(jws)
        return max(self._now(), self._not_before)

    def _unsent_welcome(self, jws: str) -> Group | None:
        group = self._share.group
        pending = None if group is None else group.pending_body()
        if group is None or pending is None or not self._share.was_loaded:
            return None
        return group if json.loads(pending)["welcome"] is not None else None

    async def _file(self, jws: str) -> Posted | Refusal:
        """Post; afterwards we wait for the entry, or know why there is none."""
        answer = await self._client.post(jws)
        if isinstance(answer, Posted):
            self._insists = False if self._share.note.knock is not None else self._insists
            reads = JournalId(self.id) in self._reader.entries or self._share.note.knock is None
            self._awaited = answer.entry.header.seq if reads and not self._is_excluded() else 0
            if self._share.note.act == jws:
                self._share.keep(act=None)
            return answer
        self._refused(answer)
        if answer.code in _AGAIN or self._share.note.act != jws:
            return answer
        self._share.keep(act=None)
        group = self._share.group
        if group is not None and group.state().pending is not None:
            if answer.code is Code.COMMIT_CONFLICT:
                self._conflict_ms = self._now() + CONFLICT_MS
            else:
                group.discard()
        return answer

    def _is_excluded(self) -> bool:
        state = self.state
        return state is not None and conduct.is_excluded(state, self.me)

    def _note(self, *, act: str, knock: Hash | None = None) -> Note:
        return Note(processed=self._share.note.processed, act=act, knock=knock)

    def _refused(self, refusal: Refusal) -> None:
        _log.info("member.refused", sitting=self.id, code=str(refusal.code))
        self.refusal = refusal
        wait = LATER_MS if refusal.code in _LATER else RETRY_MS if refusal.code in _AGAIN else SOON_MS
        if refusal.code is Code.COMMIT_SOON:
            wait = RETRY_MS
        self._not_before = self._now() + wait
