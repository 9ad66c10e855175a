"""Session descriptions and join requests: read whole or refused, and dressed as LiveKit's clients need them."""

import base64
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit.protocol.rtc import JoinRequest, SessionDescription, WrappedJoinRequest

from incamera.limits import SDP_BYTES, SDP_SECTIONS
from incamera.refusal import Code, Refusal
from incamera.sfu.descriptions import Placed, dress_answer, dress_offer, read_offer
from incamera.sfu.join_request import read_join_request, read_query
from tests.livekit.stage import HEAD, sdp, section

WHOLE = sdp(section("0"), section("1", "video", "sendonly", "cam"), section("2", direction="inactive"))


def test_an_offer_is_read_in_order() -> None:
    offered = read_offer(WHOLE)
    assert not isinstance(offered, Refusal)
    assert [(each.mid, each.kind, each.direction) for each in offered] == [
        ("0", "audio", "recvonly"),
        ("1", "video", "sendonly"),
        ("2", "audio", "inactive"),
        ("data", "application", "sendrecv"),
    ]
    assert offered[1].cids == ("cam",)
    assert offered[1].codecs == ("vp8",)
    assert [each.is_receiving for each in offered] == [True, False, False, False]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        HEAD,
        WHOLE.replace("v=0", "v=1"),
        WHOLE.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"),
        WHOLE.replace("a=mid:1", "a=mid:0"),
        WHOLE.replace("a=mid:1\r\n", ""),
        WHOLE.replace("a=recvonly\r\n", ""),
        WHOLE.replace("a=fingerprint", "a=fingerprinted"),
        WHOLE.replace("m=video 9", "m=text 9"),
        "x" * (SDP_BYTES.value + 1),
        sdp(*(section(f"{n}") for n in range(SDP_SECTIONS.value))),
    ],
)
def test_what_can_not_be_used_is_refused(text: str) -> None:
    refusal = read_offer(text)
    assert isinstance(refusal, Refusal)
    assert refusal.code == Code.SDP_REFUSED


@given(st.integers(0, len(WHOLE)), st.integers(0, len(WHOLE)), st.text(max_size=20))
def test_no_damage_raises(start: int, end: int, junk: str) -> None:
    read_offer(WHOLE[:start] + junk + WHOLE[end:])
    read_offer(junk)


def test_a_stopped_section_counts_as_inactive_unless_it_is_bundled() -> None:
    stopped = read_offer(sdp(section("0").replace("audio 9", "audio 0")))
    bundled = read_offer(sdp(section("0").replace("audio 9", "audio 0") + "a=bundle-only\r\n"))
    assert not isinstance(stopped, Refusal)
    assert not isinstance(bundled, Refusal)
    assert (stopped[0].direction, bundled[0].direction) == ("inactive", "recvonly")


def test_an_answer_says_whose_track_a_section_carries_and_which_carry_none() -> None:
    offered = read_offer(sdp(section("0"), section("1")))
    assert not isinstance(offered, Refusal)
    sending = (
        "m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\na=mid:{mid}\r\na=sendonly\r\na=msid:x y\r\n"
        "a=ssrc-group:FID 7 8\r\na=ssrc:7 cname:x\r\na=ssrc:7 msid:x y\r\na=ssrc:8 cname:x\r\n"
    )
    answer = HEAD + sending.format(mid="0") + sending.format(mid="1")
    dressed = dress_answer(answer, offered, {"0": Placed("PA_1", "TR_1")})
    first, second = dressed.split("m=audio ")[1:]
    assert first.startswith("9 UDP/TLS/RTP/SAVPF 111 63\r\n"), "codecs in the client's order"
    assert "a=msid:PA_1|TR_1 TR_1\r\n" in first
    assert "a=ssrc:8 msid:PA_1|TR_1 TR_1\r\n" in first
    assert "x" not in first.partition("\r\n")[2]
    assert "a=inactive" in second
    assert "ssrc" not in second
    assert "msid" not in second


def test_an_offer_of_the_servers_is_dressed_alike() -> None:
    text = HEAD + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendonly\r\na=ssrc:7 cname:x\r\n"
    assert "a=msid:PA_1|TR_1 TR_1" in dress_offer(text, {"0": Placed("PA_1", "TR_1")})
    assert "a=inactive" in dress_offer(text, {})


def wrapped(request: bytes, compression: WrappedJoinRequest.Compression = WrappedJoinRequest.GZIP) -> str:
    return base64.urlsafe_b64encode(
        WrappedJoinRequest(compression=compression, join_request=request).SerializeToString()
    ).decode()


def test_a_join_request_is_read_packed_and_plain_and_without_padding() -> None:
    request = JoinRequest(publisher_offer=SessionDescription(type="offer", sdp=WHOLE, id=3))
    for text in (
        wrapped(gzip.compress(request.SerializeToString())),
        wrapped(gzip.compress(request.SerializeToString())).rstrip("="),
        wrapped(request.SerializeToString(), WrappedJoinRequest.NONE),
    ):
        assert read_join_request(text) == request


@pytest.mark.parametrize(
    "text",
    [
        "%%%",
        "AAAA",
        wrapped(b"not gzip"),
        wrapped(zlib.compress(b"zlib, not gzip")),
        wrapped(b"\xff\xff\xff", WrappedJoinRequest.NONE),
        wrapped(gzip.compress(bytes(50_000_000))),
    ],
)
def test_a_join_request_that_can_not_be_read_or_unpacks_to_too_much_is_refused(text: str) -> None:
    assert isinstance(read_join_request(text), Refusal)


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_no_join_request_raises(text: str) -> None:
    read_join_request(text)


def test_the_query_of_an_older_client_is_a_join_request_too() -> None:
    request = read_query({"sdk": "go", "protocol": "16", "auto_subscribe": "0", "reconnect": "1", "sid": "PA_1"})
    assert (request.client_info.sdk, request.client_info.protocol) == (5, 16)
    assert not request.connection_settings.auto_subscribe
    assert (request.reconnect, request.participant_sid) == (True, "PA_1")
    assert read_query({}).connection_settings.auto_subscribe
    assert read_query({"sdk": "x" * 9, "protocol": "9" * 99}).client_info.protocol == 0
