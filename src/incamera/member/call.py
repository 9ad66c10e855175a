"""A member's media in one sitting: its room, end-to-end encrypted, from when it may send to when it may not.

What it takes and sends follows its own fold and its group, not the server (e2ee.md): tracks of rostered devices
that are encrypted and nothing else, sound of whom the floor lets speak, its own only while its messages may go to the
group.
Each connection is a new instance, so no key ever seals for two connections.

Not in this SDK's reach: of frames that end with the server's own marker (`sif_trailer`) it lets through those with a
payload that it knows, a blank picture or silence, unopened. It drops all others and says that they failed
(tests/member/test_trailer.py). So a lying server may blank a subscribed track here, and show nothing of its own making.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from secrets import token_bytes
from typing import Any, Final

from livekit import rtc
from livekit.rtc.participant import PublishTrackError, UnpublishTrackError

from incamera import log
from incamera.accreditation.strict import Thumbprint
from incamera.clock import Clock
from incamera.e2ee.group import Advance, Group
from incamera.e2ee.heartbeat import Heard, Track
from incamera.meeting.speech import shows, speakers
from incamera.member.broadcast import Camera, Manner, Microphone
from incamera.member.client import Ticket, instance_of
from incamera.member.reception import Reception
from incamera.member.ring import Ring, encryption
from incamera.member.sitting import Sitting
from incamera.refusal import Refusal

_log = log.logger(__name__)
# The SDK writes names at INFO, and on a busy machine whole descriptions at ERROR: addresses and ICE's passwords.
logging.getLogger("livekit").setLevel(logging.CRITICAL)

RETRY_S: Final = 1.0
GRANT_S: Final = 0.25
"""The floor came; the server's grant for it comes a moment later."""
_STOPS: Final = frozenset({"fork", "breach", "stopped", "record", "head"})
"""Alarms after which nothing more is sent. A feed that stalls for 30 s is shown; after 100 s it stops the sending."""

Tickets = Callable[[Sitting, str], Awaitable[Ticket | Refusal]]
"""A ticket for a sitting's room, under an instance."""


@dataclass(slots=True)
class _Taken:
    """A track that we subscribed to."""

    publication: rtc.RemoteTrackPublication
    is_open: bool = False
    """The SDK's decryption of its participant was OK since the track came: until then nothing of it counts."""


class Call:
    """One sitting's media, over all its connections. `run` until cancelled."""

    def __init__(
        self,
        sitting: Sitting,
        *,
        tickets: Tickets,
        server: str,
        name: str,
        manner: Manner,
        reception: Reception,
        clock: Clock,
    ) -> None:
        self.sitting = sitting
        self.entered = asyncio.Event()
        """Set once it was in the room."""
        self.connected = False
        self.seconds_in = 0.0
        """How long it has been in, all its connections together."""
        self._tickets, self._server, self._name = tickets, server, name
        self._manner, self._reception, self._clock = manner, reception, clock

    async def run(self) -> None:
        """In the room whenever we are a member that may send; a lost connection is made again."""
        while True:
            await self.sitting.reached(lambda one: one.can_send)
            ticket = await self._tickets(self.sitting, instance_of(token_bytes(8)))
            if not isinstance(ticket, Refusal):
                await self._connected(ticket)
            else:
                _log.info("call.no_ticket", sitting=self.sitting.id, code=str(ticket.code))
            await asyncio.sleep(RETRY_S)

    async def _connected(self, ticket: Ticket) -> None:
        connection = Connection(self.sitting, ticket.identity, self._name, self._manner, self._reception, self._clock)
        began_s = self._clock.monotonic()
        try:
            await connection.open(ticket.url or self._server, ticket.token.value)
            self.connected = True
            self.entered.set()
            began_s = self._clock.monotonic()
            await connection.run()
        except rtc.ConnectError as error:
            _log.warning("call.not_connected", sitting=self.sitting.id, kind=type(error).__name__)
        finally:
            self.seconds_in += self._clock.monotonic() - began_s if self.connected else 0.0
            try:
                await connection.close()
            finally:
                self.connected = False  # not before: until it has left, the room's events still come


@dataclass(slots=True)
class Connection:
    """One connection to the room under one identity: from `open` to `close`."""

    sitting: Sitting
    identity: str
    name: str
    """What stands in the picture."""
    manner: Manner
    reception: Reception
    clock: Clock
    room: rtc.Room = field(default_factory=rtc.Room)
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    _ring: Ring | None = None
    _group: Group | None = None
    _taken: dict[str, _Taken] = field(default_factory=dict)
    _had: set[str] = field(default_factory=set)
    """Tracks that were taken before: who leaves the roster is let go of, not refused."""
    _own: dict[str, Track] = field(default_factory=dict)
    _seats: dict[str, str] = field(default_factory=dict)
    _is_whole: bool = True
    """The connection stands; while it is mended nothing is handed to the SDK, which might publish anew."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def open(self, url: str, ticket: str) -> None:
        """Connect. Raises `rtc.ConnectError`."""
        self._listen()
        options = rtc.RoomOptions(auto_subscribe=False, dynacast=True, encryption=encryption())
        await self.room.connect(url.replace("http", "ws", 1), ticket, options)
        self._ring = Ring(self.identity, self.room.e2ee_manager)
        membership = self.sitting.membership
        membership.on_round.append(self._on_round)
        membership.on_heard.append(self._on_heard)
        self._join()

    async def run(self) -> None:
        """Until the connection is lost, or we may not send any more."""
        works: list[Coroutine[Any, Any, None]] = [self._turns(), self._watch(), self._end()]
        if self.manner.picture:
            works.append(self._show())
        if self.manner.tone:
            works.append(self._speak())
        tasks = [asyncio.create_task(work) for work in (*works, self._lost())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # a mistake of ours is not swallowed
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """Leave the room, and say that nothing of ours is sent."""
        membership = self.sitting.membership
        for listeners, ours in ((membership.on_round, self._on_round), (membership.on_heard, self._on_heard)):
            with contextlib.suppress(ValueError):  # it never came to listen
                listeners.remove(ours)  # type: ignore[arg-type]
        membership.sends_under, membership.tracks = None, ()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(Exception):  # a room that is gone can't be left: there is nothing to do
            await self.room.disconnect()

    # The group's rounds.

    def _join(self) -> None:
        """The round in which we are when the connection stands."""
        group = self.sitting.group
        if group is None or self._ring is None:
            self.lost.set()
            return
        self._group = group
        self._enter(group, is_removal=False)

    def _on_round(self, advance: Advance | None) -> None:
        """A new round. Keys are exported here and now: the group may be past it in a moment."""
        group = self.sitting.membership.share.group
        if group is None or group is not self._group or advance is None:
            self.lost.set()  # a group of its own, which others have to come to: another connection
            return
        self._enter(group, is_removal=bool(advance.removes))

    def _enter(self, group: Group, *, is_removal: bool) -> None:
        core, round_, ring = group.state(), self.sitting.membership.round, self._ring
        if ring is None or core.phase != "member" or round_ is None:
            return  # replaced: we are about to leave it
        self._seats |= {seat.device: seat.seat for seat in core.roster}
        ring.enter(group, round_, self._rostered(), self._now(), is_removal=is_removal)
        self._look()
        self._news.set()

    def _on_heard(self, heard: Heard) -> None:
        if self._ring is not None:
            self._ring.switched(heard.by.device, heard.beat.sends_under, self._now())
            self._news.set()

    async def _turns(self) -> None:
        """What comes with time and with the record: keys switched and overwritten, tracks taken and let go."""
        ring = self._ring
        assert ring is not None, "the connection is open"
        while True:
            self._news.clear()
            ring.due(self._now())
            self._look()
            self._say()
            until_ms = ring.next_ms()
            wait_s = None if until_ms is None else max(until_ms - self._now(), 0) / 1000
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._news.wait()

    async def _watch(self) -> None:
        had = None
        while True:
            await self.sitting.reached(lambda one, had=had: _parts(one) != had)  # type: ignore[misc]
            had = _parts(self.sitting)
            self._news.set()

    async def _end(self) -> None:
        await self.sitting.reached(lambda one: not one.can_send)

    async def _lost(self) -> None:
        await self.lost.wait()

    def _say(self) -> None:
        """What our heartbeat says of us; at once where it changed."""
        membership, ring = self.sitting.membership, self._ring
        assert ring is not None, "the connection is open"
        membership.tracks = tuple(self._own.values())
        if membership.sends_under != ring.sends_under:
            membership.sends_under = ring.sends_under
            self.sitting.hurry()

    # Receiving.

    def _rostered(self) -> list[str]:
        """Participants of devices that are in the group, and whose removal is not due."""
        state = self.sitting.state
        present = {seat.device for seat in self.sitting.roster()}
        if state is not None:
            present &= state.sitting.group.present
        return [identity for identity in self.room.remote_participants if _device(identity) in present]

    def _look(self) -> None:
        """Take the tracks that may be taken, let go of the others."""
        ring, group, state = self._ring, self.sitting.group, self.sitting.state
        if ring is None or group is None or state is None:
            return
        rostered = self._rostered()
        ring.meet(group, rostered)
        heard = speakers(state)
        for participant in self.room.remote_participants.values():
            for publication in participant.track_publications.values():
                wanted = self._wants(publication, participant.identity, rostered, heard)
                if wanted and publication.sid not in self._taken and self._is_readable(participant.identity):
                    self._had.add(publication.sid)
                    self._taken[publication.sid] = _Taken(publication)
                    publication.set_subscribed(True)
                elif not wanted and publication.sid in self._taken:
                    self._let_go(publication.sid)
                    publication.set_subscribed(False)

    def _wants(
        self,
        publication: rtc.RemoteTrackPublication,
        identity: str,
        rostered: list[str],
        heard: frozenset[Thumbprint],
    ) -> bool:
        refused = self.reception.of(self._who(identity)).refused
        is_sealed, is_rostered = publication.encryption_type == rtc.EncryptionType.GCM, identity in rostered
        if not is_sealed or (not is_rostered and publication.sid not in self._had):
            refused.add(publication.sid)
        if not is_sealed or not is_rostered:
            return False
        refused.discard(publication.sid)  # its commit had not come here yet
        if publication.kind == rtc.TrackKind.KIND_AUDIO:
            return self.manner.subscribe != "none" and _device(identity) in heard
        return self.manner.subscribe == "all"

    def _is_readable(self, identity: str) -> bool:
        """Whether its device says that it sends under a round whose key stands here.

        Who came in a moment ago can't read what is sent under the round before. A track that is taken too early costs
        its first key frame, and the sender another one.
        """
        round_ = self.sitting.membership.others_send_under.get(_device(identity))
        return self._ring is not None and round_ is not None and self._ring.opens(identity, round_)

    def _let_go(self, track: str) -> None:
        """Nothing of it counts from now on, even if the server goes on delivering."""
        taken = self._taken.pop(track, None)
        if taken is not None:
            taken.is_open = False

    def _who(self, identity: str) -> str:
        return self._seats.get(_device(identity), identity)

    def _listen(self) -> None:
        """What the SDK calls."""
        room = self.room

        def subscribed(track: Any, publication: Any, participant: rtc.RemoteParticipant) -> None:
            taken, ring = self._taken.get(publication.sid), self._ring
            who = self._who(participant.identity)
            if taken is None or ring is None or not ring.covers(publication.sid):
                # Labelled otherwise since, and so without decryption before the decoder.
                self.reception.of(who).refused.add(publication.sid)
                publication.set_subscribed(False)
                return
            taken.is_open = False
            self._spawn(self.reception.read(track, who, lambda: taken.is_open))

        def gone(publication: Any, _participant: rtc.RemoteParticipant) -> None:
            self._let_go(publication.sid)

        def left(participant: rtc.RemoteParticipant) -> None:
            for track in participant.track_publications:
                self._let_go(track)

        def failed(participant: rtc.RemoteParticipant, *_: object) -> None:
            _log.info("track.failed", sitting=self.sitting.id)
            self.reception.of(self._who(participant.identity)).failed += 1

        def muted(participant: rtc.Participant, publication: Any) -> None:
            if publication.kind == rtc.TrackKind.KIND_VIDEO and participant is not room.local_participant:
                self.reception.of(self._who(participant.identity)).picture_paused()

        def encrypted(participant: rtc.Participant, state: int) -> None:
            """The SDK says it of a participant, not of a track."""
            if participant is room.local_participant or participant is None:
                return
            for taken in self._taken.values():
                if taken.publication.sid in participant.track_publications:
                    taken.is_open = state == rtc.EncryptionState.OK
            attendance, ring = self.reception.of(self._who(participant.identity)), self._ring
            if ring is not None and state == rtc.EncryptionState.OK:
                attendance.was_opened(ring.round)
            if ring is not None and state == rtc.EncryptionState.DECRYPTION_FAILED:
                said = self.sitting.membership.others_send_under.get(_device(participant.identity), 0)
                attendance.stayed_shut(min(ring.round, said))
            if state == rtc.EncryptionState.MISSING_KEY:
                attendance.stayed_shut(None)  # in which round it was is past telling: the SDK's word comes later

        def disconnected(reason: Any) -> None:
            _log.info("call.disconnected", sitting=self.sitting.id, reason=rtc.DisconnectReason.Name(reason))
            self.lost.set()

        def whole(is_whole: bool) -> None:
            self._is_whole = is_whole
            self._news.set()

        def news(*_: object) -> None:
            self._news.set()

        room.on("track_subscribed", subscribed)
        room.on("track_subscription_failed", failed)
        room.on("track_unpublished", gone)
        room.on("participant_disconnected", left)
        room.on("track_muted", muted)
        room.on("e2ee_state_changed", encrypted)
        room.on("disconnected", disconnected)
        room.on("reconnecting", lambda: whole(False))
        room.on("reconnected", lambda: whole(True))
        for event in ("participant_connected", "track_published"):
            room.on(event, news)

    # Sending.

    def _is_sealed(self, track: str) -> bool:
        """Whether a picture or a sound may be handed to the SDK for this track now."""
        return self._is_whole and track in self._own and self._may_send()

    def _may_send(self) -> bool:
        return self.sitting.can_send and not any(alarm.cause in _STOPS for alarm in self.sitting.alarms)

    def _may_speak(self) -> bool:
        state = self.sitting.state
        return self._may_send() and state is not None and self.sitting.me in speakers(state)

    def _may_show(self) -> bool:
        state = self.sitting.state
        return self._may_send() and state is not None and shows(state, self.sitting.me)

    async def _show(self) -> None:
        camera = Camera(self.name, self.manner, self.clock)
        await self._send(camera.track, camera.options(), camera.draw, self._may_show)

    async def _speak(self) -> None:
        """The floor's second hold: without it nothing is published, whatever the server would let us."""
        microphone = Microphone(self.manner, self.clock)
        await self._send(microphone.track, microphone.options(), microphone.sound, self._may_speak)

    async def _send(
        self,
        track: Any,
        options: rtc.TrackPublishOptions,
        feed: Callable[[Callable[[], bool]], Coroutine[Any, Any, None]],
        may: Callable[[], bool],
    ) -> None:
        """Publish whenever we may, and unpublish when we may not."""
        local, ring = self.room.local_participant, self._ring
        assert ring is not None, "the connection is open"
        while True:
            await self.sitting.reached(lambda _: may())
            try:
                publication = await self._published(track, options)
            except PublishTrackError as error:
                _log.info("call.not_published", sitting=self.sitting.id, kind=type(error).__name__)
                await asyncio.sleep(GRANT_S)
                continue
            sid = publication.sid
            feeding = None
            try:
                if ring.seal(sid):
                    kind = "audio" if publication.kind == rtc.TrackKind.KIND_AUDIO else "video"
                    self._own[sid] = Track(sid, kind, _SOURCES.get(options.source, "unknown"), ())
                    self._news.set()
                    feeding = asyncio.create_task(feed(lambda: self._is_sealed(sid) and may()))  # noqa: B023
                    await self.sitting.reached(lambda _: not may())
                else:
                    _log.error("call.not_sealed", sitting=self.sitting.id)
            finally:
                self._own.pop(sid, None)
                self._news.set()
                if feeding is not None:
                    feeding.cancel()
                    await asyncio.gather(feeding, return_exceptions=True)
            with contextlib.suppress(UnpublishTrackError):  # the server took it back before
                await local.unpublish_track(sid)

    async def _published(self, track: Any, options: rtc.TrackPublishOptions) -> rtc.LocalTrackPublication:
        """Publish. Who is cancelled meanwhile leaves it to the SDK, which is told of the track, and must know it."""
        publishing = asyncio.ensure_future(self.room.local_participant.publish_track(track, options))
        publishing.add_done_callback(lambda done: done.cancelled() or done.exception())  # known, if nobody waits
        return await asyncio.shield(publishing)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _now(self) -> int:
        return self.sitting.membership.now()


_SOURCES: Final = {rtc.TrackSource.SOURCE_CAMERA: "camera", rtc.TrackSource.SOURCE_MICROPHONE: "microphone"}


def _parts(sitting: Sitting) -> tuple[int, int, int] | None:
    """Tells one state of a sitting from another: the places in both journals, and the group's epoch here."""
    state = sitting.state
    return None if state is None else (state.meeting.tail.seq, state.sitting.tail.seq, sitting.epoch or 0)


def _device(identity: str) -> Thumbprint:
    """The device of a participant of the room."""
    return Thumbprint(identity.partition(".")[0])
