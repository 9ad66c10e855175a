"""What a member watches while it sits: heartbeats heard and sent, forks by name, a feed that stalls (e2ee.md).

No socket and no clock: times (ms, monotonic) and nonces are passed in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from incamera.accreditation.strict import Thumbprint
from incamera.e2ee import heartbeat
from incamera.e2ee.facts import Heads
from incamera.e2ee.group import Group
from incamera.e2ee.heartbeat import HEARTBEAT_LARGE_MS, HEARTBEAT_MS, Fork, Heard, Heartbeat, Ledger, Presence, Track
from incamera.record.entry import Entry
from incamera.refusal import Code, Refusal

FUTURE_MS: Final = 2_000
"""A signal of an epoch that has not come here yet is kept so long (record.md 6)."""
FUTURE_MAX: Final = 256
STALL_MS: Final = 30_000
"""What somebody else has read is here within it, or the server holds it back (crates/e2ee: the same, for echoes)."""
LARGE: Final = 100
BEAT_GAP_MS: Final = 600
"""From one heartbeat to a hurried one at least: the server takes two signals a second, others are lost."""

Cause: TypeAlias = Literal["fork", "breach", "stalled", "stopped", "record", "head"]


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that must not be: it stands on screen and blocks."""

    cause: Cause
    what: str
    by: Thumbprint | None = None


class Vigil:
    """One sitting's watch; a new one for each group that is joined."""

    def __init__(self, now_ms: int) -> None:
        self.joined_ms = now_ms
        self.presence = Presence(now_ms)
        self._sent_ms: int | None = None
        self._is_hurried = False
        self._future: list[tuple[int, bytes]] = []
        self._members = 1

    def next_beat_ms(self) -> int:
        """When the next heartbeat is due."""
        if self._sent_ms is None:
            return self.joined_ms
        interval = HEARTBEAT_LARGE_MS if self._members > LARGE else HEARTBEAT_MS
        return self._sent_ms + (BEAT_GAP_MS if self._is_hurried else interval)

    def hurry(self) -> None:
        """The next heartbeat is due at once, if the last one was not a moment ago: what we send under has changed."""
        self._is_hurried = True

    def grown(self, now_ms: int, members: int) -> None:
        """The roster has so many members now."""
        if self._members == 1 and members > 1:
            self.presence.accompanied(now_ms)
        self._members = members

    def beat(
        self,
        now_ms: int,
        group: Group,
        nonce: str,
        *,
        heads: Heads,
        round_: int,
        sends_under: int,
        tracks: Sequence[Track] = (),
    ) -> bytes | Refusal:
        """Our heartbeat, as a signal."""
        self._sent_ms, self._is_hurried = now_ms, False
        beat = Heartbeat(
            heads=heads,
            round=round_,
            sends_under=sends_under,
            nonce=nonce,
            echoes=self.presence.echoes(),
            hears=self.presence.hears(now_ms),
            tracks=tuple(tracks),
        )
        message = heartbeat.send(group, beat)
        if not isinstance(message, Refusal):
            self.presence.sent(now_ms, nonce)
        return message

    def hear(self, now_ms: int, group: Group, own: int, message: bytes) -> Heard | None:
        """A signal that came: a heartbeat, or nothing that can be read (now)."""
        heard = heartbeat.read(group, message)
        if isinstance(heard, Refusal):
            if heard.code is Code.COMMIT_EPOCH_FUTURE:
                self._future = [*self._future[-FUTURE_MAX + 1 :], (now_ms + FUTURE_MS, message)]
            return None
        self.presence.heard(now_ms, own, heard)
        return heard

    def future(self, now_ms: int) -> list[bytes]:
        """Signals that waited for an epoch: to be heard again after each commit."""
        waiting, self._future = self._future, []
        return [message for until, message in waiting if until > now_ms]

    def feed(self, now_ms: int) -> Alarm | None:
        """Whether our words still reach somebody, and theirs us."""
        match self.presence.feed(now_ms, self._members):
            case "stalled":
                return Alarm("stalled", "Nothing that was sent for 30 s came back: the server may hold something back.")
            case "stopped":
                return Alarm("stopped", "Nothing came back for 100 s: nothing more is sent.")
            case _:
                return None


class HeadsWatch:
    """The hashes of both journals as we were shown them, against what others say that they were shown."""

    def __init__(self) -> None:
        self._ledger = Ledger()
        self._extended = {"main": 0, "sitting": 0}
        self._ahead: dict[str, tuple[int, int, Thumbprint]] = {}
        """By journal: an entry that somebody has and we have not, since when we know of it, and who has it."""

    def follow(self, main: Sequence[Entry], sitting: Sequence[Entry]) -> tuple[Alarm, ...]:
        """What was read since."""
        journals: Mapping[Literal["main", "sitting"], Sequence[Entry]] = {"main": main, "sitting": sitting}
        forks: list[Fork] = []
        for name, entries in journals.items():
            for entry in entries[self._extended[name] :]:
                forks += self._ledger.extend(name, entry.header.seq, entry.hash)
            self._extended[name] = len(entries)
        return tuple(_alarm(fork) for fork in forks)

    def testify(self, now_ms: int, by: Thumbprint, heads: Heads) -> tuple[Alarm, ...]:
        """What a member has seen, by its word in a heartbeat or beside a commit."""
        for name, head in (("main", heads.main), ("sitting", heads.sitting)):
            if head is not None and head.seq > self._extended[name]:
                self._ahead.setdefault(name, (head.seq, now_ms, by))
        return tuple(_alarm(fork) for fork in self._ledger.testify(by, heads))

    def withheld(self, now_ms: int) -> Alarm | None:
        """Whether the record stands still here while others read on: heartbeats that pass are no sign of life then."""
        self._ahead = {name: one for name, one in self._ahead.items() if one[0] > self._extended[name]}
        for name, (seq, since_ms, by) in self._ahead.items():
            if now_ms - since_ms >= STALL_MS:
                return Alarm(
                    "stalled", f"Entry {seq} of journal {name} was read elsewhere 30 s ago, and is not here.", by
                )
        return None

    def next_ms(self) -> int | None:
        """When `withheld` has something to say, unless what is missing comes before."""
        return min((since_ms + STALL_MS for _, since_ms, _ in self._ahead.values()), default=None)


def _alarm(fork: Fork) -> Alarm:
    what = f"Journal {fork.journal}, entry {fork.seq}: {fork.ours} here, {fork.theirs} there."
    return Alarm("fork", what, fork.by)
