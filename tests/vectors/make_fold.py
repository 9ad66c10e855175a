"""Write tests/vectors/fold/*.json: `python -m tests.vectors.make_fold`. One file a story; the same files each time.

A story is a charter with the parts that its reader has, and entries in the order of appending. Whoever folds them
must come to `state` (meeting/outline.py), answer each of `acts` at its time as said (null: it may stand), and refuse
each of `lies` as the next entry, by the code; `after` says after how many of the entries it was asked or told.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from incamera.accreditation.charter import OPEN, SEATS_PART, Contents, PartId, open_contents
from incamera.accreditation.credential import join
from incamera.accreditation.strict import DelegationId, Hash, ItemId, SeatId, SittingId, Thumbprint, b64u
from incamera.meeting.acts import (
    Add,
    Admit,
    Body,
    CloseItem,
    CloseSitting,
    Commit,
    EnrolDevice,
    Exclude,
    GiveFloor,
    Knock,
    Leave,
    Message,
    OpenItem,
    OpenSitting,
    RefuseCommit,
    RefuseKnock,
    Remove,
    ReopenInvitation,
    RequestFloor,
    RevokeDevice,
    Sealed,
    TakeBackFloor,
    TitleItem,
    WithdrawRequest,
)
from incamera.meeting.outline import outline
from incamera.meeting.own import DeadlinePassed, EnrolmentContested, EnrolmentLocked, Own, ServerStarted, own_body
from incamera.meeting.rules import Breach, fold, open_act
from incamera.meeting.state import RecordState, initial
from incamera.meeting.terms import MeetingTerms, meeting_terms
from incamera.record.entry import Entry, JournalId
from incamera.record.journal import link
from incamera.refusal import Refusal
from tests.support.paper import FIRST, SECOND, START_MS, Device, Paper, octets
from tests.vectors.given import written

FOLDER = Path(__file__).parent / "fold"
NOBODY = Hash(b64u(bytes(32)))
AFGHANISTAN, DETERRENCE = ItemId("afghanistan"), ItemId("deterrence")


class Story:
    """A record that grows, questions on the way, and lies that a reader must refuse there."""

    def __init__(self, name: str, *, reads: Iterable[SittingId] = (FIRST, SECOND)) -> None:
        self.name = name
        self.reads = tuple(reads)
        self.paper = Paper()
        self.acts: list[dict[str, Any]] = []
        self.lies: list[dict[str, Any]] = []

    def asks(self, name: str, device: Device, body: Body, sitting: SittingId | None = FIRST, **more: Any) -> None:
        """What `decide` says to an act at this point of the story."""
        self.asks_jws(name, self.paper.signed(device, body, sitting, **more))

    def asks_jws(self, name: str, jws: str) -> None:
        answer = self.paper.decide(jws)
        code = str(answer.code) if isinstance(answer, Refusal) else None
        self.acts.append(
            {"name": name, "after": len(self.entries()), "at": self.paper.now, "act": jws, "refusal": code}
        )

    def lies_by_act(
        self, name: str, device: Device, body: Body, sitting: SittingId | None = FIRST, **more: Any
    ) -> None:
        """A server appends an act that may not stand."""
        self.lie(name, self.paper.signed(device, body, sitting, **more), sitting)

    def lies_by_own(self, name: str, own: Own, sitting: SittingId | None = None) -> None:
        """A server appends an entry of its own that is not due."""
        self.lie(name, own_body(own), sitting)

    def lie(self, name: str, body: str, sitting: SittingId | None) -> None:
        record = self.paper.record
        main = record.meeting.tail
        tail = main if sitting is None else record.sittings[sitting].tail
        self.lies_by_entry(
            name, link(tail, at_ms=self.paper.now, main=None if sitting is None else main.place, body=body)
        )

    def lies_by_entry(self, name: str, entry: Entry) -> None:
        """A server shows an entry that does not follow."""
        breach = fold(self.paper.reader, entry)
        assert isinstance(breach, Breach), f"{name}: the lie is believed"
        self.lies.append(
            {"name": name, "after": len(self.entries()), "entry": entry.wire(), "code": str(breach.refusal.code)}
        )

    def told(self) -> dict[str, Any]:
        charters = self.paper.charters
        shown = self.parts()
        reader = folded(self.terms_of(shown), self.entries())
        return {
            "name": self.name,
            "made_by": "tests/vectors/make_fold.py",
            "authority": charters.authority.thumbprint,
            "meeting": charters.meeting,
            "charters": [charters.charter],
            "parts": {part: b64u(data) for part, data in shown.items()},
            "entries": [entry.wire() for entry in self.entries()],
            "state": outline(reader),
            "acts": self.acts,
            "lies": self.lies,
        }

    def entries(self) -> list[Entry]:
        """Those of the journals that the story's reader reads, in the order of appending."""
        journals = {JournalId(self.paper.charters.meeting), *map(JournalId, self.reads)}
        return [entry for entry in self.paper.entries if entry.header.journal in journals]

    def parts(self) -> dict[PartId, bytes]:
        _, contents = self.paper.charters.opened()
        read = {OPEN, SEATS_PART, *(contents.ids[sitting] for sitting in self.reads)}
        return {part: data for part, data in self.paper.charters.parts.items() if part in read}

    def terms_of(self, parts: dict[PartId, bytes]) -> MeetingTerms:
        signed, _ = self.paper.charters.opened()
        contents = open_contents(parts, signed.payload)
        assert isinstance(contents, Contents), contents
        terms = meeting_terms([signed], contents)
        assert isinstance(terms, MeetingTerms), terms
        return terms


def folded(terms: MeetingTerms, entries: Iterable[Entry]) -> RecordState:
    """What a reader folds the entries to."""
    record = initial(terms)
    for entry in entries:
        after = fold(record, entry)
        assert isinstance(after, RecordState), after
        record = after
    return record


def a_whole_sitting() -> Story:
    story = Story("a sitting from its opening to its close")
    paper = story.paper
    chair, deputy, belgium = paper.enrolled("chair"), paper.enrolled("deputy"), paper.enrolled("be-head")
    paper.open(chair)
    paper.admitted(chair, belgium, deputy)
    paper.must(chair, OpenItem(AFGHANISTAN), FIRST)
    paper.must(chair, TitleItem(DETERRENCE, sealed(DETERRENCE)), FIRST)
    paper.commit(belgium, item="afghanistan")
    paper.must(belgium, Message(paper.group(FIRST), 2, b64u(b"an item key")), FIRST)
    paper.must(belgium, RequestFloor(), FIRST)
    paper.must(chair, GiveFloor(DelegationId("be"), belgium.thumbprint), FIRST)
    paper.must(deputy, TakeBackFloor(), FIRST)
    paper.must(chair, CloseItem(AFGHANISTAN), FIRST)
    paper.must(deputy, CloseSitting(), FIRST)
    story.asks("a knock at a closed sitting", belgium, paper.knocking(belgium))
    story.asks("a closed sitting is not opened again", chair, paper.opening(chair, group="group 9"))
    return story


def the_middle_of_a_sitting() -> Story:
    """Most codes of a sitting, at one moment: belgium speaks, estonia waits, finland knocks, an item is open."""
    story = Story("in the middle of a sitting, what may stand and what not")
    paper = story.paper
    chair, secretariat = paper.enrolled("chair"), paper.enrolled("secretariat")
    belgium, adviser, estonia = paper.enrolled("be-head"), paper.enrolled("be-adviser"), paper.enrolled("ee-head")
    finland, press, interpreter = paper.enrolled("fi-head"), paper.enrolled("press"), paper.enrolled("interpreter")
    stranger = paper.charters.device("witness")
    opened = paper.open(chair)
    paper.admitted(chair, belgium, estonia, interpreter)
    paper.must(chair, OpenItem(AFGHANISTAN), FIRST)
    last = paper.commit(chair, item="afghanistan")
    paper.must(estonia, RequestFloor(), FIRST)
    paper.must(chair, GiveFloor(DelegationId("be"), belgium.thumbprint), FIRST)
    knock = paper.knock(finland)
    group, epoch = paper.group(FIRST), paper.state().sitting.group.epoch
    admit_of_belgium = paper.state().sitting.lobby.admits[belgium.thumbprint]
    leaf_of_belgium = paper.state().sitting.group.members[belgium.thumbprint].leaf

    def commit(**changes: Any) -> Commit:
        base: dict[str, Any] = {
            "group": group,
            "epoch": epoch,
            "message": "AAAA",
            "welcome": None,
            "adds": (),
            "removes": (),
            "item": None,
        }
        return Commit(**(base | changes))

    paper.now += 500
    story.asks("a commit half a second after the last", chair, commit())
    paper.now += 500
    story.asks("a commit of nothing: an update", chair, commit())
    story.asks("a commit of the epoch before", estonia, commit(epoch=epoch - 1))
    story.asks("a commit in another group", estonia, commit(group=b64u(octets("other", 16))))
    add = Add(finland.thumbprint, 9, knock, admit_of_belgium)
    story.asks("an add that cites another's admission", chair, commit(adds=(add,), welcome=NOBODY))
    story.asks("an add without a Welcome", chair, commit(adds=(add,)))
    story.asks("a Welcome for nobody", chair, commit(welcome=NOBODY))
    story.asks(
        "an add of a member", chair, commit(adds=(Add(belgium.thumbprint, 9, knock, admit_of_belgium),), welcome=NOBODY)
    )
    silent = Remove(belgium.thumbprint, leaf_of_belgium, "silent", None)
    story.asks("the removal of a silent member", chair, commit(removes=(silent,)))
    story.asks("the removal of oneself", belgium, commit(removes=(silent,)))
    story.asks("a removal named twice", chair, commit(removes=(silent, silent)))
    story.asks("a removal of another leaf", chair, commit(removes=(Remove(belgium.thumbprint, 77, "silent", None),)))
    story.asks(
        "a removal that says excluded, of one who is not",
        chair,
        commit(removes=(Remove(belgium.thumbprint, leaf_of_belgium, "excluded", knock),)),
    )
    story.asks("a commit that names an item that is open already", chair, commit(item=AFGHANISTAN))
    story.asks("a commit by who is at the door", finland, commit())
    story.asks("a refusal of the last commit", estonia, RefuseCommit(last, "claims"))
    story.asks("a refusal of no commit", estonia, RefuseCommit(knock, "claims"))
    story.asks("a stored message of this epoch", estonia, Message(group, epoch, "AAAA"))
    story.asks("a stored message of the epoch before", estonia, Message(group, epoch - 1, "AAAA"))
    story.asks("a stored message of two epochs before", estonia, Message(group, 0, "AAAA"))
    story.asks("the delegation that speaks asks for the floor", belgium, RequestFloor())
    story.asks("the delegation that waits asks again", estonia, RequestFloor())
    story.asks("the delegation that waits withdraws", estonia, WithdrawRequest())
    story.asks("the delegation that speaks withdraws", belgium, WithdrawRequest())
    story.asks("the adviser takes no part before admission", adviser, RequestFloor())
    story.asks("an interpreter asks for the floor", interpreter, RequestFloor())
    story.asks("the floor to the next", chair, GiveFloor(DelegationId("ee"), estonia.thumbprint))
    story.asks("the floor to the holder again", chair, GiveFloor(DelegationId("be"), belgium.thumbprint))
    story.asks("the floor to a device of another delegation", chair, GiveFloor(DelegationId("ee"), belgium.thumbprint))
    story.asks("the floor to an interpreter", chair, GiveFloor(DelegationId("nato"), interpreter.thumbprint))
    story.asks("the floor to who is at the door", chair, GiveFloor(DelegationId("fi"), finland.thumbprint))
    story.asks("a delegation gives the floor", estonia, GiveFloor(DelegationId("ee"), estonia.thumbprint))
    story.asks("the holder gives it back", belgium, TakeBackFloor())
    story.asks("another takes it back", estonia, TakeBackFloor())
    story.asks("another item while one is open", chair, OpenItem(DETERRENCE))
    story.asks("an item that the sitting does not have", chair, OpenItem(ItemId("nothing")))
    story.asks("the close of an item that is not open", chair, CloseItem(DETERRENCE))
    story.asks("the close of no item", chair, CloseItem(ItemId("nothing")))
    story.asks("a sealed title of a restricted item", chair, TitleItem(DETERRENCE, sealed(DETERRENCE)))
    story.asks("a sealed title of a public item", chair, TitleItem(AFGHANISTAN, sealed(AFGHANISTAN)))
    story.asks("a sealed title under another item's name", chair, TitleItem(DETERRENCE, sealed(AFGHANISTAN)))
    story.asks("an admission of who knocks", chair, Admit(finland.thumbprint))
    story.asks("an admission of who does not knock", chair, Admit(press.thumbprint))
    story.asks("an admission of who is in", chair, Admit(belgium.thumbprint))
    story.asks("an admission by who is not admitted", secretariat, Admit(finland.thumbprint))
    story.asks("a refusal of the knock", chair, RefuseKnock(knock, "not_known"))
    story.asks("a refusal of no knock", chair, RefuseKnock(opened, "not_known"))
    story.asks("an exclusion", chair, Exclude(belgium.thumbprint))
    story.asks("an exclusion of oneself", chair, Exclude(chair.thumbprint))
    story.asks("an exclusion of who is not in", chair, Exclude(press.thumbprint))
    story.asks("the one at the door goes away", finland, Leave())
    story.asks("one who is nowhere leaves", press, Leave())
    knocking = paper.knocking(press)
    story.asks("another knock", press, knocking)
    used = Knock(finland.leaf_chain(FIRST, group), package_of(paper, knock))
    story.asks("a knock with a used key package", finland, used)
    story.asks("a knock with another's chain", press, Knock(finland.leaf_chain(FIRST, group), knocking.key_package))
    other_group = Knock(press.leaf_chain(FIRST, b64u(octets("other", 16))), knocking.key_package)
    story.asks("a knock with a leaf of another group", press, other_group)
    expired = Knock(press.leaf_chain(FIRST, group, until_ms=START_MS - 600_000), knocking.key_package)
    story.asks("a knock with a leaf that has ended", press, expired)
    story.asks("a second opening", secretariat, paper.opening(secretariat, group="group 9"))
    story.asks("a regroup by one whom nobody admitted", secretariat, paper.regrouping(secretariat, "unreadable"))
    story.asks("a regroup of an empty group that is not", chair, paper.regrouping(chair, "empty"))
    story.asks("a regroup for a refusal that nobody made", chair, paper.regrouping(chair, "refused"))
    story.asks("a regroup, since the state is unreadable", chair, paper.regrouping(chair, "unreadable"))
    story.asks(
        "a regroup without one who is in", chair, paper.regrouping(chair, "unreadable", without=(belgium.thumbprint,))
    )
    story.asks(
        "a regroup without its author", chair, paper.regrouping(chair, "unreadable", without=(chair.thumbprint,))
    )
    story.asks(
        "a regroup without one who is not in",
        chair,
        paper.regrouping(chair, "unreadable", without=(press.thumbprint,)),
    )
    story.asks("a regroup into the present group", chair, paper.regrouping(chair, "unreadable", group="group 1"))
    opening = paper.opening(chair, group="group 8")
    other_suite = OpenSitting(opening.group, "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519", opening.chain)
    story.asks("an opening in another suite", chair, other_suite, SECOND)
    story.asks("a knock before the opening", belgium, Knock(belgium.leaf_chain(SECOND, group), "AAAA"), SECOND)
    story.asks("a knock at a sitting that does not list the seat", finland, knocking, SECOND)
    story.asks("a knock at a sitting that there is not", finland, knocking, SittingId(b64u(octets("none", 16))))
    story.asks("a close on the head", chair, CloseSitting())
    main, head = paper.seen(FIRST)
    assert head is not None
    story.asks("a close on an older head", chair, CloseSitting(), seen=(main, (1, opened_entry(paper))))
    story.asks("an act that saw a fork", chair, CloseSitting(), seen=(main, (head[0], NOBODY)))
    story.asks("an act that saw the future", chair, CloseSitting(), seen=(main, (head[0] + 1, head[1])))
    story.asks("a reader that does not say what it saw", belgium, TakeBackFloor(), seen=(None, None))
    story.asks("an act of 6 minutes ago", belgium, TakeBackFloor(), at=paper.now - 360_000)
    story.asks("an act of 6 minutes ahead", belgium, TakeBackFloor(), at=paper.now + 360_000)
    story.asks("an act of a device that is not enrolled", stranger, knocking)
    story.asks("a sitting's act in main", chair, CloseSitting(), None)
    story.asks("main's act in a sitting", secretariat, RevokeDevice(belgium.thumbprint))
    story.asks("a revocation by the chair", chair, RevokeDevice(belgium.thumbprint), None)
    story.asks("a revocation", secretariat, RevokeDevice(belgium.thumbprint), None)
    story.asks("a revocation of nobody", secretariat, RevokeDevice(Thumbprint(str(NOBODY))), None)
    story.asks("a reopening of a used link", secretariat, ReopenInvitation(belgium.seat), None)
    story.asks("a reopening of an unused link", secretariat, ReopenInvitation(SeatId("witness")), None)
    story.asks("a reopening of no seat's link", secretariat, ReopenInvitation(SeatId("nobody")), None)
    story.asks("an enrolment", stranger, EnrolDevice(join(stranger.chain)), None)
    story.asks("an enrolment again", belgium, EnrolDevice(join(belgium.chain)), None)
    thief = paper.charters.device("be-head", "thief")
    story.asks("a second use of a link", thief, EnrolDevice(join(thief.chain)), None)
    story.asks("an enrolment with another's chain", stranger, EnrolDevice(join(thief.chain)), None)
    story.asks_jws("an act that stands already", body_of(paper, knock))
    nonce = nonce_of(paper, knock)
    story.asks("a nonce used before", finland, Leave(), nonce=nonce)
    story.asks_jws("a signature cut by one", paper.signed(chair, CloseSitting(), FIRST)[:-1])
    story.asks_jws("a signature of another device", forged(paper, belgium, chair))
    story.lies_by_act("a server lets a floor be taken by who has not asked", estonia, TakeBackFloor())
    story.lies_by_act("a server admits whom nobody but the admitted may", secretariat, Admit(finland.thumbprint))
    story.lies_by_act("a server lets an act of main into a sitting", secretariat, RevokeDevice(chair.thumbprint))
    story.lie("a server shows an act twice", body_of(paper, knock), FIRST)
    story.lies_by_own("a server lets a knock lapse too early", DeadlinePassed(knock, paper.nonce()), FIRST)
    story.lies_by_own(
        "a server starts under another key",
        ServerStarted(paper.nonce(), paper.charters.charter_hash, chair.key.public),
    )
    story.lies_by_own(
        "a server starts under another charter", ServerStarted(paper.nonce(), NOBODY, paper.charters.registrar.public)
    )
    story.lies_by_own("a server locks a link that nobody contested", EnrolmentLocked(belgium.seat, paper.nonce()))
    story.lies_by_own(
        "a server contests a link by an act that may stand",
        EnrolmentContested(
            paper.signed(stranger, EnrolDevice(join(stranger.chain)), None, seen=(None, None)), paper.nonce()
        ),
    )
    story.lie("a server adds a kind of its own", '{"kind":"floor.taken","nonce":"AAAAAAAAAAAAAAAAAAAAAA"}', None)
    return story


def a_contested_link() -> Story:
    story = Story("a used link is used again: contested, locked, reopened")
    paper = story.paper
    secretariat, belgium = paper.enrolled("secretariat"), paper.enrolled("be-head")
    for number in range(5):
        thief = paper.charters.device("be-head", f"thief {number}")
        jws = paper.signed(thief, EnrolDevice(join(thief.chain)), None, seen=(None, None))
        assert isinstance(paper.decide(jws), Refusal)
        assert paper.own(None, EnrolmentContested(jws, paper.nonce())) is None
        if number == 1:
            late = paper.charters.device("be-head", "late")
            too_soon = paper.signed(late, EnrolDevice(join(late.chain)), None, seen=(None, None))
            paper.now += 59_000
            story.paper.own(None, EnrolmentContested(too_soon, paper.nonce()))
        paper.now += 60_000
    assert paper.own(None, EnrolmentLocked(belgium.seat, paper.nonce())) is None
    thief = paper.charters.device("be-head", "thief 9")
    story.asks("a locked link", thief, EnrolDevice(join(thief.chain)), None, seen=(None, None))
    story.asks("its reopening", secretariat, ReopenInvitation(belgium.seat), None)
    story.lies_by_own("a link is locked twice", EnrolmentLocked(belgium.seat, paper.nonce()))
    return story


def a_revocation_between() -> Story:
    story = Story("a revocation between two acts of a sitting, in the order of the merge")
    paper = story.paper
    chair, secretariat, belgium = paper.enrolled("chair"), paper.enrolled("secretariat"), paper.enrolled("be-head")
    paper.open(chair)
    paper.admitted(chair, belgium)
    paper.must(chair, GiveFloor(DelegationId("be"), belgium.thumbprint), FIRST)
    stale = paper.committing()
    before = next(entry for entry in reversed(paper.entries) if entry.header.main is None)
    paper.must(secretariat, RevokeDevice(belgium.thumbprint))
    paper.now += 1000
    story.asks("a commit without the removal that is due", chair, stale)
    story.asks("a commit with it", chair, paper.committing())
    story.asks("the revoked one gives the floor back", belgium, TakeBackFloor())
    story.asks("the chair takes back a floor that nobody has", chair, TakeBackFloor())
    story.asks("a revocation again", secretariat, RevokeDevice(belgium.thumbprint), None)
    story.asks("the revoked device enrols again", belgium, EnrolDevice(join(belgium.chain)), None)
    story.lies_by_act("a server lets the revoked one act", belgium, TakeBackFloor())
    backdated = link(
        paper.record.sittings[FIRST].tail,
        at_ms=paper.now,
        main=(before.header.seq, before.hash),
        body=paper.signed(belgium, TakeBackFloor(), FIRST),
    )
    story.lies_by_entry("a server puts an act before the revocation, after it", backdated)
    story.lies_by_entry("a server shows an entry without its body", replace(backdated, body=None))
    story.lies_by_act("a server accepts a stale commit", chair, stale)
    return story


def a_refused_commit() -> Story:
    story = Story("a refused commit ends in a group without its author")
    paper = story.paper
    chair, deputy = paper.enrolled("chair"), paper.enrolled("deputy")
    belgium, estonia = paper.enrolled("be-head"), paper.enrolled("ee-head")
    paper.open(chair)
    paper.admitted(chair, belgium, estonia, deputy)
    bad = paper.commit(belgium)
    paper.must(estonia, RefuseCommit(bad, "claims"), FIRST)
    story.asks("one refusal is below the quorum", chair, paper.regrouping(chair, "refused"))
    paper.must(chair, RefuseCommit(bad, "claims"), FIRST)
    story.asks("a regroup that keeps the author", chair, paper.regrouping(chair, "refused"))
    story.asks("a second refusal by one device", estonia, RefuseCommit(bad, "claims"))
    paper.must(chair, paper.regrouping(chair, "refused", without=(belgium.thumbprint,)), FIRST)
    story.asks("who is in knocks again, at once", estonia, paper.knocking(estonia))
    story.asks("who was left out knocks", belgium, paper.knocking(belgium))
    story.asks("a message in the old group", chair, Message(paper.opening(chair).group, 2, "AAAA"))
    paper.knock(estonia)
    paper.knock(deputy)
    paper.commit(chair, estonia, deputy)
    story.asks("an admission of who was left out needs a knock", chair, Admit(belgium.thumbprint))
    return story


def away_and_back() -> Story:
    story = Story("a member leaves and comes back, another loses its state and is replaced")
    paper = story.paper
    chair, belgium, estonia = paper.enrolled("chair"), paper.enrolled("be-head"), paper.enrolled("ee-head")
    paper.open(chair)
    paper.admitted(chair, belgium, estonia)
    left = paper.must(belgium, Leave(), FIRST)
    story.asks("who has left asks for the floor", belgium, RequestFloor())
    paper.knock(belgium)
    knock = paper.knock(estonia)
    group = paper.state().sitting.group
    removes = (
        Remove(belgium.thumbprint, group.members[belgium.thumbprint].leaf, "left", left),
        Remove(estonia.thumbprint, group.members[estonia.thumbprint].leaf, "replaced", knock),
    )
    paper.now += 1000
    paper.must(chair, paper.committing(adds=(belgium, estonia), removes=removes), FIRST)
    return story


def a_lapsed_knock() -> Story:
    story = Story("a knock lapses when its chain ends")
    paper = story.paper
    chair, belgium = paper.enrolled("chair"), paper.enrolled("be-head")
    paper.open(chair)
    until = START_MS + 10_000
    knock = paper.must(belgium, paper.knocking(belgium, until_ms=until), FIRST)
    story.lies_by_own("before its time", DeadlinePassed(knock, paper.nonce()), FIRST)
    paper.now = until
    assert paper.own(FIRST, DeadlinePassed(knock, paper.nonce())) is None
    story.asks("an admission of what lapsed", chair, Admit(belgium.thumbprint))
    story.lies_by_own("a deadline passes twice", DeadlinePassed(knock, paper.nonce()), FIRST)
    return story


def a_late_reader() -> Story:
    story = Story("a late reader of one sitting folds it merged with main, while another went on", reads=[FIRST])
    paper = story.paper
    chair, secretariat, belgium = paper.enrolled("chair"), paper.enrolled("secretariat"), paper.enrolled("be-head")
    paper.open(secretariat, SECOND, "group of second")
    paper.open(chair)
    paper.admitted(chair, belgium)
    paper.admitted(secretariat, chair, sitting=SECOND)
    estonia = paper.enrolled("ee-head")
    paper.must(chair, GiveFloor(DelegationId("be"), belgium.thumbprint), FIRST)
    paper.must(secretariat, RevokeDevice(estonia.thumbprint))
    paper.commit(chair, sitting=SECOND)
    paper.commit(chair)
    return story


def sealed(item: ItemId) -> Sealed:
    return Sealed(item, Hash(b64u(octets("item key"))), b64u(octets("sealed", 60)))


def opened_entry(paper: Paper) -> Hash:
    return next(entry.hash for entry in paper.entries if entry.header.journal == JournalId(FIRST))


def body_of(paper: Paper, act: Hash) -> str:
    return next(entry.body or "" for entry in paper.entries if entry.header.body == act)


def nonce_of(paper: Paper, act: Hash) -> str:
    trail = paper.state().sitting.trail
    seq = trail.seq_of(act)
    assert seq is not None
    return trail.nonces[seq - 1][1]


def package_of(paper: Paper, knock: Hash) -> str:
    signed = open_act(paper.record.meeting, body_of(paper, knock), paper.now)
    assert not isinstance(signed, Refusal)
    assert isinstance(signed.payload.body, Knock)
    return signed.payload.body.key_package


def forged(paper: Paper, signer: Device, named: Device) -> str:
    """An act that names one device and is signed by another."""
    good = paper.signed(named, CloseSitting(), FIRST)
    other = paper.signed(signer, CloseSitting(), FIRST)
    return ".".join((*good.split(".")[:2], other.split(".")[2]))


STORIES: dict[str, Callable[[], Story]] = {
    "a_whole_sitting": a_whole_sitting,
    "the_middle_of_a_sitting": the_middle_of_a_sitting,
    "a_contested_link": a_contested_link,
    "a_revocation_between": a_revocation_between,
    "a_refused_commit": a_refused_commit,
    "away_and_back": away_and_back,
    "a_lapsed_knock": a_lapsed_knock,
    "a_late_reader": a_late_reader,
}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, tell in STORIES.items():
        (FOLDER / f"{name}.json").write_text(written(tell().told()), encoding="utf-8")


if __name__ == "__main__":
    main()
