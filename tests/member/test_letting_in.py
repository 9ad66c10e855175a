"""Who keeps the door lets in all who wait, side by side, no faster than the server takes acts, and commits once."""

from dataclasses import replace

import pytest

from incamera.e2ee import group
from incamera.meeting.acts import Admit
from incamera.member import conduct
from incamera.member.conduct import AdmitDevices, MakeCommit, Manner, View, Wait
from tests.support.paper import FIRST, Device, Paper

WAITING = ("secretariat", "be-head", "be-adviser", "ee-head", "fi-head")
NOW_MS = 1_000_000


def at_the_door(paper: Paper) -> tuple[Device, list[Device]]:
    """The chair opened, and five knock."""
    chair = paper.enrolled("chair")
    paper.open(chair)
    devices = [paper.enrolled(seat) for seat in WAITING]
    for device in devices:
        paper.knock(device)
    return chair, devices


def view(paper: Paper, chair: Device, devices: list[Device]) -> View:
    """What the chair's client looks at."""
    core = group.State(
        phase="member",
        group=paper.group(FIRST),
        epoch=0,
        leaf=0,
        roster=(),
        must_update=False,
        pending=None,
        blocked=None,
    )
    return View(
        me=chair.thumbprint,
        now_ms=NOW_MS,
        manner=Manner(admits="all"),
        wants_in=True,
        state=paper.state(),
        core=core,
        known_elsewhere=frozenset(device.thumbprint for device in devices),
        turn=lambda _leaving, since: since,
    )


def test_all_who_wait_are_let_in_at_once() -> None:
    paper = Paper()
    chair, devices = at_the_door(paper)
    step = conduct.next_step(view(paper, chair, devices))
    assert step == AdmitDevices(tuple(device.thumbprint for device in devices))


def test_more_than_the_server_takes_wait_and_the_commit_waits_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conduct, "ADMITS_AT_ONCE", 3)
    paper = Paper()
    chair, devices = at_the_door(paper)
    first = conduct.next_step(view(paper, chair, devices))
    assert first == AdmitDevices(tuple(device.thumbprint for device in devices[:3]))
    for device in devices[:3]:
        paper.must(chair, Admit(device.thumbprint), FIRST)

    after = replace(view(paper, chair, devices), admitted_ms=(NOW_MS,) * 3)
    assert conduct.next_step(after) == Wait(NOW_MS + conduct.ADMITS_MS)
    later = replace(after, now_ms=NOW_MS + conduct.ADMITS_MS)
    assert conduct.next_step(later) == AdmitDevices(tuple(device.thumbprint for device in devices[3:]))
    for device in devices[3:]:
        paper.must(chair, Admit(device.thumbprint), FIRST)

    all_in = view(paper, chair, devices)
    noticed = dict.fromkeys(conduct.work(all_in), NOW_MS)
    step = conduct.next_step(replace(all_in, noticed=noticed))
    assert isinstance(step, MakeCommit)
    assert [add.device for add in step.plan.adds] == [device.thumbprint for device in devices]


def test_nothing_is_decided_while_the_record_says_more_than_the_group_has_heard() -> None:
    paper = Paper()
    chair, devices = at_the_door(paper)
    ahead = replace(view(paper, chair, devices), is_behind=True)
    assert conduct.next_step(ahead) == Wait()
    assert isinstance(conduct.next_step(replace(ahead, is_behind=False)), AdmitDevices)
