"""The server's own entries: a closed list; a reader derives each again and refuses one not due (record.md 4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, TypeAlias, get_args

from incamera.accreditation.signature import JWS_BYTES_MAX, PublicKey, jwk_member
from incamera.accreditation.strict import Hash, Members, SeatId, b64u, compact, read
from incamera.meeting.acts import NONCE_BYTES
from incamera.refusal import Refusal


@dataclass(frozen=True, slots=True)
class ServerStarted:
    """The server began to serve the meeting: main's first entry, and one each start."""

    kind: ClassVar = "server.started"
    nonce: str
    charter: Hash
    registrar: PublicKey

    @classmethod
    def read(cls, body: Members) -> "ServerStarted":
        """The entry from its wire form."""
        return cls(_nonce(body), body.hash("charter"), jwk_member(body, "registrar"))

    def wire(self) -> dict[str, object]:
        """The wire form, members in order."""
        return {"kind": self.kind, "nonce": self.nonce, "charter": self.charter, "registrar": self.registrar.jwk()}


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """A deadline that an act set has passed: so far, a knock's chain has ended. In that act's journal."""

    kind: ClassVar = "deadline.passed"
    because: Hash
    nonce: str

    @classmethod
    def read(cls, body: Members) -> "DeadlinePassed":
        """The entry from its wire form."""
        return cls(body.hash("because"), _nonce(body))

    def wire(self) -> dict[str, object]:
        """The wire form, members in order."""
        return {"kind": self.kind, "because": self.because, "nonce": self.nonce}


@dataclass(frozen=True, slots=True)
class EnrolmentContested:
    """A used link was used again, by this refused act. In the main journal."""

    kind: ClassVar = "enrolment.contested"
    because: str
    """The refused act's JWS."""
    nonce: str

    @classmethod
    def read(cls, body: Members) -> "EnrolmentContested":
        """The entry from its wire form."""
        return cls(body.text("because", longest=JWS_BYTES_MAX), _nonce(body))

    def wire(self) -> dict[str, object]:
        """The wire form, members in order."""
        return {"kind": self.kind, "because": self.because, "nonce": self.nonce}


@dataclass(frozen=True, slots=True)
class EnrolmentLocked:
    """A link was contested too often: it takes no more devices until it is reopened. In the main journal."""

    kind: ClassVar = "enrolment.locked"
    seat: SeatId
    nonce: str

    @classmethod
    def read(cls, body: Members) -> "EnrolmentLocked":
        """The entry from its wire form."""
        return cls(body.seat(), _nonce(body))

    def wire(self) -> dict[str, object]:
        """The wire form, members in order."""
        return {"kind": self.kind, "seat": self.seat, "nonce": self.nonce}


Own: TypeAlias = ServerStarted | DeadlinePassed | EnrolmentContested | EnrolmentLocked
OWN: Final[Mapping[str, Callable[[Members], Own]]] = {own.kind: own.read for own in get_args(Own)}


def read_own(body: str) -> Own | Refusal:
    """One of the server's own entries from its body."""
    return read(body.encode("utf-8"), lambda members: members.one_of("kind", OWN)(members), what="server's own entry")


def own_body(own: Own) -> str:
    """The body of an own entry: compact JSON."""
    return compact(own.wire()).decode("utf-8")


def is_own(body: str) -> bool:
    """Whether a body is the server's own: JSON begins with a brace, a JWS never does."""
    return body.startswith("{")


def _nonce(body: Members) -> str:
    return b64u(body.octets("nonce", least=NONCE_BYTES))
