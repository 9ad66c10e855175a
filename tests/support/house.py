"""A whole meeting plane behind its routes, in one process: store, meetings, API; and clients that sign."""

import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from incamera.accreditation.credential import join
from incamera.accreditation.signature import SigningKey, Typ, sign
from incamera.accreditation.strict import Hash, SittingId, b64u, sha256, unb64u
from incamera.api.meetings import meeting_routes
from incamera.api.problems import problem
from incamera.meeting.acts import Act, Body, EnrolDevice, Seen, wire_form
from incamera.proceedings.meetings import Meetings
from incamera.record.blobs import Blobs
from incamera.record.sql_store import SqlStore
from incamera.refusal import Refused
from tests.support.paper import START_MS, Charters, Device, octets
from tests.support.plane import PaperPlane


class Hands:
    """A clock that stands until it is moved."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self.ms = now_ms

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1000


class House:
    """The routes of a server with one meeting, and what is behind them."""

    def __init__(self, folder: Path, charters: Charters | None = None) -> None:
        self.folder = folder
        self.charters = charters or Charters()
        self.clock = Hands()
        self.plane = PaperPlane()
        self.key: SigningKey = self.charters.registrar
        self.nonces = 0
        self.meetings: Meetings
        self.app = Starlette(lifespan=self._life, exception_handlers={Refused: _refused})
        self.client = TestClient(self.app, base_url="http://localhost")

    def nonce(self) -> str:
        self.nonces += 1
        return b64u(octets(f"house nonce {self.clock.ms} {self.nonces}", 16))

    @contextlib.contextmanager
    def open(self) -> Iterator["House"]:
        with self.client:
            yield self

    @contextlib.asynccontextmanager
    async def _life(self, app: Starlette) -> AsyncIterator[None]:
        async with SqlStore.open(self.folder) as store:
            meetings = Meetings(
                store,
                plane=self.plane,
                key=self.key,
                authorities={self.charters.authority.thumbprint},
                clock=self.clock,
                nonce=self.nonce,
            )
            async with meetings.running():
                self.meetings = meetings
                blobs = Blobs(self.folder, store, self.clock)
                app.router.routes[:] = meeting_routes(meetings, blobs, self.clock)
                yield

    @property
    def address(self) -> str:
        return f"/api/v1/meetings/{self.charters.meeting}"

    def create(self, statements: Sequence[str] | None = None) -> Any:
        if statements is None:
            seats = ("chair", "secretariat", "be-head", "fi-head", "press")
            statements = list(dict.fromkeys(jws for seat in seats for jws in self.charters.statements(seat)))
        return self.client.post(
            "/api/v1/meetings",
            json={
                "charter": self.charters.charter,
                "parts": {part: b64u(data) for part, data in self.charters.parts.items()},
                "statements": list(statements),
            },
        )

    def signed(
        self, device: Device, body: Body, sitting: SittingId | None, seen: tuple[Seen | None, Seen | None]
    ) -> str:
        self.nonces += 1
        act = Act(
            self.charters.meeting,
            device.thumbprint,
            sitting,
            *seen,
            self.clock.ms,
            b64u(octets(f"act {self.nonces}", 16)),
            body,
        )
        return sign(device.key, Typ.ACT, wire_form(act))  # type: ignore[arg-type]

    def post(self, jws: str) -> Any:
        return self.client.post(f"{self.address}/acts", content=jws)

    def enrolled(self, seat: str, name: str = "laptop") -> Device:
        device = self.charters.device(seat, name)
        answer = self.post(self.signed(device, EnrolDevice(join(device.chain)), None, (None, None)))
        assert answer.status_code == 201, answer.text
        return device

    def proof(self, device: Device, **changes: Any) -> str:
        challenge = self.client.get(f"{self.address}/proof").json()["nonce"]
        payload = {
            "v": 1,
            "meeting": self.charters.meeting,
            "aud": "http://localhost",
            "nonce": challenge,
            "by": device.thumbprint,
            "at": self.clock.ms,
        }
        return sign(device.key, Typ.PROOF, payload | changes)

    def token(self, device: Device) -> str:
        answer = self.client.post(f"{self.address}/proof", json={"proof": self.proof(device)})
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["token"]
        return token

    def ask(self, device: Device, method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token(device)}"}
        return self.client.request(method, f"{self.address}/{path}", headers=headers, **more)


def act_hash(jws: str) -> Hash:
    return sha256(jws.encode())


def header_of(entry: dict[str, str]) -> bytes:
    data = unb64u(entry["h"])
    assert data is not None
    return data


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return problem(error.refusal)
