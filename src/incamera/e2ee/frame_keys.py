"""When which media key is set, switched to and overwritten, in LiveKit's key ring (e2ee.md). Pure: commands out.

A Python member has no gate in front of its decoder, so old keys must go: after a removal and its overlap each
older index of each sender is overwritten with random bytes, which the shell draws.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

RING: Final = 16
"""LiveKit's key ring."""
JOIN_SWITCH_MS: Final = 300
"""After a join senders switch so long after they processed it: the others process it too in that time."""
REMOVAL_OVERLAP_MS: Final = 2_000
"""After a removal older keys are overwritten so long after."""
JOIN_OVERLAP_MS: Final = 10_000
"""After a join a sender's old key is accepted until its heartbeat says that it switched, at most so long."""
UNDER_WAY_MS: Final = 2_000
"""What a sender sealed before it switched may come so long after its heartbeat: media and record go by other ways."""
SALT: Final = b"LKFrameEncryptionKey"
"""LiveKit's salt; both SDKs derive AES-128 from the base key by HKDF-SHA-256."""


@dataclass(frozen=True, slots=True)
class SetKey:
    """Put a base key into a participant's ring."""

    identity: str
    index: int
    key: bytes

    def __repr__(self) -> str:
        return f"SetKey({self.identity}, {self.index}, •)"


@dataclass(frozen=True, slots=True)
class Overwrite:
    """Put random bytes there: nothing under that index is accepted any more."""

    identity: str
    index: int


@dataclass(frozen=True, slots=True)
class SendUnder:
    """Switch all own tracks, and those that come, to an index."""

    index: int


Command: TypeAlias = SetKey | Overwrite | SendUnder


def index_of(round: int) -> int:
    """A round's place in the ring."""
    return round % RING


class FrameKeys:
    """The rings of all participants, as far as they must be known to be changed. Times are milliseconds, passed in."""

    def __init__(self, own: str) -> None:
        self._own = own
        self._round: int | None = None
        self._sends_under: int | None = None
        self._switch_at: int | None = None
        self._filled: dict[str, set[int]] = {}
        self._stale: dict[int, set[tuple[str, int]]] = {}

    @property
    def round(self) -> int | None:
        """The newest round whose keys stand here."""
        return self._round

    @property
    def sends_under(self) -> int | None:
        """The round whose key own media goes out under: what the heartbeat says."""
        return self._sends_under

    def advance(self, now_ms: int, round: int, keys: Mapping[str, bytes], *, is_removal: bool) -> list[Command]:
        """A new round: the keys of all identities known, one's own too. A regroup counts as a removal."""
        index = index_of(round)
        gone = [identity for identity in self._filled if identity not in keys]
        commands: list[Command] = [Overwrite(who, old) for who in gone for old in sorted(self._filled.pop(who))]
        overlap = REMOVAL_OVERLAP_MS if is_removal else JOIN_OVERLAP_MS
        before = {(who, old) for who, filled in self._filled.items() for old in filled if old != index}
        if before:
            self._stale.setdefault(now_ms + overlap, set()).update(before)
        # The ring wraps: what stands at the new index now is a new key, and not to be overwritten later.
        for places in self._stale.values():
            places.difference_update({(who, index) for who in keys})
        commands += self._set(keys, index)
        self._round = round
        is_first = self._sends_under is None
        self._switch_at = now_ms if is_removal or is_first else now_ms + JOIN_SWITCH_MS
        return commands + self.due(now_ms)

    def appear(self, keys: Mapping[str, bytes]) -> list[Command]:
        """Participants that appeared since: their keys of the present round."""
        return [] if self._round is None else self._set(keys, index_of(self._round))

    def switched(self, now_ms: int, identity: str, round: int) -> None:
        """A member's heartbeat says that it sends under this round: its older keys go once nothing is under way."""
        if round != self._round:
            return
        older = {(identity, old) for old in self._filled.get(identity, ()) if old != index_of(round)}
        if older:
            self._stale.setdefault(now_ms + UNDER_WAY_MS, set()).update(older)

    def opens(self, identity: str, round: int) -> bool:
        """Whether what this participant seals under a round can be opened here."""
        newest = self._round
        is_near = newest is not None and newest - RING < round <= newest
        return is_near and index_of(round) in self._filled.get(identity, ())

    def due(self, now_ms: int) -> list[Command]:
        """What is due by now: the switch of one's own sending, and old keys to be overwritten."""
        commands: list[Command] = []
        if self._switch_at is not None and self._switch_at <= now_ms and self._round is not None:
            self._switch_at = None
            self._sends_under = self._round
            commands.append(SendUnder(index_of(self._round)))
        for at in sorted(at for at in self._stale if at <= now_ms):
            commands += [
                self._forget(who, old) for who, old in sorted(self._stale.pop(at)) if old in self._filled.get(who, ())
            ]
        return commands

    def next_ms(self) -> int | None:
        """When `due` should be asked next."""
        times = [*self._stale, *([] if self._switch_at is None else [self._switch_at])]
        return min(times, default=None)

    def _set(self, keys: Mapping[str, bytes], index: int) -> list[Command]:
        for identity in keys:
            self._filled.setdefault(identity, set()).add(index)
        return [SetKey(identity, index, key) for identity, key in keys.items()]

    def _forget(self, identity: str, index: int) -> Overwrite:
        self._filled[identity].discard(index)
        return Overwrite(identity, index)


def identities_of(devices: Iterable[str], identities: Iterable[str]) -> tuple[str, ...]:
    """The identities in the room that are a rostered device's: nobody else has a key."""
    known = frozenset(devices)
    return tuple(identity for identity in identities if identity.partition(".")[0] in known)
