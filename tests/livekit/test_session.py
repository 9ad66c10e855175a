"""What each message does, and to whom: the session and its room, without a socket."""

import json

import pytest
from livekit.protocol.models import (
    DataPacket,
    ParticipantInfo,
    ParticipantPermission,
    TrackSource,
    TrackType,
    UserPacket,
    VideoLayer,
)
from livekit.protocol.rtc import (
    AddTrackRequest,
    LeaveRequest,
    MuteTrackRequest,
    Ping,
    RequestResponse,
    SessionDescription,
    SignalRequest,
    SimulateScenario,
    SubscriptionPermission,
    TrackPermission,
    TrickleRequest,
    UpdateParticipantMetadata,
    UpdateSubscription,
    UpdateTrackSettings,
)

from incamera.limits import CONNECT_S, RESUME_S, TRACKS_PER_PARTICIPANT
from incamera.refusal import Code, Refusal
from incamera.sfu import core, membership
from incamera.sfu.session import ANSWERED, Session
from tests.livekit.stage import Stage, sdp, section

RECEIVING = (section("0"), section("1"), section("2", "video"), section("3", "video"))
MICROPHONE = AddTrackRequest(cid="mic", type=TrackType.AUDIO, source=TrackSource.MICROPHONE)
CAMERA = AddTrackRequest(
    cid="cam",
    type=TrackType.VIDEO,
    source=TrackSource.CAMERA,
    width=640,
    height=360,
    layers=[VideoLayer(quality=quality, width=width) for quality, width in ((0, 160), (1, 320), (2, 640))],
)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def enter(stage: Stage, identity: str, **grants: object) -> Session:
    """A participant whose first offer is answered and whose connection stands."""
    session = stage.enter(identity, sdp(*RECEIVING), **grants)
    stage.answer(session)
    stage.happen(session.room, core.Connected(session.participant.negotiation.receiving, "udp"))
    stage.pass_time(session.room, 0.2)
    return session


def publish(stage: Stage, session: Session, request: AddTrackRequest = MICROPHONE, mid: str = "10") -> str:
    """A published track; its sid."""
    stage.say(session, add_track=request)
    kind = "audio" if request.type == TrackType.AUDIO else "video"
    before = [
        section(track.mid or "", track.kind, "sendonly", track.cid) for track in session.participant.tracks.values()
    ]
    stage.offer(session, *RECEIVING, *before, section(mid, kind, "sendonly", request.cid), number=3)
    stage.pass_time(session.room, 0.2)
    return next(track.sid for track in session.participant.tracks.values() if track.cid == request.cid)


def test_join_is_the_first_message_and_a_fresh_token_the_second(stage: Stage) -> None:
    session = stage.enter("alice", sdp(*RECEIVING))
    sent = [effect.message.WhichOneof("message") for effect in stage.effects if hasattr(effect, "message")]
    assert sent[:2] == ["join", "refresh_token"]
    join = stage.inbox(session.participant, "join")[0].join
    assert not join.ice_servers, "clients ask nobody outside"
    assert not join.sif_trailer, "no frame is ever put into a stream"
    assert join.participant.identity == "alice"
    assert join.server_info.protocol == membership.PROTOCOL


def test_a_newcomer_is_told_who_is_there_and_they_are_told_of_it(stage: Stage) -> None:
    alice = enter(stage, "alice")
    bob = enter(stage, "bob")
    assert [who.identity for who in stage.inbox(bob.participant, "join")[0].join.other_participants] == ["alice"]
    seen = [who for message in stage.inbox(alice.participant, "update") for who in message.update.participants]
    assert {who.identity for who in seen} == {"alice", "bob"}
    assert seen[-1].state == ParticipantInfo.ACTIVE


def test_versions_of_a_participant_only_grow(stage: Stage) -> None:
    alice, bob = enter(stage, "alice"), enter(stage, "bob")
    publish(stage, bob)
    versions = [
        who.version
        for message in stage.inbox(alice.participant, "update")
        for who in message.update.participants
        if who.identity == "bob"
    ]
    assert versions == sorted(set(versions))


def test_a_published_track_is_announced_before_the_answer_that_carries_it(stage: Stage) -> None:
    alice, bob = enter(stage, "alice"), enter(stage, "bob")
    sid = publish(stage, alice)
    requirement = stage.inbox(bob.participant, "media_sections_requirement")[-1].media_sections_requirement
    assert (requirement.num_audios, requirement.num_videos) == (0, 0), "bob has free sections"
    answer = stage.offer(bob, *RECEIVING).answer
    assert dict(answer.mid_to_track_id) == {"0": sid}
    assert f"a=msid:{alice.participant.sid}|{sid} {sid}" in answer.sdp
    assert answer.sdp.count("a=inactive") == 3, "sections that receive nothing are inactive"
    kinds = [
        effect.message.WhichOneof("message")
        for effect in stage.effects
        if getattr(effect, "to", "") == bob.participant.sid
    ]
    assert len(kinds) - 1 - kinds[::-1].index("answer") > kinds.index("update")
    subscribe = stage.commands(core.Subscribe)[-1]
    offers = stage.commands(core.AcceptOffer)
    assert stage.effects.index(subscribe) < stage.effects.index(offers[-1]), "its SSRC must be in this answer"


def test_a_new_section_with_another_track_id_carries_the_announced_track_of_its_kind(stage: Stage) -> None:
    """Firefox's: what it announces is not what its description says."""
    alice = enter(stage, "alice")
    for request in (CAMERA, MICROPHONE):
        stage.say(alice, add_track=request)
    theirs = section("10", "audio", "sendonly", "{1}"), section("11", "video", "sendonly", "{2}")
    stage.offer(alice, *RECEIVING, *theirs, number=3)
    assert {track.cid: track.mid for track in alice.participant.tracks.values()} == {"mic": "10", "cam": "11"}


def test_a_section_that_was_there_before_takes_no_track_that_is_announced_later(stage: Stage) -> None:
    alice = enter(stage, "alice")
    stray = section("10", "video", "sendonly", "stray")
    stage.offer(alice, *RECEIVING, stray, number=3)
    stage.say(alice, add_track=CAMERA)
    assert not alice.participant.tracks
    stage.offer(alice, *RECEIVING, stray, section("11", "video", "sendonly", "cam"), number=4)
    assert [track.mid for track in alice.participant.tracks.values()] == ["11"]


def test_more_tracks_than_sections_ask_for_the_sections_that_are_missing_once(stage: Stage) -> None:
    bob = enter(stage, "bob")
    for n in range(4):
        publish(stage, enter(stage, f"sender{n}"))
    asked = [m.media_sections_requirement for m in stage.inbox(bob.participant, "media_sections_requirement")]
    assert sum(each.num_audios for each in asked) == 2, "two of four are free"
    more = [section(f"{n}") for n in (20, 21)]
    answer = stage.offer(bob, *RECEIVING, *more).answer
    assert len(answer.mid_to_track_id) == 4


def test_a_section_whose_track_ended_says_so_before_it_carries_another(stage: Stage) -> None:
    alice, bob = enter(stage, "alice"), enter(stage, "bob")
    publish(stage, alice)
    stage.offer(bob, *RECEIVING)
    stage.offer(alice, *RECEIVING, section("10", direction="inactive", cid="mic"), number=4)
    stage.pass_time(bob.room, 0.2)
    assert not alice.participant.tracks
    publish(stage, alice, mid="11")
    stage.pass_time(bob.room, 0.2)
    first = stage.offer(bob, *RECEIVING).answer
    assert list(first.mid_to_track_id) == ["1"], "section 0 shows that its track ended"
    assert stage.offer(bob, *RECEIVING).answer.mid_to_track_id, "and carries on"


def test_unpublished_by_the_offer_that_no_longer_sends(stage: Stage) -> None:
    alice, bob = enter(stage, "alice"), enter(stage, "bob")
    publish(stage, alice)
    stage.offer(alice, *RECEIVING, section("10", direction="inactive", cid="mic"), number=4)
    stage.pass_time(bob.room, 0.2)
    assert stage.commands(core.Unpublish)
    assert not stage.inbox(bob.participant, "update")[-1].update.participants[0].tracks
    assert stage.notices().count("track_unpublished") == 1


def test_a_mute_reaches_the_others_and_the_core(stage: Stage) -> None:
    alice, bob = enter(stage, "alice"), enter(stage, "bob")
    sid = publish(stage, alice)
    stage.say(alice, mute=MuteTrackRequest(sid=sid, muted=True))
    stage.pass_time(bob.room, 0.2)
    assert stage.commands(core.SetMuted)[-1].muted
    assert stage.inbox(bob.participant, "update")[-1].update.participants[0].tracks[0].muted


def test_nobody_mutes_anothers_track(stage: Stage) -> None:
    alice, bob = enter(stage, "alice"), enter(stage, "bob")
    sid = publish(stage, alice)
    refusal = stage.say(bob, mute=MuteTrackRequest(sid=sid, muted=True))
    assert isinstance(refusal, Refusal)
    assert refusal.code == Code.TRACK_UNKNOWN
    assert not stage.commands(core.SetMuted)


def test_a_source_that_the_token_does_not_name_is_refused(stage: Stage) -> None:
    alice = enter(stage, "alice", can_publish_sources=("microphone",))
    refusal = stage.say(alice, add_track=CAMERA)
    assert refusal is not None
    assert refusal.code == Code.GRANT_MISSING
    response = stage.inbox(alice.participant, "request_response")[-1].request_response
    assert response.reason == RequestResponse.NOT_ALLOWED
    assert response.add_track.cid == "cam"
    assert stage.say(alice, add_track=MICROPHONE) is None


def test_one_track_more_than_a_participant_may_have_is_refused(stage: Stage) -> None:
    alice = enter(stage, "alice")
    for n in range(TRACKS_PER_PARTICIPANT.value):
        assert stage.say(alice, add_track=AddTrackRequest(cid=f"{n}", type=TrackType.AUDIO)) is None
    refusal = stage.say(alice, add_track=AddTrackRequest(cid="more", type=TrackType.AUDIO))
    assert refusal is not None
    assert refusal.code == Code.LIMIT_REACHED


def test_what_a_token_no_longer_allows_is_withdrawn_at_once(stage: Stage) -> None:
    alice, bob = enter(stage, "alice"), enter(stage, "bob")
    sid = publish(stage, alice)
    publish(stage, alice, CAMERA, mid="11")
    camera_only = ParticipantPermission(can_subscribe=True, can_publish=True, can_publish_sources=[TrackSource.CAMERA])
    membership.grant(alice.room, alice.participant, camera_only, stage.now)
    stage.settle(alice.room)
    stage.pass_time(bob.room, 0.2)
    assert stage.inbox(alice.participant, "track_unpublished")[-1].track_unpublished.track_sid == sid
    assert [track.source for track in stage.inbox(bob.participant, "update")[-1].update.participants[0].tracks] == [
        TrackSource.CAMERA
    ]


def test_a_track_setting_tells_the_core_and_in_time_the_publisher(stage: Stage) -> None:
    alice, bob = enter(stage, "alice"), enter(stage, "bob")
    sid = publish(stage, alice, CAMERA)
    stage.offer(bob, *RECEIVING)
    stage.say(bob, track_setting=UpdateTrackSettings(track_sids=[sid], width=300, height=170))
    assert stage.commands(core.Tune)[-1].max_layer == 1, "320 is the smallest that is as wide as 300"
    told = len(stage.inbox(alice.participant, "subscribed_quality_update"))
    stage.pass_time(alice.room, 2)
    updates = stage.inbox(alice.participant, "subscribed_quality_update")
    assert len(updates) == told + 1, "less is told after a second"
    qualities = updates[-1].subscribed_quality_update.subscribed_qualities
    assert [each.enabled for each in qualities] == [True, True, False]
    stage.say(bob, track_setting=UpdateTrackSettings(track_sids=[sid], quality=2))
    assert len(stage.inbox(alice.participant, "subscribed_quality_update")) == told + 2, "more is told at once"


def test_a_setting_with_numbers_that_no_client_sends_is_one_that_the_core_takes(stage: Stage) -> None:
    alice, bob = enter(stage, "alice"), enter(stage, "bob")
    odd = AddTrackRequest()
    odd.CopyFrom(CAMERA)
    odd.layers[0].quality = -7  # type: ignore[assignment]
    sid = publish(stage, alice, odd)
    stage.offer(bob, *RECEIVING)
    by_quality = UpdateTrackSettings(track_sids=[sid], quality=-1, priority=2**32 - 1)  # type: ignore[arg-type]
    for setting in (by_quality, UpdateTrackSettings(track_sids=[sid], width=100)):
        stage.say(bob, track_setting=setting)
        told = stage.commands(core.Tune)[-1]
        assert (told.max_layer, told.priority < 2**31) == (0, True), "one byte, and 31 bits"


def test_a_publisher_chooses_who_may_hear_it(stage: Stage) -> None:
    alice, bob, carol = (enter(stage, name) for name in ("alice", "bob", "carol"))
    sid = publish(stage, alice)
    only_bob = SubscriptionPermission(track_permissions=[TrackPermission(participant_identity="bob", all_tracks=True)])
    stage.say(alice, subscription_permission=only_bob)
    update = stage.inbox(carol.participant, "subscription_permission_update")[-1].subscription_permission_update
    assert (update.track_sid, update.allowed) == (sid, False)
    assert not stage.inbox(bob.participant, "subscription_permission_update")
    assert alice.room.subscriptions.hearers(sid) == {bob.participant.sid}


def test_a_subscriber_may_do_without_a_track_and_have_it_back(stage: Stage) -> None:
    alice, bob = enter(stage, "alice"), enter(stage, "bob")
    sid = publish(stage, alice)
    stage.say(bob, subscription=UpdateSubscription(track_sids=[sid], subscribe=False))
    assert not alice.room.subscriptions.hearers(sid)
    stage.say(bob, subscription=UpdateSubscription(track_sids=[sid], subscribe=True))
    assert alice.room.subscriptions.hearers(sid) == {bob.participant.sid}
    stage.say(bob, subscription=UpdateSubscription(track_sids=["TR_none"], subscribe=True))
    assert stage.inbox(bob.participant, "subscription_response")[-1].subscription_response.track_sid == "TR_none"


def test_metadata_needs_a_grant_and_is_answered_by_its_request(stage: Stage) -> None:
    alice, bob = enter(stage, "alice", can_update_own_metadata=True), enter(stage, "bob")
    update = UpdateParticipantMetadata(request_id=7, name="Alice", attributes={"hand": "up"})
    assert stage.say(alice, update_metadata=update) is None
    response = stage.inbox(alice.participant, "request_response")[-1].request_response
    assert (response.request_id, response.reason) == (7, RequestResponse.OK)
    stage.pass_time(bob.room, 0.2)
    assert stage.inbox(bob.participant, "update")[-1].update.participants[0].attributes == {"hand": "up"}
    refusal = stage.say(bob, update_metadata=UpdateParticipantMetadata(request_id=8, name="Mallory"))
    assert refusal is not None
    response = stage.inbox(bob.participant, "request_response")[-1].request_response
    assert (response.request_id, response.reason) == (8, RequestResponse.NOT_ALLOWED)


def test_data_is_stamped_with_who_really_sent_it(stage: Stage) -> None:
    alice, bob, carol = (enter(stage, name) for name in ("alice", "bob", "carol"))
    packet = DataPacket(participant_identity="bob", user=UserPacket(payload=b"hello", participant_identity="bob"))
    received = core.DataReceived(alice.participant.negotiation.publishing, "reliable", packet.SerializeToString())
    stage.happen(alice.room, received)
    sent = stage.commands(core.SendData)[-1]
    assert set(sent.transports) == {who.participant.negotiation.receiving for who in (bob, carol)}
    stamped = DataPacket.FromString(sent.payload)
    assert (stamped.participant_identity, stamped.participant_sid) == ("alice", alice.participant.sid)
    assert stamped.user.participant_identity == "alice"


def test_data_for_one_reaches_one_and_what_is_malformed_nobody(stage: Stage) -> None:
    alice, bob, _ = (enter(stage, name) for name in ("alice", "bob", "carol"))
    packet = DataPacket(destination_identities=["bob"], user=UserPacket(payload=b"psst"))
    transport = alice.participant.negotiation.publishing
    stage.happen(alice.room, core.DataReceived(transport, "lossy", packet.SerializeToString()))
    assert stage.commands(core.SendData)[-1].transports == (bob.participant.negotiation.receiving,)
    count = len(stage.commands(core.SendData))
    for junk in (b"", b"\xff\xff\xff", b"x" * 70_000):
        stage.happen(alice.room, core.DataReceived(transport, "reliable", junk))
    assert len(stage.commands(core.SendData)) == count
    assert alice.room.data.refused == 3


def test_who_may_not_send_data_does_not(stage: Stage) -> None:
    alice, _ = enter(stage, "alice", can_publish_data=False), enter(stage, "bob")
    packet = DataPacket(user=UserPacket(payload=b"hello")).SerializeToString()
    stage.happen(alice.room, core.DataReceived(alice.participant.negotiation.publishing, "reliable", packet))
    assert not stage.commands(core.SendData)


def test_a_resumed_participant_gets_what_it_missed_and_nothing_twice(stage: Stage) -> None:
    alice, bob = enter(stage, "alice"), enter(stage, "bob")
    for number in (1, 2, 3):
        packet = DataPacket(sequence=number, user=UserPacket(payload=bytes([number])))
        transport = alice.participant.negotiation.publishing
        stage.happen(alice.room, core.DataReceived(transport, "reliable", packet.SerializeToString()))
    stage.effects.clear()
    request = SignalRequest()
    seen = request.sync_state.datachannel_receive_states.add(publisher_sid=alice.participant.sid, last_seq=1)
    assert seen.last_seq == 1
    bob.handle(request, stage.now, 0)
    stage.settle(bob.room)
    replayed = [DataPacket.FromString(sent.payload).sequence for sent in stage.commands(core.SendData)]
    assert replayed == [2, 3]
    for _ in range(100):
        refusal = bob.handle(request, stage.now, 0)
        assert isinstance(refusal, Refusal)
        assert refusal.code == Code.LIMIT_REACHED, "once a socket: the answer may be 4 MiB"
    stage.settle(bob.room)
    assert len(stage.commands(core.SendData)) == 2
    again = DataPacket(sequence=3, user=UserPacket(payload=b"\3")).SerializeToString()
    stage.happen(alice.room, core.DataReceived(alice.participant.negotiation.publishing, "reliable", again))
    assert len(stage.commands(core.SendData)) == 2, "it was taken before"


def test_leaving_is_answered_and_seen(stage: Stage) -> None:
    alice, bob = enter(stage, "alice"), enter(stage, "bob")
    publish(stage, alice)
    stage.say(alice, leave=LeaveRequest())
    stage.pass_time(bob.room, 0.2)
    assert stage.hung_up(alice.participant)
    gone = [who for message in stage.inbox(bob.participant, "update") for who in message.update.participants][-1]
    assert (gone.identity, gone.state) == ("alice", ParticipantInfo.DISCONNECTED)
    assert [each.transport for each in stage.commands(core.CloseTransport)] == list(
        alice.participant.negotiation.transports
    )
    assert "participant_left" in stage.notices()


def test_the_same_identity_again_puts_the_older_one_out(stage: Stage) -> None:
    older, bob = enter(stage, "alice"), enter(stage, "bob")
    newer = enter(stage, "alice")
    leave = stage.inbox(older.participant, "leave")[-1].leave
    assert leave.action == LeaveRequest.DISCONNECT
    assert leave.reason == 2, "DUPLICATE_IDENTITY"
    seen = [who for message in stage.inbox(bob.participant, "update") for who in message.update.participants]
    states = [(who.sid, who.state) for who in seen if who.identity == "alice"]
    assert states.index((older.participant.sid, ParticipantInfo.DISCONNECTED)) < next(
        index for index, (sid, _) in enumerate(states) if sid == newer.participant.sid
    )


def test_a_lost_socket_may_come_back_for_a_while_and_then_not(stage: Stage) -> None:
    alice, bob = enter(stage, "alice"), enter(stage, "bob")
    membership.detach(alice.participant, stage.now)
    stage.settle(alice.room)
    stage.pass_time(alice.room, RESUME_S.value - 1)
    assert alice.participant.sid in bob.room.participants
    membership.resume(alice.room, alice.participant, stage.switchboard.info, stage.now)
    stage.settle(alice.room)
    assert stage.inbox(alice.participant, "reconnect")
    membership.detach(alice.participant, stage.now)
    stage.settle(alice.room)
    stage.pass_time(alice.room, RESUME_S.value + 1)
    assert alice.participant.sid not in bob.room.participants


def test_a_media_connection_that_stays_lost_ends_the_participant(stage: Stage) -> None:
    alice = enter(stage, "alice")
    stage.happen(alice.room, core.Disconnected(alice.participant.negotiation.receiving, "timeout"))
    stage.pass_time(alice.room, RESUME_S.value + 1)
    assert stage.inbox(alice.participant, "leave")[-1].leave.action == LeaveRequest.RECONNECT


def test_who_never_gets_a_media_connection_is_put_out(stage: Stage) -> None:
    alice = stage.enter("alice", sdp(*RECEIVING))
    stage.pass_time(alice.room, CONNECT_S.value + 1)
    assert stage.inbox(alice.participant, "leave")[-1].leave.action == LeaveRequest.RECONNECT
    assert "participant_connection_aborted" in stage.notices()


def test_an_empty_room_closes_after_its_time(stage: Stage) -> None:
    alice = enter(stage, "alice")
    stage.say(alice, leave=LeaveRequest())
    stage.pass_time(alice.room, 21)
    assert not stage.switchboard.rooms
    assert stage.notices()[-1] == "room_finished"


def test_pings_are_answered_both_ways(stage: Stage) -> None:
    alice = enter(stage, "alice")
    stage.say(alice, ping=1)
    stage.say(alice, ping_req=Ping(timestamp=5, rtt=1))
    assert stage.inbox(alice.participant, "pong")[-1].pong == int(stage.now * 1000)
    assert stage.inbox(alice.participant, "pong_resp")[-1].pong_resp.last_ping_timestamp == 5


def test_speakers_are_told_as_they_change(stage: Stage) -> None:
    alice, bob = enter(stage, "alice"), enter(stage, "bob")
    publish(stage, alice)
    publication = next(iter(alice.participant.tracks.values())).publication
    assert publication is not None
    for _ in range(2):
        for room in stage.switchboard.hear(core.AudioLevels(((publication, 10, 1.0),)), stage.now):
            stage.settle(room)
    changes = stage.inbox(bob.participant, "speakers_changed")
    assert len(changes) == 1, "the same loudness is told once"
    assert changes[0].speakers_changed.speakers[0].sid == alice.participant.sid
    stage.pass_time(alice.room, 2)
    assert not stage.inbox(bob.participant, "speakers_changed")[-1].speakers_changed.speakers[0].active


def test_a_message_that_is_not_answered_says_so(stage: Stage) -> None:
    alice = enter(stage, "alice")
    refusal = stage.say(alice, publish_data_track_request={})
    assert refusal is not None
    assert refusal.code == Code.SIGNAL_UNSUPPORTED
    response = stage.inbox(alice.participant, "request_response")[-1].request_response
    assert response.reason == RequestResponse.UNSUPPORTED_TYPE
    assert "signal.unsupported" in response.message
    assert stage.say(alice, simulate=SimulateScenario(migration=True)) is not None
    assert alice.handle(SignalRequest(), stage.now, 0) is not None


def test_a_truncated_description_is_refused_and_nothing_changes(stage: Stage) -> None:
    alice = enter(stage, "alice")
    whole = sdp(*RECEIVING)
    count = len(stage.commands(core.AcceptOffer))
    for cut in (0, 3, 90, 140, whole.index("a=recvonly") - 1, whole.rindex("a=mid")):
        refusal = stage.say(alice, offer=SessionDescription(type="offer", sdp=whole[:cut]))
        assert refusal is not None
        assert refusal.code == Code.SDP_REFUSED
    assert len(stage.commands(core.AcceptOffer)) == count
    assert stage.say(alice, trickle=TrickleRequest(candidateInit="{")) is not None
    assert stage.say(alice, trickle=TrickleRequest(candidateInit=json.dumps({"candidate": "candidate:1"}))) is None


def test_a_description_that_the_core_declines_is_told_and_a_first_one_ends_the_join(stage: Stage) -> None:
    alice = stage.enter("alice", sdp(*RECEIVING))
    asked = stage.commands(core.AcceptOffer)[-1]
    stage.happen(alice.room, core.Declined(asked.transport, asked.request, "sdp.malformed", "no"))
    assert "sdp.refused" in stage.inbox(alice.participant, "request_response")[-1].request_response.message
    assert stage.inbox(alice.participant, "leave")


def test_with_two_connections_the_server_offers_one_change_at_a_time(stage: Stage) -> None:
    bob = stage.enter("bob", two=True)
    offers = stage.commands(core.MakeOffer)
    assert len(offers) == 1, "the first has the data channels"
    stage.happen(bob.room, core.Offered(offers[0].transport, offers[0].request, sdp(), ()))
    sid = publish(stage, enter(stage, "alice"))
    assert len(stage.commands(core.MakeOffer)) == 1, "an offer is out"
    stage.say(bob, answer=SessionDescription(type="answer", sdp=sdp(), id=1))
    accepted = stage.commands(core.AcceptAnswer)[-1]
    stage.happen(bob.room, core.Settled(accepted.transport, accepted.request))
    stage.pass_time(bob.room, 0.2)
    offer = stage.commands(core.MakeOffer)[-1]
    assert offer.add[0].track == sid
    text = sdp(section("0", direction="sendonly"))
    stage.happen(bob.room, core.Offered(offer.transport, offer.request, text, (), {offer.add[0].subscription: "0"}))
    sent = stage.inbox(bob.participant, "offer")[-1].offer
    assert dict(sent.mid_to_track_id) == {"0": sid}
    assert stage.commands(core.Subscribe)[-1].mid == "0"


def test_an_offer_that_a_lost_socket_swallowed_is_sent_again_and_the_restart_follows(stage: Stage) -> None:
    bob = stage.enter("bob", two=True)
    made = stage.commands(core.MakeOffer)[0]
    stage.happen(bob.room, core.Offered(made.transport, made.request, sdp(), ()))
    membership.detach(bob.participant, stage.now)
    membership.resume(bob.room, bob.participant, stage.switchboard.info, stage.now)
    stage.settle(bob.room)
    stage.pass_time(bob.room, 0.2)
    assert [message.offer.id for message in stage.inbox(bob.participant, "offer")] == [1, 1]
    assert len(stage.commands(core.MakeOffer)) == 1, "the core waits for the answer to the first"
    stage.say(bob, answer=SessionDescription(type="answer", sdp=sdp(), id=1))
    accepted = stage.commands(core.AcceptAnswer)[-1]
    stage.happen(bob.room, core.Settled(accepted.transport, accepted.request))
    stage.pass_time(bob.room, 0.2)
    assert stage.commands(core.MakeOffer)[-1].ice_restart


def test_a_connection_that_the_core_can_not_bring_back_is_made_anew(stage: Stage) -> None:
    alice = enter(stage, "alice")
    stage.say(alice, offer=SessionDescription(type="offer", sdp=sdp(*RECEIVING), id=9))
    asked = stage.commands(core.AcceptOffer)[-1]
    stage.happen(alice.room, core.Declined(asked.transport, asked.request, "transport.lost", "closed"))
    assert stage.inbox(alice.participant, "leave")[-1].leave.action == LeaveRequest.RECONNECT


def test_every_request_of_the_protocol_is_answered_or_refused(stage: Stage) -> None:
    alice = enter(stage, "alice")
    for descriptor in SignalRequest.DESCRIPTOR.fields:
        request = SignalRequest()
        if descriptor.message_type is not None:
            getattr(request, descriptor.name).SetInParent()
        else:
            setattr(request, descriptor.name, 1)
        if descriptor.name == "leave":
            continue
        refusal = alice.handle(request, stage.now, 0)
        if descriptor.name not in ANSWERED:
            assert refusal is not None
            assert refusal.code == Code.SIGNAL_UNSUPPORTED
