"""One connection: no order of tracks that come and go, of offers and answers loses one or shows one as another."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from livekit.protocol.rtc import SessionDescription

from incamera.refusal import Refusal
from incamera.sfu import core
from incamera.sfu.core import PublicationId, SubscriptionId, TransportId
from incamera.sfu.descriptions import Placed
from incamera.sfu.effects import Effect, Outbox, ParticipantSid, Send
from incamera.sfu.negotiation import MediaKind, Subscription
from incamera.sfu.one_connection import OneConnection
from tests.livekit.stage import Counting, mirrored, sdp, section


class Client(RuleBasedStateMachine):
    """A client that adds the sections it is asked for, and believes what answers say."""

    @initialize()
    def begin(self) -> None:
        self.outbox = Outbox()
        self.ids = Counting()
        self.link = OneConnection(ParticipantSid("PA"), TransportId(1), self.ids, self.outbox)
        self.kinds: list[MediaKind] = ["audio", "video"]
        self.shown: dict[str, str] = {}
        """mid -> track, as the last answer said."""
        self.wanted: dict[str, SubscriptionId] = {}
        self.subscribed: set[SubscriptionId] = set()
        self.asked: list[core.AcceptOffer] = []
        self.count = 0
        self.prompts = 0

    def follow(self) -> list[Effect]:
        effects = self.outbox.drain()
        for effect in effects:
            match effect:
                case core.Subscribe(subscription=subscription):
                    assert subscription not in self.subscribed, "an id was used twice"
                    self.subscribed.add(subscription)
                case core.AcceptOffer():
                    self.asked.append(effect)
                case Send(message=message) if message.WhichOneof("message") == "media_sections_requirement":
                    self.kinds += ["audio"] * message.media_sections_requirement.num_audios
                    self.kinds += ["video"] * message.media_sections_requirement.num_videos
                    self.prompts += 1
                case Send(message=message) if message.WhichOneof("message") == "answer":
                    self.believe(dict(message.answer.mid_to_track_id))
        return effects

    def believe(self, shown: dict[str, str]) -> None:
        for mid, track in shown.items():
            assert self.shown.get(mid, track) == track, "a section changed its track without an end between"
        assert len(set(shown.values())) == len(shown), "a track stands in two sections"
        self.shown = shown

    @rule(kind=st.sampled_from(["audio", "video"]))
    def publish(self, kind: MediaKind) -> None:
        self.count += 1
        track = f"TR{self.count}"
        subscription = Subscription(self.ids.subscription(), PublicationId(self.count), kind, Placed("PA2", track))
        self.wanted[track] = subscription.id
        self.link.want(subscription)

    @precondition(lambda self: self.wanted)
    @rule(data=st.data())
    def unpublish(self, data: st.DataObject) -> None:
        track = data.draw(st.sampled_from(sorted(self.wanted)))
        self.link.drop(self.wanted.pop(track))
        self.follow()

    @rule()
    def flush(self) -> None:
        self.link.flush()
        self.follow()

    @rule()
    def offer(self) -> None:
        sections = [section(f"{n}", kind) for n, kind in enumerate(self.kinds)]
        refusal = self.link.offer(SessionDescription(type="offer", sdp=sdp(*sections), id=1))
        assert not isinstance(refusal, Refusal)
        self.follow()

    @precondition(lambda self: self.asked)
    @rule()
    def answer(self) -> None:
        asked = self.asked.pop(0)
        self.link.answered(core.Answered(asked.transport, asked.request, mirrored(asked.sdp), ()))
        self.follow()

    @rule()
    def settle(self) -> None:
        """After enough rounds all that is wanted is shown, nothing else, and no section too many was asked for."""
        for _ in range(4):
            self.flush()
            self.offer()
            while self.asked:
                self.answer()
        assert set(self.shown.values()) == set(self.wanted)
        assert not self.link.is_pending

    @invariant()
    def no_more_sections_than_tracks_at_once(self) -> None:
        assert len(self.kinds) <= self.count + 2


TestClient = Client.TestCase
TestClient.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
