"""Webhooks: what happens in rooms, posted to the addresses of the configuration, as LiveKit's servers do.

Signed like theirs (a token whose `sha256` is the body's), in order for each receiver, tried again with growing pauses,
then dropped and counted. Addresses come from the configuration only, and a redirect is a failure: nobody who speaks
with the server can make it call somebody.
"""

import asyncio
import base64
import hashlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx2
from google.protobuf.json_format import MessageToJson
from livekit.protocol.webhook import WebhookEvent

from incamera.clock import Clock
from incamera.limits import WEBHOOK_QUEUE
from incamera.log import logger
from incamera.sfu import tokens
from incamera.sfu.effects import Notice

_log = logger(__name__)

PAUSES_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Before each further attempt."""
TIMEOUT_S: Final = 5.0


@dataclass(slots=True)
class _Receiver:
    url: str
    queue: deque[WebhookEvent] = field(default_factory=deque)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    dropped: int = 0


class Webhooks:
    """The receivers, and one task for each."""

    def __init__(
        self,
        urls: tuple[str, ...],
        keys: Mapping[str, str],
        key: str | None,
        clock: Clock,
        *,
        pauses_s: tuple[float, ...] = PAUSES_S,
        timeout_s: float = TIMEOUT_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._receivers = [_Receiver(url) for url in urls]
        self._keys = keys
        self._key = key if key is not None else next(iter(keys), "")
        self._clock = clock
        self._pauses_s = pauses_s
        self._timeout_s = timeout_s
        self._sleep = sleep
        self._tasks: list[asyncio.Task[None]] = []
        self._client: httpx2.AsyncClient | None = None
        self.delivered = 0
        self.dropped = 0

    def start(self) -> None:
        """Begin to deliver."""
        if self._receivers:
            self._client = httpx2.AsyncClient(follow_redirects=False, timeout=self._timeout_s, trust_env=False)
            self._tasks = [asyncio.create_task(self._deliver(receiver)) for receiver in self._receivers]

    async def stop(self) -> None:
        """Stop; what was not delivered is lost."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    def post(self, event: WebhookEvent) -> None:
        """Queue an event for each receiver."""
        for receiver in self._receivers:
            receiver.queue.append(event)
            if len(receiver.queue) > WEBHOOK_QUEUE.value:
                receiver.queue.popleft()
                self._drop(receiver)
            receiver.waiting.set()

    def statistics(self) -> dict[str, int]:
        """Events delivered, dropped, and waiting."""
        waiting = sum(len(receiver.queue) for receiver in self._receivers)
        return {"webhooks_delivered": self.delivered, "webhooks_dropped": self.dropped, "webhooks_waiting": waiting}

    async def _deliver(self, receiver: _Receiver) -> None:
        while True:
            await receiver.waiting.wait()
            while receiver.queue:
                event = WebhookEvent()
                event.CopyFrom(receiver.queue.popleft())
                event.num_dropped, receiver.dropped = receiver.dropped, 0
                if await self._attempt(receiver.url, event):
                    self.delivered += 1
                else:
                    receiver.dropped = event.num_dropped
                    self._drop(receiver)
                    _log.warning("webhook.dropped", event_kind=event.event)
            receiver.waiting.clear()

    async def _attempt(self, url: str, event: WebhookEvent) -> bool:
        body = MessageToJson(event).encode()
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        for pause_s in (0.0, *self._pauses_s):
            if pause_s:
                await self._sleep(pause_s)
            token = tokens.issue_for_body(self._keys, self._key, digest, now_ms=self._clock.now_ms())
            headers = {"Authorization": token, "Content-Type": "application/webhook+json"}
            assert self._client is not None, "start() comes first"
            try:
                response = await self._client.post(url, content=body, headers=headers)
            except httpx2.HTTPError:
                continue
            if response.is_success:
                return True
        return False

    def _drop(self, receiver: _Receiver) -> None:
        receiver.dropped += 1
        self.dropped += 1


def event_of(notice: Notice, identifier: str, now_ms: int) -> WebhookEvent:
    """A notice as LiveKit's `WebhookEvent`, with an id that is unique."""
    event = WebhookEvent(event=notice.event, id=identifier, created_at=now_ms // 1000, room=notice.room)
    if notice.participant is not None:
        event.participant.CopyFrom(notice.participant)
    if notice.track is not None:
        event.track.CopyFrom(notice.track)
    if notice.room_end_reason:
        event.room_end_reason = notice.room_end_reason  # type: ignore[assignment]  # an enum's number, as the wire has it
    return event
