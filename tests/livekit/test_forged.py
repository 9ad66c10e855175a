"""Whatever a participant sends, it is answered or refused, and the room stays whole for the others."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from livekit.protocol.models import DataPacket
from livekit.protocol.rtc import SignalRequest

from incamera.refusal import Refusal
from incamera.sfu import core, membership
from tests.livekit.forge import forged
from tests.livekit.stage import Stage, sdp, section

SENDING, STOPPED = section("2", "video", "sendonly", "cam"), section("3", direction="inactive")
OFFER = sdp(section("0"), section("1", "video"), SENDING, STOPPED)
WORDS = ["", "cam", "PA_0003", "TR_0001", "mallory", "alice", "x" * 300, OFFER, OFFER[:200], '{"candidate":""}']
TEXTS = st.sampled_from(WORDS)
REQUESTS = st.lists(forged(SignalRequest.DESCRIPTOR, TEXTS), min_size=1, max_size=6)
PACKETS = forged(DataPacket.DESCRIPTOR, TEXTS)
PAYLOADS = st.binary(max_size=300) | PACKETS.map(lambda packet: packet.SerializeToString())
QUIET = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUIET
@given(requests=REQUESTS, with_two=st.booleans())
def test_no_request_raises_and_the_room_stays_whole(requests: list[SignalRequest], with_two: bool) -> None:
    stage = Stage()
    alice = stage.enter("alice", OFFER)
    stage.answer(alice)
    mallory = stage.enter("mallory", two=with_two, can_update_own_metadata=True)
    room = alice.room
    for request in requests:
        if mallory.participant.sid not in room.participants:
            break
        before = len(stage.commands(core.AcceptOffer))
        outcome = mallory.handle(request, stage.now, 0)
        stage.settle(room)
        assert outcome is None or isinstance(outcome, Refusal)
        for asked in stage.commands(core.AcceptOffer)[before:]:
            stage.happen(room, core.Answered(asked.transport, asked.request, asked.sdp, ()))
        stage.pass_time(room, 0.1)
    assert alice.participant.sid in room.participants
    assert all(track.owner in room.participants for track in room.tracks.values())
    assert all(key[0] in room.participants and key[1] in room.tracks for key in room.hearings)
    stage.pass_time(room, 5)
    for participant in list(room.participants.values()):
        membership.leave(room, participant, 1, stage.now)  # type: ignore[arg-type]  # CLIENT_INITIATED
        stage.settle(room)
    assert not room.tracks
    assert not room.hearings


@QUIET
@given(payload=PAYLOADS)
def test_no_data_packet_raises_and_none_lies_about_its_sender(payload: bytes) -> None:
    stage = Stage()
    alice, mallory = stage.enter("alice"), stage.enter("mallory")
    for channel in ("reliable", "lossy"):
        event = core.DataReceived(mallory.participant.negotiation.publishing, channel, payload)  # type: ignore[arg-type]
        stage.happen(alice.room, event)
    for sent in stage.commands(core.SendData):
        packet = DataPacket.FromString(sent.payload)
        assert (packet.participant_identity, packet.participant_sid) == ("mallory", mallory.participant.sid)
        assert mallory.participant.negotiation.receiving not in sent.transports
