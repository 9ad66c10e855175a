"""The door: knocks, admissions, exclusions. A valid chain alone never admits."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from incamera.accreditation.charter import Admission
from incamera.accreditation.strict import Hash, Thumbprint, sha256, unb64u
from incamera.limits import KNOCKS
from incamera.meeting.acts import Admit, Exclude, Knock, Leave, RefuseKnock
from incamera.refusal import Code, Refusal

if TYPE_CHECKING:
    from incamera.meeting.state import Placed, State


@dataclass(frozen=True, slots=True)
class Standing:
    """A knock that nobody answered yet. It lapses when the first statement of its chain ends."""

    act: Hash
    at: int
    leaf_key: Thumbprint
    lapses_at: int


@dataclass(frozen=True, slots=True)
class Lobby:
    """Who stands at the door, and who may come in whenever it knocks."""

    knocks: Mapping[Thumbprint, Standing] = field(default_factory=dict)
    admits: Mapping[Thumbprint, Hash] = field(default_factory=dict)
    """Admissions that stand, by the act to cite: `lobby.admit`, or the open or regroup act of whoever made a group."""
    admitted_once: frozenset[Thumbprint] = frozenset()
    """Who was ever admitted: these read the main journal until they are revoked."""
    key_packages: frozenset[Hash] = frozenset()
    """Key packages that were offered: each adds once."""

    def answered(self, devices: Collection[Thumbprint]) -> "Lobby":
        """Without the knocks of these devices."""
        return replace(self, knocks={device: knock for device, knock in self.knocks.items() if device not in devices})

    def admitted(self, device: Thumbprint, act: Hash) -> "Lobby":
        """With an admission by this act."""
        return replace(self, admits={**self.admits, device: act}, admitted_once=self.admitted_once | {device})

    def struck(self, device: Thumbprint) -> "Lobby":
        """Without a device's admission and knock."""
        admits = {known: act for known, act in self.admits.items() if known != device}
        return replace(self.answered({device}), admits=admits)


@dataclass(frozen=True, slots=True)
class Knocked:
    """A device stands at the door; an earlier knock of it is replaced."""

    device: Thumbprint
    standing: Standing
    key_package: Hash


@dataclass(frozen=True, slots=True)
class Admitted:
    """A device may come in, now and after each loss of its state, until it is excluded or revoked."""

    device: Thumbprint
    act: Hash


@dataclass(frozen=True, slots=True)
class KnockRefused:
    """A knock was turned away."""

    device: Thumbprint


@dataclass(frozen=True, slots=True)
class Excluded:
    """A device's admission has ended, by this act."""

    device: Thumbprint
    act: Hash


@dataclass(frozen=True, slots=True)
class Left:
    """A device left, by this act. Its admission stands."""

    device: Thumbprint
    act: Hash


def decide_knock(state: "State", placed: "Placed[Knock]") -> Knocked | Refusal:
    """The whole chain, down to a leaf for the present group, and a key package that was never offered before."""
    lobby, author = state.sitting.lobby, placed.author
    credential = state.credential(placed.body.chain, author, placed.at)
    if isinstance(credential, Refusal):
        return credential
    octets = unb64u(placed.body.key_package)
    assert octets is not None, "acts.py parsed it"
    key_package = sha256(octets)
    if key_package in lobby.key_packages:
        return Refusal(Code.KNOCK_KEY_PACKAGE, "This key package was offered before.", "Knock with a new one.")
    if len(lobby.knocks) >= int(KNOCKS) and author.thumbprint not in lobby.knocks:
        return Refusal(Code.LOBBY_FULL, f"{len(lobby.knocks)} devices stand at the door.", "Knock again in a minute.")
    assert credential.leaf is not None, "it was validated as a chain of four"
    standing = Standing(placed.hash, placed.at, credential.leaf.thumbprint, credential.until_ms)
    return Knocked(author.thumbprint, standing, key_package)


def apply_knocked(state: "State", event: Knocked) -> "State":
    """It stands at the door."""
    lobby = state.sitting.lobby
    return state.in_sitting(
        lobby=replace(
            lobby,
            knocks={**lobby.knocks, event.device: event.standing},
            key_packages=lobby.key_packages | {event.key_package},
        )
    )


def decide_admit(state: "State", placed: "Placed[Admit]") -> Admitted | Refusal:
    """Who stands at the door and is not admitted yet."""
    lobby, device = state.sitting.lobby, placed.body.device
    if device in lobby.admits:
        return Refusal(Code.ADMISSION_STANDS, "This device is admitted already.", "A member adds it in a moment.")
    if device not in lobby.knocks:
        return Refusal(Code.KNOCK_UNKNOWN, "This device does not stand at the door.", "Wait until it knocks again.")
    return Admitted(device, placed.hash)


def apply_admitted(state: "State", event: Admitted) -> "State":
    """Any member may add it now."""
    return state.in_sitting(lobby=state.sitting.lobby.admitted(event.device, event.act))


def decide_refuse(state: "State", placed: "Placed[RefuseKnock]") -> KnockRefused | Refusal:
    """A knock that stands, by its hash: a newer one of the same device is not meant."""
    for device, standing in state.sitting.lobby.knocks.items():
        if standing.act == placed.body.knock:
            return KnockRefused(device)
    return Refusal(Code.KNOCK_UNKNOWN, "This knock does not stand at the door.", "Nothing to do.")


def apply_knock_refused(state: "State", event: KnockRefused) -> "State":
    """It does not stand there any more; it may knock again."""
    return state.in_sitting(lobby=state.sitting.lobby.answered({event.device}))


def decide_exclude(state: "State", placed: "Placed[Exclude]") -> Excluded | Refusal:
    """Who is admitted, in the room or not; nobody itself."""
    device = placed.body.device
    if device == placed.author.thumbprint:
        return Refusal(Code.ADMISSION_OWN, "This is your own device.", "Leave the sitting instead.")
    if device not in state.sitting.lobby.admits:
        return Refusal(Code.ADMISSION_MISSING, "This device is not admitted to the sitting.", "Nothing to do.")
    return Excluded(device, placed.hash)


def apply_excluded(state: "State", event: Excluded) -> "State":
    """Its removal is due, its admission ends, it neither speaks nor waits."""
    return state.struck(event.device, "excluded", event.act)


def decide_leave(state: "State", placed: "Placed[Leave]") -> Left | Refusal:
    """From the room, or from the door."""
    device, sitting = placed.author.thumbprint, state.sitting
    if device not in sitting.group.present and device not in sitting.lobby.knocks:
        return Refusal(Code.MEMBER_MISSING, "This device is neither in the room nor at the door.", "Nothing to do.")
    return Left(device, placed.hash)


def apply_left(state: "State", event: Left) -> "State":
    """Its removal is due, if it is a member; its admission stands, so that it may come back without a hand."""
    sitting = state.sitting
    return state.in_sitting(
        group=sitting.group.removal_due(event.device, "left", event.act),
        lobby=sitting.lobby.answered({event.device}),
        floor=sitting.floor.without(event.device),
    )


def due_lapse(state: "State", act: Hash, at: int) -> KnockRefused | Refusal:
    """A knock lapses when its chain does: nobody could add it any more."""
    for device, standing in state.sitting.lobby.knocks.items():
        if standing.act == act and at >= standing.lapses_at:
            return KnockRefused(device)
    return Refusal(Code.OWN_UNDUE, "No knock lapses now.", "Append nothing.")


def deadlines(state: "State") -> tuple[tuple[int, Hash], ...]:
    """When which knock lapses, soonest first."""
    return tuple(sorted((standing.lapses_at, standing.act) for standing in state.sitting.lobby.knocks.values()))


def awaits_hand(state: "State", device: Thumbprint, *, known_elsewhere: bool) -> bool:
    """Whether a knock waits for a person of chair or secretariat; a client that may admit signs the others by itself.

    `known_elsewhere`: admitted to another sitting before, as the client knows from the journals that it reads.
    """
    lobby = state.sitting.lobby
    if device in lobby.admits:
        return False
    was_excluded = device in lobby.admitted_once
    automatic = state.meeting.terms.policies.admission is Admission.AUTOMATIC
    return was_excluded or not (automatic or known_elsewhere)
