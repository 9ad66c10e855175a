"""The closed union of acts: what a device may say, in its wire form (record.md 3), parsed strictly into values."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import ClassVar, Final, Generic, Literal, TypeAlias, TypeVar, get_args

from incamera.accreditation.strict import (
    DelegationId,
    GroupId,
    Hash,
    ItemId,
    Malformed,
    MeetingId,
    Members,
    SeatId,
    SittingId,
    Thumbprint,
    hash_of,
    integer_of,
    thumbprint_of,
)
from incamera.limits import (
    CHAIN_BYTES,
    COMMIT_ADDS,
    COMMIT_BYTES,
    DEVICES,
    KEY_PACKAGE_BYTES,
    MESSAGE_BYTES,
    SEALED_BYTES,
)

Seen: TypeAlias = tuple[int, Hash]
"""A place in a journal: seq and the entry's hash."""
NONCE_BYTES: Final = 16

RegroupReason = Literal["empty", "unreadable", "refused"]
"""Why a new group: nobody is left in the old one, its state is unreadable, or a commit of it was refused."""
RefusedCommit = Literal["claims", "chain", "signature", "malformed", "cannot_process"]
"""What is wrong with a commit; `cannot_process` speaks of the one who says it, the others of the commit."""
RefusedKnock = Literal["not_now", "not_known", "not_listed", "key_package"]
"""Why a knock is refused."""
RemovalReason = Literal["excluded", "left", "revoked", "silent", "replaced"]
"""Why a leaf is removed."""
REGROUP_REASONS: Final[Mapping[str, RegroupReason]] = {word: word for word in get_args(RegroupReason)}
REFUSED_COMMITS: Final[Mapping[str, RefusedCommit]] = {word: word for word in get_args(RefusedCommit)}
REFUSED_KNOCKS: Final[Mapping[str, RefusedKnock]] = {word: word for word in get_args(RefusedKnock)}
REMOVAL_REASONS: Final[Mapping[str, RemovalReason]] = {word: word for word in get_args(RemovalReason)}
LEAF_MAX: Final = 2**31 - 1
"""A leaf index is a u32 of which half are leaves (RFC 9420, appendix C)."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A body that only members of the sitting open: AES-256-GCM under an item key. The server folds it opaquely."""

    item: ItemId
    key: Hash
    """SHA-256 of the item key, b64u."""
    sealed: str
    """b64u of nonce (12 bytes), ciphertext, tag."""

    @classmethod
    def read(cls, body: Members) -> "Sealed":
        """The body from its wire form."""
        return cls(body.item(), body.hash("key"), _octets(body, "sealed", least=29, most=int(SEALED_BYTES)))


@dataclass(frozen=True, slots=True)
class EnrolDevice:
    """Make a device known: the chain authority → delegation → seat → device."""

    kind: ClassVar = "device.enrol"
    chain: str

    @classmethod
    def read(cls, body: Members) -> "EnrolDevice":
        """The body from its wire form."""
        return cls(_chain(body))


@dataclass(frozen=True, slots=True)
class RevokeDevice:
    """End a device's part in the meeting, for good."""

    kind: ClassVar = "device.revoke"
    device: Thumbprint

    @classmethod
    def read(cls, body: Members) -> "RevokeDevice":
        """The body from its wire form."""
        return cls(body.thumbprint("device"))


@dataclass(frozen=True, slots=True)
class ReopenInvitation:
    """Permit exactly one more enrolment by a seat's link."""

    kind: ClassVar = "invitation.reopen"
    seat: SeatId

    @classmethod
    def read(cls, body: Members) -> "ReopenInvitation":
        """The body from its wire form."""
        return cls(body.seat())


@dataclass(frozen=True, slots=True)
class OpenSitting:
    """Open a sitting with a new MLS group, of which the author alone is a member at epoch 0."""

    kind: ClassVar = "sitting.open"
    group: GroupId
    suite: str
    chain: str

    @classmethod
    def read(cls, body: Members) -> "OpenSitting":
        """The body from its wire form."""
        return cls(body.group(), body.text("suite", longest=100), _chain(body))


@dataclass(frozen=True, slots=True)
class Regroup:
    """Replace the sitting's MLS group by a new one, without some devices."""

    kind: ClassVar = "sitting.regroup"
    group: GroupId
    suite: str
    chain: str
    because: RegroupReason
    without: tuple[Thumbprint, ...]

    @classmethod
    def read(cls, body: Members) -> "Regroup":
        """The body from its wire form."""
        return cls(
            body.group(),
            body.text("suite", longest=100),
            _chain(body),
            body.one_of("because", REGROUP_REASONS),
            body.array("without", thumbprint_of, most=int(DEVICES)),
        )


@dataclass(frozen=True, slots=True)
class CloseSitting:
    """Close a sitting for good; what the act has seen is the journal's countersigned head."""

    kind: ClassVar = "sitting.close"

    @classmethod
    def read(cls, body: Members) -> "CloseSitting":
        """The body from its wire form."""
        return cls()


@dataclass(frozen=True, slots=True)
class Knock:
    """Ask to be admitted: the whole chain, down to the leaf, and a key package of that leaf's key."""

    kind: ClassVar = "lobby.knock"
    chain: str
    key_package: str

    @classmethod
    def read(cls, body: Members) -> "Knock":
        """The body from its wire form."""
        return cls(_chain(body), _octets(body, "key_package", most=int(KEY_PACKAGE_BYTES)))


@dataclass(frozen=True, slots=True)
class Admit:
    """Admit a device to a sitting."""

    kind: ClassVar = "lobby.admit"
    device: Thumbprint

    @classmethod
    def read(cls, body: Members) -> "Admit":
        """The body from its wire form."""
        return cls(body.thumbprint("device"))


@dataclass(frozen=True, slots=True)
class RefuseKnock:
    """Turn a knock away."""

    kind: ClassVar = "lobby.refuse"
    knock: Hash
    code: RefusedKnock

    @classmethod
    def read(cls, body: Members) -> "RefuseKnock":
        """The body from its wire form."""
        return cls(body.hash("knock"), body.one_of("code", REFUSED_KNOCKS))


@dataclass(frozen=True, slots=True)
class Exclude:
    """End a device's admission to a sitting."""

    kind: ClassVar = "lobby.exclude"
    device: Thumbprint

    @classmethod
    def read(cls, body: Members) -> "Exclude":
        """The body from its wire form."""
        return cls(body.thumbprint("device"))


@dataclass(frozen=True, slots=True)
class Leave:
    """Leave a sitting, or its door."""

    kind: ClassVar = "lobby.leave"

    @classmethod
    def read(cls, body: Members) -> "Leave":
        """The body from its wire form."""
        return cls()


@dataclass(frozen=True, slots=True)
class Add:
    """A claim of a commit: this device is added at this leaf, as these two acts allow."""

    device: Thumbprint
    leaf: int
    knock: Hash
    admit: Hash

    @classmethod
    def read(cls, body: Members) -> "Add":
        """The body from its wire form."""
        return cls(
            body.thumbprint("device"), body.integer("leaf", most=LEAF_MAX), body.hash("knock"), body.hash("admit")
        )


@dataclass(frozen=True, slots=True)
class Remove:
    """A claim of a commit: this device is removed from this leaf, for this reason, by this act."""

    device: Thumbprint
    leaf: int
    because: RemovalReason
    cites: Hash | None

    @classmethod
    def read(cls, body: Members) -> "Remove":
        """The claim from its wire form."""
        return cls(
            body.thumbprint("device"),
            body.integer("leaf", most=LEAF_MAX),
            body.one_of("because", REMOVAL_REASONS),
            body.optional("cites", body.hash),
        )


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of the sitting's MLS group, and in clear all that it does."""

    kind: ClassVar = "mls.commit"
    group: GroupId
    epoch: int
    """The epoch that it leaves."""
    message: str
    welcome: Hash | None
    adds: tuple[Add, ...]
    removes: tuple[Remove, ...]
    item: ItemId | None

    @classmethod
    def read(cls, body: Members) -> "Commit":
        """The body from its wire form."""
        return cls(
            body.group(),
            body.integer("epoch"),
            _octets(body, "message", most=int(COMMIT_BYTES)),
            body.optional("welcome", body.hash),
            tuple(Add.read(add) for add in body.objects("adds", most=int(COMMIT_ADDS))),
            tuple(Remove.read(remove) for remove in body.objects("removes", most=int(DEVICES))),
            body.optional("item", body.item),
        )


@dataclass(frozen=True, slots=True)
class RefuseCommit:
    """Say that an accepted commit is wrong, or can't be processed."""

    kind: ClassVar = "mls.refuse"
    commit: Hash
    code: RefusedCommit

    @classmethod
    def read(cls, body: Members) -> "RefuseCommit":
        """The body from its wire form."""
        return cls(body.hash("commit"), body.one_of("code", REFUSED_COMMITS))


@dataclass(frozen=True, slots=True)
class Message:
    """A stored MLS application message (an item's key, say): opaque here."""

    kind: ClassVar = "mls.message"
    group: GroupId
    epoch: int
    message: str

    @classmethod
    def read(cls, body: Members) -> "Message":
        """The body from its wire form."""
        return cls(body.group(), body.integer("epoch"), _octets(body, "message", most=int(MESSAGE_BYTES)))


@dataclass(frozen=True, slots=True)
class RequestFloor:
    """Ask to speak: joins the end of the intervention list."""

    kind: ClassVar = "floor.request"

    @classmethod
    def read(cls, body: Members) -> "RequestFloor":
        """The body from its wire form."""
        return cls()


@dataclass(frozen=True, slots=True)
class WithdrawRequest:
    """Leave the intervention list."""

    kind: ClassVar = "floor.withdraw"

    @classmethod
    def read(cls, body: Members) -> "WithdrawRequest":
        """The body from its wire form."""
        return cls()


@dataclass(frozen=True, slots=True)
class GiveFloor:
    """Give the floor to a delegation, at one of its devices."""

    kind: ClassVar = "floor.give"
    delegation: DelegationId
    device: Thumbprint

    @classmethod
    def read(cls, body: Members) -> "GiveFloor":
        """The body from its wire form."""
        return cls(body.delegation(), body.thumbprint("device"))


@dataclass(frozen=True, slots=True)
class TakeBackFloor:
    """Take the floor back, or give it back."""

    kind: ClassVar = "floor.take_back"

    @classmethod
    def read(cls, body: Members) -> "TakeBackFloor":
        """The body from its wire form."""
        return cls()


@dataclass(frozen=True, slots=True)
class TitleItem:
    """Post the sealed title of a restricted item."""

    kind: ClassVar = "agenda.title"
    item: ItemId
    title: Sealed

    @classmethod
    def read(cls, body: Members) -> "TitleItem":
        """The body from its wire form."""
        return cls(body.item(), Sealed.read(body.object("title")))


@dataclass(frozen=True, slots=True)
class OpenItem:
    """Open an item of the agenda; it is open once a commit names it."""

    kind: ClassVar = "agenda.open"
    item: ItemId

    @classmethod
    def read(cls, body: Members) -> "OpenItem":
        """The body from its wire form."""
        return cls(body.item())


@dataclass(frozen=True, slots=True)
class CloseItem:
    """Close an item of the agenda."""

    kind: ClassVar = "agenda.close"
    item: ItemId

    @classmethod
    def read(cls, body: Members) -> "CloseItem":
        """The body from its wire form."""
        return cls(body.item())


Body = (
    EnrolDevice
    | RevokeDevice
    | ReopenInvitation
    | OpenSitting
    | Regroup
    | CloseSitting
    | Knock
    | Admit
    | RefuseKnock
    | Exclude
    | Leave
    | Commit
    | RefuseCommit
    | Message
    | RequestFloor
    | WithdrawRequest
    | GiveFloor
    | TakeBackFloor
    | TitleItem
    | OpenItem
    | CloseItem
)
BODIES: Final[Mapping[str, type[Body]]] = {body.kind: body for body in get_args(Body)}
B = TypeVar("B", bound=Body, covariant=True)


@dataclass(frozen=True, slots=True)
class Act(Generic[B]):
    """What a device signed: who, which kind, which sitting, what its author had seen, when."""

    meeting: MeetingId
    by: Thumbprint
    sitting: SittingId | None
    seen_main: Seen | None
    seen_sitting: Seen | None
    at: int
    nonce: str
    body: B

    @property
    def kind(self) -> str:
        """The kind of act."""
        kind: str = self.body.kind
        return kind


def read_act(payload: Members) -> Act[Body]:
    """An act from its signed payload (record.md 3); raises `Malformed` for anything else."""
    payload.constant("v", 1)
    meeting, by = payload.meeting(), payload.thumbprint("by")
    body_type = payload.one_of("kind", BODIES)
    sitting = payload.optional("sitting", payload.sitting)
    seen = payload.object("seen")
    return Act(
        meeting,
        by,
        sitting,
        _seen(seen, "main"),
        _seen(seen, "sitting"),
        payload.integer("at"),
        _octets(payload, "nonce", least=NONCE_BYTES, most=NONCE_BYTES),
        body_type.read(payload.object("body")),
    )


def wire_form(act: Act[Body]) -> dict[str, object]:
    """The payload to sign, members in record.md's order: `read_act` reads it back."""
    return {
        "v": 1,
        "meeting": act.meeting,
        "by": act.by,
        "kind": act.kind,
        "sitting": act.sitting,
        "seen": {"main": _pair(act.seen_main), "sitting": _pair(act.seen_sitting)},
        "at": act.at,
        "nonce": act.nonce,
        "body": _plain(act.body),
    }


def _pair(seen: Seen | None) -> list[object] | None:
    return None if seen is None else list(seen)


def _plain(value: object) -> object:
    if is_dataclass(value):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value


def _seen(seen: Members, name: str) -> Seen | None:
    def pair(name: str) -> Seen:
        path = seen.at(name)
        value = seen.take(name)
        if not isinstance(value, list) or len(value) != 2:
            raise Malformed(path, "not [seq, hash]")
        seq, digest = value
        return integer_of(seq, f"{path}[0]"), hash_of(digest, f"{path}[1]")

    return seen.optional(name, pair)


def _chain(body: Members) -> str:
    return body.text("chain", longest=int(CHAIN_BYTES))


def _octets(body: Members, name: str, *, least: int = 1, most: int) -> str:
    return body.b64u(name, least=least, most=most)
