"""The door to the media core (crates/net around crates/sfu): typed commands in, typed events out.

A *transport* is one peer connection: LiveKit's clients have one (`/rtc/v1`), or a publisher's and a subscriber's
(`/rtc`). A *publication* is one track that a transport sends; a *subscription* is that publication forwarded to one
section of another transport. All ids are chosen here, counted up and never used twice in a process. Packets never come
this way.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NewType, assert_never

from incamera.limits import MEDIA_EVENTS_BYTES, MEDIA_TCP_PER_ADDRESS
from incamera.native import MediaCore

if TYPE_CHECKING:
    from incamera.native import NativeEvent, NativeSection

TransportId = NewType("TransportId", int)
PublicationId = NewType("PublicationId", int)
SubscriptionId = NewType("SubscriptionId", int)
RequestId = NewType("RequestId", int)

Kind = Literal["audio", "video"]
Channel = Literal["reliable", "lossy"]
Direction = Literal["sendonly", "recvonly", "inactive"]


@dataclass(frozen=True, slots=True)
class CoreConfig:
    """Where the core listens, and what it tells clients. Port 0 lets the system choose."""

    udp: str = "0.0.0.0:7882"
    tcp: str | None = "0.0.0.0:7881"
    """Where TCP is accepted (RFC 4571 framing, ICE passive candidates); None: no TCP."""
    announce_udp: tuple[str, ...] = ()
    """`ip:port` of the UDP candidates that clients are told in place of the machine's own: a NAT's, or a relay's."""
    announce_tcp: tuple[str, ...] = ()
    udp_candidates: bool = True
    """False: no UDP candidate is told, so that media takes TCP."""
    batch_us: int = 100
    """How long a frame that lacks its last packets is gathered before its packets go out in one send, microseconds."""
    gso: bool = True
    """False: one send a datagram, even where the kernel takes a burst in one (UDP segmentation offload)."""


# Commands: Python -> core.


@dataclass(frozen=True, slots=True)
class OpenTransport:
    """A new connection, with credentials of its own; nothing arrives on it before an offer was accepted or answered."""

    transport: TransportId
    ice_lite: bool


@dataclass(frozen=True, slots=True)
class AcceptOffer:
    """The client's offer; `Answered` or `Declined` with the same request follows. A new ufrag in it restarts ICE."""

    transport: TransportId
    request: RequestId
    sdp: str


@dataclass(frozen=True, slots=True)
class OfferedSection:
    """A section that the server adds to its own offer (two connections): the msid is `stream track`."""

    subscription: SubscriptionId
    kind: Kind
    stream: str
    track: str


@dataclass(frozen=True, slots=True)
class MakeOffer:
    """An offer by the server for a subscriber's connection; `Offered` follows, or `Declined` if one is still out."""

    transport: TransportId
    request: RequestId
    add: tuple[OfferedSection, ...] = ()
    remove: tuple[str, ...] = ()
    """mids that become inactive (and are used again by later sections of the same kind)."""
    ice_restart: bool = False


@dataclass(frozen=True, slots=True)
class AcceptAnswer:
    """The client's answer to the last `Offered`; answered by `Settled` or `Declined`."""

    transport: TransportId
    request: RequestId
    sdp: str


@dataclass(frozen=True, slots=True)
class AddCandidate:
    """A candidate of the client's (the `candidate:` line).

    Taken and not used, as those in descriptions: the core sends to no address that has not come to it with a valid ICE
    check, so nobody can make it knock at doors of their choice. A client's addresses show themselves.
    """

    transport: TransportId
    candidate: str


@dataclass(frozen=True, slots=True)
class CloseTransport:
    """Forget the connection, its publications and its subscriptions. Idempotent."""

    transport: TransportId


@dataclass(frozen=True, slots=True)
class Publish:
    """What arrives in this section of the transport belongs to this publication from now on."""

    publication: PublicationId
    transport: TransportId
    mid: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class SetMuted:
    """A muted publication's packets are dropped by the core, whatever its sender does."""

    publication: PublicationId
    muted: bool


@dataclass(frozen=True, slots=True)
class Unpublish:
    """Ends the publication and all subscriptions to it."""

    publication: PublicationId


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Forward a publication into a section in which the subscriber receives. Forwarding begins once it is connected.

    With a fresh SSRC pair (never one that another subscription had: SRTP key streams must not repeat), which the next
    `Answered` or `Offered` of that transport shows for this mid; so subscribe before accepting the offer that is
    answered with it.
    """

    subscription: SubscriptionId
    publication: PublicationId
    transport: TransportId
    mid: str


@dataclass(frozen=True, slots=True)
class Tune:
    """What a subscriber wants of a subscription; the core may send less (congestion), never more."""

    subscription: SubscriptionId
    paused: bool = False
    max_layer: int = 2
    """Spatial layer: 0 (lowest), 1, 2 (highest)."""
    max_fps: int | None = None
    priority: int = 0
    """Higher is kept longer when bandwidth is short. Audio is never paused for want of bandwidth."""


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Stop forwarding; the section may be used for another subscription."""

    subscription: SubscriptionId


@dataclass(frozen=True, slots=True)
class RequestKeyFrame:
    """Ask a publisher for a key frame, as a subscriber's PLI would."""

    publication: PublicationId


@dataclass(frozen=True, slots=True)
class SendData:
    """A frame on the data channel `_reliable` or `_lossy` of each of these transports.

    Not connected yet: dropped (lossy) or queued, bounded (reliable).
    """

    transports: tuple[TransportId, ...]
    channel: Channel
    payload: bytes


Command = (
    OpenTransport
    | AcceptOffer
    | MakeOffer
    | AcceptAnswer
    | AddCandidate
    | CloseTransport
    | Publish
    | SetMuted
    | Unpublish
    | Subscribe
    | Tune
    | Unsubscribe
    | RequestKeyFrame
    | SendData
)

# Events: core -> Python.


@dataclass(frozen=True, slots=True)
class Section:
    """One m-line of a description as the core sees it, in order; `direction` is the core's own."""

    mid: str
    kind: Literal["audio", "video", "application"]
    direction: Direction
    ssrc: int | None = None
    """Where the core sends: the SSRC of the media stream."""
    rtx_ssrc: int | None = None
    rids: tuple[str, ...] = ()
    """Where the client sends simulcast: its restriction ids in its order."""
    cids: tuple[str, ...] = ()
    """Where the client sends: the track ids of its `a=msid` lines; how a section is matched to an `add_track`."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The core's answer, candidates included; `sfu/negotiation.py` rewrites msids and idle sections in its text."""

    transport: TransportId
    request: RequestId
    sdp: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Offered:
    """The core's own offer, candidates included; `mids` says which subscription stands in which section."""

    transport: TransportId
    request: RequestId
    sdp: str
    sections: tuple[Section, ...]
    mids: dict[SubscriptionId, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settled:
    """The client's answer was taken."""

    transport: TransportId
    request: RequestId


@dataclass(frozen=True, slots=True)
class Declined:
    """A request that can't be carried out: stable code, reason. Nothing changed."""

    transport: TransportId
    request: RequestId
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Connected:
    """ICE and DTLS stand; media and data flow from now on."""

    transport: TransportId
    protocol: Literal["udp", "tcp"]


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection is lost (ICE timed out, DTLS closed or failed).

    The transport stays until `CloseTransport`: after a time-out ICE may be restarted.
    """

    transport: TransportId
    reason: str


@dataclass(frozen=True, slots=True)
class StreamStarted:
    """The first packet of one encoding of a publication: its layer (0, 1, 2), rid if simulcast, SSRC, codec."""

    publication: PublicationId
    layer: int
    rid: str | None
    ssrc: int
    mime: str
    """`video/VP8`, `audio/opus`, …: as in LiveKit's TrackInfo.mime_type."""


@dataclass(frozen=True, slots=True)
class AudioLevels:
    """Every 400 ms while anything is heard: each publication's loudest level, and how much of the interval was loud.

    The level is RFC 6464's (0 loudest, 127 silence); the share (0 to 1) of the interval counts what was above -35 dBov.
    """

    levels: tuple[tuple[PublicationId, int, float], ...]


@dataclass(frozen=True, slots=True)
class DataReceived:
    """A frame that arrived on a data channel."""

    transport: TransportId
    channel: Channel
    payload: bytes


@dataclass(frozen=True, slots=True)
class Congestion:
    """A subscription's video was paused for want of bandwidth, or goes on again."""

    subscription: SubscriptionId
    paused: bool


@dataclass(frozen=True, slots=True)
class LinkQuality:
    """Every 5 s for each connected transport: loss both ways (0 to 1), round trip in milliseconds.

    And what the subscriber's link is estimated to carry (bit/s; None: not estimated).
    """

    transport: TransportId
    loss_up: float
    loss_down: float
    rtt_ms: float | None
    estimate_bps: int | None


Event = (
    Answered
    | Offered
    | Settled
    | Declined
    | Connected
    | Disconnected
    | StreamStarted
    | AudioLevels
    | DataReceived
    | Congestion
    | LinkQuality
)


@dataclass(frozen=True, slots=True)
class Failure:
    """The end of the core's thread that nobody asked for."""

    cause: Literal["panic", "io"]
    place: str
    """`file:line:column` of a panic, or the system's words for the error: never what a client sent."""


class Core:
    """The running core: one thread of its own, no GIL for packets.

    The owner watches `fileno()` for readability (asyncio's `add_reader`), then drains `events()` and `faults()`, and
    asks for a `failure()`.
    """

    def __init__(self, config: CoreConfig) -> None:
        """Bind the sockets and start the thread. Raises OSError with the address in its text when a port is taken."""
        self._media = MediaCore(
            config.udp,
            config.tcp,
            config.announce_udp,
            config.announce_tcp,
            udp_candidates=config.udp_candidates,
            batch_us=config.batch_us,
            gso=config.gso,
            tcp_per_address=MEDIA_TCP_PER_ADDRESS.value,
            event_bytes=MEDIA_EVENTS_BYTES.value,
        )

    @property
    def udp_port(self) -> int:
        """The UDP port that is really bound."""
        return self._media.udp_port

    @property
    def tcp_port(self) -> int | None:
        """The TCP port that is really bound."""
        return self._media.tcp_port

    def send(self, command: Command) -> None:
        """Queue a command; its effect shows in events. Never blocks."""
        media = self._media
        match command:
            case OpenTransport(transport, ice_lite):
                media.open_transport(transport, ice_lite)
            case AcceptOffer(transport, request, sdp):
                media.accept_offer(transport, request, sdp)
            case MakeOffer(transport, request, add, remove, ice_restart):
                sections = [(section.subscription, section.kind, section.stream, section.track) for section in add]
                media.make_offer(transport, request, sections, remove, ice_restart)
            case AcceptAnswer(transport, request, sdp):
                media.accept_answer(transport, request, sdp)
            case AddCandidate(transport, candidate):
                media.add_candidate(transport, candidate)
            case CloseTransport(transport):
                media.close_transport(transport)
            case Publish(publication, transport, mid, kind):
                media.publish(publication, transport, mid, kind)
            case SetMuted(publication, muted):
                media.set_muted(publication, muted)
            case Unpublish(publication):
                media.unpublish(publication)
            case Subscribe(subscription, publication, transport, mid):
                media.subscribe(subscription, publication, transport, mid)
            case Tune(subscription, paused, max_layer, max_fps, priority):
                media.tune(subscription, paused, max_layer, max_fps, priority)
            case Unsubscribe(subscription):
                media.unsubscribe(subscription)
            case RequestKeyFrame(publication):
                media.request_key_frame(publication)
            case SendData(transports, channel, payload):
                media.send_data(transports, channel, payload)
            case _:
                assert_never(command)

    def fileno(self) -> int:
        """A descriptor that is readable while there is news: events, faults, a failure."""
        return self._media.fileno()

    def events(self) -> Iterator[Event]:
        """All events that wait, in order."""
        return map(_event, self._media.events())

    def faults(self) -> list[str]:
        """Where the thread panicked since this was asked before; each ended one connection, and not the thread."""
        return self._media.faults()

    def failure(self) -> Failure | None:
        """Why the thread has ended, if nobody asked it to: no packet goes in or out any more."""
        failed = self._media.failure()
        return Failure(*failed) if failed is not None else None

    def statistics(self) -> dict[str, int | float]:
        """Counters since the start, at most 100 ms old.

        Packets and bytes in and out, drops by reason, connections, sends and segments a send, the thread's CPU seconds.
        """
        return self._media.statistics()

    def close(self) -> None:
        """End all connections and the thread; idempotent."""
        self._media.close()


def _event(native: "NativeEvent") -> Event:
    """What the compiled module says, typed."""
    match native:
        case ("answered", transport, request, sdp, rows):
            return Answered(TransportId(transport), RequestId(request), sdp, _sections(rows))
        case ("offered", transport, request, sdp, rows, mids):
            return Offered(
                TransportId(transport),
                RequestId(request),
                sdp,
                _sections(rows),
                {SubscriptionId(subscription): mid for subscription, mid in mids},
            )
        case ("settled", transport, request):
            return Settled(TransportId(transport), RequestId(request))
        case ("declined", transport, request, code, reason):
            return Declined(TransportId(transport), RequestId(request), code, reason)
        case ("connected", transport, protocol):
            return Connected(TransportId(transport), protocol)
        case ("disconnected", transport, reason):
            return Disconnected(TransportId(transport), reason)
        case ("stream_started", publication, layer, rid, ssrc, mime):
            return StreamStarted(PublicationId(publication), layer, rid, ssrc, mime)
        case ("audio_levels", levels):
            return AudioLevels(
                tuple((PublicationId(publication), level, share) for publication, level, share in levels)
            )
        case ("data_received", transport, channel, payload):
            return DataReceived(TransportId(transport), channel, payload)
        case ("congestion", subscription, paused):
            return Congestion(SubscriptionId(subscription), paused)
        case ("link_quality", transport, loss_up, loss_down, rtt_ms, estimate_bps):
            return LinkQuality(TransportId(transport), loss_up, loss_down, rtt_ms, estimate_bps)
    assert_never(native)


def _sections(rows: "list[NativeSection]") -> tuple[Section, ...]:
    return tuple(
        Section(mid, kind, direction, ssrc, rtx_ssrc, tuple(rids), tuple(cids))
        for mid, kind, direction, ssrc, rtx_ssrc, rids, cids in rows
    )
