"""A participant without a screen, on LiveKit's Python SDK: sends a synthetic picture and tone, counts what arrives."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import Any, Literal

from livekit import rtc
from livekit.rtc.participant import PublishTrackError

from incamera import log
from incamera.clock import Clock
from incamera.member.attendance import Attendance, Figures
from incamera.member.broadcast import Camera, Manner, Microphone
from incamera.member.link import Link
from incamera.member.reception import Reception

_log = log.logger(__name__)
# The SDK writes addresses and names at INFO.
logging.getLogger("livekit").setLevel(logging.ERROR)

RETRY_S = 1.0

End = Literal["asked", "closed", "put out"]
"""Why it ended: it was asked to; the sitting was closed; it was removed, or its seat was taken elsewhere."""

_CLOSED = {rtc.DisconnectReason.ROOM_DELETED, rtc.DisconnectReason.ROOM_CLOSED}
_PUT_OUT = {rtc.DisconnectReason.PARTICIPANT_REMOVED, rtc.DisconnectReason.DUPLICATE_IDENTITY}


class Member:
    """In one sitting from `run` to its end, across lost connections. `report()` at any time."""

    def __init__(self, link: Link, manner: Manner, clock: Clock) -> None:
        self._link, self._manner, self._clock = link, manner, clock
        self._reception = Reception(clock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._lost = asyncio.Event()
        self._end: End | None = None
        self.entered = asyncio.Event()
        """Set once it is in the room and its tracks are published."""
        self.connected = False
        """Whether it is in the room now; false while a lost connection is being mended."""
        self.seconds_in = 0.0
        """How long it has been in, all its connections together."""

    def report(self) -> dict[str, Figures]:
        """What arrived, by seat (or identity where there is none)."""
        return self._reception.report()

    async def run(self, asked: asyncio.Event) -> End:
        """Stay until `asked`, until the sitting is closed, or until it is put out; after any other loss, connect again.

        Raises `rtc.ConnectError` where it could not enter a first time.
        """
        while not asked.is_set() and self._end is None:
            self._lost.clear()
            try:
                await self._attend_once(asked)
            except (rtc.ConnectError, PublishTrackError) as error:
                _log.warning("member.not_connected", seat=self._link.seat, kind=type(error).__name__)
                if not self.entered.is_set():
                    raise
            if self._end is None:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(asked.wait(), RETRY_S)
        return self._end or "asked"

    async def _attend_once(self, asked: asyncio.Event) -> None:
        room = rtc.Room()
        self._listen(room)
        options = rtc.RoomOptions(auto_subscribe=self._manner.subscribe == "all", dynacast=True)
        try:
            await room.connect(self._link.signalling, self._link.ticket.value, options)
            self.connected = True
            if self._manner.subscribe == "sound":
                self._subscribe_to_sound(room)
            await self._publish(room)
            self.entered.set()
            entered_s = self._clock.monotonic()
            _log.info("member.entered", seat=self._link.seat)
            waits = [asyncio.create_task(event.wait()) for event in (asked, self._lost)]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
            self.seconds_in += self._clock.monotonic() - entered_s
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._tasks.clear()
            still_in = not self._lost.is_set()
            with contextlib.suppress(Exception):  # a room that is gone can't be left: there is nothing to do
                await room.disconnect()
            self.connected = still_in and self.connected

    def _listen(self, room: rtc.Room) -> None:
        """What the SDK calls: counts, starts readers, notes why a connection ended."""

        def subscribed(track: Any, publication: Any, participant: rtc.RemoteParticipant) -> None:
            self._spawn(self._reception.read(track, _who(participant)))

        def failed(participant: rtc.RemoteParticipant, *_: object) -> None:
            self._of(participant).failed += 1

        def muted(participant: rtc.Participant, publication: Any) -> None:
            if publication.kind == rtc.TrackKind.KIND_VIDEO and participant is not room.local_participant:
                self._of(participant).picture_paused()

        def published(publication: rtc.RemoteTrackPublication, _participant: rtc.RemoteParticipant) -> None:
            if self._manner.subscribe == "sound" and publication.kind == rtc.TrackKind.KIND_AUDIO:
                publication.set_subscribed(True)

        def disconnected(reason: Any) -> None:
            _log.info("member.disconnected", seat=self._link.seat, reason=rtc.DisconnectReason.Name(reason))
            if reason in _CLOSED:
                self._end = "closed"
            elif reason in _PUT_OUT:
                self._end = "put out"
            self._lost.set()

        room.on("track_subscribed", subscribed)
        room.on("track_subscription_failed", failed)
        room.on("track_muted", muted)
        room.on("track_published", published)
        room.on("disconnected", disconnected)
        room.on("reconnecting", lambda: setattr(self, "connected", False))
        room.on("reconnected", lambda: setattr(self, "connected", True))
        room.on("participant_connected", lambda participant: self._of(participant))

    def _of(self, participant: rtc.Participant) -> Attendance:
        return self._reception.of(_who(participant))

    def _subscribe_to_sound(self, room: rtc.Room) -> None:
        for participant in room.remote_participants.values():
            for publication in participant.track_publications.values():
                if publication.kind == rtc.TrackKind.KIND_AUDIO:
                    publication.set_subscribed(True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _publish(self, room: rtc.Room) -> None:
        if self._manner.picture:
            camera = Camera(self._link.delegation, self._manner, self._clock)
            await room.local_participant.publish_track(camera.track, camera.options())
            self._spawn(camera.draw())
        if self._manner.tone:
            microphone = Microphone(self._manner, self._clock)
            await room.local_participant.publish_track(microphone.track, microphone.options())
            self._spawn(microphone.sound())


def _who(participant: rtc.Participant) -> str:
    return participant.attributes.get("seat") or participant.identity
