"""A sitting's MLS group, as one device has it: entries in, acts to post and values out. The typed face of crates/e2ee.

Contract (crates/e2ee/src/group.rs):
1. `prepare`; the device signs the leaf's statement; then `found`, or `knock` and, once a commit added us, `join`.
2. Every accepted `mls.commit` of the group goes to `process`, one's own too, in the journal's order.
3. `save` after each of these, and before anything that `commit` or `knock` made is posted.
4. A `Breach` blocks: nothing is sent or exported any more. The way on is a new group (`sitting.regroup`).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, TypeVar, cast

from incamera.accreditation.strict import GroupId, Hash, ItemId, SittingId, Thumbprint, unb64u
from incamera.e2ee.facts import Because, Facts, Heads, Knock, Plan, RosterLeaf, Trust, roster_json
from incamera.native import E2eeRefused, SittingGroup
from incamera.refusal import Code, Refusal

T = TypeVar("T")
Phase: TypeAlias = Literal["leaf", "knocking", "member", "removed", "blocked"]

_CHAIN_RULES: Final = (
    Code.CHAIN_LENGTH,
    Code.CHAIN_FORM,
    Code.CHAIN_PAYLOAD,
    Code.CHAIN_KEY,
    Code.CHAIN_AUTHORITY,
    Code.CHAIN_ISSUER,
    Code.CHAIN_SIGNATURE,
    Code.CHAIN_MEETING,
    Code.CHAIN_CHARTER,
    Code.CHAIN_SEAT,
    Code.CHAIN_TIME,
    Code.CHAIN_SITTING,
    Code.CHAIN_ENROLLED,
    Code.CHAIN_REVOKED,
)
_REMEDIES: Final = {
    Code.GROUP_BLOCKED: "Whoever may open the sitting makes a new group.",
    Code.GROUP_UPDATE_FIRST: "Commit an update first.",
    Code.COMMIT_PENDING: "Wait for its entry, or for the entry of another commit of this epoch.",
    Code.COMMIT_STALE: "Make it again, with all removals that are due.",
    Code.COMMIT_CANNOT_PROCESS: "Knock again.",
    Code.COMMIT_LOST: "Knock again.",
    Code.KNOCK_REFUSED: "Let the device knock again, with a current client.",
    Code.WELCOME_REFUSED: "Tell the chair, by another channel, and knock again.",
    Code.STATE_UNREADABLE: "Knock again: the old state is of no use.",
    Code.ITEM_KEY_UNKNOWN: "Ask a member that has the item's key to send it.",
}
_REMEDY: Final = "Try again; if it stays, knock again."


@dataclass(frozen=True, slots=True)
class Breach:
    """An accepted commit that does not do what its act says, or may not: which check it failed, and who sent it."""

    rule: str
    """`CLAIM-1` to `CLAIM-16` (docs/explanation/e2ee.md)."""
    author: Thumbprint
    reason: str
    is_stale: bool
    """A removal that was due is missing: it may be an honest race that the server should not have let through."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A member, as the authority signed it."""

    leaf: int
    device: Thumbprint
    delegation: str
    seat: str
    until_ms: int
    """When its chain ends: it knocks again before."""


@dataclass(frozen=True, slots=True)
class Added:
    """A claim that was checked: who came."""

    device: Thumbprint
    leaf: int


@dataclass(frozen=True, slots=True)
class Removed:
    """A claim that was checked: who went, and why."""

    device: Thumbprint
    leaf: int
    because: Because


@dataclass(frozen=True, slots=True)
class Advance:
    """A step from one epoch to the next."""

    epoch: int
    author: Thumbprint
    is_own: bool
    has_lost: bool
    """A commit of ours lost the race: make it again."""
    adds: tuple[Added, ...]
    removes: tuple[Removed, ...]
    item: ItemId | None
    is_removed: bool
    """We are out of the group."""
    heads: Heads | None
    """What the author had read."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A staged commit. Upload the Welcome, then post the act; `process` merges it when it comes back."""

    body: str
    """The body of the `mls.commit` act, compact JSON."""
    welcome: bytes | None


@dataclass(frozen=True, slots=True)
class Received:
    """A message that was opened: its author as the roster has it now."""

    leaf: int
    device: Thumbprint
    epoch: int
    heads: Heads
    content: bytes


@dataclass(frozen=True, slots=True)
class State:
    """Where the group stands; no secret is in it."""

    phase: Phase
    group: GroupId | None
    epoch: int | None
    leaf: int | None
    roster: tuple[Seat, ...]
    must_update: bool
    pending: Hash | None
    """The hash of the pending commit's message."""
    blocked: Breach | None


class Group:
    """One leaf of one group, from its key to its removal. Calls are short, release the GIL, and queue a group."""

    __slots__ = ("_changes", "_known", "_native")

    def __init__(self, native: SittingGroup) -> None:
        self._native = native
        self._changes = 0
        """Calls that may have changed where the group stands."""
        self._known: tuple[int, State] | None = None
        """Where it stood after so many: it is asked for at each frame and each piece of news."""

    @staticmethod
    def prepare(trust: Trust, sitting: SittingId, predecessor: "Group | None" = None) -> "Group | Refusal":
        """A new leaf. After a regroup the predecessor's item keys go along."""
        before = None if predecessor is None else predecessor._native
        return _ask(lambda: Group(SittingGroup.prepare(trust.json(), sitting, before)))

    @staticmethod
    def load(key: bytes, sealed: bytes, trust: Trust, sitting: SittingId) -> "tuple[Group, bytes] | Refusal":
        """What `save` made, and its note. Nothing is sent in the loaded epoch: a commit comes first."""

        def call() -> tuple[Group, bytes]:
            native, note = SittingGroup.load(key, sealed, trust.json(), sitting)
            return Group(native), note

        return _ask(call)

    @staticmethod
    def new_id() -> GroupId:
        """A new group's id: it stands in the founder's leaf statement."""
        return GroupId(SittingGroup.new_id())

    def save(self, key: bytes, note: bytes) -> bytes | Refusal:
        """The whole state, sealed under 32 bytes; the note is the caller's: an act to post, places in the journals."""
        return _ask(lambda: self._native.save(key, note))

    def trust(self, trust: Trust) -> Refusal | None:
        """The charter was amended."""
        return self._change(lambda: self._native.trust(trust.json()))

    def leaf_key(self) -> bytes:
        """The leaf's public key, for the statement that the device signs."""
        octets = unb64u(self._native.leaf_key())
        assert octets is not None, "the core writes canonical b64u"
        return octets

    def found(self, chain: str, facts: Facts) -> Refusal | None:
        """Found the group that the chain's leaf statement names: epoch 0, alone."""
        return self._change(lambda: self._native.found(chain, facts.json()))

    def knock(self, chain: str, at_ms: int) -> bytes | Refusal:
        """The key package of a knock: single use."""
        return self._change(lambda: self._native.knock(chain, at_ms))

    def inspect(self, knock: Knock, facts: Facts) -> Refusal | None:
        """Why a knock can't be added, or None."""
        refusal = _ask(lambda: self._native.inspect(json.dumps(knock.value()), facts.json()))
        return refusal if isinstance(refusal, Refusal) else None

    def commit(self, plan: Plan, facts: Facts, heads: Heads, *, judged: bool = True) -> Draft | Refusal:
        """Stage a commit, judged as the others will judge it. `judged=False` is the tests' colluding member."""

        def call() -> Draft:
            body, welcome = self._native.commit(plan.json(), facts.json(), heads.json(), judged=judged)
            return Draft(body, welcome)

        return self._change(call)

    def pending_body(self) -> str | None:
        """The body of the pending commit's act: to be posted again after a reload."""
        return self._native.pending_claims()

    def discard(self) -> Refusal | None:
        """Drop the pending commit: the server refused it for good. A lost race needs no call."""
        return self._change(self._native.discard)

    def process(self, author: Thumbprint, body: bytes, facts: Facts) -> Advance | Breach | Refusal:
        """An accepted commit of the journal, one's own too. `facts` stand at its entry's place."""
        try:
            return _advance(json.loads(self._native.process(author, body, facts.json())))
        except E2eeRefused as error:
            return _breach(error) or _refusal(error)
        finally:
            self._changes += 1

    def join(
        self, welcome: bytes, author: Thumbprint, body: bytes, facts: Facts, roster: tuple[RosterLeaf, ...]
    ) -> Advance | Refusal:
        """Join by an accepted commit's Welcome: its tree must be the record's roster after it, leaf by leaf."""
        native = self._native
        roster_, facts_ = roster_json(roster), facts.json()
        return self._change(lambda: _advance(json.loads(native.join(welcome, author, body, facts_, roster_))))

    def encrypt(self, content: bytes, heads: Heads) -> bytes | Refusal:
        """A message to the group."""
        return _ask(lambda: self._native.encrypt(content, heads.json()))

    def decrypt(self, message: bytes) -> Received | Refusal:
        """Open a message of a member of the present roster. One's own do not come back through here."""

        def call() -> Received:
            about, content = self._native.decrypt(message)
            return received(about, content)

        return _ask(call)

    def words(self, language: Literal["en", "fr"]) -> tuple[str, ...] | Refusal:
        """The epoch's eight words."""
        return _ask(lambda: tuple(self._native.words(language)))

    def frame_key(self, identity: str) -> bytes | Refusal:
        """The base key of a participant of the room (`<device>.<instance>`) in the present epoch: 32 bytes."""
        return _ask(lambda: self._native.frame_key(identity))

    def state(self) -> State:
        """Where the group stands."""
        changes, known = self._changes, self._known
        if known is None or known[0] != changes:
            known = self._known = changes, self._stand()
        return known[1]

    def _change(self, call: Callable[[], T]) -> T | Refusal:
        """A call that may change where the group stands, refused too."""
        try:
            return _ask(call)
        finally:
            self._changes += 1

    def _stand(self) -> State:
        value = json.loads(self._native.state())
        blocked = value["blocked"]
        return State(
            phase=value["phase"],
            group=value["group"],
            epoch=value["epoch"],
            leaf=value["leaf"],
            roster=tuple(
                Seat(seat["leaf"], Thumbprint(seat["device"]), seat["delegation"], seat["seat"], seat["until"])
                for seat in value["roster"]
            ),
            must_update=value["must_update"],
            pending=value["pending"],
            blocked=blocked
            and Breach(blocked["rule"], Thumbprint(blocked["author"]), "", blocked["rule"] in _STALE_RULES),
        )

    @property
    def native(self) -> SittingGroup:
        """The core's object, for the other modules of this part."""
        return self._native


_STALE_RULES: Final = ("CLAIM-14", "CLAIM-16")


def ask(call: Callable[[], T]) -> T | Refusal:
    """What the core answers, or its refusal with a remedy."""
    return _ask(call)


def received(about: str, content: bytes) -> Received:
    """A message's author as the core tells it."""
    value = json.loads(about)
    return Received(value["leaf"], Thumbprint(value["device"]), value["epoch"], Heads.of(value["heads"]), content)


def _ask(call: Callable[[], T]) -> T | Refusal:
    try:
        return call()
    except E2eeRefused as error:
        return _refusal(error)


def _told(error: E2eeRefused) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(error.args[0]))


def _refusal(error: E2eeRefused) -> Refusal:
    told = _told(error)
    rule = told["rule"] or ""
    if told["code"] == "chain.refused":
        code = _CHAIN_RULES[int(rule.removeprefix("CHAIN-")) - 1]
        return Refusal(
            code, f"The chain is refused by {rule}: {told['reason']}.", "Ask the secretariat for a new invitation."
        )
    code = Code(told["code"])
    reason = told["reason"] if not rule else f"{rule}: {told['reason']}"
    return Refusal(code, f"{reason[:1].upper()}{reason[1:]}.", _REMEDIES.get(code, _REMEDY))


def _breach(error: E2eeRefused) -> Breach | None:
    told = _told(error)
    if told["code"] not in ("commit.breach", "commit.stale"):
        return None
    return Breach(told["rule"], Thumbprint(told["author"]), told["reason"], told["code"] == "commit.stale")


def _advance(value: dict[str, Any]) -> Advance:
    return Advance(
        epoch=value["epoch"],
        author=Thumbprint(value["author"]),
        is_own=value["own"],
        has_lost=value["lost"],
        adds=tuple(Added(Thumbprint(add["device"]), add["leaf"]) for add in value["adds"]),
        removes=tuple(
            Removed(Thumbprint(remove["device"]), remove["leaf"], remove["because"]) for remove in value["removes"]
        ),
        item=value["item"],
        is_removed=value["removed"],
        heads=None if value["heads"] is None else Heads.of(value["heads"]),
    )
