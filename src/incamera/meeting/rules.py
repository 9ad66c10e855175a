"""THE TABLE: which kinds of acts there are, in which journal, by whom, and what decides and applies each.

`decide` says whether an act may stand, `advance` what follows once it does, `fold` does both for a reader. All are
pure: the server enforces with them, each client checks with the same (the TypeScript fold is held to this one by
tests/vectors/fold). docs/reference/acts.md and the authorisation test are generated from the table.

`decide` looks at, in this order: meeting; journal; author; that the sitting is there for the author; hash and nonce are
new; time; `seen`; role; the sitting's stage; the author's standing in it; that a reader says what it saw; what the kind
itself asks. Every implementation refuses an act by the same code.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, TypeAlias

from incamera.accreditation.charter import Role
from incamera.accreditation.credential import validate
from incamera.accreditation.signature import PublicKey, Signed, Typ, open_signed
from incamera.accreditation.strict import Hash, SittingId, sha256
from incamera.limits import ACT_BYTES, ACT_SKEW_MS, COMMIT_ACT_BYTES, MESSAGE_ACT_BYTES
from incamera.meeting import agenda, delivery, enrolment, floor, lobby, sittings
from incamera.meeting.acts import Act, Body, EnrolDevice, Seen, read_act
from incamera.meeting.enrolment import Device
from incamera.meeting.own import (
    DeadlinePassed,
    EnrolmentContested,
    EnrolmentLocked,
    Own,
    ServerStarted,
    is_own,
    own_body,
    read_own,
)
from incamera.meeting.state import MeetingState, Placed, RecordState, SittingState, State, expected
from incamera.meeting.trail import Trail
from incamera.record.entry import Entry, JournalId
from incamera.record.journal import check, follow
from incamera.refusal import Code, Refusal


class Journal(StrEnum):
    """Where a kind stands."""

    MAIN = "main"
    SITTING = "sitting"


class Standing(StrEnum):
    """What the author must be, beside its role."""

    INVITED = "invited"  # holds the seat's link: its chain is in the act
    ENROLLED = "enrolled"
    LISTED = "listed"  # enrolled, and the sitting lists its seat
    ADMITTED = "admitted"  # to the sitting, and neither excluded nor revoked since
    MEMBER = "member"  # of the sitting's group, with no removal due


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. `decide` and `apply` have the types of their body and event, which a table of all kinds can't say."""

    journal: Journal
    roles: frozenset[Role]
    standing: Standing
    decide: Callable[[State, Placed[Any]], Any]  # Any: a function of one body type to its event
    apply: Callable[[State, Any], State]  # Any: the event that `decide` makes
    cites: tuple[str, ...] = ()
    acts_max: int = int(ACT_BYTES)
    """The largest act of the kind, bytes of its JWS."""


ANYONE: Final = frozenset(Role)
RUNS: Final = frozenset({Role.CHAIR, Role.SECRETARIAT})
CHAIR: Final = frozenset({Role.CHAIR})
SECRETARIAT: Final = frozenset({Role.SECRETARIAT})
DELEGATES: Final = frozenset({Role.HEAD, Role.ADVISER})
HOLDERS: Final = floor.SPEAKERS
MAIN, SITTING = Journal.MAIN, Journal.SITTING
INVITED, ENROLLED, LISTED = Standing.INVITED, Standing.ENROLLED, Standing.LISTED
ADMITTED, MEMBER = Standing.ADMITTED, Standing.MEMBER

# fmt: off
RULES: Final[Mapping[str, Rule]] = {
    # kind               journal  roles        standing  decide                   apply                     cites
    "device.enrol":      Rule(MAIN, ANYONE,      INVITED,  enrolment.decide_enrol,  enrolment.apply_enrolled),
    "device.revoke":     Rule(MAIN, SECRETARIAT, ENROLLED, enrolment.decide_revoke, enrolment.apply_revoked),
    "invitation.reopen": Rule(MAIN, SECRETARIAT, ENROLLED, enrolment.decide_reopen, enrolment.apply_reopened),
    "sitting.open":      Rule(SITTING, RUNS,     LISTED,   sittings.decide_open,    sittings.apply_opened),
    "sitting.regroup":   Rule(SITTING, RUNS,     LISTED,   sittings.decide_regroup, sittings.apply_regrouped,
                              ("mls.commit",)),
    "sitting.close":     Rule(SITTING, RUNS,     ADMITTED, sittings.decide_close,   sittings.apply_closed),
    "lobby.knock":       Rule(SITTING, ANYONE,   LISTED,   lobby.decide_knock,      lobby.apply_knocked,
                              ("sitting.open", "sitting.regroup")),
    "lobby.admit":       Rule(SITTING, RUNS,     ADMITTED, lobby.decide_admit,      lobby.apply_admitted),
    "lobby.refuse":      Rule(SITTING, RUNS,     ADMITTED, lobby.decide_refuse,     lobby.apply_knock_refused,
                              ("lobby.knock",)),
    "lobby.exclude":     Rule(SITTING, RUNS,     ADMITTED, lobby.decide_exclude,    lobby.apply_excluded),
    "lobby.leave":       Rule(SITTING, ANYONE,   LISTED,   lobby.decide_leave,      lobby.apply_left),
    "mls.commit":        Rule(SITTING, ANYONE,   MEMBER,   delivery.decide_commit,  delivery.apply_committed,
                              ("lobby.knock", "lobby.admit", "sitting.open", "sitting.regroup", "lobby.exclude",
                               "lobby.leave", "device.revoke"), int(COMMIT_ACT_BYTES)),
    "mls.refuse":        Rule(SITTING, ANYONE,   MEMBER,   delivery.decide_refuse,  delivery.apply_refused,
                              ("mls.commit",)),
    "mls.message":       Rule(SITTING, ANYONE,   MEMBER,   delivery.decide_message, delivery.apply_posted,
                              acts_max=int(MESSAGE_ACT_BYTES)),
    "floor.request":     Rule(SITTING, DELEGATES, MEMBER,  floor.decide_request,    floor.apply_requested),
    "floor.withdraw":    Rule(SITTING, DELEGATES, MEMBER,  floor.decide_withdraw,   floor.apply_withdrawn),
    "floor.give":        Rule(SITTING, CHAIR,    ADMITTED, floor.decide_give,       floor.apply_given,
                              ("floor.request",)),
    "floor.take_back":   Rule(SITTING, HOLDERS,  ADMITTED, floor.decide_take_back,  floor.apply_taken_back),
    "agenda.title":      Rule(SITTING, RUNS,     ADMITTED, agenda.decide_title,     agenda.apply_titled),
    "agenda.open":       Rule(SITTING, CHAIR,    ADMITTED, agenda.decide_open,      agenda.apply_opened),
    "agenda.close":      Rule(SITTING, CHAIR,    ADMITTED, agenda.decide_close,     agenda.apply_closed),
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Started:
    """The server began to serve the meeting under this key."""

    registrar: PublicKey


@dataclass(frozen=True, slots=True)
class Decided:
    """A body that may stand next in a journal, and what follows from it. `decide` and `due` make it."""

    sitting: SittingId | None
    """The journal: None is main."""
    body: Hash
    author: str
    """The device's thumbprint; "" for the server's own."""
    nonce: str
    event: Any  # Any: one of the events of the nouns, which `apply` was paired with in the table
    apply: Callable[[State, Any], State]


@dataclass(frozen=True, slots=True)
class Breach:
    """An entry that must not stand where it does: the journal stops there, by name."""

    journal: JournalId
    seq: int
    hash: Hash
    refusal: Refusal

    def __str__(self) -> str:
        return f"Entry {self.seq} of journal {self.journal}: {self.refusal}"


def open_act(meeting: MeetingState, jws: str, at: int) -> Signed[Act[Body]] | Refusal:
    """An act that the device which it names signed: an enrolled one, or one whose own chain is in the act."""

    def key_of(act: Act[Body]) -> PublicKey | Refusal:
        author = author_of(meeting, act, at)
        return author if isinstance(author, Refusal) else author.key

    signed = open_signed(jws, typ=Typ.ACT, key=key_of, parse=read_act, longest=int(COMMIT_ACT_BYTES))
    if isinstance(signed, Signed) and len(jws) > RULES[signed.payload.kind].acts_max:
        return Refusal(
            Code.ACT_TOO_LARGE, f"An act {signed.payload.kind} of {len(jws)} bytes is too large.", "Say less."
        )
    return signed


Opens: TypeAlias = Callable[[MeetingState, str, int], Signed[Act[Body]] | Refusal]
"""`open_act`, or what answers as it does."""


def author_of(meeting: MeetingState, act: Act[Body], at: int) -> Device | Refusal:
    """The device that an act names as its author: enrolled and not revoked; by its own chain, if it is to enrol."""
    if isinstance(act.body, EnrolDevice):
        return _newcomer(meeting, act, act.body, at)
    if act.by in meeting.enrolment.revoked:
        return Refusal(Code.DEVICE_REVOKED, "This device is revoked.", "Telephone the secretariat.")
    device = meeting.enrolment.devices.get(act.by)
    if device is None:
        return Refusal(Code.DEVICE_UNKNOWN, "This device is not enrolled.", "Open your link on it once.")
    return device


def decide(record: RecordState, signed: Signed[Act[Body]], at: int) -> Decided | Refusal:
    """Whether an act may stand next in its journal at this time, and what follows if it does."""
    act = signed.payload
    rule = RULES[act.kind]
    found = _find(record, act, rule, at)
    if isinstance(found, Refusal):
        return found
    state, author = found
    refusal = _check_new(state, signed, at) or _check_may(state, act, author, rule)
    if refusal is not None:
        return refusal
    event = rule.decide(state, Placed(act, signed.hash, author, at))
    if isinstance(event, Refusal):
        return event
    return Decided(act.sitting, signed.hash, act.by, act.nonce, event, rule.apply)


def due(record: RecordState, sitting: SittingId | None, own: Own, at: int) -> Decided | Refusal:
    """Whether an entry of the server's own may stand next in a journal at this time, and what follows."""
    state = record.at(sitting)
    if ("", own.nonce) in _trail(state).nonces:
        return _undue("Its nonce was used.")
    if state.meeting.trail.seq == 0 and not isinstance(own, ServerStarted):
        return _undue("A meeting begins with the server's start.")
    event, apply = _own_event(state, own, at)
    if isinstance(event, Refusal):
        return event
    return Decided(sitting, sha256(own_body(own).encode("utf-8")), "", own.nonce, event, apply)


def advance(record: RecordState, entry: Entry, decided: Decided) -> RecordState:
    """The state after an entry that stands: one body, decided before, at its place."""
    assert entry.header.body == decided.body, "an entry carries what was decided"
    state = _grown(decided.apply(record.at(decided.sitting), decided.event), entry, decided)
    if decided.sitting is not None:
        assert state.meeting is record.meeting, "an act has one journal"
        return replace(record, sittings={**record.sittings, decided.sitting: state.sitting})
    struck = {}
    if isinstance(decided.event, enrolment.Revoked):
        revoked = decided.event
        struck = {
            sitting: State(state.meeting, of).struck(revoked.device, "revoked", revoked.act).sitting
            for sitting, of in record.sittings.items()
        }
    return RecordState(state.meeting, {**record.sittings, **struck})


def fold(record: RecordState, entry: Entry, opens: Opens = open_act) -> RecordState | Breach:
    """The state after an entry as a reader takes it: chain, signature, `decide` on its own state, then what follows.

    Entries come in the order of the merge: a sitting's entry right after the main entry that it names. `opens` opens
    its act: opening.py has one for who folds an entry several times.
    """
    refusal = chain_refusal(record, entry)
    if refusal is not None:
        return _breach(entry, refusal)
    decided = decided_at(record, entry, opens)
    if isinstance(decided, Refusal):
        return _breach(entry, decided)
    return advance(record, entry, decided)


def contested(signed: Signed[Act[Body]], refusal: Refusal) -> bool:
    """Whether a refused act leaves an `enrolment.contested` in the record, if one is due at its time."""
    return isinstance(signed.payload.body, EnrolDevice) and refusal.code is Code.ENROLMENT_USED


def _newcomer(meeting: MeetingState, act: Act[Body], body: EnrolDevice, at: int) -> Device | Refusal:
    held_to = expected(meeting, leaf=None, enrolled=None, revoked=meeting.enrolment.revoked.keys())
    credential = validate(body.chain, held_to, at)
    if isinstance(credential, Refusal):
        return credential
    if credential.device.thumbprint != act.by:
        return Refusal(Code.ENROLMENT_SIGNER, "The chain is another device's.", "Sign with the device's own key.")
    return Device(act.by, credential.device, credential.delegation, credential.seat)


def _find(record: RecordState, act: Act[Body], rule: Rule, at: int) -> tuple[State, Device] | Refusal:
    meeting = record.meeting
    if act.meeting != meeting.terms.meeting:
        return Refusal(Code.ACT_MEETING, "The act is of another meeting.", "Send it there.")
    is_sittings = rule.journal is Journal.SITTING
    if (act.sitting is not None) is not is_sittings or (not is_sittings and act.seen_sitting is not None):
        return Refusal(
            Code.ACT_JOURNAL, f"An act {act.kind} stands in the {rule.journal.value} journal.", "Sign it for that one."
        )
    author = author_of(meeting, act, at)
    if isinstance(author, Refusal):
        return author
    if act.sitting is None:
        return State(meeting), author
    terms, sitting = meeting.terms.sittings.get(act.sitting), record.sittings.get(act.sitting)
    if terms is None or sitting is None or author.seat not in terms.listed:
        # "Not there" and "not for you" are one answer.
        return Refusal(Code.SITTING_UNKNOWN, "There is no such sitting for your seat.", "Choose one of your sittings.")
    return State(meeting, sitting), author


def _check_new(state: State, signed: Signed[Act[Body]], at: int) -> Refusal | None:
    act, trail = signed.payload, _trail(state)
    if signed.hash in trail.bodies:
        return Refusal(Code.ACT_KNOWN, "This act is in the record already.", "Take its entry from the feed.")
    if (act.by, act.nonce) in trail.nonces:
        return Refusal(Code.ACT_NONCE, "Another act of this device has its nonce.", "Sign it again with a new nonce.")
    if abs(at - act.at) > int(ACT_SKEW_MS):
        return Refusal(
            Code.ACT_TIME, "The device's clock is more than 5 minutes off.", "Set the clock, then try again."
        )
    if not (_holds(state.meeting.trail.holds, act.seen_main) and _holds(trail.holds, act.seen_sitting)):
        return Refusal(
            Code.ACT_SEEN,
            "The device saw an entry that is not in this record.",
            "Stop, keep your record as proof, and compare heads with another delegation.",
        )
    return None


def _check_may(state: State, act: Act[Body], author: Device, rule: Rule) -> Refusal | None:
    if state.meeting.role(author) not in rule.roles:
        allowed = ", ".join(sorted(role.value for role in rule.roles))
        return Refusal(Code.ACT_ROLE, f"Only {allowed} may do this ({act.kind}).", "Ask one of them.")
    if rule.journal is Journal.MAIN:
        return None
    return _check_stage(state.sitting, act.kind) or _check_standing(state.sitting, act, rule.standing)


def _check_stage(sitting: SittingState, kind: str) -> Refusal | None:
    if sitting.stage == "closed":
        return Refusal(Code.SITTING_CLOSED, "The sitting is closed.", "Go on in another sitting.")
    if kind == "sitting.open" and sitting.stage == "open":
        return Refusal(Code.SITTING_OPEN, "The sitting is open already.", "Knock.")
    if kind != "sitting.open" and sitting.stage == "unopened":
        return Refusal(
            Code.SITTING_UNOPENED, "Nobody opened the sitting yet.", "Wait for the chair or the secretariat."
        )
    return None


def _check_standing(sitting: SittingState, act: Act[Body], standing: Standing) -> Refusal | None:
    if standing is Standing.ADMITTED and act.by not in sitting.lobby.admits:
        return Refusal(Code.ADMISSION_MISSING, "This device is not admitted to the sitting.", "Knock.")
    if standing is Standing.MEMBER and act.by not in sitting.group.present:
        return Refusal(Code.MEMBER_MISSING, "This device is not a member of the sitting's group.", "Knock.")
    reads = standing in {Standing.ADMITTED, Standing.MEMBER}
    if reads and (act.seen_main is None or act.seen_sitting is None):
        return Refusal(
            Code.ACT_UNSEEING, "A reader's act says what its author saw of both journals.", "Sign it with `seen`."
        )
    return None


def _own_event(state: State, own: Own, at: int) -> tuple[Any, Callable[[State, Any], State]]:  # Any: as in Decided
    is_main = state.of_sitting is None
    match own:
        case ServerStarted() if is_main:
            return _due_start(state, own), _apply_started
        case EnrolmentContested() if is_main:
            return _due_contest(state, own, at), enrolment.apply_contested
        case EnrolmentLocked() if is_main:
            return enrolment.due_lock(state, own.seat), enrolment.apply_locked
        case DeadlinePassed() if not is_main:
            return lobby.due_lapse(state, own.because, at), lobby.apply_knock_refused
        case _:
            return _undue(f"An entry {own.kind} stands in another journal."), _apply_started


def _due_start(state: State, own: ServerStarted) -> Started | Refusal:
    if own.charter != state.meeting.terms.charters[-1]:
        return _undue("It names another charter than the one in force.")
    if state.meeting.registrar not in {None, own.registrar}:
        return _undue("It names another registrar's key than the charter or the first start.")
    return Started(own.registrar)


def _apply_started(state: State, event: Started) -> State:
    return state.in_meeting(registrar=event.registrar)


def _due_contest(state: State, own: EnrolmentContested, at: int) -> enrolment.Contested | Refusal:
    record = RecordState(state.meeting, {})
    signed = open_act(state.meeting, own.because, at)
    if isinstance(signed, Refusal):
        return signed
    refused = decide(record, signed, at)
    if not isinstance(refused, Refusal) or not contested(signed, refused):
        return _undue("The act that it quotes is no second use of a link.")
    author = author_of(state.meeting, signed.payload, at)
    assert isinstance(author, Device), "its signature was opened"
    return enrolment.due_contest(state, author.seat, signed.hash, at)


def chain_refusal(record: RecordState, entry: Entry) -> Refusal | None:
    """Why an entry does not follow here: the journal's chain (ENTRY-3 to -7), and the order of the merge (ENTRY-8)."""
    meeting = record.meeting
    journal = entry.header.journal
    sitting = record.sittings.get(SittingId(journal))
    if sitting is None and str(journal) != str(meeting.terms.meeting):
        return Refusal(Code.ENTRY_BROKEN, "It is of a journal that is not read here.", "Ask for the sitting's part.")
    tail = meeting.tail if sitting is None else sitting.tail
    checked = check(tail, entry, meeting.trail.holds)
    if isinstance(checked, Refusal):
        return checked
    if sitting is not None and entry.header.main != meeting.tail.place:
        return Refusal(
            Code.ENTRY_BROKEN,
            "It does not come right after the main entry that it names.",
            "Fold main and the sitting merged.",
        )
    return None


def decided_at(record: RecordState, entry: Entry, opens: Opens = open_act) -> Decided | Refusal:
    """What an entry does at its place, if its signature holds and it may stand there; its chain was checked before."""
    header, body = entry.header, entry.body
    is_main = str(header.journal) == str(record.meeting.terms.meeting)
    sitting = None if is_main else SittingId(header.journal)
    if body is None:
        return Refusal(Code.ENTRY_BROKEN, "Its body was erased: no state follows from it.", "Ask for an older export.")
    if is_own(body):
        own = read_own(body)
        if isinstance(own, Refusal):
            return own
        if own_body(own) != body:
            return _undue("It is not compact JSON with its members in order.")
        return due(record, sitting, own, header.at_ms)
    signed = opens(record.meeting, body, header.at_ms)
    if isinstance(signed, Refusal):
        return signed
    if signed.payload.sitting != sitting:
        return Refusal(Code.ACT_JOURNAL, "The act is of another journal.", "Compare heads with another delegation.")
    if record.meeting.trail.seq == 0:
        return _undue("A meeting begins with the server's start.")
    return decide(record, signed, header.at_ms)


def _grown(state: State, entry: Entry, decided: Decided) -> State:
    trail = _trail(state).grown(digest=entry.hash, body=decided.body, author=decided.author, nonce=decided.nonce)
    if decided.sitting is None:
        return state.in_meeting(trail=trail, tail=follow(state.meeting.tail, entry))
    return state.in_sitting(trail=trail, tail=follow(state.sitting.tail, entry))


def _trail(state: State) -> Trail:
    return state.meeting.trail if state.of_sitting is None else state.of_sitting.trail


def _holds(holds: Callable[[Seen], bool], seen: Seen | None) -> bool:
    return seen is None or holds(seen)


def _breach(entry: Entry, refusal: Refusal) -> Breach:
    return Breach(entry.header.journal, entry.header.seq, entry.hash, refusal)


def _undue(reason: str) -> Refusal:
    return Refusal(Code.OWN_UNDUE, reason, "Compare heads with another delegation.")
