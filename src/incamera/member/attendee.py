"""A device at a meeting: enrols by its link, follows the feed, is in the sittings it chose, across lost connections.

It meets the server on the wire only. `run` ends when it is asked to, when the device is revoked, or at a breach of the
record.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from secrets import token_bytes
from ssl import SSLContext
from typing import Final, Literal, TypeAlias

from incamera import log
from incamera.accreditation.enrolment import enrol
from incamera.accreditation.invitation import Invitation
from incamera.accreditation.signature import SigningKey, Typ, sign
from incamera.accreditation.statements import Period
from incamera.accreditation.strict import SittingId, Thumbprint, b64u
from incamera.clock import Clock
from incamera.limits import TOKEN_SECONDS
from incamera.meeting.acts import Act, Body, EnrolDevice, wire_form
from incamera.meeting.rules import Breach
from incamera.member.choice import Wants
from incamera.member.client import RENEW_BEFORE_S, Client
from incamera.member.conduct import Manner
from incamera.member.device import Identity, StateFolder
from incamera.member.feed import Doors, Ended, Entries, Feed, Message, Receipt, Signal, opened
from incamera.member.reader import Reader
from incamera.member.sitting import Sitting
from incamera.member.sittings import Sittings
from incamera.member.vigil import Alarm
from incamera.record.entry import Entry, JournalId, Place
from incamera.record.journal import Fork
from incamera.refusal import Code, Refusal

_log = log.logger(__name__)

RETRY_S: Final = 0.25
RETRY_MAX_S: Final = 8.0
SKEW_MS: Final = 60 * 1000

End: TypeAlias = Literal["asked", "closed", "revoked", "alarmed", "refused"]
"""Closed: the sitting that it was in, where it does not go on into the next."""
_LASTING: Final = frozenset(
    {
        Code.ENROLMENT_USED,
        Code.ENROLMENT_LOCKED,
        Code.ENROLMENT_UNKNOWN,
        Code.CHARTER_AUTHORITY,
        Code.CHARTER_PART,
        Code.CHAIN_MEETING,
        Code.CHAIN_ISSUER,
        Code.CHAIN_SEAT,
        Code.CHAIN_TIME,
        Code.STATE_UNREADABLE,
        Code.DEVICE_REVOKED,
    }
)
"""Refusals that asking again does not change."""


class Attendee:
    """One seat's device at one meeting."""

    def __init__(
        self,
        invitation: Invitation,
        folder: StateFolder,
        clock: Clock,
        tls: SSLContext,
        *,
        manner: Manner | None = None,
        wants: Wants = "first",
    ) -> None:
        self.invitation = invitation
        self.clock = clock
        self.client = Client(invitation.origin, invitation.meeting, clock, tls)
        self.reader = Reader(invitation.authority, invitation.meeting)
        self.alarms: list[Alarm] = []
        self.refusal: Refusal | None = None
        """Why it is not in: the last refusal, the server's or for want of it; None while the feed stands."""
        self.identity: Identity | None = None
        self.on_sitting: list[Callable[[Sitting], None]] = []
        """Called with each sitting that it goes into."""
        self.on_refusal: list[Callable[[Refusal], None]] = []
        """Called with what keeps it out, each time that it was tried."""
        self._folder = folder
        self._manner = manner or Manner()
        opens = self._manner.opens
        self._sittings = Sittings(self.reader, wants, opens=opens, make=self._made_sitting, begin=self._begin)
        self._feed: Feed | None = None
        self._ends: dict[JournalId, Place] | None = None
        self._lives: dict[SittingId, asyncio.Task[None]] = {}
        self._end: End | None = None
        self._over = asyncio.Event()
        self._changed: asyncio.Condition = asyncio.Condition()

    @property
    def sittings(self) -> Mapping[SittingId, Sitting]:
        """Those that it has gone into, by id."""
        return self._sittings.known

    @property
    def me(self) -> Thumbprint:
        """Our device."""
        assert self.identity is not None, "it is made when `run` begins"
        return self.identity.thumbprint

    async def run(self, asked: asyncio.Event) -> End:
        """Attend until asked to end, or until it can't go on."""
        work = [asyncio.create_task(self._attend()), asyncio.create_task(self._wait_for(asked))]
        over = asyncio.create_task(self._over.wait())
        try:
            done, _ = await asyncio.wait({over, *work}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # a mistake of ours is not swallowed
            await over
        finally:
            tasks = [*work, over, *self._lives.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.client.aclose()
        return self._end or "asked"

    async def sitting(self, name: SittingId | None = None) -> Sitting:
        """The sitting that it is in, or goes into: the one of this id, or the first."""
        async with self._changed:
            await self._changed.wait_for(lambda: name in self.sittings if name else bool(self.sittings))
        return self.sittings[name] if name else next(iter(self.sittings.values()))

    def end(self, how: End) -> None:
        """End it, as `run` will say; what ended it first counts."""
        self._finish(how)

    def sign(self, body: Body, sitting: SittingId | None) -> str:
        """An act of this device, that says what it has seen of its own journals."""
        assert self.identity is not None, "it is made when `run` begins"
        main, own = self.reader.seen(sitting)
        meeting, nonce = self.invitation.meeting, b64u(token_bytes(16))
        act = Act(meeting, self.me, sitting, main, own, self.clock.now_ms(), nonce, body)
        return sign(self.identity.key, Typ.ACT, wire_form(act))  # type: ignore[arg-type]

    # Getting in.

    async def _wait_for(self, asked: asyncio.Event) -> None:
        await asked.wait()
        self._finish("asked")
        await asyncio.Event().wait()

    def _finish(self, end: End) -> None:
        if self._end is None:
            self._end = end
            self._over.set()

    async def _attend(self) -> None:
        is_restored, delay = False, RETRY_S
        while self._end is None:
            refusal = await self._enter()
            if refusal is None and not is_restored:
                is_restored = True
                kept = self._folder.charter()
                refusal = None if kept is None else self.reader.learn(*kept)
                await self._take([entry for journal in self._kept() for entry in journal], is_new=False)
            if refusal is None and self._end is None:
                refusal = await self._follow()
                delay = RETRY_S
            if refusal is not None:
                self.refusal = refusal
                _log.info("member.refused", code=str(refusal.code))
                for told in self.on_refusal:
                    told(refusal)
                if refusal.code in _LASTING:
                    self._finish("revoked" if refusal.code is Code.DEVICE_REVOKED else "refused")
                    break
            await asyncio.sleep(delay)
            delay = min(delay * 2, RETRY_MAX_S)
        await asyncio.Event().wait()

    def _kept(self) -> list[list[Entry]]:
        """The journals of an earlier life: main first, so that the sittings' fold merged."""
        journals = self._folder.journals()
        main = journals.pop(self.reader.main, [])
        return [main, *journals.values()]

    async def _enter(self) -> Refusal | None:
        """The device, enrolled, with its charter: whatever of it is not there yet."""
        if self.identity is None:
            kept = self._folder.identity(self.invitation)
            if isinstance(kept, Refusal):
                return kept
            made = kept or await self._made()
            if isinstance(made, Refusal):
                return made
            self.identity = made
        token = await self.client.token(self.identity.key)
        if isinstance(token, Refusal) and token.code is Code.PROOF_INVALID:
            posted = await self.client.post(self.sign(EnrolDevice(self.identity.chain), None))
            if isinstance(posted, Refusal) and posted.code is not Code.ENROLMENT_KNOWN:
                return posted
            token = await self.client.token(self.identity.key)
        if isinstance(token, Refusal):
            return token
        return await self._learn()

    async def _made(self) -> Identity | Refusal:
        """A new device: its key, and the link's statement for it. On disk before the link is used up."""
        invited = await self.client.invited(self.invitation.key.thumbprint)
        if isinstance(invited, Refusal):
            return invited
        refusal = self.reader.learn(invited.charters, {})
        if refusal is not None:
            return refusal
        charter = self.reader.charters[-1]
        key, now = SigningKey(token_bytes(32)), self.clock.now_ms()
        period = Period(now, now - SKEW_MS, charter.payload.period.until_ms)
        chain = enrol(self.invitation, charter, invited.statements, key.public, period)
        if isinstance(chain, Refusal):
            return chain
        identity = Identity(key, chain, self.invitation.key.thumbprint)
        self._folder.keep_identity(self.invitation.meeting, identity)
        return identity

    async def _learn(self) -> Refusal | None:
        assert self.identity is not None, "who asks has a device"
        given = await self.client.charters(self.identity.key)
        if isinstance(given, Refusal):
            return given
        refusal = self.reader.learn(given.charters, given.parts)
        if refusal is None:
            self._folder.keep_charter(given.charters, self.reader.parts)
            for sitting in self.sittings.values():
                sitting.membership.trusts()
        return refusal

    # Following.

    async def _follow(self) -> Refusal | None:
        """One connection of the feed, to its end; why it ended, if the server said."""
        assert self.identity is not None, "who follows has a device"
        token = await self.client.prove(self.identity.key)
        if isinstance(token, Refusal):
            return token
        async with opened(self.client, token.text, self.reader.after()) as feed:
            if isinstance(feed, Refusal):
                return feed
            self._feed, self._ends, self.refusal = feed, None, None
            renewing = asyncio.create_task(self._renew(feed))
            try:
                async for message in feed:
                    refusal = await self._hear(message)
                    if refusal is not None or self._end is not None:
                        return refusal
            finally:
                renewing.cancel()
                self._feed, self._ends = None, None
                for sitting in self.sittings.values():
                    sitting.live(False)
        return None

    async def _renew(self, feed: Feed) -> None:
        assert self.identity is not None, "who follows has a device"
        while True:
            await asyncio.sleep(int(TOKEN_SECONDS) - RENEW_BEFORE_S)
            token = await self.client.prove(self.identity.key)
            while isinstance(token, Refusal):
                await asyncio.sleep(RETRY_MAX_S / 2)
                token = await self.client.prove(self.identity.key)
            await feed.renew(token.text)

    async def _hear(self, message: Message) -> Refusal | None:
        match message:
            case Entries(entries=entries, head=head):
                refusal = await self._take(list(entries))
                if refusal is None and self._end is None:
                    self._check_head(head)
                return refusal
            case Doors(doors=doors):
                # A reader is told first where its journals end: who was not, reads none.
                self._ends = {} if self._ends is None else self._ends
                self._sittings.see(doors)
                self._go_on()
            case Receipt(entry=entry):
                breach = self.reader.receipt(entry)
                if breach is not None:
                    self._breached(breach)
            case Signal(sitting=name, message=signal):
                if name in self.sittings:
                    self.sittings[name].signal(signal)
            case Ended(refusal=refusal, is_final=is_final):
                if is_final:
                    return refusal
                _log.info("signal.refused", code=str(refusal.code))
        return None

    async def _take(self, entries: list[Entry], *, is_new: bool = True) -> Refusal | None:
        if entries and self.reader.lacks_parts({entry.header.journal for entry in entries}):
            refusal = await self._learn()
            if refusal is not None:
                return refusal
            if self.reader.lacks_parts({entry.header.journal for entry in entries}):
                return Refusal(
                    Code.CHARTER_PART, "The server keeps parts of the charter back.", "Call the secretariat."
                )
        had = self.reader.after()
        steps, breach = self.reader.take(entries)
        if is_new:
            self._folder.append(entry for entry in entries if entry.header.seq > had.get(entry.header.journal, 0))
        for step in steps:
            self._sittings.of(step.sitting).take(step)
        if breach is not None:
            self._breached(breach)
        self._sittings.choose()
        self._go_on()
        return None

    def _go_on(self) -> None:
        for sitting in self.sittings.values():
            sitting.live(self._is_live())

    def _check_head(self, head: str) -> None:
        checked = self.reader.check_head(head)
        match checked:
            case Fork():
                self._alarm(Alarm("fork", str(checked)))
            case Refusal():
                self._alarm(Alarm("head", checked.reason))
            case _:
                self._ends = {**checked}
                if checked and self.reader.has(checked):
                    self._folder.keep_head(checked, head)
                self._go_on()

    def _is_live(self) -> bool:
        return self._feed is not None and self._ends is not None and self.reader.has(self._ends)

    def _breached(self, breach: Breach) -> None:
        self._alarm(Alarm("record", str(breach)))
        self.refusal = breach.refusal

    def _alarm(self, alarm: Alarm) -> None:
        """The record is not what it must be: nothing more is done on its word."""
        _log.error("record.alarm", cause=alarm.cause)
        self.alarms.append(alarm)
        self._finish("alarmed")

    # Sittings.

    def _made_sitting(self, name: SittingId) -> Sitting:
        assert self.identity is not None, "who reads has a device"
        return Sitting(
            name,
            identity=self.identity,
            folder=self._folder,
            reader=self.reader,
            client=self.client,
            sign=self.sign,
            send=self._signal,
            clock=self.clock,
            manner=self._manner,
        )

    def _begin(self, sitting: Sitting) -> None:
        sitting.live(self._is_live())
        self._lives[sitting.id] = asyncio.create_task(self._live(sitting), name=f"sitting {sitting.id}")
        for listener in self.on_sitting:
            listener(sitting)

    async def _live(self, sitting: Sitting) -> None:
        async with self._changed:
            self._changed.notify_all()
        try:
            await sitting.run()
        except Exception:
            _log.exception("sitting.failed", sitting=sitting.id)
            self._finish("alarmed")
            raise

    async def _signal(self, sitting: SittingId, message: bytes) -> None:
        if self._feed is not None:
            with contextlib.suppress(ConnectionError):
                await self._feed.signal(sitting, message)
