"""How a client says who it is when it connects: `join_request` (`/rtc/v1`), or query parameters (`/rtc`). Pure."""

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Final

from google.protobuf.message import DecodeError
from livekit.protocol.models import ClientInfo
from livekit.protocol.rtc import ConnectionSettings, JoinRequest, WrappedJoinRequest

from incamera.limits import SDP_BYTES, SIGNAL_BYTES
from incamera.refusal import Code, Refusal

_GZIP: Final = 16 + zlib.MAX_WBITS
_TRUE: Final = frozenset({"1", "true", "True", "TRUE", "t"})


def read_join_request(text: str) -> JoinRequest | Refusal:
    """Base64url of a `WrappedJoinRequest`, whose inside may be compressed by gzip; unpacked, it is bounded."""
    padded = text + "=" * (-len(text) % 4)
    try:
        wrapped = WrappedJoinRequest.FromString(base64.b64decode(padded, altchars=b"-_", validate=True))
        inside = wrapped.join_request
        if wrapped.compression == WrappedJoinRequest.GZIP:
            unpacked = _unpack(inside)
            if unpacked is None:
                most = SIGNAL_BYTES.value
                return Refusal(
                    Code.LIMIT_REACHED, f"The join request is longer than {most} bytes.", "Send a shorter offer."
                )
            inside = unpacked
        return JoinRequest.FromString(inside)
    except (binascii.Error, ValueError, zlib.error, DecodeError):
        return Refusal(Code.SIGNAL_MALFORMED, "The join request can't be read.", "Use an unmodified LiveKit client.")


def read_query(query: Mapping[str, str]) -> JoinRequest:
    """The query of `/rtc`, as the join request that it stands for. What is absent is as LiveKit has it."""
    client = ClientInfo(
        version=query.get("version", "")[:64],
        protocol=_number(query.get("protocol")),
        client_protocol=_number(query.get("client_protocol")),
        os=query.get("os", "")[:64],
        os_version=query.get("os_version", "")[:64],
        device_model=query.get("device_model", "")[:64],
        browser=query.get("browser", "")[:64],
        browser_version=query.get("browser_version", "")[:64],
    )
    sdk = query.get("sdk", "").upper().replace("REACTNATIVE", "REACT_NATIVE")
    if sdk in ClientInfo.SDK.keys():  # noqa: SIM118  # a protobuf enum has no `in`
        client.sdk = ClientInfo.SDK.Value(sdk)  # type: ignore[assignment]  # an enum's number, as the wire has it
    settings = ConnectionSettings(
        auto_subscribe=query.get("auto_subscribe", "1") in _TRUE,
        adaptive_stream=query.get("adaptive_stream", "") in _TRUE,
    )
    return JoinRequest(
        client_info=client,
        connection_settings=settings,
        reconnect=query.get("reconnect", "") in _TRUE,
        participant_sid=query.get("sid", "")[:64],
    )


def _unpack(packed: bytes) -> bytes | None:
    most = SIGNAL_BYTES.value
    assert most >= SDP_BYTES.value, "the largest offer fits in"
    decompressor = zlib.decompressobj(_GZIP)
    unpacked = decompressor.decompress(packed, most)
    return None if decompressor.unconsumed_tail else unpacked


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 6 else 0
