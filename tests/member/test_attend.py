"""`incamera attend` as its own process, in a sitting that a chair runs."""

import asyncio
import json
from pathlib import Path

import pytest

from incamera.accreditation.strict import SeatId
from incamera.api.page import Page
from tests.support.private import WAIT_S, chamber, close
from tests.support.servers import COMMAND

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(not Page().built, reason="the page is not built: make setup"),
]
PATIENCE_S = 2 * WAIT_S


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_it_ends_in_order_with_its_report_when_its_sitting_closes(tmp_path: Path) -> None:
    async with chamber(tmp_path) as meeting:
        chair = await meeting.enter("chair", opens=True, admits=True).member()
        pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE}
        arguments = ("attend", "-", "--headless", "--json", "--state", str(tmp_path / "device"))
        attend = await asyncio.create_subprocess_exec(COMMAND, *arguments, **pipes)
        try:
            assert attend.stdin is not None
            assert attend.stderr is not None
            attend.stdin.write(f"{meeting.founded.invited[SeatId('alb-head')].link}\n".encode())
            attend.stdin.close()
            async with asyncio.timeout(PATIENCE_S):
                while (line := await attend.stderr.readline()) != b"In the sitting as Albania.\n":
                    assert line, "it ended before"  # else a warning: its first try may have come to nothing
            await close(chair)
            output, notes = await asyncio.wait_for(attend.communicate(), PATIENCE_S)
        finally:
            if attend.returncode is None:
                attend.kill()
                await attend.wait()
    assert attend.returncode == 0, notes.decode()
    assert "The sitting was closed." in notes.decode()
    assert "ALARM" not in notes.decode()
    report = json.loads(output.splitlines()[-1])
    assert report["seconds"] > 0
    assert set(report["participants"]) <= {"chair"}
