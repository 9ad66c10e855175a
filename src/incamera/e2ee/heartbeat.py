"""The heartbeat, and what is learned from others': forks by name, a stalled feed, whose turn it is to commit.

Times are milliseconds of one clock that the caller passes in.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from incamera.accreditation.strict import Hash, Thumbprint
from incamera.e2ee.facts import Heads
from incamera.e2ee.group import Group, Received, ask, received
from incamera.native import HeadsLedger, Watch
from incamera.refusal import Refusal

Feed: TypeAlias = Literal["alone", "live", "stalled", "stopped"]
"""Stalled: no nonce of ours came back for 30 s. Stopped: for 100 s, and sending stops."""
HEARTBEAT_MS: Final = 10_000
HEARTBEAT_LARGE_MS: Final = 30_000
"""Above 100 members."""
HEARD_MS: Final = 15_000
"""Who was heard within it counts as there."""


@dataclass(frozen=True, slots=True)
class Track:
    """A track that its member says it publishes."""

    sid: str
    kind: str
    source: str
    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """What a member says to all every ten seconds."""

    heads: Heads
    round: int
    sends_under: int
    nonce: str
    """8 fresh bytes, b64u."""
    echoes: tuple[str, ...] = ()
    """The last nonce heard of each leaf, by leaf index; zeros for none."""
    hears: tuple[int, ...] = ()
    """Leaves heard within the window, ascending."""
    tracks: tuple[Track, ...] = field(default=())

    def json(self) -> str:
        """As the core reads it."""
        tracks = [{"sid": t.sid, "kind": t.kind, "source": t.source, "ssrcs": list(t.ssrcs)} for t in self.tracks]
        value = {
            "heads": self.heads.value(),
            "round": self.round,
            "sends_under": self.sends_under,
            "nonce": self.nonce,
            "echoes": list(self.echoes),
            "hears": list(self.hears),
            "tracks": tracks,
        }
        return json.dumps(value, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Heard:
    """A heartbeat and whose it is."""

    by: Received
    beat: Heartbeat


@dataclass(frozen=True, slots=True)
class Fork:
    """Two members were shown different entries at one place."""

    journal: Literal["main", "sitting"]
    seq: int
    ours: Hash
    theirs: Hash
    by: Thumbprint


def send(group: Group, beat: Heartbeat) -> bytes | Refusal:
    """A heartbeat as a signal."""
    return ask(lambda: group.native.heartbeat(beat.json()))


def read(group: Group, message: bytes) -> Heard | Refusal:
    """Another member's heartbeat."""

    def call() -> Heard:
        about, beat = group.native.read_heartbeat(message)
        return Heard(received(about, b""), _heartbeat(json.loads(beat)))

    return ask(call)


class Ledger:
    """The hashes of both journals as we were shown them: who names another hash was shown another record."""

    __slots__ = ("_native",)

    def __init__(self) -> None:
        self._native = HeadsLedger()

    def extend(self, journal: Literal["main", "sitting"], seq: int, hash: Hash) -> tuple[Fork, ...]:
        """An entry as we were shown it, in order: the forks that it makes visible."""
        is_taken, forks = self._native.extend(journal == "main", seq, hash)
        assert is_taken, "the journal refused an entry out of order"
        return _forks(forks)

    def testify(self, by: Thumbprint, heads: Heads) -> tuple[Fork, ...]:
        """What a member has seen: compared now, or when we reach that place."""
        return _forks(self._native.testify(by, heads.json()))


class Presence:
    """Who was heard when, in one group; made anew for each group that is joined."""

    __slots__ = ("_native",)

    def __init__(self, now_ms: int) -> None:
        self._native = Watch(now_ms)

    def sent(self, now_ms: int, nonce: str) -> None:
        """A heartbeat with this nonce went out."""
        self._native.sent(now_ms, nonce)

    def heard(self, now_ms: int, own: int, heard: Heard) -> None:
        """A heartbeat came; `own` is our leaf."""
        self._native.heard(now_ms, own, heard.by.leaf, heard.beat.json())

    def left(self, leaf: int) -> None:
        """A leaf is nobody's now, or somebody else's."""
        self._native.left(leaf)

    def accompanied(self, now_ms: int) -> None:
        """Somebody joined us who were alone: that time was no silence."""
        self._native.accompanied(now_ms)

    def feed(self, now_ms: int, members: int) -> Feed:
        """What the echoes say, for a roster of so many."""
        word = self._native.feed(now_ms, members)
        for feed in ("alone", "live", "stalled", "stopped"):
            if word == feed:
                return feed
        raise AssertionError("the core has four words")

    def echoes(self) -> tuple[str, ...]:
        """For the next heartbeat."""
        return tuple(self._native.echoes())

    def hears(self, now_ms: int, window_ms: int = HEARD_MS) -> tuple[int, ...]:
        """For the next heartbeat: who was heard within the window."""
        return tuple(self._native.hears(now_ms, window_ms))

    def silent(self, now_ms: int, leaves: tuple[int, ...]) -> tuple[int, ...]:
        """Who was not heard for ten minutes."""
        return tuple(self._native.silent(now_ms, leaves))

    def turn(
        self, now_ms: int, own: int, leaves: tuple[int, ...], leaving: frozenset[int], since_ms: int
    ) -> int | None:
        """From when it is our turn to commit what became due at `since_ms`; None while it is never ours."""
        return self._native.turn(now_ms, own, leaves, sorted(leaving), since_ms)


def next_update(leaf: int, joined_ms: int, updated_ms: int | None) -> int:
    """When a leaf should update: within five minutes of its join, then every half hour, staggered by its index."""
    return Watch.next_update(leaf, joined_ms, updated_ms)


def _forks(text: str) -> tuple[Fork, ...]:
    return tuple(
        Fork(fork["journal"], fork["seq"], Hash(fork["ours"]), Hash(fork["theirs"]), Thumbprint(fork["by"]))
        for fork in json.loads(text)
    )


def _heartbeat(value: dict[str, Any]) -> Heartbeat:
    return Heartbeat(
        heads=Heads.of(value["heads"]),
        round=value["round"],
        sends_under=value["sends_under"],
        nonce=value["nonce"],
        echoes=tuple(value["echoes"]),
        hears=tuple(value["hears"]),
        tracks=tuple(Track(t["sid"], t["kind"], t["source"], tuple(t["ssrcs"])) for t in value["tracks"]),
    )
