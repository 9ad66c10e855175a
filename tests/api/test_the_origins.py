"""A server is asked under its own addresses alone, where its operator said which they are."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from incamera.api.http import application
from incamera.api.origins import Addressed
from incamera.refusal import Refusal
from incamera.server import believes_any_host
from incamera.settings.fields import Http, Settings
from incamera.settings.sources import load
from tests.support.house import House

OURS = "http://localhost"
THEIRS = "https://elsewhere.example"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path).open() as house:
        assert house.create().status_code == 201
        yield house


def test_a_proof_for_another_server_is_not_taken_under_that_server_s_name(house: House) -> None:
    """Who stands in between has a device prove itself to it, and passes that on under its own name."""
    device = house.enrolled("chair")
    between = TestClient(Addressed(house.app, (OURS,)), base_url=THEIRS)
    proof = house.proof(device, aud=THEIRS)
    refused = between.post(f"{house.address}/proof", json={"proof": proof})
    assert (refused.status_code, refused.json()["code"]) == (421, "origin.foreign")
    assert "http.origins" in refused.json()["detail"]
    client = TestClient(Addressed(house.app, (OURS,)), base_url=OURS)
    assert client.post(f"{house.address}/proof", json={"proof": proof}).json()["code"] == "proof.invalid"
    assert client.post(f"{house.address}/proof", json={"proof": house.proof(device)}).status_code == 200


def test_a_feed_under_another_name_is_refused(house: House) -> None:
    between = TestClient(Addressed(house.app, (OURS,)), base_url=THEIRS)
    with pytest.raises(WebSocketDisconnect), between.websocket_connect(f"{house.address}/feed"):
        raise AssertionError("it opened")


def test_whoever_watches_a_server_asks_it_under_any_name() -> None:
    app = application(signalling=(), page=None, readiness=lambda: {"media": None}, origins=("https://meet.example",))
    client = TestClient(app, base_url="http://10.0.0.7:7880")
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200
    assert client.get("/").status_code == 421
    assert TestClient(app, base_url="https://meet.example").get("/").status_code == 200
    assert TestClient(app, base_url="https://meet.example:7880").get("/").status_code == 421


@pytest.mark.parametrize(
    "origin", ["meet.example", "http://meet.example", "https://Meet.example", "https://meet.example/", "https://m:443"]
)
def test_an_origin_that_no_request_could_have_is_refused_with_the_settings(origin: str) -> None:
    refused = load(flags={}, environ={"INCAMERA_HTTP__ORIGINS": origin}, config=None)
    assert isinstance(refused, Refusal)
    assert "http.origins (environment INCAMERA_HTTP__ORIGINS)" in refused.reason


@pytest.mark.parametrize(
    ("http", "expected"),
    [
        (Http(), False),
        (Http(host="0.0.0.0"), True),
        (Http(trusted_proxies=("127.0.0.1",)), True),
        (Http(host="0.0.0.0", origins=("https://meet.example",)), False),
    ],
)
def test_a_server_that_others_reach_is_to_be_told_its_addresses(http: Http, expected: bool) -> None:
    assert believes_any_host(Settings(http=http)) is expected
