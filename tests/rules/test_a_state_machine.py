"""No order of acts, allowed or not, breaks an invariant; and a reader folds to the server's state each time.

The machine draws a device, a kind and its particulars, mostly sensible and sometimes not; what `decide` lets through is
appended, and `Paper` holds a reader's own fold against it after each entry.
"""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from incamera.accreditation.strict import DelegationId, Hash, ItemId, SittingId, Thumbprint, b64u
from incamera.media.plane import Source
from incamera.meeting.acts import (
    Admit,
    Body,
    CloseItem,
    CloseSitting,
    Exclude,
    GiveFloor,
    Leave,
    Message,
    OpenItem,
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
from incamera.meeting.state import SittingState
from incamera.meeting.visibility import journals, reads_main
from incamera.proceedings.usher import grants
from incamera.refusal import Code, Refusal
from tests.support.paper import FIRST, SEATS, SECOND, START_MS, Device, Paper

SITTINGS = st.sampled_from([FIRST, FIRST, FIRST, SECOND])
DEVICES = st.sampled_from([*SEATS, *SEATS, "be-head/thief", "chair/second"])
ITEMS = st.sampled_from(["afghanistan", "deterrence", "unknown"])


class MeetingMachine(RuleBasedStateMachine):
    """Everybody does everything, in any order."""

    @initialize()
    def begin(self) -> None:
        self.paper = Paper()
        self.devices: dict[str, Device] = {}
        self.groups = 0
        self.rounds: dict[SittingId, int] = {FIRST: 0, SECOND: 0}
        for name in ("chair", "secretariat", "be-head", "fi-head"):
            self.devices[name] = self.paper.enrolled(name)
        self.paper.open(self.devices["chair"])
        self.groups += 1

    def device(self, name: str) -> Device:
        if name not in self.devices:
            seat, _, other = name.partition("/")
            self.devices[name] = self.paper.charters.device(seat, other or "laptop")
        return self.devices[name]

    def submit(self, name: str, body: Body, sitting: SittingId | None) -> Refusal | None:
        before = self.paper.record
        refusal = self.paper.act(self.device(name), body, sitting)
        if refusal is not None:
            assert self.paper.record is before, "a refused act leaves no trace"
            assert refusal.code is not Code.FORM_MALFORMED, refusal
        return refusal

    @rule(seconds=st.integers(0, 90))
    def time_passes(self, seconds: int) -> None:
        self.paper.now += seconds * 1000

    @rule(name=DEVICES)
    def enrol(self, name: str) -> None:
        from incamera.accreditation.credential import join
        from incamera.meeting.acts import EnrolDevice

        self.submit(name, EnrolDevice(join(self.device(name).chain)), None)

    @rule(name=DEVICES, whom=DEVICES)
    def revoke(self, name: str, whom: str) -> None:
        self.submit(name, RevokeDevice(self.device(whom).thumbprint), None)

    @rule(name=DEVICES, seat=st.sampled_from(list(SEATS)))
    def reopen(self, name: str, seat: str) -> None:
        self.submit(name, ReopenInvitation(self.device(seat).seat), None)

    @rule(name=DEVICES, sitting=SITTINGS)
    def open(self, name: str, sitting: SittingId) -> None:
        self.groups += 1
        self.submit(name, self.paper.opening(self.device(name), sitting, f"group {self.groups}"), sitting)

    @rule(
        name=DEVICES,
        sitting=SITTINGS,
        because=st.sampled_from(["empty", "unreadable", "refused"]),
        without=st.lists(DEVICES, max_size=2),
    )
    def regroup(self, name: str, sitting: SittingId, because: str, without: list[str]) -> None:
        self.groups += 1
        out = tuple(self.device(each).thumbprint for each in without)
        body = self.paper.regrouping(
            self.device(name),
            because,  # type: ignore[arg-type]
            without=out,
            group=f"group {self.groups}",
            sitting=sitting,
        )
        self.submit(name, body, sitting)

    @rule(name=DEVICES, sitting=SITTINGS, sure=st.integers(0, 9))
    def close(self, name: str, sitting: SittingId, sure: int) -> None:
        if sure == 0:
            self.submit(name, CloseSitting(), sitting)

    @rule(name=DEVICES, sitting=SITTINGS)
    def knock(self, name: str, sitting: SittingId) -> None:
        self.submit(name, self.paper.knocking(self.device(name), sitting), sitting)

    @rule(name=DEVICES, whom=DEVICES, sitting=SITTINGS)
    def admit(self, name: str, whom: str, sitting: SittingId) -> None:
        self.submit(name, Admit(self.device(whom).thumbprint), sitting)

    @rule(name=DEVICES, whom=DEVICES, sitting=SITTINGS)
    def exclude(self, name: str, whom: str, sitting: SittingId) -> None:
        self.submit(name, Exclude(self.device(whom).thumbprint), sitting)

    @rule(name=DEVICES, sitting=SITTINGS, data=st.data())
    def refuse_a_knock(self, name: str, sitting: SittingId, data: st.DataObject) -> None:
        standing = [knock.act for knock in self.sitting(sitting).lobby.knocks.values()]
        knock = data.draw(st.sampled_from([*standing, Hash(b64u(bytes(32)))]))
        self.submit(name, RefuseKnock(knock, "not_now"), sitting)

    @rule(name=DEVICES, sitting=SITTINGS)
    def leave(self, name: str, sitting: SittingId) -> None:
        self.submit(name, Leave(), sitting)

    @rule(name=DEVICES, sitting=SITTINGS, count=st.integers(0, 4), silent=st.booleans(), names=st.booleans())
    def commit(self, name: str, sitting: SittingId, count: int, silent: bool, names: bool) -> None:
        state = self.sitting(sitting)
        candidates = [
            device
            for device in self.devices.values()
            if device.thumbprint in state.lobby.knocks and device.thumbprint in state.lobby.admits
        ]
        due = list(self.paper.committing(sitting).removes)
        removed = {remove.device for remove in due}
        adds = candidates[:count]
        for device in adds:
            member = state.group.members.get(device.thumbprint)
            if member is not None and device.thumbprint not in removed:
                knock = state.lobby.knocks[device.thumbprint].act
                due.append(Remove(device.thumbprint, member.leaf, "replaced", knock))
                removed.add(device.thumbprint)
        others = [each for each in state.group.members if each not in removed]
        if silent and others:
            due.append(Remove(others[-1], state.group.members[others[-1]].leaf, "silent", None))
        item = state.agenda.opening if names else None
        body = self.paper.committing(sitting, adds=adds, removes=tuple(due), item=item)
        self.submit(name, body, sitting)

    @rule(name=DEVICES, sitting=SITTINGS, data=st.data())
    def refuse_a_commit(self, name: str, sitting: SittingId, data: st.DataObject) -> None:
        commits = [*self.sitting(sitting).group.commits, Hash(b64u(bytes(32)))]
        code = data.draw(st.sampled_from(["claims", "cannot_process"]))
        self.submit(name, RefuseCommit(data.draw(st.sampled_from(commits)), code), sitting)

    @rule(name=DEVICES, sitting=SITTINGS, behind=st.integers(0, 2))
    def message(self, name: str, sitting: SittingId, behind: int) -> None:
        group = self.sitting(sitting).group
        self.submit(name, Message(self.paper.group(sitting), max(0, group.epoch - behind), "AAAA"), sitting)

    @rule(name=DEVICES, sitting=SITTINGS, withdraw=st.booleans())
    def ask_for_the_floor(self, name: str, sitting: SittingId, withdraw: bool) -> None:
        self.submit(name, WithdrawRequest() if withdraw else RequestFloor(), sitting)

    @rule(name=DEVICES, whom=DEVICES, sitting=SITTINGS)
    def give_the_floor(self, name: str, whom: str, sitting: SittingId) -> None:
        delegation = DelegationId(SEATS[whom.partition("/")[0]][0])
        self.submit(name, GiveFloor(delegation, self.device(whom).thumbprint), sitting)

    @rule(name=DEVICES, sitting=SITTINGS)
    def take_the_floor_back(self, name: str, sitting: SittingId) -> None:
        self.submit(name, TakeBackFloor(), sitting)

    @rule(name=DEVICES, sitting=SITTINGS, item=ITEMS, what=st.sampled_from(["open", "close", "title"]))
    def agenda(self, name: str, sitting: SittingId, item: str, what: str) -> None:
        sealed = Sealed(ItemId(item), Hash(b64u(bytes(32))), b64u(bytes(40)))
        body = {
            "open": OpenItem(ItemId(item)),
            "close": CloseItem(ItemId(item)),
            "title": TitleItem(ItemId(item), sealed),
        }
        self.submit(name, body[what], sitting)  # type: ignore[arg-type]

    def sitting(self, sitting: SittingId) -> SittingState:
        return self.paper.record.sittings[sitting]

    def live(self) -> frozenset[Thumbprint]:
        enrolment = self.paper.record.meeting.enrolment
        return frozenset(device for device in enrolment.devices if device not in enrolment.revoked)

    @invariant()
    def at_most_one_device_enrolled_for_each_use_of_a_link(self) -> None:
        enrolment = self.paper.record.meeting.enrolment
        for seat, link in enrolment.links.items():
            assert link.devices == len(enrolment.of_seat(seat)) <= 4
            assert 0 <= link.uses_left <= 1

    @invariant()
    def nobody_speaks_or_waits_who_is_not_admitted(self) -> None:
        for sitting in self.paper.record.sittings.values():
            named = {waiting.device for waiting in sitting.floor.waiting}
            if sitting.floor.holder is not None:
                named.add(sitting.floor.holder.device)
            assert named <= sitting.lobby.admits.keys()
            assert named <= self.live()

    @invariant()
    def a_delegation_waits_once_and_not_while_it_speaks(self) -> None:
        for sitting in self.paper.record.sittings.values():
            waiting = [one.delegation for one in sitting.floor.waiting]
            assert len(set(waiting)) == len(waiting)
            assert sitting.floor.holder is None or sitting.floor.holder.delegation not in waiting

    @invariant()
    def every_member_was_admitted_or_its_removal_is_due(self) -> None:
        for sitting in self.paper.record.sittings.values():
            for device in sitting.group.members:
                assert device in sitting.lobby.admits or device in sitting.group.dues
                assert device in self.live() or device in sitting.group.dues

    @invariant()
    def no_two_members_share_a_leaf(self) -> None:
        for sitting in self.paper.record.sittings.values():
            leaves = [member.leaf for member in sitting.group.members.values()]
            assert len(set(leaves)) == len(leaves)

    @invariant()
    def rounds_never_restart_and_epochs_follow_them(self) -> None:
        for name, sitting in self.paper.record.sittings.items():
            assert sitting.round >= self.rounds[name]
            self.rounds[name] = sitting.round
            assert sitting.group.epoch == len(sitting.group.commits)

    @invariant()
    def one_item_at_most_is_open_and_its_span_says_so(self) -> None:
        for sitting in self.paper.record.sittings.values():
            agenda = sitting.agenda
            assert agenda.open is None or agenda.opening is None
            unended = [item for item, spans in agenda.spans.items() for _, until in spans if until is None]
            assert unended == ([] if agenda.open is None else [agenda.open])

    @invariant()
    def who_is_not_listed_has_no_part_in_a_sitting(self) -> None:
        record = self.paper.record
        for name, sitting in record.sittings.items():
            for device in {*sitting.lobby.admits, *sitting.lobby.knocks, *sitting.group.members}:
                assert record.meeting.enrolment.devices[device].seat in record.meeting.terms.sittings[name].listed

    @invariant()
    def only_live_members_have_a_place_in_the_room_and_a_microphone_only_with_the_floor(self) -> None:
        record = self.paper.record
        for name, sitting in record.sittings.items():
            for device in record.meeting.enrolment.devices:
                allowed = grants(record.at(name), device)
                assert (allowed is not None) == (sitting.stage == "open" and device in sitting.group.present)
                if allowed is not None and Source.MICROPHONE in allowed.publish:
                    holder = sitting.floor.holder
                    role = record.meeting.role_of(device)
                    assert role in {"chair", "interpreter"} or (holder is not None and holder.device == device)

    @invariant()
    def who_reads_a_sitting_reads_main_and_the_revoked_read_nothing(self) -> None:
        record = self.paper.record
        for device in record.meeting.enrolment.devices:
            read = journals(record, device)
            assert not read or reads_main(record, device)
            assert not read or device in self.live()


MeetingMachine.TestCase.settings = settings(
    max_examples=12, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestMeeting = MeetingMachine.TestCase


def test_the_machine_reaches_what_it_is_about() -> None:
    """A machine whose every act is refused proves nothing: this walk is one of those that it can take."""
    machine = MeetingMachine()
    machine.begin()
    machine.knock("be-head", FIRST)
    machine.admit("chair", "be-head", FIRST)
    machine.time_passes(2)
    machine.commit("chair", FIRST, 1, silent=False, names=False)
    machine.give_the_floor("chair", "be-head", FIRST)
    holder = machine.sitting(FIRST).floor.holder
    assert holder is not None
    assert holder.since == START_MS + 2000
