"""All meetings of a server: created from a signed charter, loaded by a fold of the store, kept."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

from incamera.accreditation.charter import (
    Charter,
    Contents,
    PartId,
    check_succession,
    open_charter,
    open_contents,
)
from incamera.accreditation.signature import PublicKey, Signed, SigningKey, Typ, open_signed, split
from incamera.accreditation.statements import (
    DelegationStatement,
    SeatStatement,
    parse_delegation,
    parse_seat,
)
from incamera.accreditation.strict import ID_BYTES, MeetingId, Members, SittingId, Thumbprint, is_id, read
from incamera.clock import Clock
from incamera.log import logger
from incamera.media.plane import Identity, Joined, MediaPlane, RoomName
from incamera.meeting.rules import advance, chain_refusal, decided_at
from incamera.meeting.state import initial
from incamera.meeting.terms import MeetingTerms, meeting_terms
from incamera.proceedings.deadlines import Deadlines
from incamera.proceedings.receipts import Receipts
from incamera.proceedings.registrar import Registrar
from incamera.proceedings.usher import Usher
from incamera.record.entry import JournalId
from incamera.record.store import Store, StoreCorrupt, StoredStatement
from incamera.refusal import Code, Refusal

_log = logger(__name__)

T = TypeVar("T")

AGAIN_SECONDS: Final = 1.0
UNKNOWN: Final = Refusal(
    Code.MEETING_UNKNOWN, "There is no such meeting on this server.", "Check the link, or create the meeting."
)


@dataclass(frozen=True, slots=True, eq=False)
class Proceedings:
    """A meeting that is being served."""

    registrar: Registrar
    usher: Usher
    charters: tuple[Signed[Charter], ...]
    contents: Contents
    parts: Mapping[PartId, bytes]


@dataclass(frozen=True, slots=True)
class Invited:
    """What the holder of a link gets before it enrols: the charters' cores, and the statements of its chain."""

    charters: tuple[str, ...]
    statements: tuple[str, str]


class Meetings:
    """The meetings of one server. `running` is its life."""

    def __init__(
        self,
        store: Store,
        *,
        plane: MediaPlane,
        key: SigningKey,
        authorities: Collection[Thumbprint],
        clock: Clock,
        nonce: Callable[[], str],
    ) -> None:
        """`key` signs heads; `authorities` are those that the settings name: nobody else's charter makes a meeting."""
        self._store = store
        self._plane = plane
        self._key = key
        self._authorities = frozenset(authorities)
        self._clock = clock
        self._nonce = nonce
        self._served: dict[MeetingId, Proceedings] = {}
        self._loading = asyncio.Lock()
        self._tasks: asyncio.TaskGroup | None = None
        self._loops: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Meetings"]:
        """Serve until the end: the loops of meetings live within, and end with it."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                self._loops.append(tasks.create_task(self._wake()))
                try:
                    yield self
                finally:
                    for proceedings in self._served.values():
                        proceedings.registrar.close()
                    for loop in self._loops:
                        loop.cancel()
        finally:
            self._tasks = None
            self._loops.clear()
            self._served.clear()

    async def create(
        self, charter: str, parts: Mapping[PartId, bytes], statements: Sequence[str]
    ) -> tuple[MeetingId, bool] | Refusal:
        """Create a meeting from what its authority signed; False: the same one was there already."""
        signed = open_charter(charter, authorities=self._authorities)
        if isinstance(signed, Refusal):
            return signed
        terms = self._terms((signed,), parts)
        if isinstance(terms, Refusal):
            return terms
        stored = _check_statements(signed, statements)
        if isinstance(stored, Refusal):
            return stored
        created = await self._store.create_meeting(terms.meeting, charter, parts, stored)
        if isinstance(created, Refusal):
            return created
        if not created:
            # The same charter again, perhaps with the statements of more invitations.
            refusal = await self._store.add_statements(terms.meeting, stored)
            if refusal is not None:
                return refusal
        else:
            _log.info("meeting.created", meeting=terms.meeting)
        return terms.meeting, created

    async def serve(self, meeting: MeetingId) -> Proceedings | Refusal:
        """The meeting, loaded if it is not served yet."""
        served = self._served.get(meeting)
        if served is not None:
            return served
        async with self._loading:
            if meeting not in self._served:
                loaded = await self._load(meeting)
                if isinstance(loaded, Refusal):
                    return loaded
                self._served[meeting] = loaded
            return self._served[meeting]

    async def invited(self, meeting: MeetingId, invitation: Thumbprint) -> Invited | Refusal:
        """What the holder of a link gets, by the thumbprint of its seat's one-time key, which only the link has."""
        unknown = Refusal(Code.ENROLMENT_UNKNOWN, "No invitation has this key.", "Ask the secretariat for a new link.")
        charters = await self._store.charters(meeting)
        if not charters:
            return unknown
        statements = await self._store.statements(meeting)
        for one in statements:
            seat = None if one.seat is None else _stored(one.jws, Typ.SEAT, parse_seat)
            if seat is None or seat.key.thumbprint != invitation:
                continue
            for above in statements:
                # By key, not by name: a delegation that was invited with a second key has two statements.
                upper = None if above.seat is not None else _stored(above.jws, Typ.DELEGATION, parse_delegation)
                if upper is not None and upper.key.thumbprint == seat.issuer:
                    return Invited(charters, (above.jws, one.jws))
        return unknown

    async def may_enter(self, room: str, identity: str) -> Refusal | None:
        """Why a participant has no place in a sitting's room by the record of this moment, whatever its ticket says.

        After a restart the meeting is served first, if it is not yet. Rooms that are no sitting's are not ours to keep.
        """
        try:
            await self._serve_room(RoomName(room))
        except Exception as error:  # its disk's: who can't be looked up does not come in
            _log.error("meeting.not_served", kind=type(error).__name__)
            return Refusal(Code.TICKET_UNAVAILABLE, "The meeting's record can't be read.", "Tell who runs the server.")
        for served in self._served.values():
            if room in served.registrar.record.sittings:
                return served.usher.may_enter(RoomName(room), Identity(identity))
        return None

    def statistics(self) -> dict[str, dict[str, int]]:
        """What is served, and each part's counts."""
        return {
            meeting: {**served.registrar.statistics(), **served.usher.statistics()}
            for meeting, served in self._served.items()
        }

    async def _wake(self) -> None:
        """Serve a meeting when somebody comes into a room of its: its usher says whether that one still may.

        After a restart nobody else may have asked for it yet, and tickets of before are still in time.
        """
        async for event in self._plane.events():
            if isinstance(event, Joined):
                try:
                    await self._serve_room(event.room)
                except Exception as error:  # one meeting's, on its disk: the others go on
                    _log.error("meeting.not_served", kind=type(error).__name__)

    async def _serve_room(self, room: RoomName) -> None:
        sitting = SittingId(room)
        is_served = any(sitting in served.registrar.record.sittings for served in self._served.values())
        if is_served or not is_id(room, ID_BYTES):
            return
        for meeting in await self._store.meetings():
            if meeting not in self._served and JournalId(sitting) in await self._store.tails(meeting):
                await self.serve(meeting)

    async def _load(self, meeting: MeetingId) -> Proceedings | Refusal:
        charters: list[Signed[Charter]] = []
        for jws in await self._store.charters(meeting):
            signed = open_charter(jws, authorities=self._authorities)
            if isinstance(signed, Refusal):
                return signed
            charters.append(signed)
        if not charters:
            return UNKNOWN
        parts = await self._store.parts(meeting)
        contents = open_contents(parts, charters[-1].payload)
        terms = check_succession(charters) or self._terms(charters, parts)
        if isinstance(terms, Refusal) or isinstance(contents, Refusal):
            raise StoreCorrupt(f"meeting {meeting}: its stored charter does not open")
        registrar = await self._fold(terms)
        started = await registrar.start(charters[-1].hash)
        if isinstance(started, Refusal):
            return started
        usher = Usher(self._plane, self._clock, lambda: registrar.record)
        waiting = Deadlines(registrar, self._clock)
        registrar.follow(usher.follow)
        registrar.follow(waiting.follow)
        assert self._tasks is not None, "meetings are served while `running`"
        for run in (usher.run, waiting.run):
            self._loops.append(self._tasks.create_task(_again_and_again(run, meeting)))
        _log.info("meeting.served", meeting=meeting, entries=registrar.record.meeting.tail.seq)
        return Proceedings(registrar, usher, tuple(charters), contents, parts)

    async def _fold(self, terms: MeetingTerms) -> Registrar:
        """The registrar on the whole record, each entry checked as a reader does: a changed disk is not served."""
        record, receipts = initial(terms), Receipts()
        async for placed in self._store.read_all(terms.meeting):
            decided = chain_refusal(record, placed.entry) or decided_at(record, placed.entry)
            if isinstance(decided, Refusal):
                raise StoreCorrupt(f"meeting {terms.meeting}, entry {placed.entry.header.seq}: {decided}")
            record = advance(record, placed.entry, decided)
            receipts.note(record, placed.entry, decided)
        return Registrar(record, receipts, store=self._store, key=self._key, clock=self._clock, nonce=self._nonce)

    def _terms(self, charters: Sequence[Signed[Charter]], parts: Mapping[PartId, bytes]) -> MeetingTerms | Refusal:
        """The terms of a charter with all its parts, and with this server's key as the registrar's, if it has one."""
        charter = charters[-1].payload
        contents = open_contents(parts, charter)
        if isinstance(contents, Refusal):
            return contents
        if parts.keys() != charter.parts.keys():
            return Refusal(
                Code.CHARTER_PART, "Not all parts of the charter came with it.", "Send each part that the core names."
            )
        if charter.registrar not in {None, self._key.public}:
            return Refusal(
                Code.CHARTER_AUTHORITY,
                "The charter names another server's key as the registrar's.",
                "Create the meeting there, or sign a charter that names this one's, or none.",
            )
        return meeting_terms(charters, contents)


async def _again_and_again(run: Callable[[], Awaitable[None]], meeting: MeetingId) -> None:
    """A meeting's loop; after a mistake of ours it begins anew, else one meeting would end the whole server."""
    while True:
        try:
            await run()
        except Exception as error:
            _log.error("meeting.loop_failed", meeting=meeting, kind=type(error).__name__)
        await asyncio.sleep(AGAIN_SECONDS)


def _check_statements(charter: Signed[Charter], statements: Sequence[str]) -> tuple[StoredStatement, ...] | Refusal:
    """The upper statements that came with a charter: delegations' by the authority, seats' by a delegation's key."""
    by_key: dict[Thumbprint, DelegationStatement] = {}
    seats: list[str] = []
    stored: list[StoredStatement] = []
    elsewhere = Refusal(
        Code.CHAIN_MEETING, "A statement is of another meeting than the charter.", "Send this meeting's statements."
    )
    for jws in statements:
        delegation = open_signed(jws, typ=Typ.DELEGATION, key=charter.signer, parse=parse_delegation)
        if isinstance(delegation, Refusal):
            seats.append(jws)
        elif (delegation.payload.meeting, delegation.payload.issuer) != (charter.payload.meeting, charter.issuer):
            return elsewhere
        else:
            by_key[delegation.payload.key.thumbprint] = delegation.payload
            stored.append(StoredStatement(delegation.payload.delegation, None, jws))

    def issuer(statement: SeatStatement) -> PublicKey | Refusal:
        found = by_key.get(statement.issuer)
        if found is None or found.delegation != statement.delegation:
            return Refusal(
                Code.SIGNATURE_SIGNER, "A seat's statement has no delegation's above it.", "Send the delegations' too."
            )
        return found.key

    for jws in seats:
        seat = open_signed(jws, typ=Typ.SEAT, key=issuer, parse=parse_seat)
        if isinstance(seat, Refusal):
            return seat
        if seat.payload.meeting != charter.payload.meeting:
            return elsewhere
        stored.append(StoredStatement(seat.payload.delegation, seat.payload.seat, jws))
    return tuple(stored)


def _stored(jws: str, typ: Typ, parse: Callable[[Members], T]) -> T | None:
    """The payload of a stored statement; its signature was verified when it was stored."""
    form = split(jws, typ=typ)
    statement = form if isinstance(form, Refusal) else read(form.payload, parse, what="statement")
    return None if isinstance(statement, Refusal) else statement
