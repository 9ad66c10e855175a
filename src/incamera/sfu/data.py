"""Data packets: stamped with who really sent them, forwarded, and kept a while for who is about to resume.

Reliable packets keep their sender's order; `sequence` is the sender's, so that both ends of a resume can tell what was
missed. No clock, no socket: time is passed in, effects go to the outbox.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError
from livekit.protocol.models import DataPacket

from incamera.limits import DATA_PACKET_BYTES, REPLAY_BYTES, RESUME_S
from incamera.sfu import core
from incamera.sfu.effects import Outbox, ParticipantSid
from incamera.sfu.participants import Participant

_FORWARDED: Final = frozenset(
    {
        "user",
        "sip_dtmf",
        "transcription",
        "chat_message",
        "rpc_request",
        "rpc_ack",
        "rpc_response",
        "stream_header",
        "stream_chunk",
        "stream_trailer",
        "encrypted_packet",
    }
)
"""Not `speaker` (the server's own) and not `metrics` (nobody is granted to read them)."""


@dataclass(frozen=True, slots=True)
class _Kept:
    publisher: ParticipantSid
    sequence: int
    to: frozenset[ParticipantSid]
    payload: bytes
    at: float


class DataRelay:
    """The data packets of one room."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._kept: deque[_Kept] = deque()
        self._kept_bytes = 0
        self.refused = 0
        """Packets that were dropped: malformed, too long, too many, not allowed, of a kind that is not forwarded."""

    def receive(
        self,
        sender: Participant,
        others: Iterable[Participant],
        channel: core.Channel,
        payload: bytes,
        now: float,
    ) -> None:
        """A packet of a participant's: forward it, or count it as refused."""
        packet = self._accept(sender, channel, payload, now)
        if packet is not None:
            self.forward(packet, [other for other in others if other is not sender], channel, now)

    def forward(self, packet: DataPacket, recipients: Iterable[Participant], channel: core.Channel, now: float) -> None:
        """Send a stamped packet to all, or to whom it names."""
        user = packet.user if packet.WhichOneof("value") == "user" else None
        names = set(packet.destination_identities) | set(user.destination_identities if user else ())
        sids = set(user.destination_sids) if user else set()
        chosen = [who for who in recipients if not (names or sids) or who.identity in names or who.sid in sids]
        payload = packet.SerializeToString()
        ready = tuple(who.negotiation.receiving for who in chosen)
        if ready:
            self._outbox.do(core.SendData(ready, channel, payload))
        if channel == "reliable" and packet.sequence:
            to = frozenset(who.sid for who in chosen)
            self._keep(_Kept(ParticipantSid(packet.participant_sid), packet.sequence, to, payload, now))

    def replay(self, to: Participant, last_seen: Mapping[str, int]) -> None:
        """What a resumed participant missed: of each publisher that it heard, the packets after the last it has."""
        for kept in self._kept:
            if to.sid in kept.to and kept.publisher in last_seen and kept.sequence > last_seen[kept.publisher]:
                self._outbox.do(core.SendData((to.negotiation.receiving,), "reliable", kept.payload))

    def tick(self, now: float) -> None:
        """Nobody can resume after `limits.RESUME_S`: what is older goes."""
        while self._kept and now - self._kept[0].at > RESUME_S.value:
            self._drop_oldest()

    def _accept(self, sender: Participant, channel: core.Channel, payload: bytes, now: float) -> DataPacket | None:
        is_allowed = sender.grants.can_publish_data and len(payload) <= DATA_PACKET_BYTES.value
        packet = _parse(payload) if is_allowed and sender.data.take(now) else None
        if packet is None or packet.WhichOneof("value") not in _FORWARDED:
            self.refused += 1
            return None
        if channel == "reliable" and packet.sequence:
            if packet.sequence <= sender.last_sequence:
                return None  # sent again after a resume, and taken before
            sender.last_sequence = packet.sequence
        stamp(packet, sender.identity, sender.sid)
        packet.kind = DataPacket.RELIABLE if channel == "reliable" else DataPacket.LOSSY
        return packet

    def _keep(self, kept: _Kept) -> None:
        self._kept.append(kept)
        self._kept_bytes += len(kept.payload)
        while self._kept_bytes > REPLAY_BYTES.value:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        self._kept_bytes -= len(self._kept.popleft().payload)


def stamp(packet: DataPacket, identity: str, sid: str) -> None:
    """Who sent it, as the server knows: what the client wrote there is overwritten."""
    packet.participant_identity = identity
    packet.participant_sid = sid
    if packet.WhichOneof("value") == "user":
        packet.user.participant_identity = identity
        packet.user.participant_sid = sid


def _parse(payload: bytes) -> DataPacket | None:
    try:
        return DataPacket.FromString(payload)
    except DecodeError:
        return None
