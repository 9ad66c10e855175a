"""A device's share of one sitting's group, as it is kept: the core's sealed state and our note beside it.

What is posted is saved before, so that a process that dies in between posts the same bytes again, and no ratchet or key
package is used twice.
"""

import json
from dataclasses import dataclass, replace

from incamera.accreditation.credential import LeafPlace
from incamera.accreditation.enrolment import vouch
from incamera.accreditation.signature import public_key
from incamera.accreditation.statements import Period
from incamera.accreditation.strict import GroupId, Hash, MeetingId, SittingId, Thumbprint, compact
from incamera.e2ee.facts import Facts, Trust
from incamera.e2ee.group import Group, State
from incamera.member.conduct import Knocked
from incamera.member.device import Identity, StateFolder
from incamera.refusal import Refusal

LEAF_MS = 2 * 24 * 3600 * 1000 - 10 * 60 * 1000
"""A leaf's statement, within the two days that it may have."""
SKEW_MS = 60 * 1000


@dataclass(frozen=True, slots=True)
class Note:
    """What we must know beside the core's state."""

    processed: int = 0
    """The seq of the sitting's last entry that the core has seen."""
    act: str | None = None
    """The signed act that waits for its entry."""
    knock: Hash | None = None
    """The act of our knock."""

    def at(self, seq: int) -> "Note":
        """After an entry."""
        return replace(self, processed=max(seq, self.processed))

    def octets(self) -> bytes:
        """As it lies in the sealed state."""
        return compact({"processed": self.processed, "act": self.act, "knock": self.knock})

    @classmethod
    def of(cls, data: bytes) -> "Note":
        """From the sealed state, which nobody else wrote."""
        value = json.loads(data)
        return cls(value["processed"], value["act"], None if value["knock"] is None else Hash(value["knock"]))


class Share:
    """The group's core and its note, and where both are kept."""

    def __init__(self, folder: StateFolder, identity: Identity, meeting: MeetingId, sitting: SittingId) -> None:
        self._folder = folder
        self._identity = identity
        self._meeting = meeting
        self._sitting = sitting
        self._group: Group | None = None
        self._previous: Group | None = None
        self.note = Note()
        self.was_loaded = False
        """Whether it is an earlier life's, and nothing was made since."""

    @property
    def group(self) -> Group | None:
        """The core's object."""
        return self._group

    def state(self) -> State | None:
        """Where the core stands."""
        return None if self._group is None else self._group.state()

    def load(self, trust: Trust, now_ms: int) -> Knocked | Refusal | None:
        """What was kept. A state that can't be read is of no use: we knock again."""
        sealed = self._folder.group(self._sitting)
        if sealed is None:
            return None
        loaded = Group.load(self._folder.key, sealed, trust, self._sitting)
        if isinstance(loaded, Refusal):
            self._folder.drop_group(self._sitting)
            return loaded
        self._group, data = loaded
        self.note = Note.of(data)
        self.was_loaded = True
        state = self._group.state()
        if self.note.knock is None or state.group is None:
            return None
        return Knocked(self.note.knock, state.group, now_ms)

    def prepare(self, trust: Trust, group: GroupId, now_ms: int) -> tuple[Group, str] | Refusal:
        """A new leaf with its chain of four; the old group's item keys go along. `adopt` makes it ours."""
        fresh = Group.prepare(trust, self._sitting, self._group or self._previous)
        if isinstance(fresh, Refusal):
            return fresh
        leaf = public_key(fresh.leaf_key())
        if isinstance(leaf, Refusal):
            return leaf
        place = LeafPlace(self._sitting, group)
        period = Period(now_ms, now_ms - SKEW_MS, now_ms + LEAF_MS)
        return fresh, vouch(self._identity.chain, self._identity.key, self._meeting, place, leaf, period)

    def adopt(self, group: Group, note: Note) -> Refusal | None:
        """Our share is this now; on disk before anything that it made is posted."""
        self._group, self.note, self.was_loaded = group, note, False
        return self.save()

    def keep(self, **parts: object) -> Refusal | None:
        """Change the note, and save."""
        self.note = replace(self.note, **parts)  # type: ignore[arg-type]
        return self.save()

    def save(self) -> Refusal | None:
        """Seal and write."""
        if self._group is None:
            return None
        sealed = self._group.save(self._folder.key, self.note.octets())
        if isinstance(sealed, Refusal):
            return sealed
        self._folder.keep_group(self._sitting, sealed)
        return None

    def drop(self) -> None:
        """The share is of no use any more; its item keys stay at hand for the next."""
        if self._group is not None:
            self._previous = self._group
        self._group, self.note = None, Note(processed=self.note.processed)
        self._folder.drop_group(self._sitting)


def founder_facts(device: Thumbprint, at_ms: int) -> Facts:
    """For who founds a group: nobody else is in it."""
    return Facts(at_ms=at_ms, admitted={device: frozenset()}, knocks={}, due=(), revoked=frozenset())
