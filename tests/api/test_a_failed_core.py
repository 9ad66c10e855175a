"""The media core's thread ends by itself: the server says so, lets nobody in, and ends in order for another start."""

import asyncio
import os
import socket
from pathlib import Path

import httpx2
import pytest
from structlog.testing import capture_logs

from incamera.api import ending
from incamera.clock import SystemClock
from incamera.refusal import Code, Refused
from incamera.server import Running, run, serving
from incamera.settings.fields import Data, Http, Media, Settings
from incamera.sfu import core, tokens
from incamera.sfu.server import SfuServer, SfuSettings
from tests.support.patience import PATIENCE_S

KEYS = {"key": "a secret of at least thirty-two characters"}


def settings(folder: Path) -> Settings:
    media = {"host": "127.0.0.1", "udp_port": 0, "tcp_port": 0, "keys": KEYS}
    return Settings(http=Http(port=0), media=Media.model_validate(media), data=Data(folder=folder))


def break_core(running: Running) -> None:
    """Put something that is no socket in the place of the core's UDP socket: its next receive fails."""
    for name in os.listdir("/proc/self/fd"):
        number = int(name)
        try:
            with socket.socket(fileno=os.dup(number)) as one:
                is_media = one.type == socket.SOCK_DGRAM and one.getsockname()[1] == running.udp_port
        except OSError:
            continue  # no socket, or the one that listed the folder
        if is_media:
            nothing = os.open("/dev/null", os.O_RDONLY)
            os.dup2(nothing, number)
            os.close(nothing)
            return
    raise AssertionError("the core has a UDP socket")


def test_a_failed_core_is_logged_once_said_by_readyz_and_lets_nobody_in(tmp_path: Path) -> None:
    async def story() -> None:
        async with (
            serving(settings(tmp_path), clock=SystemClock(), environ={}, page=False) as running,
            httpx2.AsyncClient(base_url=running.origin, timeout=PATIENCE_S) as http,
        ):
            assert (await http.get("/readyz")).json() == {"media": True}
            break_core(running)
            await asyncio.wait_for(running.failed.wait(), PATIENCE_S)
            ready = await http.get("/readyz")
            assert (ready.status_code, ready.json()["code"], ready.json()["media"]) == (503, "media.failed", False)
            assert (await http.get("/healthz")).status_code == 200
            grants = tokens.Grants(room="room", room_join=True)
            token = tokens.issue(KEYS, "albania", "room", grants, now_ms=SystemClock().now_ms())
            answer = await http.get("/rtc/validate", params={"access_token": token})
            assert (answer.status_code, answer.headers["X-Refusal-Code"]) == (503, "media.failed")

    with capture_logs() as logs:
        asyncio.run(story())
    failures = [log for log in logs if log["event"] == "media.failed"]
    assert [(log["log_level"], log["cause"]) for log in failures] == [("error", "io")]
    assert "os error" in failures[0]["place"]


def test_a_failed_core_ends_the_server_in_order_and_as_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is due after it would end this process.
    monkeypatch.setattr(ending, "END_S", 10 * PATIENCE_S)

    async def ready(running: Running, asked: asyncio.Event) -> None:
        break_core(running)
        await asyncio.wait_for(asked.wait(), PATIENCE_S)

    with capture_logs() as logs, pytest.raises(Refused) as refused:
        asyncio.run(run(settings(tmp_path), clock=SystemClock(), environ={}, ready=ready, page=False))
    assert refused.value.refusal.code is Code.MEDIA_FAILED
    events = [log["event"] for log in logs]
    assert events.index("media.failed") < events.index("server.ending")


def test_a_panic_that_ended_one_connection_is_logged_by_its_place_and_fails_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story() -> None:
        settings = SfuSettings(keys=KEYS, core=core.CoreConfig(udp="127.0.0.1:0", tcp=None))
        async with SfuServer(settings, SystemClock()) as sfu:
            places = iter([["crates/sfu/src/forward.rs:7:5"]])
            monkeypatch.setattr(core.Core, "faults", lambda _: next(places, []))
            sfu._drain_core()
            assert sfu.unready() is None

    with capture_logs() as logs:
        asyncio.run(story())
    faults = [log for log in logs if log["event"] == "media.fault"]
    assert [(log["log_level"], log["place"]) for log in faults] == [("error", "crates/sfu/src/forward.rs:7:5")]
