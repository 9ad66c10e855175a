"""Whoever runs the media server is asked before somebody comes in whose token is good."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient, WebSocketDenialResponse

from incamera.clock import SystemClock
from incamera.refusal import Code, Refusal
from incamera.sfu import tokens
from incamera.sfu.core import CoreConfig
from incamera.sfu.server import SfuServer, SfuSettings

KEYS = {"key": "a secret of at least thirty-two characters"}
OUT = Refusal(Code.MEMBER_MISSING, "It was put out.", "Knock.")


def token(identity: str) -> str:
    grants = tokens.Grants(room="room", room_join=True)
    return tokens.issue(KEYS, identity, "room", grants, now_ms=SystemClock().now_ms())


@pytest.fixture
def asked() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def client(asked: list[tuple[str, str]]) -> TestClient:
    """Of a server whose door refuses Belgium."""
    sfu = SfuServer(SfuSettings(keys=KEYS, core=CoreConfig(udp="127.0.0.1:0", tcp=None)), SystemClock())

    async def door(room: str, identity: str) -> Refusal | None:
        asked.append((room, identity))
        return OUT if identity == "belgium" else None

    sfu.guard(door)
    return TestClient(Starlette(routes=sfu.routes), base_url="http://localhost")


@pytest.mark.parametrize("path", ["/rtc", "/rtc/v1"])
def test_who_is_refused_at_the_door_is_not_in_the_room_for_a_moment(
    client: TestClient, asked: list[tuple[str, str]], path: str
) -> None:
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        client.websocket_connect(f"{path}?access_token={token('belgium')}"),
    ):
        pass
    answer = client.get(f"{path}/validate?access_token={token('belgium')}")
    for denied in (refused.value, answer):
        assert (denied.status_code, denied.headers["X-Refusal-Code"]) == (401, OUT.code)
    assert asked == [("room", "belgium")] * 2


def test_who_is_let_in_at_the_door_comes_in_and_no_door_opens_for_a_bad_token(
    client: TestClient, asked: list[tuple[str, str]]
) -> None:
    assert client.get(f"/rtc/validate?access_token={token('albania')}").text == "success"
    assert asked == [("room", "albania")]
    assert client.get(f"/rtc/validate?access_token={token('albania')}x").status_code == 401
    assert len(asked) == 1
