"""What no SDK would send: a clear refusal with a stable code, and nobody else is disturbed."""

import random
from collections.abc import Iterator

import httpx2
import pytest
from livekit.protocol.models import DisconnectReason
from livekit.protocol.room import RoomParticipantIdentity
from livekit.protocol.rtc import (
    JoinRequest,
    LeaveRequest,
    Ping,
    PublishDataTrackRequest,
    RequestResponse,
    SessionDescription,
    SignalRequest,
    UpdateParticipantMetadata,
)
from websockets.exceptions import ConnectionClosed, InvalidStatus

from incamera.limits import SIGNAL_BURST
from tests.livekit.bare import knock, wrapped
from tests.livekit.members import FPS, Member, await_true
from tests.livekit.running import RunningSfu
from tests.livekit.stage import sdp, section
from tests.support.patience import PATIENCE_S

TRUNCATED = wrapped(JoinRequest(publisher_offer=SessionDescription(sdp="v=0\r\nm=aud")))

pytestmark = [pytest.mark.slow, pytest.mark.anyio]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def sfu() -> Iterator[RunningSfu]:
    with RunningSfu() as running:
        yield running


async def test_validate_says_why_to_any_origin(sfu: RunningSfu) -> None:
    for path in ("/rtc/validate", "/rtc/v1/validate"):
        good = httpx2.get(sfu.http + path, params={"access_token": sfu.token("alice")}, timeout=PATIENCE_S)
        assert (good.status_code, good.text) == (200, "success")
        bad = httpx2.get(sfu.http + path, params={"access_token": "nonsense"}, timeout=PATIENCE_S)
        assert (bad.status_code, bad.headers["x-refusal-code"]) == (401, "token.invalid")
        assert good.headers["access-control-allow-origin"] == bad.headers["access-control-allow-origin"] == "*"
        bearer = httpx2.get(
            sfu.http + path, headers={"Authorization": f"Bearer {sfu.token('alice')}"}, timeout=PATIENCE_S
        )
        assert bearer.status_code == 200


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/rtc/v1", {}, 101),
        ("/rtc/v1", {"join_request": "%%%"}, 400),
        (
            "/rtc/v1",
            {"join_request": wrapped(JoinRequest(publisher_offer=SessionDescription(sdp="v=0\r\nm=aud")))},
            400,
        ),
    ],
)
async def test_a_join_request_that_can_not_be_used_is_refused_before_the_upgrade(
    sfu: RunningSfu, path: str, query: dict[str, str], status: int
) -> None:
    if status == 101:
        async with knock(sfu.url, sfu.token("alice", "plain"), path, **query) as alice:
            await alice.receive("join")
        return
    with pytest.raises(InvalidStatus) as refused:
        async with knock(sfu.url, sfu.token("alice", "plain"), path, **query):
            pass
    assert refused.value.response.status_code == status


async def test_bad_frames_are_refused_and_a_call_beside_them_goes_on(sfu: RunningSfu) -> None:
    dice = random.Random(7)
    async with (
        Member(sfu.url, sfu.token("alice", "busy"), picture=True) as alice,
        Member(sfu.url, sfu.token("bob", "busy")) as bob,
        knock(sfu.url, sfu.token("mallory", "busy", can_update_own_metadata=True)) as mallory,
    ):
        await await_true("bob sees alice", lambda: bob.frames["alice"] > FPS)
        await mallory.receive("join")
        await mallory.socket.send(b"\xff\xff\xff")
        assert "signal.malformed" in (await mallory.receive("request_response")).message
        await mallory.say(publish_data_track_request=PublishDataTrackRequest(pub_handle=1))
        response = await mallory.receive("request_response")
        assert response.reason == RequestResponse.UNSUPPORTED_TYPE
        await mallory.say(offer=SessionDescription(type="offer", sdp=sdp(section("0"))[:80]))
        assert "sdp.refused" in (await mallory.receive("request_response")).message
        huge = UpdateParticipantMetadata(metadata="x" * 70_000, request_id=3)
        await mallory.say(update_metadata=huge)
        response = await mallory.receive("request_response")
        assert (response.request_id, response.reason) == (3, RequestResponse.LIMIT_EXCEEDED)
        whole = SignalRequest(update_metadata=huge)
        whole.update_metadata.metadata = "short"
        for _ in range(100):
            frame = bytearray(whole.SerializeToString())
            for _ in range(dice.randrange(1, 6)):
                frame[dice.randrange(len(frame))] = dice.randrange(256)
            await mallory.socket.send(bytes(frame))
        await mallory.say(ping_req=Ping(timestamp=1))
        await mallory.receive("pong_resp")
        seen = bob.frames["alice"]
        await await_true("bob still sees alice", lambda: bob.frames["alice"] > seen + FPS)
        assert not alice.disconnected
    assert sfu.statistics()["signals_refused"] >= 4


async def test_a_description_that_only_the_core_can_refuse_is_told(sfu: RunningSfu) -> None:
    async with knock(sfu.url, sfu.token("mallory", "vague")) as mallory:
        await mallory.say(offer=SessionDescription(type="offer", sdp=sdp(section("0")), id=5))
        assert "sdp.refused" in (await mallory.receive("request_response")).message
        leave = await mallory.receive("leave")
        assert (leave.action, leave.reason) == (LeaveRequest.DISCONNECT, DisconnectReason.JOIN_FAILURE)


async def test_who_sends_too_fast_is_read_more_slowly(sfu: RunningSfu) -> None:
    last = SIGNAL_BURST.value + 50
    async with knock(sfu.url, sfu.token("fast", "fast")) as fast:
        await fast.receive("join")
        with sfu.standing():  # it finds all of them waiting, however slowly this machine sends
            for number in range(last + 1):
                await fast.say(ping_req=Ping(timestamp=number))
        while (await fast.receive("pong_resp")).last_ping_timestamp < last:
            pass
    await await_true("it is counted", lambda: sfu.statistics().get("signals_delayed", 0) > 0)


async def test_who_does_not_read_is_cut_off_and_the_others_go_on(sfu: RunningSfu) -> None:
    async with (
        knock(sfu.url, sfu.token("slow", "slow"), receive_bytes=4096) as slow,
        knock(sfu.url, sfu.token("loud", "slow", can_update_own_metadata=True)) as loud,
    ):
        await slow.receive("join")
        await loud.receive("join")
        slow.socket.transport.pause_reading()
        for number in range(200):
            if sfu.statistics().get("sockets_cut_off", 0):
                break
            metadata = chr(65 + number % 26) * 60_000
            await loud.say(update_metadata=UpdateParticipantMetadata(metadata=metadata, attributes={"long": metadata}))
            while (await loud.receive("update")).participants[-1].metadata != metadata:
                pass
        assert sfu.statistics()["sockets_cut_off"] == 1
        await loud.say(ping_req=Ping(timestamp=9))
        await loud.receive("pong_resp")
        slow.socket.transport.abort()


async def test_a_socket_is_resumed_by_its_sid_and_by_no_other(sfu: RunningSfu) -> None:
    token = sfu.token("alice", "back")
    async with knock(sfu.url, token) as alice:
        sid = (await alice.receive("join")).participant.sid
    async with knock(sfu.url, token, reconnect="1", sid=sid) as back:
        await back.receive("reconnect")
        assert [who.sid for who in (await back.receive("update")).participants] == [sid]
    async with knock(sfu.url, token, reconnect="1", sid="PA_nobody") as other:
        leave = await other.receive("leave")
        assert (leave.action, leave.reason) == (LeaveRequest.RECONNECT, DisconnectReason.STATE_MISMATCH)


async def test_a_removed_participants_tokens_are_refused_the_refreshed_one_too(sfu: RunningSfu) -> None:
    old = sfu.token("mallory", "door")
    async with knock(sfu.url, old) as mallory:
        refreshed = await mallory.receive("refresh_token")
        sfu.call(sfu.server.service.remove_participant(RoomParticipantIdentity(room="door", identity="mallory")))
        assert (await mallory.receive("leave")).reason == DisconnectReason.PARTICIPANT_REMOVED
        with pytest.raises(ConnectionClosed):
            await mallory.receive("pong")
    for token in (old, refreshed):
        with pytest.raises(InvalidStatus) as refused:
            async with knock(sfu.url, token):
                pass
        assert refused.value.response.status_code == 401
        assert refused.value.response.headers["x-refusal-code"] == "token.revoked"
    async with knock(sfu.url, sfu.token("mallory", "door")) as again:
        await again.receive("join")


async def test_a_hidden_participant_is_refused_by_name(sfu: RunningSfu) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with knock(sfu.url, sfu.token("spy", hidden=True)):
            pass
    assert refused.value.response.status_code == 403
    assert refused.value.response.headers["x-refusal-code"] == "grant.hidden"
