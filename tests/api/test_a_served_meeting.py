"""A meeting on the real server: its listener, its database, its embedded media server, over sockets and a restart."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from anyio import to_thread
from typer.testing import CliRunner
from websockets.asyncio.client import connect

from incamera.accreditation.bundle import Bundle
from incamera.accreditation.charter import SUITE
from incamera.accreditation.credential import join
from incamera.accreditation.signature import Typ, sign
from incamera.accreditation.strict import GroupId, b64u
from incamera.api.page import Page
from incamera.cli.app import app
from incamera.clock import SystemClock
from incamera.meeting.acts import Act, Body, EnrolDevice, OpenSitting, wire_form
from incamera.server import Running, serving
from incamera.settings.fields import Data, Http, Media, Meetings, Settings
from incamera.sfu import tokens
from tests.support import paper
from tests.support.paper import FIRST, Charters, Device, octets
from tests.support.patience import PATIENCE_S

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not Page().built, reason="the page is not built: make setup")]
GROUP = GroupId(b64u(octets("group 1", 16)))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def charters(monkeypatch: pytest.MonkeyPatch) -> Charters:
    """A meeting that begins now: the server's clock is the machine's."""
    monkeypatch.setattr(paper, "START_MS", SystemClock().now_ms())
    return Charters()


def settings(folder: Path, charters: Charters) -> Settings:
    return Settings(
        http=Http(port=0),
        media=Media(host="127.0.0.1", udp_port=0, tcp_port=0),
        meetings=Meetings(authorities=(charters.authority.thumbprint,)),
        data=Data(folder=folder),
    )


class Client:
    def __init__(self, running: Running, charters: Charters) -> None:
        self.running, self.charters = running, charters
        self.http = httpx2.AsyncClient(base_url=running.origin, timeout=PATIENCE_S)
        self.base = f"/api/v1/meetings/{charters.meeting}"

    async def create(self) -> int:
        answer = await self.http.post(
            "/api/v1/meetings",
            json={
                "charter": self.charters.charter,
                "parts": {part: b64u(data) for part, data in self.charters.parts.items()},
                "statements": list(self.charters.statements("chair")),
            },
        )
        return answer.status_code

    async def post(self, device: Device, body: Body, *, in_sitting: bool = False) -> Any:
        act = Act(
            self.charters.meeting,
            device.thumbprint,
            FIRST if in_sitting else None,
            None,
            None,
            SystemClock().now_ms(),
            b64u(octets(f"{body.kind} {device.seat}", 16)),
            body,
        )
        jws = sign(device.key, Typ.ACT, wire_form(act))  # type: ignore[arg-type]
        return await self.http.post(f"{self.base}/acts", content=jws)

    async def token(self, device: Device) -> str:
        challenge = (await self.http.get(f"{self.base}/proof")).json()["nonce"]
        proof = {
            "v": 1,
            "meeting": self.charters.meeting,
            "aud": self.running.origin,
            "nonce": challenge,
            "by": device.thumbprint,
            "at": SystemClock().now_ms(),
        }
        answer = await self.http.post(f"{self.base}/proof", json={"proof": sign(device.key, Typ.PROOF, proof)})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])


async def test_the_command_line_creates_a_meeting_once(tmp_path: Path, charters: Charters) -> None:
    file = tmp_path / "meeting.charter"
    file.write_bytes(Bundle(charters.charter, charters.parts, charters.statements("chair")).write())
    async with serving(settings(tmp_path / "data", charters), clock=SystemClock(), environ={}) as running:
        command = ["meeting", "create", running.origin, str(file), "--json"]
        told = [await to_thread.run_sync(partial(CliRunner().invoke, app, command)) for _ in range(2)]
    # The server's own logs, of this process, come between.
    answers = [json.loads(line) for one in told for line in one.stdout.splitlines() if line.startswith("{")]
    assert [answer["created"] for answer in answers] == [True, False]
    stranger = settings(tmp_path / "other", charters).model_copy(update={"meetings": Meetings()})
    async with serving(stranger, clock=SystemClock(), environ={}) as running:
        refused = await to_thread.run_sync(
            partial(CliRunner().invoke, app, ["meeting", "create", running.origin, str(file)])
        )
    assert refused.exit_code == 1
    assert "code: charter.authority" in refused.stderr


async def test_a_member_gets_its_journals_and_a_ticket_that_the_media_server_takes(
    tmp_path: Path, charters: Charters
) -> None:
    chair = charters.device("chair")
    opening = OpenSitting(GROUP, SUITE, chair.leaf_chain(FIRST, GROUP, until_ms=paper.START_MS + paper.DAY_MS))
    async with serving(settings(tmp_path, charters), clock=SystemClock(), environ={}) as running:
        client = Client(running, charters)
        assert await client.create() == 201
        assert (await client.post(chair, EnrolDevice(join(chair.chain)))).status_code == 201
        answer = await client.post(chair, opening, in_sitting=True)
        assert answer.status_code == 201, answer.text
        ticket = await client.http.post(
            f"{client.base}/tickets",
            json={"sitting": FIRST, "instance": b64u(octets("page", 8))},
            headers={"Authorization": f"Bearer {await client.token(chair)}"},
        )
        claims = tokens.read(running.keys, ticket.json()["token"], now_ms=SystemClock().now_ms())
        assert isinstance(claims, tokens.Claims), claims
        assert claims.identity == f"{chair.thumbprint}.{b64u(octets('page', 8))}"
        assert claims.grants.room == FIRST
        assert not claims.grants.can_publish_data
        valid = await client.http.get("/rtc/validate", params={"access_token": ticket.json()["token"]})
        assert valid.status_code == 200

    async with serving(settings(tmp_path, charters), clock=SystemClock(), environ={}) as running:
        client = Client(running, charters)
        assert await client.create() == 200
        again = await client.post(chair, EnrolDevice(join(chair.chain)))
        assert again.json()["code"] in {"enrolment.known", "act.nonce"}
        address = running.origin.replace("http", "ws") + f"{client.base}/feed"
        async with connect(address, open_timeout=PATIENCE_S) as feed:
            await feed.send(json.dumps({"token": await client.token(chair), "after": {}}))
            kinds: list[str] = []
            while len(kinds) < 4:
                message = json.loads(await feed.recv())
                kinds += [entry["b"].split(".")[0] for entry in message.get("entries", [])]
            assert [kind.startswith("{") for kind in kinds] == [True, False, False, True]
