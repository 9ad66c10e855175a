"""A real member at the door: its whole traffic with the real server is what visibility.KNOCKER_GETS lists."""

import json
from pathlib import Path
from typing import Any

import pytest

from incamera.accreditation.strict import Hash, SittingId, b64u, sha256, unb64u
from incamera.api.page import Page
from incamera.meeting.acts import Admit, RefuseKnock, RequestFloor
from incamera.meeting.visibility import KNOCKER_GETS
from incamera.member.sitting import Sitting
from incamera.record.entry import Entry, parse_entry
from incamera.refusal import Code, Refusal
from tests.support.delegates import await_true
from tests.support.private import Chamber, agreed, chamber, reached
from tests.support.tap import Tap, Traffic

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(not Page().built, reason="the page is not built: make setup"),
]
KNOCKERS_NAME, OTHERS_NAME = "127.0.0.1", "localhost"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def claims(jws: str) -> Any:
    """What a JWS says."""
    return json.loads(unb64u(jws.split(".")[1]) or b"")


def entry_of(wire: Any) -> Entry:
    """An entry of the traffic, with the head beside it, which must tell no more than the entry."""
    entry = parse_entry(json.dumps(wire, separators=(",", ":")).encode())
    assert isinstance(entry, Entry), entry
    return entry


async def knock_of(chair: Sitting, device: str, but: Hash | None = None) -> Hash:
    """The act of a device's knock, once the chair has read it."""

    def stands(sitting: Sitting) -> Hash | None:
        knocks = {} if sitting.state is None else sitting.state.sitting.lobby.knocks
        return next((knock.act for of, knock in knocks.items() if of == device and knock.act != but), None)

    await reached(chair, lambda one: stands(one) is not None)
    act = stands(chair)
    assert act is not None
    return act


async def beside(meeting: Chamber, chair: Sitting) -> None:
    """What goes on meanwhile: Belgium is let in, speaks, and a commit is made."""
    belgium = await meeting.enter("bel-head").sitting()
    await knock_of(chair, belgium.me)
    await chair.deeds.act(Admit(belgium.me))
    await agreed(chair, belgium)
    await belgium.deeds.act(RequestFloor())
    await reached(chair, lambda one: one.state is not None and bool(one.state.sitting.floor.waiting))


async def test_all_that_a_real_knocker_receives_is_on_the_list(tmp_path: Path) -> None:
    tap = Tap()
    async with chamber(tmp_path, delegations=2, is_automatic=False, around=tap.around) as meeting:
        origin = meeting.running.origin.replace(OTHERS_NAME, KNOCKERS_NAME)
        chair = await meeting.enter("chair", opens=True).member()
        albania = meeting.enter("alb-head", origin=origin)
        device = (await albania.sitting()).me
        first = await knock_of(chair, device)
        await beside(meeting, chair)
        refused = await chair.deeds.act(RefuseKnock(first, "not_now"))
        assert not isinstance(refused, Refusal), refused

        # It lost its state, comes back, is told again what concerns it, and knocks again.
        sent = tap.of[KNOCKERS_NAME]
        await await_true("the refusal reached it", lambda: refused.entry.hash in receipts(sent))
        await albania.kill()
        (albania.folder.path / f"{meeting.first}.group").unlink()
        albania = meeting.enter("alb-head", origin=origin)
        door = await albania.sitting()
        second = await knock_of(chair, device, first)
        await await_true("its knock came back", lambda: second in {one.header.body for one in receipts(sent).values()})
        await turned_away(albania.attendee, meeting.first, welcome_of(tap.of[OTHERS_NAME]))

        only_what_is_listed(sent, meeting, device, refused.entry.header.body)

        # The same ears hear that it reads, once it is let in.
        await chair.deeds.act(Admit(device))
        await reached(door, lambda one: one.phase == "member")
        assert any("entries" in json.loads(data) for path, data in sent.messages if path.endswith("/feed"))


def receipts(sent: Traffic) -> dict[Hash, Entry]:
    """The entries that it was told of."""
    told = [json.loads(data) for path, data in sent.messages if path.endswith("/feed")]
    entries = [entry_of(message["receipt"]) for message in told if "receipt" in message]
    return {entry.hash: entry for entry in entries}


def welcome_of(sent: Traffic) -> Hash:
    """A Welcome that was uploaded for somebody else."""
    return next(
        Hash(one.json()["hash"]) for one in sent.answers if one.method == "POST" and one.path.endswith("/blobs")
    )


async def turned_away(attendee: Any, sitting: SittingId, welcome: Hash) -> None:
    """It asks for what it must not have: a ticket for the room, another's Welcome; and signals into the group."""
    key = attendee.identity.key
    ticket = await attendee.client.ticket(key, sitting, b64u(bytes(8)))
    assert isinstance(ticket, Refusal)
    assert ticket.code is Code.MEMBER_MISSING
    assert isinstance(await attendee.client.welcome(key, welcome), Refusal)


def only_what_is_listed(sent: Traffic, meeting: Chamber, device: str, refusal: Hash) -> None:
    """Each answer and each message is of a kind that the list has, and says nothing more."""
    own = set()
    assert len(KNOCKER_GETS) == 8, "each row is looked for below, but for the Welcome, which comes after"
    bundle = meeting.founded.bundle
    for answer in sent.answers:
        value, route = answer.json(), f"{answer.method} {answer.path.rpartition(meeting.founded.meeting)[2]}"
        if answer.status >= 400:
            assert set(value) <= {"type", "title", "status", "detail", "code"}, value
        elif route.startswith("GET /enrolment/"):
            assert value["charters"] == [bundle.charter]
            assert {claims(jws)["delegation"] for jws in value["statements"]} == {"alb"}
            assert {claims(jws).get("seat") for jws in value["statements"]} == {None, "alb-head"}
            assert value.keys() == {"charters", "statements"}
        elif route == "GET /charters":
            assert value.keys() == {"charters", "parts"}
            assert value["charters"] == [bundle.charter]
            contents = [json.loads(unb64u(data) or b"")["content"] for data in value["parts"].values()]
            assert {(one["kind"], one.get("delegation")) for one in contents} <= {("open", None), ("delegation", "alb")}
            assert "open" in value["parts"]
        elif route == "POST /acts":
            assert value.keys() == {"entry", "head"}
            assert claims(value["entry"]["b"])["by"] == device
            entry = entry_of(value["entry"])
            says_no_more(entry, value["head"])
            own.add(entry.header.body)
        else:
            assert (route, value.keys()) in [
                ("GET /proof", {"nonce", "seconds"}),
                ("POST /proof", {"token", "seconds"}),
            ]
    told = set()
    for path, data in sent.messages:
        assert path.endswith("/feed"), "no signalling of the media server"
        message = json.loads(data)
        if message.keys() == {"door"}:
            assert {door["sitting"] for door in message["door"]} == {meeting.first, meeting.second}, "both list it"
            assert all(door.keys() == {"sitting", "state", "opens", "opener", "act"} for door in message["door"])
        else:
            assert message.keys() == {"receipt", "head"}
            entry = entry_of(message["receipt"])
            says_no_more(entry, message["head"])
            told.add(entry.header.body)
    assert len(own) >= 3, "its enrolment and two knocks"
    assert told == own | {refusal}, "its own acts, the one that names it, and nothing else"


def says_no_more(entry: Entry, head: str) -> None:
    """The head beside a receipt is of its journal, at its place."""
    assert claims(head)["heads"] == {entry.header.journal: list(entry.place)}
    assert sha256((entry.body or "").encode()) == entry.header.body
