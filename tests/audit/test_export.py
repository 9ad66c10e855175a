"""`incamera record export` beside a running server and without one, and `verify` of what it wrote."""

import json
from functools import partial
from pathlib import Path

import pytest
from anyio import to_thread
from typer.testing import CliRunner

from incamera.accreditation.charter import SUITE
from incamera.accreditation.credential import join
from incamera.accreditation.strict import GroupId, b64u
from incamera.api.page import Page
from incamera.audit.verify import Intact, verify
from incamera.cli.app import app
from incamera.clock import SystemClock
from incamera.meeting.acts import EnrolDevice, OpenSitting
from incamera.meeting_plane import REGISTRAR_KEY_FILE
from incamera.server import serving
from tests.api.test_a_served_meeting import Client, settings
from tests.support import paper
from tests.support.paper import FIRST, Charters, octets

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not Page().built, reason="the page is not built: make setup")]
GROUP = GroupId(b64u(octets("group 1", 16)))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def charters(monkeypatch: pytest.MonkeyPatch) -> Charters:
    monkeypatch.setattr(paper, "START_MS", SystemClock().now_ms())
    return Charters()


async def export(data: Path, file: Path) -> None:
    """By the command line, in a thread of its own: a server may run in this one."""
    command = ["record", "export", "--data", str(data), "-o", str(file)]
    outcome = await to_thread.run_sync(partial(CliRunner().invoke, app, command))
    assert outcome.exit_code == 0, outcome.output


def judged(file: Path, charters: Charters) -> Intact:
    verdict = verify(file.read_bytes(), charters.authority.thumbprint)
    assert isinstance(verdict, Intact), verdict
    return verdict


async def test_an_export_verifies_whether_the_server_runs_or_not(tmp_path: Path, charters: Charters) -> None:
    data, chair = tmp_path / "data", charters.device("chair")
    opening = OpenSitting(GROUP, SUITE, chair.leaf_chain(FIRST, GROUP, until_ms=paper.START_MS + paper.DAY_MS))
    async with serving(settings(data, charters), clock=SystemClock(), environ={}) as running:
        client = Client(running, charters)
        assert await client.create() == 201
        assert (await client.post(chair, EnrolDevice(join(chair.chain)))).status_code == 201
        await export(data, tmp_path / "beside.incamera")
        assert (await client.post(chair, opening, in_sitting=True)).status_code == 201
    await export(data, tmp_path / "after.incamera")
    assert judged(tmp_path / "beside.incamera", charters).entries == 2
    assert judged(tmp_path / "after.incamera", charters).entries == 3


async def test_an_export_overwrites_nothing_and_makes_no_key(tmp_path: Path, charters: Charters) -> None:
    data, file = tmp_path / "data", tmp_path / "there.incamera"
    async with serving(settings(data, charters), clock=SystemClock(), environ={}) as running:
        assert await Client(running, charters).create() == 201
    file.write_bytes(b"kept")
    command = ["record", "export", "--data", str(data), "-o", str(file)]
    outcome = await to_thread.run_sync(partial(CliRunner().invoke, app, command))
    assert (outcome.exit_code, file.read_bytes()) == (1, b"kept")
    (data / REGISTRAR_KEY_FILE).unlink()
    outcome = await to_thread.run_sync(partial(CliRunner().invoke, app, [*command[:-1], str(tmp_path / "new")]))
    assert outcome.exit_code != 0
    assert not (data / REGISTRAR_KEY_FILE).exists()


async def test_the_export_says_what_it_wrote_to_a_program(tmp_path: Path, charters: Charters) -> None:
    data = tmp_path / "data"
    async with serving(settings(data, charters), clock=SystemClock(), environ={}) as running:
        assert await Client(running, charters).create() == 201
    command = ["record", "export", "--data", str(data), "-o", str(tmp_path / "x.incamera"), "--json"]
    outcome = await to_thread.run_sync(partial(CliRunner().invoke, app, command))
    assert json.loads(outcome.stdout)["meeting"] == charters.meeting
