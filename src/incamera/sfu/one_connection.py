"""One connection (`/rtc/v1`): the client offers, the server fills the sections in which it receives. Pure."""

from collections import deque
from dataclasses import dataclass, field, replace

from livekit.protocol.rtc import MediaSectionsRequirement, SessionDescription, SignalResponse

from incamera.refusal import Refusal
from incamera.sfu import core
from incamera.sfu.core import RequestId, SubscriptionId, TransportId
from incamera.sfu.descriptions import OfferedSection, dress_answer, read_offer, refused
from incamera.sfu.effects import Outbox, ParticipantSid
from incamera.sfu.negotiation import MediaKind, Numbers, OpenOffer, Subscription


@dataclass(slots=True)
class _Sections:
    """The sections of one kind in which a client receives."""

    free: list[str] = field(default_factory=list)
    known: int = 0
    asked: int = 0
    """Sections that were asked for and have not been offered yet."""
    waiting: deque[Subscription] = field(default_factory=deque)

    @property
    def lacking(self) -> int:
        """How many more sections are needed than exist or were asked for."""
        return max(0, len(self.waiting) - len(self.free) - self.asked)


class OneConnection:
    """The client offers; the server fills the sections in which it receives."""

    def __init__(self, participant: ParticipantSid, transport: TransportId, numbers: Numbers, outbox: Outbox) -> None:
        self._participant = participant
        self._transport = transport
        self._numbers = numbers
        self._outbox = outbox
        self._placed: dict[str, Subscription] = {}
        self._draining: set[str] = set()
        # mids whose track ended: they carry nothing, but the client still believes so until an answer says `inactive`;
        # a section that changed its track without that would not fire `track` again in a browser.
        self._kinds: dict[MediaKind, _Sections] = {"audio": _Sections(), "video": _Sections()}
        self._offers: dict[RequestId, OpenOffer] = {}
        self._has_offered = False  # the first offer comes by itself, and shows how many sections there are
        self._is_prompted = False

    @property
    def transports(self) -> tuple[TransportId, ...]:
        """The one connection."""
        return (self._transport,)

    @property
    def publishing(self) -> TransportId:
        """The one connection."""
        return self._transport

    @property
    def receiving(self) -> TransportId:
        """The one connection."""
        return self._transport

    @property
    def is_pending(self) -> bool:
        """Whether tracks wait, or sections still show a track that ended."""
        return bool(self._draining) or any(sections.waiting for sections in self._kinds.values())

    def want(self, subscription: Subscription) -> None:
        """Wait for a section: the next offer brings one."""
        self._kinds[subscription.kind].waiting.append(subscription)

    def drop(self, subscription: SubscriptionId) -> None:
        """Stop sending at once; the section is free again after the next answer."""
        for sections in self._kinds.values():
            sections.waiting = deque(waiting for waiting in sections.waiting if waiting.id != subscription)
        for mid, placed in list(self._placed.items()):
            if placed.id == subscription:
                del self._placed[mid]
                self._draining.add(mid)
                self._outbox.do(core.Unsubscribe(subscription))

    def offer(self, description: SessionDescription) -> Refusal | None:
        """Place what waits, then let the core answer."""
        sections = read_offer(description.sdp)
        if isinstance(sections, Refusal):
            return sections
        receiving = {section.mid: section for section in sections if section.is_receiving}
        for mid in [mid for mid in self._placed if mid not in receiving]:
            self._lose(mid)
        for kind, state in self._kinds.items():
            mids = [mid for mid, section in receiving.items() if section.kind == kind]
            state.asked = max(0, state.asked - max(0, len(mids) - state.known))
            state.known = len(mids)
            state.free = [mid for mid in mids if mid not in self._placed and mid not in self._draining]
            while state.free and state.waiting:
                self._place(state.free.pop(0), state.waiting.popleft())
        self._is_prompted, self._has_offered = False, True
        request = self._numbers.request()
        self._offers[request] = OpenOffer(description.id, sections)
        self._outbox.do(core.AcceptOffer(self._transport, request, description.sdp))
        return None

    def answered(self, event: core.Answered) -> tuple[OfferedSection, ...]:
        """Say in the answer whose track each section carries; sections whose track ended are free from now on."""
        offer = self._offers.pop(event.request, None)
        if offer is None:
            return ()
        offered = {section.mid for section in offer.sections}
        placed = {mid: subscription.placed for mid, subscription in self._placed.items() if mid in offered}
        sdp = dress_answer(event.sdp, offer.sections, placed)
        for mid in self._draining & offered:
            self._draining.discard(mid)
            kind = next(section.kind for section in offer.sections if section.mid == mid)
            if kind != "application":
                self._kinds[kind].free.append(mid)
        mids = {mid: track.track for mid, track in placed.items()}
        answer = SessionDescription(type="answer", sdp=sdp, id=offer.id, mid_to_track_id=mids)
        self._outbox.send(self._participant, SignalResponse(answer=answer))
        return offer.sections

    def declined(self, event: core.Declined) -> None:
        """The offer is void: what was placed for it waits again with the next."""
        self._offers.pop(event.request, None)

    def flush(self) -> None:
        """Ask for as many sections as are lacking; with none, still prompt the offer that shows what changed."""
        audio, video = self._kinds["audio"].lacking, self._kinds["video"].lacking
        if not self._has_offered or not self.is_pending or (self._is_prompted and not audio and not video):
            return
        self._kinds["audio"].asked += audio
        self._kinds["video"].asked += video
        self._is_prompted = True
        requirement = MediaSectionsRequirement(num_audios=audio, num_videos=video)
        self._outbox.send(self._participant, SignalResponse(media_sections_requirement=requirement))

    def resumed(self) -> None:
        """A prompt may have been lost with the old socket; sections that were asked for may not come."""
        self._is_prompted = False
        self._offers.clear()
        for sections in self._kinds.values():
            sections.asked = 0

    def answer(self, description: SessionDescription) -> Refusal | None:
        """There is nothing to answer: the server never offers here."""
        return refused("The server made no offer that this could answer.")

    def offered(self, event: core.Offered) -> None:
        """Never asked for."""

    def settled(self) -> None:
        """Never asked for."""

    def _place(self, mid: str, subscription: Subscription) -> None:
        subscription.mid = mid
        self._placed[mid] = subscription
        self._outbox.do(core.Subscribe(subscription.id, subscription.publication, self._transport, mid))
        if subscription.setting is not None:
            self._outbox.do(subscription.setting)

    def _lose(self, mid: str) -> None:
        """A client closed a section that carried a track: the track waits for another, under a new id."""
        subscription = self._placed.pop(mid)
        self._outbox.do(core.Unsubscribe(subscription.id))
        subscription.mid = None
        # An id is never used twice: the core would have to tell the old SSRC's reports from the new one's.
        subscription.id = self._numbers.subscription()
        if subscription.setting is not None:
            subscription.setting = replace(subscription.setting, subscription=subscription.id)
        self._kinds[subscription.kind].waiting.append(subscription)
