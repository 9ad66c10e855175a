"""A state as plain JSON: what vectors compare in each language, and what debug views print."""

from typing import Any

from incamera.meeting.agenda import Agenda
from incamera.meeting.delivery import Group
from incamera.meeting.enrolment import Enrolment
from incamera.meeting.floor import Floor
from incamera.meeting.lobby import Lobby
from incamera.meeting.state import RecordState, SittingState

Json = Any  # Any: JSON, whose members are written out below


def outline(record: RecordState) -> Json:
    """The whole state, in a form that does not depend on how a language keeps it: what is a set is sorted."""
    meeting = record.meeting
    return {
        "main": _place(meeting.tail.place),
        "registrar": None if meeting.registrar is None else meeting.registrar.thumbprint,
        **_enrolment(meeting.enrolment),
        "sittings": {sitting: _sitting(state) for sitting, state in record.sittings.items()},
    }


def _place(place: tuple[int, str] | None) -> Json:
    return None if place is None else list(place)


def _enrolment(enrolment: Enrolment) -> Json:
    return {
        "devices": [
            {
                "device": device.thumbprint,
                "delegation": device.delegation,
                "seat": device.seat,
                "revoked": enrolment.revoked.get(device.thumbprint),
            }
            for device in enrolment.devices.values()
        ],
        "links": {
            seat: {
                "uses_left": link.uses_left,
                "devices": link.devices,
                "contests": [[at, act] for at, act in link.contests],
                "locked": link.locked,
            }
            for seat, link in enrolment.links.items()
        },
    }


def _sitting(sitting: SittingState) -> Json:
    return {
        "head": _place(sitting.tail.place),
        "stage": sitting.stage,
        "round": sitting.round,
        "group": None if sitting.stage == "unopened" else _group(sitting.group),
        "lobby": _lobby(sitting.lobby),
        "floor": _floor(sitting.floor),
        "agenda": _agenda(sitting.agenda),
    }


def _group(group: Group) -> Json:
    return {
        "id": group.id,
        "act": group.act,
        "epoch": group.epoch,
        "members": {
            device: {"leaf": member.leaf, "since_round": member.since_round, "leaf_key": member.leaf_key}
            for device, member in group.members.items()
        },
        "dues": {
            device: [{"because": due.because, "cites": due.cites} for due in dues]
            for device, dues in group.dues.items()
        },
        "commits": {
            act: {
                "author": commit.author,
                "epoch": commit.epoch,
                "welcome": commit.welcome,
                "added": sorted(commit.added),
                "refusals": dict(commit.refusals),
            }
            for act, commit in group.commits.items()
        },
    }


def _lobby(lobby: Lobby) -> Json:
    return {
        "knocks": {
            device: {
                "act": standing.act,
                "at": standing.at,
                "leaf_key": standing.leaf_key,
                "lapses_at": standing.lapses_at,
            }
            for device, standing in lobby.knocks.items()
        },
        "admits": dict(lobby.admits),
        "admitted_once": sorted(lobby.admitted_once),
    }


def _floor(floor: Floor) -> Json:
    holder = floor.holder
    return {
        "holder": None
        if holder is None
        else {
            "delegation": holder.delegation,
            "device": holder.device,
            "given": holder.given,
            "since": holder.since,
        },
        "waiting": [
            {
                "delegation": waiting.delegation,
                "device": waiting.device,
                "request": waiting.request,
                "at": waiting.at,
            }
            for waiting in floor.waiting
        ],
    }


def _agenda(agenda: Agenda) -> Json:
    return {
        "opening": agenda.opening,
        "open": agenda.open,
        "spans": {item: [[since, until] for since, until in spans] for item, spans in agenda.spans.items()},
        "titles": {item: {"key": sealed.key, "sealed": sealed.sealed} for item, sealed in agenda.titles.items()},
    }
