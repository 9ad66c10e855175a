"""Every route that asks who one is, with every kind of proof: right, absent, garbled, expired, of another meeting, of a
revoked device. A route without a row here fails the test.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route, WebSocketRoute

from incamera.accreditation.charter import SUITE
from incamera.accreditation.strict import GroupId, b64u, sha256
from incamera.meeting.acts import Knock, OpenSitting, RefuseKnock, RevokeDevice
from incamera.record.entry import parse_entry
from tests.support.house import House, act_hash
from tests.support.paper import FIRST, SECOND, Device, octets

GROUP = GroupId(b64u(octets("group 1", 16)))
WITHOUT_TOKEN = {
    ("POST", "/api/v1/meetings"): "by the authority's signature",
    ("GET", "/api/v1/meetings/{meeting}/enrolment/{invitation}"): "by the link's key",
    ("GET", "/api/v1/meetings/{meeting}/proof"): "a challenge for anyone",
    ("POST", "/api/v1/meetings/{meeting}/proof"): "by the device's signature",
    ("POST", "/api/v1/meetings/{meeting}/acts"): "by the device's signature",
}
WITH_TOKEN: dict[tuple[str, str], dict[str, Any]] = {
    ("GET", "/api/v1/meetings/{meeting}/charters"): {},
    ("POST", "/api/v1/meetings/{meeting}/blobs"): {"content": b"welcome"},
    ("GET", "/api/v1/meetings/{meeting}/blobs/{blob}"): {},
    ("POST", "/api/v1/meetings/{meeting}/tickets"): {"json": {"sitting": FIRST, "instance": "A" * 11}},
    ("GET", "/api/v1/meetings/{meeting}/feed"): {},
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path).open() as house:
        assert house.create().status_code == 201
        yield house


def opened(house: House) -> Device:
    chair = house.enrolled("chair")
    opening = house.signed(chair, OpenSitting(GROUP, SUITE, chair.leaf_chain(FIRST, GROUP)), FIRST, (None, None))
    assert house.post(opening).status_code == 201
    return chair


def test_every_route_has_a_row(house: House) -> None:
    rows: set[tuple[str, str]] = set()
    for route in house.app.router.routes:
        match route:
            case Route(path=path, methods=methods):
                rows |= {(method, path) for method in methods or () if method != "HEAD"}
            case WebSocketRoute(path=path):
                rows.add(("GET", path))
    assert rows == WITHOUT_TOKEN.keys() | WITH_TOKEN.keys()


def altered(token: str) -> str:
    payload, _, mac = token.partition(".")
    return f"{payload}.{'B' if mac[0] == 'A' else 'A'}{mac[1:]}"


TOKENS: dict[str, Callable[[House, Device], str]] = {
    "absent": lambda house, device: "",
    "garbled": lambda house, device: "no token",
    "altered": lambda house, device: altered(house.token(device)),
}


def code_at(house: House, row: tuple[str, str], token: str) -> str:
    """The refusal's code; "" if the route let the token through."""
    method, path = row
    address = path.format(meeting=house.charters.meeting, blob=sha256(b"nothing"), invitation="")
    if path.endswith("/feed"):
        with house.client.websocket_connect(address) as socket:
            socket.send_text(json.dumps({"token": token or "-", "after": {}}))
            message = json.loads(socket.receive_text())
        return str(message.get("problem", {}).get("code", ""))
    answer = house.client.request(
        method, address, headers={"Authorization": f"Bearer {token}"}, **WITH_TOKEN[method, path]
    )
    return str(answer.json().get("code", "")) if answer.status_code >= 400 else ""


@pytest.mark.parametrize("row", WITH_TOKEN, ids=lambda row: row[1].rpartition("}/")[2])
def test_no_proof_no_answer(house: House, row: tuple[str, str]) -> None:
    chair = opened(house)
    for token in TOKENS.values():
        assert code_at(house, row, token(house, chair)) == "proof.missing"


@pytest.mark.parametrize("row", WITH_TOKEN, ids=lambda row: row[1].rpartition("}/")[2])
def test_a_token_ends_after_five_minutes(house: House, row: tuple[str, str]) -> None:
    chair = opened(house)
    token = house.token(chair)
    house.clock.ms += 5 * 60 * 1000
    assert code_at(house, row, token) == "proof.expired"


@pytest.mark.parametrize("row", WITH_TOKEN, ids=lambda row: row[1].rpartition("}/")[2])
def test_a_token_of_a_revoked_device_is_worth_nothing(house: House, row: tuple[str, str]) -> None:
    opened(house)
    secretariat, belgium = house.enrolled("secretariat"), house.enrolled("be-head")
    token = house.token(belgium)
    assert (
        house.post(house.signed(secretariat, RevokeDevice(belgium.thumbprint), None, (None, None))).status_code == 201
    )
    assert code_at(house, row, token) in {"not.found", "device.revoked"}


@pytest.mark.parametrize("row", WITH_TOKEN, ids=lambda row: row[1].rpartition("}/")[2])
def test_a_token_is_of_one_meeting(house: House, row: tuple[str, str]) -> None:
    chair = opened(house)
    token = house.token(chair)
    house.charters.meeting = type(house.charters.meeting)(b64u(octets("another meeting", 16)))
    assert code_at(house, row, token) == "proof.missing"


def test_all_that_a_knocker_receives_is_on_the_list(house: House) -> None:
    """Finland knocks, is refused, and knocks again while others enrol, act and are admitted: its whole traffic."""
    chair, finland = opened(house), house.enrolled("fi-head")
    own: set[str] = set()
    with house.client.websocket_connect(f"{house.address}/feed") as socket:
        socket.send_text(json.dumps({"token": house.token(finland), "after": {house.charters.meeting: 0, FIRST: 0}}))
        knocks = []
        for number in range(2):
            package = b64u(octets(f"package {number}", 60))
            knock = house.signed(finland, Knock(finland.leaf_chain(FIRST, GROUP), package), FIRST, (None, None))
            assert house.post(knock).status_code == 201
            knocks.append(act_hash(knock))
            house.enrolled(["be-head", "press"][number])
        seen = seen_of(house, chair)
        refusal = house.signed(chair, RefuseKnock(knocks[1], "not_now"), FIRST, seen)
        assert house.post(refusal).status_code == 201
        own |= {*knocks, act_hash(refusal)}
        messages = []
        receipts: set[str] = set()
        while act_hash(refusal) not in receipts:
            message = json.loads(socket.receive_text())
            messages.append(message)
            if "receipt" in message:
                entry = parse_entry(json.dumps(message["receipt"]).encode())
                receipts.add(str(entry.header.body))  # type: ignore[union-attr]
                heads = json.loads(house_payload(message["head"]))["heads"]
                assert heads == {entry.header.journal: list(entry.place)}  # type: ignore[union-attr]
    assert own <= receipts
    assert len(receipts) == len(own) + 1, "its enrolment, its knocks, the refusal, and nothing else"
    assert {tuple(sorted(message)) for message in messages} == {("door",), ("head", "receipt")}
    doors = [door for message in messages for door in message.get("door", [])]
    assert {door["sitting"] for door in doors} == {FIRST}, "the second sitting does not list it"
    assert SECOND not in json.dumps(messages)
    assert set(house.ask(finland, "GET", "charters").json()["parts"]) == {"open", b64u(octets("part fi", 16))}


def seen_of(house: House, device: Device) -> Any:
    """What a reader has seen when it has caught up: from the head that its feed begins with."""
    with house.client.websocket_connect(f"{house.address}/feed") as socket:
        socket.send_text(json.dumps({"token": house.token(device), "after": {}}))
        heads = json.loads(house_payload(json.loads(socket.receive_text())["head"]))["heads"]
    return tuple(heads[house.charters.meeting]), tuple(heads[FIRST])


def house_payload(jws: str) -> bytes:
    from incamera.accreditation.strict import unb64u

    data = unb64u(jws.split(".")[1])
    assert data is not None
    return data
