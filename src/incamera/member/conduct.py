"""What a member does next in a sitting: a pure decision over its own fold, its share of the group, and the time.

The shell (sitting.py) carries a step out and asks again. Times are milliseconds of one monotonic clock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from incamera.accreditation.charter import Role
from incamera.accreditation.strict import GroupId, Hash, Thumbprint
from incamera.e2ee import facts, group
from incamera.limits import COMMIT_ADDS
from incamera.meeting.acts import RefusedCommit, RegroupReason
from incamera.meeting.delivery import must_regroup
from incamera.meeting.lobby import awaits_hand
from incamera.meeting.sittings import OPENERS
from incamera.meeting.state import State

COMMIT_GAP_MS: Final = 1_100
"""Between two commits of one member; the server's bound is a second."""
REKEY_MS: Final = 300_000
"""The group commits at least so often (e2ee.md)."""
UNANSWERED_MS: Final = 30_000
"""After it an admitted opener whose knock nobody answers makes a new group: the old one has nobody who could."""
KNOCK_AGAIN_MS: Final = 60_000
"""A knock that nobody answered is repeated after it: the one who should have may have lost it."""

ADMITS_AT_ONCE: Final = 15
ADMITS_MS: Final = 750
"""In this time: the server takes 20 acts a second of a device, and a commit and the items' keys follow."""

Admits: TypeAlias = Literal["nobody", "chairs", "all"]


@dataclass(frozen=True, slots=True)
class Manner:
    """What this member does by itself, beside what every member does."""

    opens: bool = False
    """Opens the sitting, and makes a new group where the old one is lost; chair and secretariat only."""
    admits: Admits = "nobody"
    """Whom it lets in by its own act: nobody; chairs' seats only; all whom the charter and the lobby's rule allow."""


@dataclass(frozen=True, slots=True)
class Knocked:
    """Our knock that was filed."""

    act: Hash
    group: GroupId
    at_ms: int


@dataclass(frozen=True, slots=True)
class Doorway:
    """What the door says, to who does not read the sitting."""

    is_open: bool
    group: GroupId | None


@dataclass(frozen=True, slots=True)
class Wrong:
    """A commit that our core refused."""

    commit: Hash
    code: RefusedCommit


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that the decision looks at."""

    me: Thumbprint
    now_ms: int
    manner: Manner
    wants_in: bool
    insists: bool = False
    """It was excluded, and a person wants it to knock again."""
    state: State | None = None
    """Our fold; None while we do not read the sitting."""
    door: Doorway | None = None
    core: group.State | None = None
    """Our share of a group; None: there is none."""
    knocked: Knocked | None = None
    is_posting: bool = False
    """An act of ours has no answer yet."""
    is_behind: bool = False
    """Entries that `state` has did not come to our share of the group yet: what one says does not fit the other."""
    is_forked: bool = False
    """Others were shown another record: nothing is done of itself on the word of this one."""
    wrong: Wrong | None = None
    """To be said in the record, once."""
    turn: Callable[[frozenset[int], int], int | None] = lambda _leaving, _since: None
    noticed: Mapping[str, int] = field(default_factory=dict)
    """When each piece of `work` was first seen."""
    silent: frozenset[int] = frozenset()
    bad_knocks: frozenset[Hash] = frozenset()
    """Knocks that our core would not add."""
    known_elsewhere: frozenset[Thumbprint] = frozenset()
    """Devices that were admitted to another sitting before."""
    committed_ms: int = -COMMIT_GAP_MS
    """Our last commit's entry."""
    admitted_ms: tuple[int, ...] = ()
    """When we let the last ones in, at most `ADMITS_AT_ONCE` of them, oldest first."""
    grouped_ms: int = 0
    """The group's last commit."""
    update_ms: int | None = None
    """When our leaf should update."""
    not_before_ms: int = 0
    """After a refusal we wait a little."""


@dataclass(frozen=True, slots=True)
class Open:
    """Open the sitting."""


@dataclass(frozen=True, slots=True)
class KnockAt:
    """Knock, with a new leaf, for this group."""

    group: GroupId


@dataclass(frozen=True, slots=True)
class MakeGroup:
    """Sign a regroup."""

    because: RegroupReason
    without: tuple[Thumbprint, ...] = ()


@dataclass(frozen=True, slots=True)
class AdmitDevices:
    """Let devices in, side by side."""

    devices: tuple[Thumbprint, ...]


@dataclass(frozen=True, slots=True)
class TurnAway:
    """Refuse a knock whose key package can't be added."""

    knock: Hash


@dataclass(frozen=True, slots=True)
class Accuse:
    """Say in the record that a commit is wrong."""

    commit: Hash
    code: RefusedCommit


@dataclass(frozen=True, slots=True)
class MakeCommit:
    """Commit this."""

    plan: facts.Plan


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until there is news, or until this time."""

    until_ms: int | None = None


Step: TypeAlias = Open | KnockAt | MakeGroup | AdmitDevices | TurnAway | Accuse | MakeCommit | Wait


def next_step(view: View) -> Step:
    """What to do now."""
    if view.is_posting or view.is_behind or view.is_forked or not view.wants_in:
        return Wait()
    step = _step(view)
    if not isinstance(step, Wait) and view.now_ms < view.not_before_ms:
        return Wait(view.not_before_ms)
    return step


def has_share(me: Thumbprint, core: group.State | None, state: State | None) -> bool:
    """Whether our share is one of the sitting's present group."""
    return (
        core is not None
        and state is not None
        and core.phase in ("member", "blocked")
        and core.group == state.sitting.group.id
        and me in state.sitting.group.members
    )


def is_ours(view: View) -> bool:
    """Whether the share that the view has is one of the sitting's present group."""
    return has_share(view.me, view.core, view.state)


def is_excluded(state: State, me: Thumbprint) -> bool:
    """Whether our admission ended: we knock again only if a person says so."""
    return me in state.sitting.lobby.admitted_once and me not in state.sitting.lobby.admits


def work(view: View) -> frozenset[str]:
    """What any member might have to commit, by the act that made it due: the shell notes when it saw each first."""
    if not is_ours(view) or view.state is None:
        return frozenset()
    sitting = view.state.sitting
    dues = {str(due.cites) for dues in sitting.group.dues.values() for due in dues}
    knocks = {str(sitting.lobby.knocks[device].act) for device in _ready(view, view.state)}
    item = set() if sitting.agenda.opening is None else {f"item {sitting.agenda.opening} {sitting.round}"}
    silent = {f"silent {leaf}" for leaf in view.silent}
    return frozenset(dues | knocks | item | silent)


def _step(view: View) -> Step:
    state = view.state
    if state is None or state.sitting.stage == "unopened" or is_excluded(state, view.me):
        return _at_the_door(view)
    if state.sitting.stage == "closed":
        return Wait()
    if not is_ours(view):
        return _come_in(view, state)
    assert view.core is not None, "it is ours"
    if view.wrong is not None and view.me in state.sitting.group.present:
        return Accuse(view.wrong.commit, view.wrong.code)
    authors = must_regroup(state)
    if authors and view.manner.opens and view.me not in authors and _may_open(view, state):
        return MakeGroup("refused", tuple(sorted(authors & state.sitting.lobby.admits.keys())))
    if view.core.phase == "blocked":
        return Wait()
    return _let_in(view, state) or _commit(view, state)


def _at_the_door(view: View) -> Step:
    door, core = view.door, view.core
    was_excluded = view.state is not None and is_excluded(view.state, view.me)
    if was_excluded and not view.insists:
        return Wait()
    if core is not None and core.phase == "member" and not was_excluded:
        return Wait()  # we opened it: our own entry is on its way
    if door is None:
        return Wait()
    if not door.is_open:
        return Open() if view.manner.opens else Wait()
    if door.group is None:
        return Wait()
    return _knock(view, door.group)


def _knock(view: View, group_id: GroupId) -> Step:
    knocked = view.knocked
    if knocked is None or knocked.group != group_id or view.core is None or view.core.phase != "knocking":
        return KnockAt(group_id)
    again = knocked.at_ms + KNOCK_AGAIN_MS
    return KnockAt(group_id) if view.now_ms >= again else Wait(again)


def _come_in(view: View, state: State) -> Step:
    """We read the sitting, and have no share of its group: never had, lost, or it was replaced."""
    sitting, me = state.sitting, view.me
    others = sitting.group.present - {me}
    opens = view.manner.opens and _may_open(view, state) and me in sitting.lobby.admits
    if opens and not others:
        return MakeGroup("empty")
    standing = sitting.lobby.knocks.get(me)
    knocked = view.knocked
    if standing is None or knocked is None or standing.act != knocked.act or view.core is None:
        return KnockAt(sitting.group.id)
    if view.core.phase != "knocking" or view.core.group != sitting.group.id:
        return KnockAt(sitting.group.id)
    if opens and view.now_ms >= knocked.at_ms + UNANSWERED_MS:
        return MakeGroup("unreadable")
    if view.now_ms >= knocked.at_ms + KNOCK_AGAIN_MS:
        return KnockAt(sitting.group.id)
    return Wait(knocked.at_ms + (UNANSWERED_MS if opens else KNOCK_AGAIN_MS))


def _may_open(view: View, state: State) -> bool:
    return state.meeting.role_of(view.me) in OPENERS


def _let_in(view: View, state: State) -> Step | None:
    if view.manner.admits == "nobody" or not _may_open(view, state):
        return None
    ours: list[Thumbprint] = []
    for device, knock in state.sitting.lobby.knocks.items():
        if knock.act in view.bad_knocks:
            return TurnAway(knock.act)
        if _lets_in(view, state, device):
            ours.append(device)
    if not ours:
        return None
    recent = [at for at in view.admitted_ms if view.now_ms < at + ADMITS_MS]
    if len(recent) >= ADMITS_AT_ONCE:
        return Wait(recent[0] + ADMITS_MS)  # all of them in one commit
    return AdmitDevices(tuple(ours[: ADMITS_AT_ONCE - len(recent)]))


def _lets_in(view: View, state: State, device: Thumbprint) -> bool:
    if device in state.sitting.lobby.admits or device == view.me:
        return False
    if view.manner.admits == "chairs":
        was_excluded = device in state.sitting.lobby.admitted_once
        return state.meeting.role_of(device) is Role.CHAIR and not was_excluded
    return not awaits_hand(state, device, known_elsewhere=device in view.known_elsewhere)


def _ready(view: View, state: State) -> list[Thumbprint]:
    """Devices at the door that may be added, in the order of their knocks."""
    lobby = state.sitting.lobby
    return [
        device
        for device, knock in lobby.knocks.items()
        if device in lobby.admits and device != view.me and knock.act not in view.bad_knocks
    ][: int(COMMIT_ADDS)]


def plan(view: View, state: State) -> facts.Plan:
    """All that is due now, in one commit."""
    sitting = state.sitting
    members, dues = sitting.group.members, sitting.group.dues
    ready = _ready(view, state)
    removes = [facts.PlannedRemove(device, due[0].because, due[0].cites) for device, due in dues.items()]
    replaced = [device for device in ready if device in members and device not in dues]
    removes += [facts.PlannedRemove(device, "replaced", sitting.lobby.knocks[device].act) for device in replaced]
    gone = {*dues, *replaced}
    removes += [
        facts.PlannedRemove(device, "silent", None)
        for device, member in members.items()
        if member.leaf in view.silent and device not in gone and device != view.me
    ]
    adds = tuple(
        facts.PlannedAdd(device, sitting.lobby.knocks[device].act, sitting.lobby.admits[device]) for device in ready
    )
    return facts.Plan(adds, tuple(removes), sitting.agenda.opening)


def _commit(view: View, state: State) -> Step:
    core = view.core
    assert core is not None, "it is ours"
    if core.pending is not None or view.me in state.sitting.group.dues:
        return Wait()
    planned = plan(view, state)
    due_ms = _due_ms(view, state, planned)
    if due_ms is None:
        return Wait()
    due_ms = max(due_ms, view.committed_ms + COMMIT_GAP_MS)
    return MakeCommit(planned) if view.now_ms >= due_ms else Wait(due_ms)


def _due_ms(view: View, state: State, planned: facts.Plan) -> int | None:
    """When our next commit is due: our own leaf's update, or what is due for all and is our turn."""
    assert view.core is not None, "it is ours"
    if view.core.must_update:
        return view.now_ms
    members = state.sitting.group.members
    leaving = frozenset(members[remove.device].leaf for remove in planned.removes)
    times = [] if view.update_ms is None else [view.update_ms]
    since = [view.noticed[name] for name in work(view) if name in view.noticed]
    turns = [view.turn(leaving, min(since))] if since else []
    if len(members) > 1:
        turns.append(view.turn(leaving, view.grouped_ms + REKEY_MS))
    times += [turn for turn in turns if turn is not None]
    return min(times, default=None)
