"""Offers and answers: how tracks find their sections. Pure; commands go to the core, messages to the client.

Two ways of LiveKit's, behind one interface:
- `OneConnection` (`/rtc/v1`): the client always offers. The server places tracks in sections in which the client
  receives, and asks for more with `media_sections_requirement`, which also prompts the next offer.
- `TwoConnections` (`/rtc`): the client offers where it sends, the server offers where it sends.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

from livekit.protocol.rtc import SessionDescription

from incamera.refusal import Refusal
from incamera.sfu import core
from incamera.sfu.core import PublicationId, RequestId, SubscriptionId, TransportId
from incamera.sfu.descriptions import OfferedSection, Placed

MediaKind = Literal["audio", "video"]


@dataclass(slots=True)
class Subscription:
    """A track on its way to a subscriber: waiting for a section, or placed in one."""

    id: SubscriptionId
    publication: PublicationId
    kind: MediaKind
    placed: Placed
    mid: str | None = None
    setting: core.Tune | None = None
    """What was last asked of it: told to the core again when it is placed anew."""


class Numbers(Protocol):
    """Ids that are counted up and never used twice in a process."""

    def request(self) -> RequestId:
        """The id of a request to the core, whose answer must find its way back."""
        ...

    def subscription(self) -> SubscriptionId:
        """The id of a subscription."""
        ...


class Negotiation(Protocol):
    """One participant's offers and answers."""

    @property
    def transports(self) -> tuple[TransportId, ...]:
        """All its connections."""
        ...

    @property
    def publishing(self) -> TransportId:
        """Where the client sends."""
        ...

    @property
    def receiving(self) -> TransportId:
        """Where the server sends, data too."""
        ...

    def want(self, subscription: Subscription) -> None:
        """Place a track as soon as there is a section."""
        ...

    def drop(self, subscription: SubscriptionId) -> None:
        """Take a track away."""
        ...

    def offer(self, description: SessionDescription) -> Refusal | None:
        """A client's offer, or why it can't be used. The answer follows the core's."""
        ...

    def answer(self, description: SessionDescription) -> Refusal | None:
        """A client's answer to an offer of the server's."""
        ...

    def answered(self, event: core.Answered) -> tuple[OfferedSection, ...]:
        """The core's answer: dress it and send it. What the offer has; nothing if the client asks no more."""
        ...

    def offered(self, event: core.Offered) -> None:
        """The core's offer: dress it and send it."""
        ...

    def settled(self) -> None:
        """The core took the client's answer."""
        ...

    def declined(self, event: core.Declined) -> None:
        """The core can't carry out a request."""
        ...

    def flush(self) -> None:
        """Set going what waits: a requirement, or an offer."""
        ...

    def resumed(self) -> None:
        """The client's socket is back: what was under way on the old one is not."""
        ...

    @property
    def is_pending(self) -> bool:
        """Whether `flush` has something to do."""
        ...


@dataclass(slots=True)
class OpenOffer:
    """A client's offer that the core is answering."""

    id: int
    sections: tuple[OfferedSection, ...]
