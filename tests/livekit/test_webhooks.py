"""Webhooks when the receiver is not well: tried again, then dropped and counted; a redirect is never followed."""

import http.server
import json
import threading
from collections.abc import Iterator

import pytest
from livekit.protocol.webhook import WebhookEvent
from pydantic import ValidationError

from incamera.clock import SystemClock
from incamera.limits import WEBHOOK_QUEUE
from incamera.settings.fields import Media
from incamera.sfu.webhooks import Webhooks
from tests.livekit.members import await_true
from tests.support.patience import PATIENCE_S

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[int], list[dict[str, object]]]]:
    """Its address; the statuses that it is going to answer; what it was sent."""
    statuses: list[int] = []
    bodies: list[dict[str, object]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            status = statuses.pop(0) if statuses else 200
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", statuses, bodies
    server.shutdown()
    server.server_close()


def hooks(url: str) -> tuple[Webhooks, list[float]]:
    pauses: list[float] = []

    async def no_time_passes(seconds: float) -> None:
        pauses.append(seconds)

    return Webhooks((url,), {"key": "secret"}, None, SystemClock(), timeout_s=PATIENCE_S, sleep=no_time_passes), pauses


async def test_a_failure_and_a_redirect_are_tried_again_with_growing_pauses(
    receiver: tuple[str, list[int], list[dict[str, object]]],
) -> None:
    url, statuses, bodies = receiver
    statuses += [500, 302, 404]
    webhooks, pauses = hooks(url)
    webhooks.start()
    try:
        webhooks.post(WebhookEvent(event="room_started", id="EV_1"))
        await await_true("it is delivered", lambda: webhooks.delivered == 1)
        assert [body["id"] for body in bodies] == ["EV_1"] * 4
        assert pauses == sorted(pauses) == [0.5, 1.0, 2.0]
    finally:
        await webhooks.stop()


async def test_what_can_not_be_delivered_is_dropped_and_told_with_the_next(
    receiver: tuple[str, list[int], list[dict[str, object]]],
) -> None:
    url, statuses, bodies = receiver
    statuses += [500] * 6
    webhooks, _ = hooks(url)
    webhooks.start()
    try:
        for number in (1, 2):
            webhooks.post(WebhookEvent(event="room_started", id=f"EV_{number}"))
        await await_true("the second is delivered", lambda: webhooks.delivered == 1)
        assert webhooks.dropped == 1
        assert (bodies[-1]["id"], bodies[-1]["numDropped"]) == ("EV_2", 1)
    finally:
        await webhooks.stop()


async def test_a_full_queue_drops_the_oldest() -> None:
    webhooks, _ = hooks("http://127.0.0.1:9/never")
    for number in range(WEBHOOK_QUEUE.value + 3):
        webhooks.post(WebhookEvent(event="room_started", id=f"{number}"))
    assert webhooks.statistics() == {
        "webhooks_delivered": 0,
        "webhooks_dropped": 3,
        "webhooks_waiting": WEBHOOK_QUEUE.value,
    }


@pytest.mark.parametrize(
    "url", ["hooks.example/secret", "ftp://hooks.example/secret", "http://", "http://h:99999/secret"]
)
def test_an_address_that_can_not_be_posted_to_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Media(webhook_urls=("https://hooks.example/a", url))
    [problem] = refused.value.errors()
    assert "address 2" in problem["msg"]
    assert "secret" not in problem["msg"]
