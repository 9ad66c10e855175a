"""A reader that remembers what it opened gives the verdicts of one that opens each act anew."""

from incamera.accreditation.signature import Signed
from incamera.meeting.acts import RequestFloor, RevokeDevice
from incamera.meeting.opening import OpenedActs
from incamera.meeting.rules import open_act
from incamera.refusal import Code, Refusal
from tests.support.paper import FIRST, Paper


def test_what_was_opened_is_the_same_act_again_and_forgotten_when_said() -> None:
    paper, acts = Paper(), OpenedActs()
    chair = paper.enrolled("chair")
    paper.open(chair)
    jws = paper.signed(chair, RequestFloor(), FIRST)
    opened = acts.open(paper.record.meeting, jws, paper.now)
    assert isinstance(opened, Signed)
    assert acts.open(paper.record.meeting, jws, paper.now) is opened
    assert acts.opened(jws) == opened.payload
    acts.forget(jws)
    assert acts.opened(jws) is None


def test_the_author_is_looked_up_anew_each_time() -> None:
    paper, acts = Paper(), OpenedActs()
    secretariat, belgium = paper.enrolled("secretariat"), paper.enrolled("be-head")
    jws = paper.signed(belgium, RequestFloor(), FIRST)
    assert isinstance(acts.open(paper.record.meeting, jws, paper.now), Signed)
    paper.must(secretariat, RevokeDevice(belgium.thumbprint))
    again = acts.open(paper.record.meeting, jws, paper.now)
    assert isinstance(again, Refusal)
    assert again.code is Code.DEVICE_REVOKED
    assert again == open_act(paper.record.meeting, jws, paper.now)


def test_a_refused_signature_is_not_remembered_as_a_good_one() -> None:
    paper, acts = Paper(), OpenedActs()
    belgium, chair = paper.enrolled("be-head"), paper.enrolled("chair")
    ours = paper.signed(belgium, RequestFloor(), FIRST)
    theirs = paper.signed(chair, RequestFloor(), FIRST)
    grafted = ours.rpartition(".")[0] + "." + theirs.rpartition(".")[2]
    for _ in range(2):
        refused = acts.open(paper.record.meeting, grafted, paper.now)
        assert isinstance(refused, Refusal)
        assert refused.code is Code.SIGNATURE_WRONG
    assert acts.opened(grafted) is None
