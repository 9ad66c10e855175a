"""A participant without a screen, on LiveKit's Python SDK: sends a synthetic picture and tone, counts what arrives."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from livekit import rtc
from livekit.rtc.participant import PublishTrackError

from incamera import log
from incamera.clock import Clock
from incamera.member.attendance import Attendance, Figures
from incamera.member.link import Link
from incamera.member.synthetic import SAMPLE_RATE, Picture, Tone, frequency_of

_log = log.logger(__name__)
# The SDK writes addresses and names at INFO.
logging.getLogger("livekit").setLevel(logging.ERROR)

BLOCK_MS = 100
"""Sound is handed over in blocks of this length: fewer calls than the codec's 20 ms, a lag that nobody talks into."""
RETRY_S = 1.0

Subscribe = Literal["all", "sound", "none"]
End = Literal["asked", "closed", "put out"]
"""Why it ended: it was asked to; the sitting was closed; it was removed, or its seat was taken elsewhere."""

_CLOSED = {rtc.DisconnectReason.ROOM_DELETED, rtc.DisconnectReason.ROOM_CLOSED}
_PUT_OUT = {rtc.DisconnectReason.PARTICIPANT_REMOVED, rtc.DisconnectReason.DUPLICATE_IDENTITY}


@dataclass(frozen=True, slots=True)
class Manner:
    """How a member takes part."""

    place: int = 0
    """Its number among synthetic delegations: chooses hue and tone."""
    picture: bool = True
    width: int = 320
    height: int = 180
    fps: int = 10
    tone: bool = True
    tone_hz: float | None = None
    """None: the place's own."""
    turn: tuple[int, int] | None = None
    """(n, of): sounds in the n-th of every `of` turns of `TURN_S` only, so that one speaks at a time."""
    subscribe: Subscribe = "all"


TURN_S = 6


class Member:
    """In one sitting from `run` to its end, across lost connections. `report()` at any time."""

    def __init__(self, link: Link, manner: Manner, clock: Clock) -> None:
        self._link, self._manner, self._clock = link, manner, clock
        self._received: dict[str, Attendance] = {}
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
        return {who: attendance.figures() for who, attendance in sorted(self._received.items())}

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
            attendance = self._of(participant)
            if track.kind == rtc.TrackKind.KIND_VIDEO:
                self._spawn(self._watch(track, attendance))
            else:
                self._spawn(self._hear(track, attendance))

        def failed(participant: rtc.RemoteParticipant, *_: object) -> None:
            self._of(participant).failed += 1

        def muted(participant: rtc.Participant, publication: Any) -> None:
            if publication.kind == rtc.TrackKind.KIND_VIDEO and participant is not room.local_participant:
                self._of(participant).picture_paused()

        def published(publication: rtc.RemoteTrackPublication, _participant: rtc.RemoteParticipant) -> None:
            if self._manner.subscribe == "sound" and publication.kind == rtc.TrackKind.KIND_AUDIO:
                publication.set_subscribed(True)

        def encryption(participant: rtc.Participant, state: int) -> None:
            refused = (rtc.EncryptionState.DECRYPTION_FAILED, rtc.EncryptionState.MISSING_KEY)
            if state in refused and participant is not room.local_participant:
                self._of(participant).failed += 1

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
        room.on("e2ee_state_changed", encryption)
        room.on("disconnected", disconnected)
        room.on("reconnecting", lambda: setattr(self, "connected", False))
        room.on("reconnected", lambda: setattr(self, "connected", True))
        room.on("participant_connected", lambda participant: self._of(participant))

    def _of(self, participant: rtc.Participant) -> Attendance:
        who = participant.attributes.get("seat") or participant.identity
        return self._received.setdefault(who, Attendance())

    def _subscribe_to_sound(self, room: rtc.Room) -> None:
        for participant in room.remote_participants.values():
            for publication in participant.track_publications.values():
                if publication.kind == rtc.TrackKind.KIND_AUDIO:
                    publication.set_subscribed(True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self, track: rtc.RemoteVideoTrack, attendance: Attendance) -> None:
        stream = rtc.VideoStream(track, capacity=2)
        try:
            async for _ in stream:
                attendance.picture(self._clock.monotonic())
        finally:
            attendance.picture_paused()
            await stream.aclose()

    async def _hear(self, track: rtc.RemoteAudioTrack, attendance: Attendance) -> None:
        stream = rtc.AudioStream(track, sample_rate=SAMPLE_RATE, num_channels=1)
        try:
            async for event in stream:
                attendance.sound(np.frombuffer(event.frame.data, dtype=np.int16).copy())
        finally:
            await stream.aclose()

    async def _publish(self, room: rtc.Room) -> None:
        manner = self._manner
        if manner.picture:
            video = rtc.VideoSource(manner.width, manner.height)
            options = rtc.TrackPublishOptions(
                source=rtc.TrackSource.SOURCE_CAMERA,
                simulcast=False,
                video_codec=rtc.VideoCodec.VP8,
                video_encoding=rtc.VideoEncoding(max_bitrate=150_000, max_framerate=manner.fps),
            )
            await room.local_participant.publish_track(rtc.LocalVideoTrack.create_video_track("camera", video), options)
            self._spawn(self._draw(video))
        if manner.tone:
            audio = rtc.AudioSource(SAMPLE_RATE, 1, queue_size_ms=4 * BLOCK_MS)
            await room.local_participant.publish_track(
                rtc.LocalAudioTrack.create_audio_track("microphone", audio),
                rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=True, red=False),
            )
            self._spawn(self._sound(audio))

    async def _draw(self, source: rtc.VideoSource) -> None:
        manner = self._manner
        picture = Picture(self._link.delegation, manner.place, manner.width, manner.height)
        started, number = self._clock.monotonic(), 0
        while True:
            frame = rtc.VideoFrame(manner.width, manner.height, rtc.VideoBufferType.I420, picture.frame(number))
            source.capture_frame(frame)
            # By the clock, not by counting: a member that was held up does not send what it missed.
            elapsed = self._clock.monotonic() - started
            number = int(elapsed * manner.fps) + 1
            await asyncio.sleep(max(number / manner.fps - elapsed, 0.001))

    async def _sound(self, source: rtc.AudioSource) -> None:
        manner = self._manner
        tone = Tone(manner.tone_hz or frequency_of(manner.place))
        count = SAMPLE_RATE * BLOCK_MS // 1000
        first = 0
        while True:
            if manner.turn is not None:
                turn, rest_s = divmod(self._clock.monotonic(), TURN_S)
                if int(turn) % manner.turn[1] != manner.turn[0]:
                    # Nothing handed over is silence: the SDK sends that by itself, and at no cost here.
                    await asyncio.sleep(TURN_S - rest_s)
                    continue
            samples = tone.samples(first, count).tobytes()
            await source.capture_frame(rtc.AudioFrame(samples, SAMPLE_RATE, 1, count))
            first += count
