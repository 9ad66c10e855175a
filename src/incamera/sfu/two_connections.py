"""Two connections (`/rtc`): the client offers where it sends, the server offers where it sends. Pure."""

from livekit.protocol.rtc import SessionDescription, SignalResponse

from incamera.refusal import Refusal
from incamera.sfu import core
from incamera.sfu.core import RequestId, SubscriptionId, TransportId
from incamera.sfu.descriptions import OfferedSection, dress_answer, dress_offer, read_offer
from incamera.sfu.effects import Outbox, ParticipantSid
from incamera.sfu.negotiation import Numbers, OpenOffer, Subscription


class TwoConnections:
    """The client offers where it sends, the server offers where it sends."""

    def __init__(
        self,
        participant: ParticipantSid,
        publishing: TransportId,
        receiving: TransportId,
        numbers: Numbers,
        outbox: Outbox,
    ) -> None:
        self._participant = participant
        self._publishing = publishing
        self._receiving = receiving
        self._numbers = numbers
        self._outbox = outbox
        self._waiting: list[Subscription] = []
        self._leaving: list[str] = []
        self._placed: dict[str, Subscription] = {}
        self._offers: dict[RequestId, OpenOffer] = {}
        self._offering: dict[RequestId, list[Subscription]] = {}
        self._is_out = False
        self._is_first = True
        self._is_restarting = False
        self._offer_id = 0
        self._unanswered: SessionDescription | None = None

    @property
    def transports(self) -> tuple[TransportId, ...]:
        """Both connections."""
        return (self._publishing, self._receiving)

    @property
    def publishing(self) -> TransportId:
        """The publisher's connection."""
        return self._publishing

    @property
    def receiving(self) -> TransportId:
        """The subscriber's connection."""
        return self._receiving

    @property
    def is_pending(self) -> bool:
        """Whether the next offer has something to say; the first has the data channels."""
        return bool(self._waiting or self._leaving) or self._is_first or self._is_restarting

    def want(self, subscription: Subscription) -> None:
        """Wait for the next offer of the server's."""
        self._waiting.append(subscription)

    def drop(self, subscription: SubscriptionId) -> None:
        """Stop sending at once; the next offer says so."""
        self._waiting = [waiting for waiting in self._waiting if waiting.id != subscription]
        for offering in self._offering.values():
            for index, added in enumerate(offering):
                if added.id == subscription:
                    del offering[index]
                    break
        for mid, placed in list(self._placed.items()):
            if placed.id == subscription:
                del self._placed[mid]
                self._leaving.append(mid)
                self._outbox.do(core.Unsubscribe(subscription))

    def flush(self) -> None:
        """Offer what changed, unless an offer is out: then it waits for the answer."""
        if self._is_out or not self.is_pending:
            return
        add, self._waiting = self._waiting, []
        remove, self._leaving = tuple(self._leaving), []
        request = self._numbers.request()
        self._offering[request] = add
        self._is_out, self._is_first = True, False
        restart, self._is_restarting = self._is_restarting, False
        offered = tuple(
            core.OfferedSection(new.id, new.kind, f"{new.placed.participant}|{new.placed.track}", new.placed.track)
            for new in add
        )
        self._outbox.do(core.MakeOffer(self._receiving, request, offered, remove, restart))

    def offered(self, event: core.Offered) -> None:
        """The core's offer: begin what it carries, and send it."""
        added = self._offering.pop(event.request, [])
        alive = {subscription.id: subscription for subscription in added}
        for identifier, mid in event.mids.items():
            subscription = alive.get(identifier)
            if subscription is None:
                self._leaving.append(mid)  # it ended while the core was making the offer
                continue
            subscription.mid = mid
            self._placed[mid] = subscription
            self._outbox.do(core.Subscribe(identifier, subscription.publication, self._receiving, mid))
            if subscription.setting is not None:
                self._outbox.do(subscription.setting)
        placed = {mid: subscription.placed for mid, subscription in self._placed.items()}
        self._offer_id += 1
        mids = {mid: track.track for mid, track in placed.items()}
        sdp = dress_offer(event.sdp, placed)
        self._unanswered = SessionDescription(type="offer", sdp=sdp, id=self._offer_id, mid_to_track_id=mids)
        self._outbox.send(self._participant, SignalResponse(offer=self._unanswered))

    def answer(self, description: SessionDescription) -> Refusal | None:
        """The client's answer; one to an older offer (before a resume) is skipped."""
        sections = read_offer(description.sdp)
        if isinstance(sections, Refusal):
            return sections
        if self._unanswered is not None and description.id in (0, self._offer_id):
            self._unanswered = None
            self._outbox.do(core.AcceptAnswer(self._receiving, self._numbers.request(), description.sdp))
        return None

    def settled(self) -> None:
        """The next offer may go out."""
        self._is_out = False

    def offer(self, description: SessionDescription) -> Refusal | None:
        """What the client publishes; the core answers."""
        sections = read_offer(description.sdp)
        if isinstance(sections, Refusal):
            return sections
        request = self._numbers.request()
        self._offers[request] = OpenOffer(description.id, sections)
        self._outbox.do(core.AcceptOffer(self._publishing, request, description.sdp))
        return None

    def answered(self, event: core.Answered) -> tuple[OfferedSection, ...]:
        """The core's answer to what the client publishes."""
        offer = self._offers.pop(event.request, None)
        if offer is None:
            return ()
        answer = SessionDescription(type="answer", sdp=dress_answer(event.sdp, offer.sections, {}), id=offer.id)
        self._outbox.send(self._participant, SignalResponse(answer=answer))
        return offer.sections

    def declined(self, event: core.Declined) -> None:
        """A client's offer is void; an offer of the server's may be made again."""
        if self._offers.pop(event.request, None) is None:
            self._waiting = self._offering.pop(event.request, []) + self._waiting
            self._is_out = False

    def resumed(self) -> None:
        """The server restarts ICE where it offers; the client does where it does.

        An offer that the client may not have seen is sent again: the core waits for its answer. The restart follows.
        """
        self._is_restarting = True
        self._offers.clear()
        if self._unanswered is not None:
            self._outbox.send(self._participant, SignalResponse(offer=self._unanswered))
