"""What a member does in a sitting, carried out: signed, saved, posted, and posted again until the server has answered.

One act at a time goes out of the share's note, saved before it is posted; the same bytes again are the same act.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from incamera import log
from incamera.accreditation.charter import SUITE, Text
from incamera.accreditation.strict import GroupId, Hash, ItemId, SittingId, Thumbprint, b64u, read, sha256
from incamera.clock import Clock
from incamera.e2ee import messages
from incamera.e2ee.facts import Facts, Plan
from incamera.e2ee.group import Group
from incamera.meeting.acts import Admit, Body, Commit, Knock, OpenSitting, RefuseCommit, RefuseKnock, Regroup
from incamera.member import conduct, titles
from incamera.member.client import Client, Posted
from incamera.member.conduct import Knocked
from incamera.member.device import Identity
from incamera.member.membership import Membership
from incamera.member.reader import Reader
from incamera.member.share import Note, Share, founder_facts
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

Sign = Callable[[Body, SittingId | None], str]
"""An act of this device, with what it has seen."""


class Deeds:
    """One sitting's acts of this device."""

    def __init__(
        self,
        sitting: SittingId,
        *,
        identity: Identity,
        share: Share,
        reader: Reader,
        client: Client,
        sign: Sign,
        clock: Clock,
    ) -> None:
        self.id = sitting
        self.refusal: Refusal | None = None
        """The last thing that was refused, for the screen."""
        self.not_before_ms = 0
        self.conflict_ms: int | None = None
        """When a commit of ours that lost is dropped, unless the winner's came before."""
        self.admitted_ms: deque[int] = deque(maxlen=conduct.ADMITS_AT_ONCE)
        """When we let each of the last ones in."""
        self.has_knocked = False
        """Whether a knock was filed since somebody last set it."""
        self.membership = Membership(
            sitting, identity=identity, share=share, reader=reader, fetch=self._welcome, clock=clock
        )
        self._identity, self._share, self._reader = identity, share, reader
        self._client, self._sign, self._clock = client, sign, clock
        self._awaited = 0

    @property
    def is_posting(self) -> bool:
        """Whether an act of ours stands by the server's answer, and its entry is not here yet."""
        return len(self._reader.entries.get(JournalId(self.id), ())) < self._awaited

    def facts(self) -> Facts:
        """What the record says at its end."""
        facts = self._reader.facts(self.id, self._clock.now_ms())
        assert facts is not None, "who is in the group reads the sitting"
        return facts

    def drop_lost(self) -> None:
        """The winner of a race did not come: the pending commit is dropped all the same."""
        group = self._share.group
        if self.conflict_ms is not None and self._now() >= self.conflict_ms and group is not None:
            self.conflict_ms = None
            group.discard()

    def _now(self) -> int:
        return self.membership.now()

    async def post_title(self, item: ItemId, title: Text) -> Refusal | None:
        """Give the item's key to the group, and post its title sealed."""
        group = self._share.group
        if group is None or group.state().phase != "member":
            return Refusal(Code.MEMBER_MISSING, "This device is not in the group.", "Wait until it is.")
        if item not in messages.items(group):
            key = titles.key_message(group, item, self._reader.heads(self.id))
            refusal = key if isinstance(key, Refusal) else self._share.save()
            answer = refusal or await self.act(key)  # type: ignore[arg-type]
            if isinstance(answer, Refusal):
                self.membership.newcomers = True  # the key is made, and nobody has it
                return answer
        body = titles.sealed_title(group, item, title)
        answer = body if isinstance(body, Refusal) else await self.act(body)
        return answer if isinstance(answer, Refusal) else None

    async def act(self, body: Body) -> Posted | Refusal:
        """Sign and post an act in this sitting."""
        answer = await self._client.post(self._sign(body, self.id))
        if isinstance(answer, Refusal):
            self._refused(answer)
        return answer

    async def carry_out(self, step: conduct.Step) -> None:
        """Do what `conduct` says."""
        match step:
            case conduct.Open():
                await self._found(lambda group, chain: OpenSitting(group, SUITE, chain))
            case conduct.MakeGroup(because=because, without=without):
                await self._found(lambda group, chain: Regroup(group, SUITE, chain, because, without))
            case conduct.KnockAt(group=group):
                await self._knock(group)
            case conduct.AdmitDevices(devices=devices):
                await self._admit(devices)
            case conduct.TurnAway(knock=knock):
                await self._file(self._sign(RefuseKnock(knock, "key_package"), self.id))
            case conduct.Accuse(commit=commit, code=code):
                self.membership.wrong = None
                await self._file(self._sign(RefuseCommit(commit, code), self.id))
            case conduct.MakeCommit(plan=plan):
                await self._commit(plan)

    async def _admit(self, devices: Sequence[Thumbprint]) -> None:
        """Side by side: thirty who come at once do not wait for thirty answers, one after the other."""
        self.admitted_ms.extend(self._now() for _ in devices)
        await asyncio.gather(*(self._file(self._sign(Admit(device), self.id)) for device in devices))

    async def _found(self, body: Callable[[GroupId, str], Body]) -> None:
        """A group of our own: it counts if our act is the first."""
        name, now = Group.new_id(), self._clock.now_ms()
        prepared = self._share.prepare(self._reader.trust(), name, now)
        if isinstance(prepared, Refusal):
            return self._refused(prepared)
        group, chain = prepared
        jws = self._sign(body(name, chain), self.id)
        refusal = group.found(chain, founder_facts(self._identity.thumbprint, now))
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
        draft = group.commit(plan, self.facts(), self._reader.heads(self.id))
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

    async def tell_keys(self) -> None:
        """The committer of an Add sends the keys of the items to who came."""
        group = self._share.group
        if not self.membership.newcomers or group is None or group.state().phase != "member":
            return
        self.membership.newcomers = False
        for item in messages.items(group):
            key = titles.key_message(group, item, self._reader.heads(self.id))
            if not isinstance(key, Refusal) and self._share.save() is None:
                answer = await self._file(self._sign(key, self.id))
                self.membership.newcomers |= isinstance(answer, Refusal) and answer.code in _AGAIN

    async def _welcome(self, name: Hash) -> bytes | Refusal:
        """The Welcome; asked for until the server answers."""
        while True:
            welcome = await self._client.welcome(self._identity.key, name)
            if not isinstance(welcome, Refusal) or welcome.code not in _AGAIN:
                return welcome
            await asyncio.sleep(RETRY_MS / 1000)

    async def post_again(self) -> int | None:
        """An act of ours has no answer yet, perhaps from an earlier life: the same bytes."""
        jws = self._share.note.act
        assert jws is not None, "asked for one that waits"
        if self._now() < self.not_before_ms:
            return self.not_before_ms
        if (welcome := self._unsent_welcome(jws)) is not None:
            # The Welcome is not kept: a commit that adds somebody is made again.
            welcome.discard()
            self._share.keep(act=None)
            return self._now()
        await self._file(jws)
        return max(self._now(), self.not_before_ms)

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
            self.has_knocked = self.has_knocked or self._share.note.knock is not None
            reads = JournalId(self.id) in self._reader.entries or self._share.note.knock is None
            seq = answer.entry.header.seq
            self._awaited = max(self._awaited, seq) if reads and not self._is_excluded() else 0
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
                self.conflict_ms = self._now() + CONFLICT_MS
            else:
                group.discard()
        return answer

    def _is_excluded(self) -> bool:
        state = self._reader.state(self.id)
        return state is not None and conduct.is_excluded(state, self._identity.thumbprint)

    def _note(self, *, act: str, knock: Hash | None = None) -> Note:
        return Note(processed=self._share.note.processed, act=act, knock=knock)

    def _refused(self, refusal: Refusal) -> None:
        _log.info("member.refused", sitting=self.id, code=str(refusal.code))
        self.refusal = refusal
        wait = LATER_MS if refusal.code in _LATER else RETRY_MS if refusal.code in _AGAIN else SOON_MS
        if refusal.code is Code.COMMIT_SOON:
            wait = RETRY_MS
        self.not_before_ms = self._now() + wait
