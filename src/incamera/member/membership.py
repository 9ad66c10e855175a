"""A device's membership of a sitting's group: entries processed in order, heartbeats heard, alarms raised.

It follows the record; what it does of itself is sitting.py's to carry out. A commit is processed by the facts at its
place, one's own too, and merged by its entry alone.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from incamera import log
from incamera.accreditation.strict import Hash, SittingId, Thumbprint, compact, unb64u
from incamera.clock import Clock
from incamera.e2ee import messages
from incamera.e2ee.group import Advance, Breach, Group, State
from incamera.e2ee.heartbeat import Heard, Track
from incamera.meeting.acts import Commit, Message, OpenSitting, RefusedCommit, Regroup, wire_form
from incamera.member.conduct import COMMIT_GAP_MS, Knocked, Wrong
from incamera.member.device import Identity
from incamera.member.reader import Reader, Step
from incamera.member.share import Share
from incamera.member.vigil import Alarm, HeadsWatch, Vigil
from incamera.record.entry import JournalId
from incamera.refusal import Code, Refusal

_log = log.logger(__name__)

_CODES: Final[dict[str, RefusedCommit]] = {"CLAIM-1": "malformed", "CLAIM-3": "signature", "CLAIM-12": "chain"}
"""What a member says in the record of a commit that failed a check; the others are `claims`."""
FetchWelcome = Callable[[Hash], Awaitable[bytes | Refusal]]


class Membership:
    """One sitting's group, as this device follows it."""

    def __init__(
        self, sitting: SittingId, *, identity: Identity, share: Share, reader: Reader, fetch: FetchWelcome, clock: Clock
    ) -> None:
        self.sitting = sitting
        self.share = share
        self.alarms: list[Alarm] = []
        self.vigil: Vigil | None = None
        self.knocked: Knocked | None = None
        self.wrong: Wrong | None = None
        self.committed_ms = -COMMIT_GAP_MS
        self.grouped_ms = 0
        self.updated_ms: int | None = None
        self.sends_under: int | None = None
        """The round whose key our media goes out under; None: we send none, and say the present round."""
        self.tracks: tuple[Track, ...] = ()
        self.others_send_under: dict[Thumbprint, int] = {}
        """By device: the newest round that its heartbeats say its media goes out under."""
        self.newcomers = False
        """Whether a commit of ours added somebody, who needs the items' keys."""
        self.on_round: list[Callable[[Advance | None], None]] = []
        """Called at each new round that we are in; None: a group of our own making."""
        self.on_heard: list[Callable[[Heard], None]] = []
        self._me = identity.thumbprint
        self._reader = reader
        self._fetch = fetch
        self._clock = clock
        self._heads = HeadsWatch()
        self._accused: set[Hash] = set()

    def now(self) -> int:
        """Milliseconds, monotonic."""
        return int(self._clock.monotonic() * 1000)

    @property
    def round(self) -> int | None:
        """The round in which our share of the group is; None: it is of another group, or there is none.

        The fold may be ahead of the group by some commits; each is one epoch and one round.
        """
        core, state = self.share.state(), self._reader.state(self.sitting)
        if core is None or core.epoch is None or state is None or core.group != state.sitting.group.id:
            return None
        return state.sitting.round - (state.sitting.group.epoch - core.epoch)

    def load(self) -> None:
        """What was kept of an earlier life."""
        loaded = self.share.load(self._reader.trust(), self.now())
        if isinstance(loaded, Refusal):
            _log.warning("state.unreadable", sitting=self.sitting, code=str(loaded.code))
            return
        self.knocked = loaded
        core = self.share.state()
        if core is not None and core.phase == "member":
            self._join(len(core.roster))

    def trusts(self) -> None:
        """The charter's parts came, or it was amended."""
        if self.share.group is not None:
            self.share.group.trust(self._reader.trust())

    def founded(self) -> None:
        """The share is of a group that we made."""
        self._join(1)

    def drop(self) -> None:
        """Our share is of no use any more."""
        self.share.drop()
        self.vigil, self.knocked, self.updated_ms = None, None, None

    async def process(self, step: Step) -> None:
        """The next entry of the sitting's journal."""
        seq = step.entry.header.seq
        if step.act is None or seq <= self.share.note.processed:
            return
        body, core = step.act.body, self.share.state()
        if self.share.note.act is not None and _is(self.share.note.act, step):
            self.share.keep(act=None)
        if isinstance(body, OpenSitting | Regroup) and core is not None and core.group == body.group:
            self.share.keep(processed=seq)
            self._tell(None)
        if isinstance(body, Commit) and core is not None and core.group == body.group:
            await self._commit(step, body, core)
        if isinstance(body, Message) and core is not None and core.group == body.group and core.phase == "member":
            self._message(step, body)
        self.share.note = self.share.note.at(seq)

    def hear(self, message: bytes) -> None:
        """Another member's signal."""
        group, core, vigil = self.share.group, self.share.state(), self.vigil
        if group is None or core is None or vigil is None or core.leaf is None or core.phase != "member":
            return
        heard = vigil.hear(self.now(), group, core.leaf, message)
        if heard is None:
            return
        self.raise_alarms(self._heads.testify(self.now(), heard.by.device, heard.by.heads))
        device = heard.by.device
        self.others_send_under[device] = max(heard.beat.sends_under, self.others_send_under.get(device, 0))
        for listener in self.on_heard:
            listener(heard)

    def follow(self) -> None:
        """What was read since, for the watch over forks; and whether the feed still moves."""
        entries = self._reader.entries
        found = self._heads.follow(entries.get(self._reader.main, []), entries.get(JournalId(self.sitting), []))
        self.raise_alarms(found)
        state = self._reader.state(self.sitting)
        is_over = state is not None and state.sitting.stage == "closed"  # nobody has anything to say any more
        vigil = None if is_over else self.vigil
        stall = None if vigil is None else vigil.feed(self.now()) or self._heads.withheld(self.now())
        self.alarms = [alarm for alarm in self.alarms if alarm.cause not in ("stalled", "stopped") or alarm == stall]
        if stall is not None:
            self.raise_alarms((stall,))

    def watch_ms(self) -> int | None:
        """When to look again whether the record goes on here."""
        due = self._heads.next_ms()
        return None if due is None or due <= self.now() else due

    def beat_ms(self) -> int | None:
        """When the next heartbeat is due; None: we can't send any."""
        core, vigil, state = self.share.state(), self.vigil, self._reader.state(self.sitting)
        if core is None or vigil is None or state is None or core.phase != "member" or core.must_update:
            return None
        return vigil.next_beat_ms() if state.sitting.group.id == core.group else None

    def beat(self, nonce: str) -> bytes | None:
        """The heartbeat that is due, as a signal; None: none is due."""
        due, group, vigil, round_ = self.beat_ms(), self.share.group, self.vigil, self.round
        if due is None or self.now() < due or group is None or vigil is None or round_ is None:
            return None
        message = vigil.beat(
            self.now(),
            group,
            nonce,
            heads=self._reader.heads(self.sitting),
            round_=round_,
            sends_under=round_ if self.sends_under is None else self.sends_under,
            tracks=self.tracks,
        )
        return None if isinstance(message, Refusal) else message

    def raise_alarms(self, alarms: tuple[Alarm, ...]) -> None:
        """Once each."""
        for alarm in alarms:
            if alarm not in self.alarms:
                _log.error("member.alarm", sitting=self.sitting, cause=alarm.cause)
                self.alarms.append(alarm)

    async def _commit(self, step: Step, body: Commit, core: State) -> None:
        group, act = self.share.group, step.act
        assert group is not None, "it has a state"
        assert act is not None, "it is a commit's"
        claims = compact(wire_form(act)["body"])
        if core.phase == "knocking":
            added = next((add for add in body.adds if add.device == self._me), None)
            if added is not None and added.knock == self.share.note.knock:
                await self._enter(step, group, act.by, claims, body.welcome)
            return
        if core.phase != "member":
            return
        done = group.process(act.by, claims, step.facts)
        match done:
            case Advance():
                self._advanced(step, done)
            case Breach():
                self.raise_alarms((Alarm("breach", f"{done.rule}: {done.reason}", done.author),))
                self._accuse(step.act_hash, _CODES.get(done.rule, "claims"))
            case Refusal(code=Code.COMMIT_EPOCH_PAST):
                pass  # loaded: it was merged before
            case Refusal():
                _log.warning("commit.not_processed", sitting=self.sitting, code=str(done.code))
                if done.code is Code.COMMIT_CANNOT_PROCESS:
                    self._accuse(step.act_hash, "cannot_process")
                self.drop()
        self.share.keep(processed=step.entry.header.seq)

    async def _enter(self, step: Step, group: Group, author: Thumbprint, claims: bytes, welcome: Hash | None) -> None:
        data = None if welcome is None else await self._fetch(welcome)
        if data is None or isinstance(data, Refusal):
            self.drop()
            return
        joined = group.join(data, author, claims, step.facts, self._reader.roster(step))
        if isinstance(joined, Refusal):
            _log.error("welcome.refused", sitting=self.sitting, code=str(joined.code))
            self.raise_alarms((Alarm("breach", joined.reason, author),))
            self.drop()
            return
        self.knocked = None
        self.share.keep(processed=step.entry.header.seq, knock=None)
        self._join(len(group.state().roster))
        self._tell(joined)

    def _advanced(self, step: Step, done: Advance) -> None:
        now = self.now()
        self.grouped_ms = now
        if done.heads is not None:
            self.raise_alarms(self._heads.testify(self.now(), done.author, done.heads))
        if done.is_own:
            self.committed_ms = self.updated_ms = now
            self.newcomers = self.newcomers or bool(done.adds)
        if done.is_removed:
            self.drop()
            return
        vigil, group = self.vigil, self.share.group
        assert vigil is not None, "a member watches"
        assert group is not None, "a member has a share"
        for removed in done.removes:
            vigil.presence.left(removed.leaf)
        vigil.grown(now, len(group.state().roster))
        for message in vigil.future(now):
            self.hear(message)
        self._tell(done)

    def _message(self, step: Step, body: Message) -> None:
        group, act = self.share.group, step.act
        data = unb64u(body.message)
        if group is None or act is None or act.by == self._me or data is None:
            return
        read = messages.read_item_key(group, data)
        if isinstance(read, Refusal):
            _log.info("message.unread", sitting=self.sitting, code=str(read.code))
        self.share.keep(processed=step.entry.header.seq)

    def _join(self, members: int) -> None:
        self.vigil = Vigil(self.now())
        self.vigil.grown(self.now(), members)
        self.grouped_ms, self.updated_ms = self.now(), None
        # A breach was of a group that is no more; its author is out, and the record says why.
        self.alarms = [alarm for alarm in self.alarms if alarm.cause != "breach"]

    def _accuse(self, commit: Hash, code: RefusedCommit) -> None:
        if commit not in self._accused:
            self._accused.add(commit)
            self.wrong = Wrong(commit, code)

    def _tell(self, advance: Advance | None) -> None:
        for listener in self.on_round:
            listener(advance)


def _is(jws: str, step: Step) -> bool:
    return step.entry.body == jws
