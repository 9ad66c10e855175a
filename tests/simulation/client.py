"""A simulated device: it keeps what it read, folds it as a reader does, and acts on nothing but its own fold.

MLS is opaque here: a commit is its claims. What a browser keeps on disk survives `reload`; the rest does not.
"""

from dataclasses import dataclass, field, replace
from random import Random

from incamera.accreditation.charter import SUITE, Role
from incamera.accreditation.credential import join
from incamera.accreditation.signature import Typ, sign
from incamera.accreditation.strict import GroupId, Hash, SittingId, b64u, sha256
from incamera.meeting.acts import (
    Act,
    Add,
    Admit,
    Body,
    CloseItem,
    Commit,
    EnrolDevice,
    GiveFloor,
    Knock,
    Leave,
    OpenItem,
    OpenSitting,
    Regroup,
    Remove,
    RequestFloor,
    TakeBackFloor,
    wire_form,
)
from incamera.meeting.rules import Breach, fold
from incamera.meeting.state import RecordState, State, initial
from incamera.meeting.terms import MeetingTerms
from incamera.meeting.visibility import Door
from incamera.record.entry import Entry, JournalId
from incamera.record.journal import merge
from tests.support.paper import Device


@dataclass(frozen=True)
class Pending:
    """An act that was signed and whose place is not known yet: posted again, the same bytes, until it is."""

    jws: str
    kind: str
    sitting: SittingId | None

    @property
    def name(self) -> Hash:
        return sha256(self.jws.encode())


@dataclass
class Client:
    """One device of the simulation."""

    device: Device
    role: Role
    terms: MeetingTerms
    random: Random
    entries: dict[JournalId, list[Entry]] = field(default_factory=dict)
    folds: dict[SittingId, RecordState] = field(default_factory=dict)
    doors: dict[SittingId, Door] = field(default_factory=dict)
    pending: Pending | None = None
    known: set[Hash] = field(default_factory=set)
    """Acts of its own that it found in the record."""
    is_enrolled: bool = False
    wants: frozenset[SittingId] = frozenset()
    """The sittings that it would be in."""
    breaches: list[Breach] = field(default_factory=list)

    # Reading.

    @property
    def main(self) -> JournalId:
        return JournalId(self.terms.meeting)

    def after(self) -> dict[JournalId, int]:
        """Where its reading stands: it asks for what comes next."""
        return {name: len(entries) for name, entries in self.entries.items()}

    def read(self, entry: Entry) -> None:
        """The next entry of a journal; one that it has already is passed over."""
        journal = entry.header.journal
        entries = self.entries.setdefault(journal, [])
        if entry.header.seq <= len(entries):
            assert entries[entry.header.seq - 1].hash == entry.hash, "the record was forked"
            return
        assert entry.header.seq == len(entries) + 1, "the feed left an entry out"
        entries.append(entry)
        self.note(entry)
        for sitting in self.sittings():
            if journal in {self.main, JournalId(sitting)}:
                self._fold(sitting, entry)

    def note(self, entry: Entry) -> None:
        """Its own act stands: by the feed, a receipt or an answer."""
        if self.pending is not None and entry.header.body == self.pending.name:
            self.is_enrolled = self.is_enrolled or self.pending.kind == EnrolDevice.kind
            self.known.add(self.pending.name)
            self.pending = None

    def sittings(self) -> list[SittingId]:
        return [sitting for sitting in self.terms.sittings if JournalId(sitting) in self.entries]

    def state(self, sitting: SittingId) -> State | None:
        """Its own fold of a sitting that it reads."""
        record = self.folds.get(sitting)
        return None if record is None else record.at(sitting)

    def _fold(self, sitting: SittingId, entry: Entry) -> None:
        record = self.folds.get(sitting)
        if record is not None and entry.header.main in {None, record.meeting.tail.place}:
            self._keep(sitting, fold(record, entry))
            return
        # The journal came late, after main had gone on: fold both again, merged.
        only = {sitting: self.terms.sittings[sitting]}
        again: RecordState | Breach = initial(replace(self.terms, sittings=only))
        for one in merge(self.entries.get(self.main, []), self.entries.get(JournalId(sitting), [])):
            assert isinstance(again, RecordState)
            main_seq = again.meeting.tail.seq
            if one.header.main is not None and one.header.main[0] > main_seq:
                return  # main has not come so far: the next entry folds it
            again = fold(again, one)
            if isinstance(again, Breach):
                break
        self._keep(sitting, again)

    def _keep(self, sitting: SittingId, folded: RecordState | Breach) -> None:
        if isinstance(folded, Breach):
            self.breaches.append(folded)
        else:
            self.folds[sitting] = folded

    def reload(self) -> None:
        """The tab was reloaded: what it had read and the pending act are on disk, the rest is made again."""
        self.doors = {}
        entries, self.entries, self.folds = self.entries, {}, {}
        for journal in entries.values():
            for entry in journal if journal and journal[0].header.main is None else ():
                self.read(entry)
        for name, journal in entries.items():
            if name != self.main:
                for entry in journal:
                    self.read(entry)

    # Acting.

    def sign(self, body: Body, sitting: SittingId | None, now: int) -> Pending:
        """An act that says what it saw of its own journals."""
        seen = []
        for name in (self.main, None if sitting is None else JournalId(sitting)):
            entries = self.entries.get(name, []) if name is not None else []
            seen.append((entries[-1].header.seq, entries[-1].hash) if entries else None)
        nonce = b64u(self.random.randbytes(16))
        act = Act(self.terms.meeting, self.device.thumbprint, sitting, seen[0], seen[1], now, nonce, body)
        jws = sign(self.device.key, Typ.ACT, wire_form(act))  # type: ignore[arg-type]
        return Pending(jws, body.kind, sitting)

    def next_act(self, now: int) -> Pending | None:
        """What it would say now, by its own fold and its role; one act at a time."""
        if self.pending is not None:
            return self.pending
        if not self.is_enrolled:
            self.pending = self.sign(EnrolDevice(join(self.device.chain)), None, now)
            return self.pending
        for sitting in sorted(self.wants):
            body = self._wish(sitting, now)
            if body is not None:
                self.pending = self.sign(body, sitting, now)
                return self.pending
        return None

    def refused(self) -> None:
        """Its act was refused: it looks again."""
        self.pending = None

    def is_member(self, sitting: SittingId) -> bool:
        state = self.state(sitting)
        return state is not None and self.device.thumbprint in state.sitting.group.present

    def _wish(self, sitting: SittingId, now: int) -> Body | None:
        state = self.state(sitting)
        if state is None or state.sitting.stage == "unopened":
            return self._at_the_door(sitting)
        me = self.device.thumbprint
        if state.sitting.stage == "closed" or me not in state.sitting.lobby.admits:
            return self._knock(state, now) if state.sitting.stage == "open" else None
        if self.role in {Role.CHAIR, Role.SECRETARIAT}:
            for device in state.sitting.lobby.knocks:
                if device not in state.sitting.lobby.admits:
                    return Admit(device)
        if me not in state.sitting.group.present:
            return self._knock(state, now) or self._regroup(state)
        return self._commit(state, now) or self._business(state)

    def _at_the_door(self, sitting: SittingId) -> Body | None:
        door = self.doors.get(sitting)
        if door is None:
            return None
        if door.stage == "unopened" and self.role in {Role.CHAIR, Role.SECRETARIAT}:
            group = GroupId(b64u(self.random.randbytes(16)))
            return OpenSitting(group, SUITE, self.device.leaf_chain(sitting, group))
        return None

    def knock_at(self, sitting: SittingId, group: str) -> Knock:
        """A knock for the group that the door names."""
        return Knock(self.device.leaf_chain(sitting, group), b64u(self.random.randbytes(48)))

    def _knock(self, state: State, now: int) -> Body | None:
        standing = state.sitting.lobby.knocks.get(self.device.thumbprint)
        if standing is not None and now - standing.at < 30_000:
            return None
        return self.knock_at(state.sitting.id, state.sitting.group.id)

    def _regroup(self, state: State) -> Body | None:
        if self.role not in {Role.CHAIR, Role.SECRETARIAT} or state.sitting.group.present:
            return None
        group = GroupId(b64u(self.random.randbytes(16)))
        return Regroup(group, SUITE, self.device.leaf_chain(state.sitting.id, group), "empty", ())

    def _commit(self, state: State, now: int) -> Commit | None:
        sitting = state.sitting
        group, lobby = sitting.group, sitting.lobby
        if now - group.committed_at.get(self.device.thumbprint, 0) < 1500:
            return None
        ready = [device for device in lobby.knocks if device in lobby.admits and device != self.device.thumbprint]
        if not ready and not group.dues and sitting.agenda.opening is None:
            return None
        removes = [
            Remove(device, group.members[device].leaf, dues[0].because, dues[0].cites)
            for device, dues in group.dues.items()
        ]
        gone = {remove.device for remove in removes}
        for device in ready:
            if device in group.members and device not in gone:
                removes.append(Remove(device, group.members[device].leaf, "replaced", lobby.knocks[device].act))
                gone.add(device)
        taken = {member.leaf for device, member in group.members.items() if device not in gone}
        free = (leaf for leaf in range(10_000) if leaf not in taken)
        adds = tuple(Add(device, next(free), lobby.knocks[device].act, lobby.admits[device]) for device in ready[:30])
        welcome = sha256(self.random.randbytes(16)) if adds else None
        message = b64u(self.random.randbytes(48))
        return Commit(group.id, group.epoch, message, welcome, adds, tuple(removes), sitting.agenda.opening)

    def _business(self, state: State) -> Body | None:
        """Now and then, something of the meeting."""
        dice = self.random.randrange(60)
        sitting, me = state.sitting, self.device.thumbprint
        speaks = sitting.floor.holder is not None and sitting.floor.holder.device == me
        if self.role in {Role.HEAD, Role.ADVISER}:
            if dice == 0 and not speaks and not sitting.floor.is_waiting(self._delegation(state)):
                return RequestFloor()
            if dice == 1 and speaks:
                return TakeBackFloor()
            return Leave() if dice == 2 else None
        if self.role is Role.CHAIR:
            waiting = [one for one in sitting.floor.waiting if one.device in sitting.group.present]
            if dice < 6 and waiting:
                return GiveFloor(waiting[0].delegation, waiting[0].device)
            if dice == 7 and sitting.agenda.open is None and sitting.agenda.opening is None:
                return OpenItem(next(iter(state.terms.items)))
            if dice == 8 and sitting.agenda.open is not None:
                return CloseItem(sitting.agenda.open)
        return None

    def _delegation(self, state: State) -> str:
        return state.meeting.enrolment.devices[self.device.thumbprint].delegation  # type: ignore[return-value]
