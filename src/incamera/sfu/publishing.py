"""What participants publish: announced, matched to a section of an offer, muted, withdrawn. No I/O."""

from typing import Final

from livekit.protocol import models
from livekit.protocol.models import SimulcastCodecInfo, TrackInfo, TrackSource, TrackType
from livekit.protocol.rtc import (
    AddTrackRequest,
    MuteTrackRequest,
    SignalResponse,
    TrackPublishedResponse,
    TrackUnpublishedResponse,
)

from incamera.limits import NAME_BYTES, TRACK_LAYERS, TRACKS_PER_PARTICIPANT
from incamera.refusal import Code, Refusal
from incamera.sfu import core, hearing
from incamera.sfu.descriptions import OfferedSection
from incamera.sfu.effects import TrackSid
from incamera.sfu.participants import Participant, Track
from incamera.sfu.rooms import Room

_PREFIXES: Final = {
    TrackSource.CAMERA: "TR_VC",
    TrackSource.MICROPHONE: "TR_AM",
    TrackSource.SCREEN_SHARE: "TR_VS",
    TrackSource.SCREEN_SHARE_AUDIO: "TR_AS",
}
_MIMES: Final = {
    "vp8": "video/VP8",
    "vp9": "video/VP9",
    "av1": "video/AV1",
    "h264": "video/H264",
    "opus": "audio/opus",
    "red": "audio/red",
}
RIDS: Final = ("q", "h", "f")
"""The restriction ids of LiveKit's simulcast, lowest layer first."""


def add(room: Room, participant: Participant, request: AddTrackRequest, now: float) -> Refusal | None:
    """A participant announces a track: it gets its sid at once, and is published when its section comes."""
    refusal = _refusal(participant, request)
    if refusal is not None:
        return refusal
    track = Track(
        sid=TrackSid(room.ids.sid(_PREFIXES.get(request.source, "TR_"))),
        cid=request.cid,
        owner=participant.sid,
        kind="audio" if request.type == TrackType.AUDIO else "video",
        info=TrackInfo(
            type=request.type,
            name=request.name,
            source=request.source,
            muted=request.muted,
            width=request.width,
            height=request.height,
            simulcast=len(request.layers) > 1,
            layers=request.layers,
            disable_dtx=request.disable_dtx,
            stereo=request.stereo,
            disable_red=True,
            encryption=request.encryption,
            stream=request.stream or _stream(request.source),
            audio_features=request.audio_features,
            packet_trailer_features=request.packet_trailer_features,
        ),
    )
    track.info.sid = track.sid
    for layer in track.info.layers:
        layer.spatial_layer = hearing.layer_of(layer.quality)
        layer.rid = layer.rid or RIDS[layer.spatial_layer]
    codec = request.simulcast_codecs[0].codec if request.simulcast_codecs else ""
    track.info.mime_type = _MIMES.get(codec.lower(), "")
    participant.pending.append(track)
    published = TrackPublishedResponse(cid=request.cid, track=track.info)
    room.send(participant, SignalResponse(track_published=published))
    match(room, participant, now)
    return None


def answered(room: Room, participant: Participant, sections: tuple[OfferedSection, ...], now: float) -> None:
    """An offer was answered: tracks whose section it no longer sends are withdrawn, announced ones are published."""
    sending = {section.mid for section in sections if section.is_sending}
    sent = {section.mid for section in participant.sections if section.is_sending}
    for track in [track for track in participant.tracks.values() if track.mid not in sending]:
        withdraw(room, participant, track, now)
    participant.sections = sections
    match(room, participant, now)
    _match_by_kind(room, participant, sending - sent, now)


def match(room: Room, participant: Participant, now: float) -> None:
    """Publish each announced track that has a section, recognised by its client's track id (`a=msid`)."""
    for section in participant.sections:
        if not section.is_sending or section.kind == "application" or participant.track_at(section.mid) is not None:
            continue
        candidates = (
            track for track in participant.pending if track.cid in section.cids and track.kind == section.kind
        )
        track = next(candidates, None)
        if track is not None:
            participant.pending.remove(track)
            _publish(room, participant, track, section, now)


def _match_by_kind(room: Room, participant: Participant, new: set[str], now: float) -> None:
    """Firefox announces other track ids than its `a=msid` has: a new section takes the next track of its kind."""
    named = {cid for section in participant.sections for cid in section.cids}
    for section in participant.sections:
        if section.mid not in new or participant.track_at(section.mid) is not None:
            continue
        candidates = (each for each in participant.pending if each.kind == section.kind and each.cid not in named)
        track = next(candidates, None)
        if track is not None:
            participant.pending.remove(track)
            _publish(room, participant, track, section, now)


def withdraw(room: Room, participant: Participant, track: Track, now: float) -> None:
    """A track is no longer published: subscribers lose it, the others are told."""
    if track.publication is not None:
        room.outbox.do(core.Unpublish(track.publication))
    hearing.carry_out(room, room.subscriptions.unpublish(track.sid), now)
    room.tracks.pop(track.sid, None)
    room.demands.pop(track.sid, None)
    participant.tracks.pop(track.sid, None)
    room.announce(participant)
    room.tell("track_unpublished", participant, track)


def forbid(room: Room, participant: Participant, now: float) -> None:
    """A participant's grants changed: what it may no longer publish is withdrawn, and its client told to stop."""
    forbidden = [track for track in participant.tracks.values() if not participant.may_publish(track.info.source)]
    forbidden += [track for track in participant.pending if not participant.may_publish(track.info.source)]
    for track in forbidden:
        if track in participant.pending:
            participant.pending.remove(track)
        else:
            withdraw(room, participant, track, now)
        unpublished = TrackUnpublishedResponse(track_sid=track.sid)
        room.send(participant, SignalResponse(track_unpublished=unpublished))


def mute(room: Room, participant: Participant, sid: str, muted: bool, *, by_server: bool) -> Track | Refusal:
    """Mute or unmute a track; by the server, its client is told, and the core drops what it sends all the same."""
    track = participant.tracks.get(TrackSid(sid)) or next(
        (each for each in participant.pending if each.sid == sid), None
    )
    if track is None:
        return Refusal(Code.TRACK_UNKNOWN, "The participant has no such track.", "Ask for its tracks and try again.")
    if track.info.muted == muted:
        return track
    track.info.muted = muted
    if track.publication is not None:
        room.outbox.do(core.SetMuted(track.publication, muted))
        room.announce(participant)
    if by_server:
        room.send(participant, SignalResponse(mute=MuteTrackRequest(sid=sid, muted=muted)))
    return track


def started(room: Room, event: core.StreamStarted, now: float) -> None:
    """The first packet of one layer: the others learn its SSRC, and the codec if the announcement did not say."""
    track = next((each for each in room.tracks.values() if each.publication == event.publication), None)
    if track is None:
        return
    participant = room.participants[track.owner]
    if not track.info.mime_type or event.mime.lower() != track.info.mime_type.lower():
        track.info.mime_type = event.mime
    for layer in track.info.layers:
        if layer.spatial_layer == event.layer:
            layer.ssrc = event.ssrc
            layer.rid = event.rid or layer.rid
    _describe_codec(track)
    room.announce(participant)


def _publish(room: Room, participant: Participant, track: Track, section: OfferedSection, now: float) -> None:
    kind = track.kind
    track.publication = room.ids.publication()
    track.mid = track.info.mid = section.mid
    if not track.info.mime_type:
        track.info.mime_type = next((_MIMES[codec] for codec in section.codecs if codec in _MIMES), "")
    _describe_codec(track)
    room.outbox.do(core.Publish(track.publication, participant.negotiation.publishing, section.mid, kind))
    if track.info.muted:
        room.outbox.do(core.SetMuted(track.publication, True))
    participant.tracks[track.sid] = track
    room.tracks[track.sid] = track
    room.announce(participant)
    room.tell("track_published", participant, track)
    hearing.carry_out(room, room.subscriptions.publish(track.sid, participant.sid), now)
    hearing.watch(room, track, now)


def _describe_codec(track: Track) -> None:
    codec = SimulcastCodecInfo(
        mime_type=track.info.mime_type, mid=track.info.mid, cid=track.cid, layers=track.info.layers
    )
    del track.info.codecs[:]
    track.info.codecs.append(codec)


def _refusal(participant: Participant, request: AddTrackRequest) -> Refusal | None:
    if request.sid:
        return Refusal(
            Code.SIGNAL_UNSUPPORTED, "A second codec for a published track is not supported.", "Publish with one codec."
        )
    if not request.cid or len(request.cid.encode()) > NAME_BYTES.value or len(request.name.encode()) > NAME_BYTES.value:
        return Refusal(
            Code.SIGNAL_MALFORMED, "The track has no client id, or its names are too long.", "Name it shortly."
        )
    if request.type not in (TrackType.AUDIO, TrackType.VIDEO):
        return Refusal(Code.SIGNAL_UNSUPPORTED, "A track is audio or video.", "Use data packets for what is neither.")
    if not participant.may_publish(request.source):
        return Refusal(Code.GRANT_MISSING, "The token does not allow this source.", "Ask who leads for the grant.")
    if any(track.cid == request.cid for track in participant.pending):
        return Refusal(Code.SIGNAL_MALFORMED, "This track is being published already.", "Wait for its answer.")
    if len(request.layers) > TRACK_LAYERS.value or len(request.simulcast_codecs) > TRACK_LAYERS.value:
        return Refusal(Code.LIMIT_REACHED, "The track has too many layers.", f"Send at most {TRACK_LAYERS.value}.")
    if len(participant.tracks) + len(participant.pending) >= TRACKS_PER_PARTICIPANT.value:
        most = TRACKS_PER_PARTICIPANT.value
        return Refusal(Code.LIMIT_REACHED, f"A participant publishes at most {most} tracks.", "Unpublish one first.")
    return None


def _stream(source: models.TrackSource) -> str:
    """Tracks of one stream are played in step: camera with microphone, screen with its sound."""
    if source in (TrackSource.CAMERA, TrackSource.MICROPHONE):
        return "camera"
    return "screen_share" if source in (TrackSource.SCREEN_SHARE, TrackSource.SCREEN_SHARE_AUDIO) else ""
