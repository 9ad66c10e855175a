"""The delivery service (RFC 9750): one commit an epoch, and only one whose claims the record allows.

Handshakes are opaque here. What a commit does stands in its act in clear, is judged at the entry's place by everybody
alike, and is compared with the staged commit by each member.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from incamera.accreditation.charter import Role
from incamera.accreditation.strict import GroupId, Hash, ItemId, Thumbprint
from incamera.limits import COMMIT_MS
from incamera.meeting.acts import Add, Commit, Message, RefuseCommit, RefusedCommit, RemovalReason, Remove
from incamera.refusal import Code, Refusal

if TYPE_CHECKING:
    from incamera.meeting.state import Placed, State


@dataclass(frozen=True, slots=True)
class Member:
    """A leaf of the group, as the accepted claims say."""

    leaf: int
    since_round: int
    leaf_key: Thumbprint
    """The key of its `-leaf` statement: what each member finds at that leaf of the tree."""


@dataclass(frozen=True, slots=True)
class Due:
    """A removal that each commit from here on must carry, and the act that it cites."""

    because: RemovalReason
    cites: Hash


@dataclass(frozen=True, slots=True)
class Accepted:
    """A commit of the present group, and who said that it is wrong."""

    author: Thumbprint
    epoch: int
    """The epoch that it left."""
    welcome: Hash | None = None
    added: frozenset[Thumbprint] = frozenset()
    """Who may have the Welcome."""
    refusals: Mapping[Thumbprint, RefusedCommit] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    """The sitting's MLS group, as far as a server can know it: members by claims, never by secrets."""

    id: GroupId
    act: Hash
    """The open or regroup act that made it."""
    epoch: int
    members: Mapping[Thumbprint, Member]
    dues: Mapping[Thumbprint, tuple[Due, ...]] = field(default_factory=dict)
    commits: Mapping[Hash, Accepted] = field(default_factory=dict)
    committed_at: Mapping[Thumbprint, int] = field(default_factory=dict)

    @property
    def present(self) -> frozenset[Thumbprint]:
        """Members whose removal is not due."""
        return frozenset(device for device in self.members if device not in self.dues)

    def removal_due(self, device: Thumbprint, because: RemovalReason, cites: Hash) -> "Group":
        """The group in which a member's removal is due, for one more reason."""
        if device not in self.members:
            return self
        return replace(self, dues={**self.dues, device: (*self.dues.get(device, ()), Due(because, cites))})


NO_GROUP = Group(GroupId(""), Hash(""), 0, {})
"""Before a sitting is opened."""


@dataclass(frozen=True, slots=True)
class Committed:
    """A commit was accepted: the group is in its next epoch."""

    act: Hash
    author: Thumbprint
    at: int
    added: Mapping[Thumbprint, tuple[int, Thumbprint]]
    """Leaf index and the leaf's key."""
    removed: frozenset[Thumbprint]
    welcome: Hash | None
    item: ItemId | None


@dataclass(frozen=True, slots=True)
class CommitRefused:
    """A member said that a commit is wrong, or that it can't process it."""

    commit: Hash
    device: Thumbprint
    code: RefusedCommit


@dataclass(frozen=True, slots=True)
class Posted:
    """A stored MLS message: nothing follows from it here."""


def decide_commit(state: "State", placed: "Placed[Commit]") -> Committed | Refusal:
    """Compare-and-set on group and epoch; each add and remove by its citation; every removal that is due."""
    body, group = placed.body, state.sitting.group
    refusal = _check_place(group, placed) or _check_removes(state, placed) or _check_adds(state, body)
    if refusal is not None:
        return refusal
    if body.item is not None and body.item != state.sitting.agenda.opening:
        return Refusal(Code.COMMIT_ITEM, f"Nobody is opening item {body.item}.", "Commit again, without it.")
    knocks = state.sitting.lobby.knocks
    return Committed(
        act=placed.hash,
        author=placed.author.thumbprint,
        at=placed.at,
        added={add.device: (add.leaf, knocks[add.device].leaf_key) for add in body.adds},
        removed=frozenset(remove.device for remove in body.removes),
        welcome=body.welcome,
        item=body.item,
    )


def apply_committed(state: "State", event: Committed) -> "State":
    """The next epoch and round: members as claimed, answered knocks gone, who was removed neither speaks nor waits."""
    sitting = state.sitting
    group, round_ = sitting.group, sitting.round + 1
    kept = {device: member for device, member in group.members.items() if device not in event.removed}
    added = {device: Member(leaf, round_, key) for device, (leaf, key) in event.added.items()}
    accepted = Accepted(event.author, group.epoch, event.welcome, frozenset(event.added))
    floor = sitting.floor
    for device in event.removed - event.added.keys():
        floor = floor.without(device)
    return state.in_sitting(
        round=round_,
        group=replace(
            group,
            epoch=group.epoch + 1,
            members={**kept, **added},
            dues={device: due for device, due in group.dues.items() if device not in event.removed},
            commits={**group.commits, event.act: accepted},
            committed_at={**group.committed_at, event.author: event.at},
        ),
        lobby=sitting.lobby.answered(event.added.keys()),
        floor=floor,
        agenda=sitting.agenda if event.item is None else sitting.agenda.named(event.item, round_),
    )


def decide_refuse(state: "State", placed: "Placed[RefuseCommit]") -> CommitRefused | Refusal:
    """A member refuses a commit of the present group, once."""
    commit = state.sitting.group.commits.get(placed.body.commit)
    if commit is None:
        return Refusal(Code.COMMIT_UNKNOWN, "The present group has no such commit.", "Follow the feed to its end.")
    if placed.author.thumbprint in commit.refusals:
        return Refusal(Code.COMMIT_REFUSED, "This device refused the commit already.", "Nothing to do.")
    return CommitRefused(placed.body.commit, placed.author.thumbprint, placed.body.code)


def apply_refused(state: "State", event: CommitRefused) -> "State":
    """The commit stands, and so does the refusal."""
    group = state.sitting.group
    commit = group.commits[event.commit]
    refused = replace(commit, refusals={**commit.refusals, event.device: event.code})
    return state.in_sitting(group=replace(group, commits={**group.commits, event.commit: refused}))


def decide_message(state: "State", placed: "Placed[Message]") -> Posted | Refusal:
    """Of the present epoch or the one before: members keep the secrets of one past epoch (record.md 6)."""
    group = state.sitting.group
    if placed.body.group != group.id:
        return _gone()
    if placed.body.epoch not in {group.epoch, group.epoch - 1}:
        return Refusal(
            Code.MESSAGE_EPOCH,
            f"The group is in epoch {group.epoch}; members can't open a message of epoch {placed.body.epoch}.",
            "Encrypt it again in the present epoch.",
        )
    return Posted()


def apply_posted(state: "State", _event: Posted) -> "State":
    """Opaque: nothing follows."""
    return state


def must_regroup(state: "State") -> frozenset[Thumbprint]:
    """The authors of commits that were refused so that only a new group without them goes on: by the chair, or by
    `refuse_quorum` members. A chair that alone can't process a commit knocks again instead.
    """
    quorum = state.meeting.terms.policies.refuse_quorum
    return frozenset(
        commit.author
        for commit in state.sitting.group.commits.values()
        if len(commit.refusals) >= quorum or any(_is_chairs(state, *refusal) for refusal in commit.refusals.items())
    )


def _is_chairs(state: "State", device: Thumbprint, code: RefusedCommit) -> bool:
    return code != "cannot_process" and state.meeting.role_of(device) is Role.CHAIR


def _check_place(group: Group, placed: "Placed[Commit]") -> Refusal | None:
    body, author = placed.body, placed.author.thumbprint
    if body.group != group.id:
        return _gone()
    if body.epoch != group.epoch:
        return Refusal(
            Code.COMMIT_CONFLICT,
            f"The group is in epoch {group.epoch}: another commit of epoch {body.epoch} was first.",
            "Drop the pending commit, process that one, commit again if something is left to do.",
        )
    if placed.at - group.committed_at.get(author, -int(COMMIT_MS)) < int(COMMIT_MS):
        return Refusal(Code.COMMIT_SOON, "This member committed less than a second ago.", "Wait a second.")
    return None


def _check_removes(state: "State", placed: "Placed[Commit]") -> Refusal | None:
    body, group = placed.body, state.sitting.group
    named = [remove.device for remove in body.removes]
    if len(set(named)) != len(named) or placed.author.thumbprint in named:
        return _bad_remove("A device is removed twice, or its author removes itself")
    added = {add.device: add.knock for add in body.adds}
    for remove in body.removes:
        member = group.members.get(remove.device)
        if member is None or member.leaf != remove.leaf:
            return _bad_remove(f"No member is device {remove.device} at leaf {remove.leaf}")
        if not _is_founded(remove, group.dues.get(remove.device, ()), added.get(remove.device)):
            return _bad_remove(f"By the record, device {remove.device} is not to be removed as {remove.because}")
    missing = [device for device in group.dues if device not in named]
    if missing:
        return Refusal(
            Code.COMMIT_STALE,
            f"The removal of {len(missing)} devices is due and not in the commit.",
            "Drop the pending commit and commit again, with every removal that is due.",
        )
    return None


def _is_founded(remove: Remove, dues: tuple[Due, ...], knock: Hash | None) -> bool:
    if dues:
        return any(due.because == remove.because and due.cites == remove.cites for due in dues)
    if remove.because == "replaced":
        return knock is not None and remove.cites == knock
    # Nobody can prove silence: it is accepted, and shown with its author.
    return remove.because == "silent" and remove.cites is None


def _check_adds(state: "State", body: Commit) -> Refusal | None:
    if (body.welcome is None) is not (not body.adds):
        return Refusal(
            Code.COMMIT_WELCOME, "A commit has a Welcome if and only if it adds somebody.", "Stage the commit again."
        )
    removed = {remove.device for remove in body.removes}
    members = state.sitting.group.members
    taken = {member.leaf for device, member in members.items() if device not in removed}
    added: set[Thumbprint] = set()
    for add in body.adds:
        if add.device in added or (add.device in members and add.device not in removed):
            return _bad_add(f"Device {add.device} is or would be a member already")
        if add.leaf in taken:
            return _bad_add(f"Leaf {add.leaf} is taken")
        if not _is_admitted(state, add):
            return _bad_add(f"Device {add.device} has no such knock and admission")
        added.add(add.device)
        taken.add(add.leaf)
    return None


def _is_admitted(state: "State", add: Add) -> bool:
    lobby = state.sitting.lobby
    knock = lobby.knocks.get(add.device)
    return knock is not None and knock.act == add.knock and lobby.admits.get(add.device) == add.admit


def _bad_add(reason: str) -> Refusal:
    return Refusal(Code.COMMIT_ADD, f"{reason}.", "Stage the commit again, from the record.")


def _bad_remove(reason: str) -> Refusal:
    return Refusal(Code.COMMIT_REMOVE, f"{reason}.", "Stage the commit again, from the record.")


def _gone() -> Refusal:
    return Refusal(Code.GROUP_GONE, "The sitting has another group now.", "Leave the old group's state, and knock.")
