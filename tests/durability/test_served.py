"""The whole server, killed under load: what it acknowledged is in its record, once, and the record verifies."""

import asyncio
import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from incamera.accreditation.charter import SUITE
from incamera.accreditation.credential import join
from incamera.accreditation.signature import Typ, sign
from incamera.accreditation.strict import GroupId, Hash, SittingId, b64u, sha256, unb64u
from incamera.api.page import Page
from incamera.audit.archive import Archive, read_archive
from incamera.audit.verify import Intact, verify
from incamera.cli.app import app
from incamera.clock import SystemClock
from incamera.meeting.acts import Act, Body, EnrolDevice, Message, OpenSitting, Seen, wire_form
from incamera.record.entry import Entry, open_entry
from tests.support import paper
from tests.support.paper import FIRST, SECOND, Charters, Device, octets
from tests.support.servers import Process

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not Page().built, reason="the page is not built: make setup")]
ANSWER_S = 30.0
AT_ONCE = 4


class Author:
    """A member of a sitting that posts messages, several at once, and again what a kill left unanswered."""

    def __init__(self, charters: Charters, device: Device, sitting: SittingId) -> None:
        self.charters, self.device, self.sitting = charters, device, sitting
        self.group = GroupId(b64u(octets(f"group of {sitting}", 16)))
        self.seen: tuple[Seen | None, Seen | None] = (None, None)
        self.count = 0
        self.acknowledged: list[Hash] = []
        self.unanswered: list[str] = []
        self.left: list[str] = []
        """What the last kill left unanswered."""

    def signed(self, body: Body, sitting: SittingId | None) -> str:
        self.count += 1
        nonce = b64u(octets(f"{self.device.seat} {self.count}", 16))
        now = SystemClock().now_ms()
        act = Act(self.charters.meeting, self.device.thumbprint, sitting, *self.seen, now, nonce, body)
        return sign(self.device.key, Typ.ACT, wire_form(act))  # type: ignore[arg-type]

    async def post(self, http: httpx2.AsyncClient, jws: str) -> Entry:
        self.unanswered.append(jws)
        answer = await http.post(f"/api/v1/meetings/{self.charters.meeting}/acts", content=jws)
        assert answer.status_code in {200, 201}, answer.text
        self.unanswered.remove(jws)
        self.acknowledged.append(sha256(jws.encode()))
        entry = answer.json()["entry"]
        opened = open_entry(octets_of(entry["h"]), entry["b"])
        assert isinstance(opened, Entry), opened
        return opened

    async def come_in(self, http: httpx2.AsyncClient) -> None:
        """Enrol, and open the sitting: its opener is its first member."""
        await self.post(http, self.signed(EnrolDevice(join(self.device.chain)), None))
        until_ms = paper.START_MS + paper.DAY_MS
        chain = self.device.leaf_chain(self.sitting, self.group, until_ms=until_ms)
        opened = await self.post(http, self.signed(OpenSitting(self.group, SUITE, chain), self.sitting))
        self.seen = opened.header.main, opened.place

    async def go_on(self, http: httpx2.AsyncClient, then: Callable[[], None]) -> None:
        """Post what had no answer, then new messages, until the server is gone."""
        while self.left:
            await self.post(http, self.left.pop())
            then()
        while True:
            await self.post(http, self.signed(Message(self.group, 0, b64u(octets(str(self.count)))), self.sitting))
            then()


def octets_of(text: str) -> bytes:
    data = unb64u(text)
    assert data is not None
    return data


async def work(origin: str, authors: Iterable[Author], server: Process, kill_after: int) -> None:
    """Everybody posts; the server is killed once so many of this round's acts were acknowledged."""
    authors = tuple(authors)
    before = sum(len(author.acknowledged) for author in authors)
    for author in authors:
        author.left, author.unanswered = [*author.left, *author.unanswered], []

    def count() -> None:
        if sum(len(author.acknowledged) for author in authors) - before == kill_after:
            server.kill()

    async def post(author: Author, http: httpx2.AsyncClient) -> None:
        with suppress(httpx2.HTTPError):  # the server is gone
            await author.go_on(http, count)

    async with httpx2.AsyncClient(base_url=origin, timeout=ANSWER_S) as http, asyncio.TaskGroup() as group:
        for author in authors:
            for _ in range(AT_ONCE):
                group.create_task(post(author, http))
    assert sum(len(author.acknowledged) for author in authors) - before >= kill_after, "it served until it was killed"


def started(data: Path, charters: Charters) -> Process:
    return Process(
        *("serve", "--json", "--port", "0", "--udp-port", "0", "--data", str(data)),
        environment={
            "INCAMERA_MEETINGS__AUTHORITIES": charters.authority.thumbprint,
            "INCAMERA_MEDIA__TCP_PORT": "",
            "INCAMERA_MEDIA__HOST": "127.0.0.1",
        },
    )


async def create(http: httpx2.AsyncClient, charters: Charters) -> None:
    parts = {part: b64u(data) for part, data in charters.parts.items()}
    statements = [*charters.statements("chair"), *charters.statements("deputy")]
    body = {"charter": charters.charter, "parts": parts, "statements": statements}
    answer = await http.post("/api/v1/meetings", json=body)
    assert answer.status_code == 201, answer.text


def judge(data: Path, file: Path, charters: Charters, authors: Iterable[Author]) -> None:
    """Export and verify: every acknowledged act is there, once."""
    outcome = CliRunner().invoke(app, ["record", "export", "--data", str(data), "-o", str(file)])
    assert outcome.exit_code == 0, outcome.output
    verdict, archive = verify(file.read_bytes(), charters.authority.thumbprint), read_archive(file.read_bytes())
    assert isinstance(verdict, Intact), verdict
    assert isinstance(archive, Archive), archive
    bodies = [entry.header.body for entry in archive.entries]
    assert len(bodies) == len(set(bodies)), "recorded twice"
    for author in authors:
        assert set(author.acknowledged) <= set(bodies), "acknowledged, and lost"


async def kill_often(folder: Path, kills: int, seed: int) -> None:
    data, moments, charters = folder / "data", random.Random(seed), Charters()
    authors = [
        Author(charters, charters.device("chair"), FIRST),
        Author(charters, charters.device("deputy"), SECOND),
    ]
    for number in range(kills):
        server = started(data, charters)
        server.__enter__()  # left by a kill: its exit code is not asked for
        try:
            origin = server.ready["url"].rstrip("/")
            if number == 0:
                async with httpx2.AsyncClient(base_url=origin, timeout=ANSWER_S) as http:
                    await create(http, charters)
                    for author in authors:
                        await author.come_in(http)
            await work(origin, authors, server, moments.randint(1, 12))
        except BaseException:
            server.stop()
            raise
        await asyncio.to_thread(judge, data, folder / f"{number}.incamera", charters, authors)


@pytest.mark.slow
async def test_what_a_server_acknowledged_is_in_its_record_after_ten_kills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper, "START_MS", SystemClock().now_ms())
    await kill_often(tmp_path, kills=10, seed=1)


@pytest.mark.long
async def test_what_a_server_acknowledged_is_in_its_record_after_fifty_kills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper, "START_MS", SystemClock().now_ms())
    await kill_often(tmp_path, kills=50, seed=2)
