"""The meeting plane over HTTP: a meeting is created, people enrol, knock, are admitted, get Welcome and ticket."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from incamera.accreditation.charter import SUITE
from incamera.accreditation.credential import join
from incamera.accreditation.strict import GroupId, MeetingId, b64u, sha256
from incamera.api import blobs
from incamera.limits import WELCOMES_PER_MINUTE
from incamera.meeting.acts import Add, Admit, Commit, EnrolDevice, Exclude, GiveFloor, Knock, OpenSitting, Seen
from incamera.record.entry import parse_entry
from tests.support.house import House, act_hash
from tests.support.paper import FIRST, Charters, Device, key, octets

GROUP = GroupId(b64u(octets("group 1", 16)))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path).open() as house:
        assert house.create().status_code == 201
        yield house


class Reader:
    """A device at the feed: what came, and what it has seen of each journal."""

    def __init__(self, house: House, device: Device, socket: Any, after: dict[str, int] | None = None) -> None:
        self.house, self.device, self.socket = house, device, socket
        self.places: dict[str, Seen] = {}
        self.messages: list[dict[str, Any]] = []
        socket.send_text(json.dumps({"token": house.token(device), "after": after or {}}))

    def until(self, name: str) -> dict[str, Any]:
        """The next message that has this member; entries on the way are noted."""
        while True:
            message: dict[str, Any] = json.loads(self.socket.receive_text())
            self.messages.append(message)
            for wire in message.get("entries", []):
                entry = parse_entry(json.dumps(wire).encode())
                assert not hasattr(entry, "code"), entry
                self.places[str(entry.header.journal)] = entry.place  # type: ignore[union-attr]
            if name in message and message[name] != []:
                return message

    def seen_until(self, journal: str, seq: int) -> None:
        while self.places.get(journal, (0,))[0] < seq:
            self.until("entries")

    @property
    def seen(self) -> tuple[Seen | None, Seen | None]:
        return self.places.get(self.house.charters.meeting), self.places.get(FIRST)


def test_a_meeting_is_created_once_and_only_by_a_trusted_authority(house: House, tmp_path: Path) -> None:
    assert house.create().status_code == 200
    stranger = House(tmp_path / "other")
    stranger.charters.authority = house.charters.authority
    (tmp_path / "other").mkdir()
    with stranger.open():
        charter = stranger.charters.charter
        assert stranger.create().status_code == 201
        tampered = stranger.client.post("/api/v1/meetings", json={"charter": charter, "parts": {}, "statements": []})
        assert tampered.json()["code"] == "charter.part"


def test_the_holder_of_a_link_gets_core_and_statements_and_nobody_else_anything(house: House) -> None:
    thumbprint = house.charters.seat_key("be-head").thumbprint
    answer = house.client.get(f"{house.address}/enrolment/{thumbprint}").json()
    assert answer["charters"] == [house.charters.charter]
    assert tuple(answer["statements"]) == house.charters.statements("be-head")
    other = house.client.get(f"{house.address}/enrolment/{sha256(b'guess')}")
    assert (other.status_code, other.json()["code"]) == (404, "enrolment.unknown")


def test_a_statement_of_another_meeting_of_the_same_authority_is_not_taken(house: House) -> None:
    other = Charters(meeting=MeetingId(b64u(octets("another meeting", 16))))
    for foreign in (
        other.statements("chair")[:1],
        (house.charters.statements("chair")[0], other.statements("chair")[1]),
    ):
        refused = house.create(statements=foreign)
        assert (refused.status_code, refused.json()["code"]) == (400, "chain.meeting")


def test_a_link_gets_the_statement_of_the_key_that_signed_it_if_its_delegation_has_two(house: House) -> None:
    again, first = key("another invitation"), house.charters.seat_key("be-head")
    pair = house.charters.statements("be-head", by=" again", to=again)
    assert house.create(statements=pair).status_code == 200
    for one, expected in ((again, pair), (first, house.charters.statements("be-head"))):
        answer = house.client.get(f"{house.address}/enrolment/{one.thumbprint}").json()
        assert tuple(answer["statements"]) == expected


def test_the_same_act_twice_has_one_entry(house: House) -> None:
    device = house.charters.device("chair")
    jws = house.signed(device, EnrolDevice(join(device.chain)), None, (None, None))
    first, second = house.post(jws), house.post(jws)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["entry"] == second.json()["entry"]


def test_a_second_use_of_a_link_is_refused_and_its_holder_sees_it(house: House) -> None:
    belgium, thief = house.enrolled("be-head"), house.charters.device("be-head", "thief")
    with house.client.websocket_connect(f"{house.address}/feed") as socket:
        reader = Reader(house, belgium, socket)
        reader.until("receipt")
        reader.until("door")
        refused = house.post(house.signed(thief, EnrolDevice(join(thief.chain)), None, (None, None)))
        assert (refused.status_code, refused.json()["code"]) == (409, "enrolment.used")
        contest = json.loads(reader.until("receipt")["receipt"]["b"])
        assert contest["kind"] == "enrolment.contested"


def test_a_proof_is_good_once_here_and_now(house: House) -> None:
    device = house.enrolled("chair")
    for wrong in (
        house.proof(device, aud="http://elsewhere"),
        house.proof(device, at=house.clock.ms - 6 * 60 * 1000),
        house.proof(device, nonce=b64u(octets("own", 40))),
        house.proof(house.charters.device("be-head")),
    ):
        answer = house.client.post(f"{house.address}/proof", json={"proof": wrong})
        assert (answer.status_code, answer.json()["code"]) == (401, "proof.invalid")
    good = house.proof(device)
    assert house.client.post(f"{house.address}/proof", json={"proof": good}).status_code == 200
    assert house.client.post(f"{house.address}/proof", json={"proof": good}).status_code == 401


def test_from_the_knock_to_welcome_ticket_and_floor(house: House) -> None:
    chair, belgium = house.enrolled("chair"), house.enrolled("be-head")
    opening = house.signed(chair, OpenSitting(GROUP, SUITE, chair.leaf_chain(FIRST, GROUP)), FIRST, (None, None))
    assert house.post(opening).status_code == 201
    feed = f"{house.address}/feed"
    with house.client.websocket_connect(feed) as up, house.client.websocket_connect(feed) as down:
        at_the_chair, at_the_door = Reader(house, chair, up), Reader(house, belgium, down)
        door = at_the_door.until("door")["door"]
        assert {one["sitting"]: (one["state"], one["act"]) for one in door}[FIRST] == ("open", opening)

        knock = house.signed(
            belgium, Knock(belgium.leaf_chain(FIRST, GROUP), b64u(octets("package", 60))), FIRST, (None, None)
        )
        assert house.post(knock).status_code == 201
        assert house.ask(belgium, "POST", "tickets", json={"sitting": FIRST, "instance": "A" * 11}).status_code == 403
        assert set(house.ask(belgium, "GET", "charters").json()["parts"]) == {"open", b64u(octets("part be", 16))}

        at_the_chair.seen_until(FIRST, 2)
        admit = house.signed(chair, Admit(belgium.thumbprint), FIRST, at_the_chair.seen)
        assert house.post(admit).status_code == 201
        at_the_door.seen_until(FIRST, 3)
        assert "seats" in house.ask(belgium, "GET", "charters").json()["parts"]

        welcome = octets("welcome", 500)
        commit = Commit(
            GROUP,
            0,
            b64u(octets("commit", 60)),
            sha256(welcome),
            (Add(belgium.thumbprint, 1, act_hash(knock), act_hash(admit)),),
            (),
            None,
        )
        too_early = house.post(house.signed(chair, commit, FIRST, at_the_chair.seen))
        assert too_early.json()["code"] == "commit.welcome"
        assert house.ask(chair, "POST", "blobs", content=welcome).json() == {"hash": sha256(welcome)}
        assert house.ask(belgium, "GET", f"blobs/{sha256(welcome)}").status_code == 404
        assert house.post(house.signed(chair, commit, FIRST, at_the_chair.seen)).status_code == 201
        assert house.ask(belgium, "GET", f"blobs/{sha256(welcome)}").content == welcome
        assert house.ask(chair, "GET", f"blobs/{sha256(welcome)}").status_code == 404

        ticket = house.ask(belgium, "POST", "tickets", json={"sitting": FIRST, "instance": "A" * 11}).json()
        participant = house.plane.connect(ticket["token"])
        assert participant == f"{belgium.thumbprint}.{'A' * 11}"
        assert "microphone" not in house.plane.rooms[FIRST][participant].publish

        at_the_chair.seen_until(FIRST, 4)
        give = house.signed(chair, GiveFloor("be", belgium.thumbprint), FIRST, at_the_chair.seen)
        assert house.post(give).status_code == 201
        at_the_door.seen_until(FIRST, 5)
        house.client.portal.call(_settled)
        assert "microphone" in house.plane.rooms[FIRST][participant].publish

        down.send_text(json.dumps({"signal": {"sitting": FIRST, "message": b64u(b"heartbeat")}}))
        signal = at_the_chair.until("signal")["signal"]
        assert signal == {"sitting": FIRST, "from": belgium.thumbprint, "message": b64u(b"heartbeat")}

        exclude = house.signed(chair, Exclude(belgium.thumbprint), FIRST, at_the_chair.seen)
        assert house.post(exclude).status_code == 201
        at_the_door.seen_until(FIRST, 6)
        house.client.portal.call(_settled)
        assert house.plane.rooms[FIRST] == {}
        assert house.ask(belgium, "POST", "tickets", json={"sitting": FIRST, "instance": "A" * 11}).status_code == 403


def test_a_member_that_uploads_without_end_is_stopped_before_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blobs, "WELCOMES_PER_MINUTE", replace(WELCOMES_PER_MINUTE, value=3))
    house = House(tmp_path)
    with house.open():
        assert house.create().status_code == 201
        chair = house.enrolled("chair")
        opening = house.signed(chair, OpenSitting(GROUP, SUITE, chair.leaf_chain(FIRST, GROUP)), FIRST, (None, None))
        assert house.post(opening).status_code == 201
        answers = [house.ask(chair, "POST", "blobs", content=octets(f"welcome {n}", 500)) for n in range(4)]
        assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
        assert answers[3].json()["code"] == "rate.limited"
        house.clock.ms += 60_000
        assert house.ask(chair, "POST", "blobs", content=b"one more").status_code == 201


async def _settled() -> None:
    import asyncio

    for _ in range(20):
        await asyncio.sleep(0)


def test_a_restart_gives_the_same_record_and_says_that_it_started(tmp_path: Path) -> None:
    house = House(tmp_path)
    with house.open():
        house.create()
        chair = house.enrolled("chair")
        opening = house.signed(chair, OpenSitting(GROUP, SUITE, chair.leaf_chain(FIRST, GROUP)), FIRST, (None, None))
        assert house.post(opening).status_code == 201
    again = House(tmp_path)
    again.clock.ms += 1
    with again.open():
        same = again.post(opening)
        assert same.status_code == 200
        with again.client.websocket_connect(f"{again.address}/feed") as socket:
            reader = Reader(again, chair, socket)
            reader.seen_until(again.charters.meeting, 3)
            reader.seen_until(FIRST, 1)
