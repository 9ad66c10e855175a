"""What a fold remembers of a journal's past: each entry's hash, which acts are in it, which nonces were used."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from incamera.accreditation.strict import Hash

K = TypeVar("K")


@dataclass(slots=True)
class _Storage(Generic[K]):
    """One append-only list and its index, shared by all prefixes of it."""

    items: list[K] = field(default_factory=list)
    place: dict[K, int] = field(default_factory=dict)


class Past(Generic[K]):
    """An immutable sequence of different values that grows at its end in constant time.

    A journal may have 200,000 entries: a copied set at each would cost minutes. So all values of one line share one
    storage, and each sees its own length only. Growing one that is not the newest (the disk refused a batch, and the
    next one instead) copies.
    """

    __slots__ = ("_length", "_storage")

    def __init__(self) -> None:
        self._storage: _Storage[K] = _Storage()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[K]:
        return iter(self._storage.items[: self._length])

    def __contains__(self, item: K) -> bool:
        return self._storage.place.get(item, self._length) < self._length

    def __getitem__(self, place: int) -> K:
        if not 0 <= place < self._length:
            raise IndexError(place)
        return self._storage.items[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Past) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash((self._length, self[self._length - 1] if self._length else None))

    def place(self, item: K) -> int | None:
        """Where it stands, from 0; None if it is not here."""
        place = self._storage.place.get(item, self._length)
        return place if place < self._length else None

    def grown(self, item: K) -> "Past[K]":
        """The past with one more at its end."""
        assert item not in self, "a past holds different values"
        after: Past[K] = Past()
        if self._length == len(self._storage.items):
            after._storage = self._storage
        else:
            items = self._storage.items[: self._length]
            after._storage = _Storage(items, {known: place for place, known in enumerate(items)})
        after._storage.items.append(item)
        after._storage.place[item] = self._length
        after._length = self._length + 1
        return after


@dataclass(frozen=True, slots=True)
class Trail:
    """The past of one journal, as far as `decide` needs it. The place of seq n in each part is n - 1."""

    hashes: Past[Hash] = field(default_factory=Past)
    """Hashes of the entries."""
    bodies: Past[Hash] = field(default_factory=Past)
    """Hashes of their bodies; that of an act is the act's hash: an act stands once."""
    nonces: Past[tuple[str, str]] = field(default_factory=Past)
    """(author, nonce): the server's own entries have the author ""."""

    @property
    def seq(self) -> int:
        """How many entries there are: the newest one's seq."""
        return len(self.hashes)

    def holds(self, seen: tuple[int, Hash]) -> bool:
        """Whether an entry with this seq and hash is on this chain."""
        seq, digest = seen
        return 1 <= seq <= self.seq and self.hashes[seq - 1] == digest

    def seq_of(self, body: Hash) -> int | None:
        """The seq of the entry that has this body, by its hash."""
        place = self.bodies.place(body)
        return None if place is None else place + 1

    def grown(self, *, digest: Hash, body: Hash, author: str, nonce: str) -> "Trail":
        """The trail with one more entry."""
        return Trail(self.hashes.grown(digest), self.bodies.grown(body), self.nonces.grown((author, nonce)))
