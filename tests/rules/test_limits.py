"""One beyond each limit of the rules is refused."""

from dataclasses import replace

from incamera.accreditation.credential import join
from incamera.accreditation.strict import Hash, Thumbprint, b64u, sha256
from incamera.limits import ACT_BYTES, COMMIT_ADDS, DEVICES_PER_SEAT, KNOCKS
from incamera.meeting.acts import Add, Admit, Commit, EnrolDevice, Knock, ReopenInvitation, RevokeDevice
from incamera.meeting.lobby import Standing
from incamera.meeting.state import RecordState
from incamera.refusal import Code, Refusal
from tests.support.paper import FIRST, Charters, Paper, octets


def code(refusal: object) -> Code | None:
    return refusal.code if isinstance(refusal, Refusal) else None


def test_an_act_of_another_kind_may_not_be_as_large_as_a_commit() -> None:
    paper = Paper()
    chair, belgium = paper.enrolled("chair"), paper.enrolled("be-head")
    paper.open(chair)
    package = b64u(octets("package", 8 * 1024))
    knock = Knock(belgium.leaf_chain(FIRST, paper.group(FIRST)), package)
    jws = paper.signed(belgium, knock, FIRST)
    assert len(jws) > int(ACT_BYTES)
    assert code(paper.post(jws)) is Code.ACT_TOO_LARGE


def test_a_seat_enrols_four_devices_and_no_fifth() -> None:
    paper = Paper()
    secretariat = paper.enrolled("secretariat")
    for number in range(int(DEVICES_PER_SEAT)):
        device = paper.charters.device("be-head", f"number {number}")
        paper.must(device, EnrolDevice(join(device.chain)))
        paper.must(secretariat, RevokeDevice(device.thumbprint))
        if number < int(DEVICES_PER_SEAT) - 1:
            paper.must(secretariat, ReopenInvitation(device.seat))
    assert code(paper.act(secretariat, ReopenInvitation(paper.charters.device("be-head").seat))) is Code.LIMIT_REACHED


def test_a_door_holds_so_many_knocks() -> None:
    paper = Paper()
    chair, belgium = paper.enrolled("chair"), paper.enrolled("be-head")
    paper.open(chair)
    sitting = paper.record.sittings[FIRST]
    crowd = {
        Thumbprint(sha256(str(number).encode())): Standing(Hash(str(number)), 0, chair.thumbprint, 2**52)
        for number in range(int(KNOCKS))
    }
    full = replace(sitting, lobby=replace(sitting.lobby, knocks=crowd))
    paper.record = RecordState(paper.record.meeting, {**paper.record.sittings, FIRST: full})
    assert code(paper.decide(paper.signed(belgium, paper.knocking(belgium), FIRST))) is Code.LOBBY_FULL


def test_a_commit_adds_thirty_and_no_more() -> None:
    paper = Paper()
    chair = paper.enrolled("chair")
    paper.open(chair)
    add = Add(chair.thumbprint, 1, Hash(b64u(bytes(32))), Hash(b64u(bytes(32))))
    many = (add,) * (int(COMMIT_ADDS) + 1)
    commit = Commit(paper.group(FIRST), 0, "AAAA", Hash(b64u(bytes(32))), many, (), None)
    assert code(paper.act(chair, commit, FIRST)) is Code.FORM_MALFORMED


def test_an_act_of_another_meeting_is_refused_by_name() -> None:
    paper, other = Paper(), Charters()
    chair = paper.enrolled("chair")
    other.meeting = type(other.meeting)(b64u(octets("another meeting", 16)))
    paper.charters.meeting = other.meeting
    assert code(paper.act(chair, Admit(chair.thumbprint), FIRST)) is Code.ACT_MEETING
