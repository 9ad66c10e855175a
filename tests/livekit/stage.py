"""A switchboard without sockets and without a core: joins and messages in, effects out, time by hand."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from livekit.protocol.rtc import JoinRequest, SessionDescription, SignalRequest, SignalResponse

from incamera.refusal import Refusal
from incamera.sfu import core, membership
from incamera.sfu.effects import Effect, HangUp, Notice, Send
from incamera.sfu.participants import Participant
from incamera.sfu.rooms import Room
from incamera.sfu.session import Session
from incamera.sfu.settings import SfuSettings
from incamera.sfu.switchboard import Switchboard
from incamera.sfu.tokens import Claims, Grants

SECTION = (
    "m={kind} 9 UDP/TLS/RTP/SAVPF {payloads}\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\na={direction}\r\n"
    "a=rtpmap:{first} {codec}\r\n{extra}"
)
HEAD = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 AA:BB\r\n"
DATA = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:{mid}\r\na=sctp-port:5000\r\n"


def section(mid: str, kind: str = "audio", direction: str = "recvonly", cid: str | None = None) -> str:
    """One m-line of a client's offer."""
    codec, payloads = ("opus/48000/2", "111 63") if kind == "audio" else ("VP8/90000", "96 97")
    extra = f"a=msid:stream {cid}\r\n" if cid else ""
    first = payloads.split()[0]
    return SECTION.format(
        kind=kind, payloads=payloads, mid=mid, direction=direction, first=first, codec=codec, extra=extra
    )


def sdp(*sections: str) -> str:
    """An offer of these sections, and data."""
    return HEAD + "".join(sections) + DATA.format(mid="data")


class Counting:
    """Ids that a test can foretell."""

    def __init__(self) -> None:
        self._next = itertools.count(1)

    def sid(self, prefix: str) -> str:
        return f"{prefix}{next(self._next):04}"

    def transport(self) -> core.TransportId:
        return core.TransportId(next(self._next))

    def publication(self) -> core.PublicationId:
        return core.PublicationId(next(self._next))

    def subscription(self) -> core.SubscriptionId:
        return core.SubscriptionId(next(self._next))

    def request(self) -> core.RequestId:
        return core.RequestId(next(self._next))


@dataclass
class Stage:
    """The switchboard, and all that came out of it."""

    now: float = 1000.0
    effects: list[Effect] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = SfuSettings(keys={"key": "secret"}, core=core.CoreConfig())
        self.switchboard = Switchboard(settings, Counting(), lambda who: f"token of {who.sid}", self.effects.append)

    def enter(self, identity: str, offer: str | None = None, *, two: bool = False, **grants: Any) -> Session:
        """Join the room; `grants` are fields of `Grants`."""
        claims = Claims("key", identity, Grants(room="room", room_join=True, **grants), issued_s=self.now)
        request = JoinRequest()
        request.connection_settings.auto_subscribe = True
        if offer is not None:
            request.publisher_offer.CopyFrom(SessionDescription(type="offer", sdp=offer, id=1))
        refusal = self.switchboard.check(claims, request)
        assert refusal is None, refusal
        session = self.switchboard.enter(
            claims, request, has_two_connections=two, now=self.now, now_ms=int(self.now * 1000)
        )
        assert not isinstance(session, Refusal), session
        self.settle(session.room)
        return session

    def say(self, session: Session, **message: Any) -> Refusal | None:
        """One SignalRequest."""
        refusal = session.handle(SignalRequest(**message), self.now, int(self.now * 1000))
        self.settle(session.room)
        return refusal

    def offer(self, session: Session, *sections: str, number: int = 2) -> SignalResponse:
        """An offer, the core's echo of it as an answer, and what the client is answered."""
        self.say(session, offer=SessionDescription(type="offer", sdp=sdp(*sections), id=number))
        return self.answer(session)

    def answer(self, session: Session) -> SignalResponse:
        """The core answers the last offer."""
        asked = self.commands(core.AcceptOffer)[-1]
        self.happen(session.room, core.Answered(asked.transport, asked.request, mirrored(asked.sdp), ()))
        return self.inbox(session.participant, "answer")[-1]

    def happen(self, room: Room, event: core.Event) -> None:
        """An event of the core's."""
        self.switchboard.route(event, self.now)
        self.settle(room)

    def pass_time(self, room: Room, seconds: float) -> None:
        """Let time go by, tick by tick as due."""
        end = self.now + seconds
        while room.due is not None and room.due <= end and not room.is_closed:
            self.now = max(self.now, room.due)
            membership.tick(room, self.now)
            self.settle(room)
        self.now = end

    def settle(self, room: Room) -> None:
        self.switchboard.settle(room, self.now)

    def inbox(self, participant: Participant, kind: str) -> list[SignalResponse]:
        """The messages of a kind that a participant was sent."""
        sent = [effect.message for effect in self.effects if isinstance(effect, Send) and effect.to == participant.sid]
        return [message for message in sent if message.WhichOneof("message") == kind]

    def commands(self, kind: type[Any]) -> list[Any]:
        """The commands of a kind that the core was given."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def notices(self) -> list[str]:
        """What listeners were told, by name."""
        return [effect.event for effect in self.effects if isinstance(effect, Notice)]

    def hung_up(self, participant: Participant) -> bool:
        """Whether the participant's socket was closed."""
        return any(isinstance(effect, HangUp) and effect.to == participant.sid for effect in self.effects)


def mirrored(offer: str) -> str:
    """What an answer to this offer would have: the other direction in each section, an SSRC where the core sends."""
    lines: list[str] = []
    for line in offer.split("\r\n"):
        if line.startswith("a=msid:"):
            continue
        if line == "a=recvonly":
            lines += ["a=sendonly", "a=msid:core core", "a=ssrc:7 cname:core", "a=ssrc:7 msid:core core"]
        elif line == "a=sendonly":
            lines.append("a=recvonly")
        else:
            lines.append(line)
    return "\r\n".join(lines)
