"""The record in plain words: one line an entry."""

from datetime import UTC, datetime
from typing import assert_never

from incamera.accreditation.strict import Thumbprint
from incamera.audit.names import Names
from incamera.audit.reading import Step
from incamera.meeting import acts
from incamera.meeting.acts import Act, Body
from incamera.meeting.own import DeadlinePassed, EnrolmentContested, EnrolmentLocked, ServerStarted, read_own
from incamera.refusal import Refusal


def line(step: Step, names: Names) -> str:
    """`main, entry 2  2021-02-17 09:00:00Z  Norway (no-head) enrolled a device.`"""
    header = step.entry.header
    when = datetime.fromtimestamp(header.at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    act = step.act()
    said = _own(step) if act is None else f"{names.device(step.after, act.by)} {_deed(act.body, act, step, names)}"
    return f"{names.journal(header.journal)}, entry {header.seq}  {when}  {said}."


def _own(step: Step) -> str:
    own = read_own(step.entry.body or "")
    match own:
        case ServerStarted():
            return "The server started"
        case DeadlinePassed():
            return "A knock lapsed"
        case EnrolmentContested():
            return f"A used link was used again: seat {step.decided.event.seat}"
        case EnrolmentLocked():
            return f"The link of seat {own.seat} was locked"
        case Refusal():
            raise AssertionError("the fold read it")
        case _:
            assert_never(own)


def _deed(body: Body, act: Act[Body], step: Step, names: Names) -> str:
    # Of a device that was struck the record still knows the seat, so the state after the entry names all of them.
    def who(device: Thumbprint) -> str:
        return names.device(step.after, device)

    match body:
        case acts.EnrolDevice():
            return "enrolled a device"
        case acts.RevokeDevice():
            return f"revoked a device of {who(body.device)}"
        case acts.ReopenInvitation():
            return f"reopened the link of seat {body.seat}"
        case acts.OpenSitting():
            return "opened the sitting"
        case acts.Regroup():
            left = "".join(f", without {who(device)}" for device in body.without)
            return f"made a new group ({body.because}){left}"
        case acts.CloseSitting():
            return "closed the sitting"
        case acts.Knock():
            return "knocked"
        case acts.Admit():
            return f"admitted {who(body.device)}"
        case acts.RefuseKnock():
            return f"turned away {who(step.decided.event.device)} ({body.code})"
        case acts.Exclude():
            return f"excluded {who(body.device)}"
        case acts.Leave():
            return "left"
        case acts.Commit():
            done = [f"added {who(add.device)}" for add in body.adds]
            done += [f"removed {who(remove.device)} ({remove.because})" for remove in body.removes]
            done += [f"item {body.item} is open"] if body.item is not None else []
            return f"changed the keys: {'; '.join(done) or 'an update'}; round {_round(act, step)}"
        case acts.RefuseCommit():
            return f"refused a commit ({body.code})"
        case acts.Message():
            return "posted a message to the members"
        case acts.RequestFloor():
            return "asked for the floor"
        case acts.WithdrawRequest():
            return "withdrew the request"
        case acts.GiveFloor():
            return f"gave the floor to {who(body.device)}"
        case acts.TakeBackFloor():
            return "ended the intervention"
        case acts.TitleItem():
            return f"posted the sealed title of item {body.item}"
        case acts.OpenItem():
            return f"opened item {body.item}: from the next commit on"
        case acts.CloseItem():
            return f"closed item {body.item}"
        case _:
            assert_never(body)


def _round(act: Act[Body], step: Step) -> int:
    assert act.sitting is not None, "a commit stands in a sitting"
    return step.after.sittings[act.sitting].round
