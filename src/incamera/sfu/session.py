"""One participant's side of LiveKit's signalling: what each `SignalRequest` does. Pure: no clock, no socket, no chance.

`ANSWERED` is the table; docs/reference/livekit.md lists the same messages, and a test holds the two together.
Contract: after each `handle`, drain the room's outbox.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from livekit.protocol.models import DisconnectReason, ParticipantTracks, SubscriptionError
from livekit.protocol.rtc import (
    AddTrackRequest,
    LeaveRequest,
    MuteTrackRequest,
    Ping,
    Pong,
    RequestResponse,
    SessionDescription,
    SignalRequest,
    SignalResponse,
    SignalTarget,
    SimulateScenario,
    SubscriptionPermission,
    SubscriptionResponse,
    SyncState,
    TrickleRequest,
    UpdateLocalAudioTrack,
    UpdateLocalVideoTrack,
    UpdateParticipantMetadata,
    UpdateSubscription,
    UpdateTrackSettings,
    UpdateVideoLayers,
)

from incamera.limits import CANDIDATE_BYTES
from incamera.refusal import Code, Refusal
from incamera.sfu import core, hearing, membership, publishing
from incamera.sfu.effects import TrackSid
from incamera.sfu.participants import Participant
from incamera.sfu.rooms import Room
from incamera.sfu.subscriptions import Permits


@dataclass(slots=True)
class Session:
    """A participant in its room, as its socket speaks with it."""

    room: Room
    participant: Participant
    refused: int = 0
    """Requests that were refused: malformed, not supported, not allowed."""
    has_synced: bool = False
    """Whether the client has said what it believes: once a socket, since an answer of 4 MiB may follow."""

    def handle(self, request: SignalRequest, now: float, now_ms: int) -> Refusal | None:
        """One message of the client's. A refusal was told to the client, where LiveKit has a message for it."""
        kind = request.WhichOneof("message")
        answer = ANSWERED.get(kind or "")
        refusal = answer(self, request, now, now_ms) if answer is not None else _unsupported(kind)
        if refusal is not None:
            self.refused += 1
            self._tell(request, kind, refusal)
        return refusal

    def respond(self, request_id: int, reason: "RequestResponse.Reason", message: str = "") -> None:
        """Answer a request by its id."""
        response = RequestResponse(request_id=request_id, reason=reason, message=message)
        self.room.send(self.participant, SignalResponse(request_response=response))

    def _tell(self, request: SignalRequest, kind: str | None, refusal: Refusal) -> None:
        response = RequestResponse(
            reason=_REASONS.get(refusal.code, RequestResponse.UNCLASSIFIED_ERROR), message=str(refusal)
        )
        if kind == "update_metadata":
            response.request_id = request.update_metadata.request_id
        if kind in _ECHOED:
            getattr(response, kind).CopyFrom(getattr(request, kind))
        self.room.send(self.participant, SignalResponse(request_response=response))


# What each message does.


def _offer(session: Session, request: SignalRequest, now: float, now_ms: int) -> Refusal | None:
    return offer(session, request.offer)


def offer(session: Session, description: SessionDescription) -> Refusal | None:
    """A client's offer, from the socket or from the join request in the URL."""
    return session.participant.negotiation.offer(description)


def _answer(session: Session, request: SignalRequest, now: float, now_ms: int) -> Refusal | None:
    return session.participant.negotiation.answer(request.answer)


def _trickle(session: Session, request: SignalRequest, now: float, now_ms: int) -> Refusal | None:
    trickle: TrickleRequest = request.trickle
    malformed = Refusal(
        Code.SIGNAL_MALFORMED, "The candidate can't be read.", "Send it as RTCIceCandidateInit in JSON."
    )
    if len(trickle.candidateInit) > CANDIDATE_BYTES.value:
        return malformed
    try:
        init = json.loads(trickle.candidateInit)
        candidate = init["candidate"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return malformed
    if not isinstance(candidate, str):
        return malformed
    if trickle.target == SignalTarget.SUBSCRIBER and candidate:
        # Only where the server is a full ICE agent: a lite one answers the source of each valid check.
        session.room.outbox.do(core.AddCandidate(session.participant.negotiation.receiving, candidate))
    return None


def _add_track(session: Session, request: SignalRequest, now: float, now_ms: int) -> Refusal | None:
    added: AddTrackRequest = request.add_track
    return publishing.add(session.room, session.participant, added, now)


def _mute(session: Session, request: SignalRequest, now: float, now_ms: int) -> Refusal | None:
    mute: MuteTrackRequest = request.mute
    track = publishing.mute(session.room, session.participant, mute.sid, mute.muted, by_server=False)
    return track if isinstance(track, Refusal) else None


def _subscription(session: Session, request: SignalRequest, now: float, now_ms: int) -> Refusal | None:
    update: UpdateSubscription = request.subscription
    for sid in _tracks_of(update):
        if sid not in session.room.tracks and update.subscribe:
            response = SubscriptionResponse(track_sid=sid, err=SubscriptionError.SE_TRACK_NOTFOUND)
            session.room.send(session.participant, SignalResponse(subscription_response=response))
    return membership.choose(session.room, session.participant, _tracks_of(update), update.subscribe, now)


def _track_setting(session: Session, request: SignalRequest, now: float, now_ms: int) -> Refusal | None:
    settings: UpdateTrackSettings = request.track_setting
    for sid in settings.track_sids:
        track = session.room.track(sid)
        if track is None:
            continue  # it was unpublished while the message was on its way
        setting = hearing.setting_of(
            track,
            disabled=settings.disabled,
            quality=settings.quality,
            width=settings.width,
            fps=settings.fps,
            priority=settings.priority,
        )
        hearing.tune(session.room, session.participant, track, setting, now)
    return None


def _leave(session: Session, request: SignalRequest, now: float, now_ms: int) -> Refusal | None:
    room, participant = session.room, session.participant
    room.dismiss(participant, DisconnectReason.CLIENT_INITIATED, LeaveRequest.DISCONNECT)
    membership.leave(room, participant, DisconnectReason.CLIENT_INITIATED, now)
    return None


def _update_layers(session: Session, request: SignalRequest, now: float, now_ms: int) -> Refusal | None:
    update: UpdateVideoLayers = request.update_layers
    track = session.room.track(update.track_sid)
    if track is None or track.owner != session.participant.sid:
        return Refusal(Code.TRACK_UNKNOWN, "The participant has no such track.", "Publish it first.")
    return None  # LiveKit's servers take the layers from what arrives, and so does ours


def _subscription_permission(session: Session, request: SignalRequest, now: float, now_ms: int) -> Refusal | None:
    permission: SubscriptionPermission = request.subscription_permission
    named = [(entry.participant_identity or entry.participant_sid, entry) for entry in permission.track_permissions]
    permits = Permits(
        everybody=permission.all_participants,
        all_tracks=frozenset(name for name, entry in named if entry.all_tracks),
        tracks={name: frozenset(entry.track_sids) for name, entry in named},
    )
    changes = session.room.subscriptions.permit(session.participant.sid, permits)
    hearing.carry_out(session.room, changes, now)
    return None


def _sync_state(session: Session, request: SignalRequest, now: float, now_ms: int) -> Refusal | None:
    if session.has_synced:
        return Refusal(Code.LIMIT_REACHED, "State was synchronised on this socket before.", "Resume on another one.")
    session.has_synced = True
    return sync(session, request.sync_state, now)


def sync(session: Session, state: SyncState, now: float) -> Refusal | None:
    """What a resumed client believes: its wishes are taken over, the data that it missed is sent again."""
    room, participant = session.room, session.participant
    if state.HasField("subscription"):
        # With automatic subscription the list names what it does *not* want, without what it wants.
        membership.choose(room, participant, _tracks_of(state.subscription), state.subscription.subscribe, now)
    for sid in state.track_sids_disabled:
        track = room.track(sid)
        if track is not None:
            setting = replace(room.subscriptions.setting(participant.sid, sid), paused=True)
            hearing.tune(room, participant, track, setting, now)
    room.data.replay(participant, {seen.publisher_sid: seen.last_seq for seen in state.datachannel_receive_states})
    return None


def _simulate(session: Session, request: SignalRequest, now: float, now_ms: int) -> Refusal | None:
    scenario: SimulateScenario = request.simulate
    if scenario.WhichOneof("scenario") == "leave_request_full_reconnect":
        room = session.room
        room.dismiss(session.participant, DisconnectReason.UNKNOWN_REASON, LeaveRequest.RECONNECT)
        return None
    return _unsupported(f"simulate.{scenario.WhichOneof('scenario')}")


def _ping(session: Session, request: SignalRequest, now: float, now_ms: int) -> Refusal | None:
    session.room.send(session.participant, SignalResponse(pong=now_ms))
    return None


def _ping_req(session: Session, request: SignalRequest, now: float, now_ms: int) -> Refusal | None:
    ping: Ping = request.ping_req
    pong = Pong(last_ping_timestamp=ping.timestamp, timestamp=now_ms)
    session.room.send(session.participant, SignalResponse(pong_resp=pong))
    return None


def _update_metadata(session: Session, request: SignalRequest, now: float, now_ms: int) -> Refusal | None:
    update: UpdateParticipantMetadata = request.update_metadata
    if not session.participant.grants.can_update_own_metadata:
        return Refusal(Code.GRANT_MISSING, "The token does not allow to change one's own metadata.", "Ask who leads.")
    refusal = membership.describe(
        session.room,
        session.participant,
        name=update.name,
        metadata=update.metadata,
        attributes=dict(update.attributes),
        now=now,
    )
    if refusal is None:
        session.respond(update.request_id, RequestResponse.OK)
    return refusal


def _update_audio_track(session: Session, request: SignalRequest, now: float, now_ms: int) -> Refusal | None:
    update: UpdateLocalAudioTrack = request.update_audio_track
    track = session.participant.tracks.get(TrackSid(update.track_sid))
    if track is None:
        return Refusal(Code.TRACK_UNKNOWN, "The participant has no such track.", "Publish it first.")
    del track.info.audio_features[:]
    track.info.audio_features.extend(dict.fromkeys(update.features))
    session.room.announce(session.participant)
    return None


def _update_video_track(session: Session, request: SignalRequest, now: float, now_ms: int) -> Refusal | None:
    update: UpdateLocalVideoTrack = request.update_video_track
    track = session.participant.tracks.get(TrackSid(update.track_sid))
    if track is None:
        return Refusal(Code.TRACK_UNKNOWN, "The participant has no such track.", "Publish it first.")
    track.info.width, track.info.height = update.width, update.height
    session.room.announce(session.participant)
    return None


Handler = Callable[[Session, SignalRequest, float, int], Refusal | None]

ANSWERED: Final[dict[str, Handler]] = {
    "offer": _offer,
    "answer": _answer,
    "trickle": _trickle,
    "add_track": _add_track,
    "mute": _mute,
    "subscription": _subscription,
    "track_setting": _track_setting,
    "leave": _leave,
    "update_layers": _update_layers,
    "subscription_permission": _subscription_permission,
    "sync_state": _sync_state,
    "simulate": _simulate,
    "ping": _ping,
    "update_metadata": _update_metadata,
    "ping_req": _ping_req,
    "update_audio_track": _update_audio_track,
    "update_video_track": _update_video_track,
}
"""What is answered. All other messages get a `request_response` that says so, code `signal.unsupported`."""

_ECHOED: Final = ("add_track", "mute", "update_audio_track", "update_video_track", "update_metadata")
"""Requests that LiveKit's `request_response` carries back."""

_REASONS: Final = {
    Code.GRANT_MISSING: RequestResponse.NOT_ALLOWED,
    Code.TRACK_UNKNOWN: RequestResponse.NOT_FOUND,
    Code.LIMIT_REACHED: RequestResponse.LIMIT_EXCEEDED,
    Code.SIGNAL_UNSUPPORTED: RequestResponse.UNSUPPORTED_TYPE,
    Code.SIGNAL_MALFORMED: RequestResponse.INVALID_REQUEST,
    Code.SDP_REFUSED: RequestResponse.INVALID_REQUEST,
}


def _unsupported(kind: str | None) -> Refusal:
    what = f"`{kind}`" if kind else "This message"
    return Refusal(Code.SIGNAL_UNSUPPORTED, f"{what} is not answered by this server.", "See docs/reference/livekit.md.")


def _tracks_of(update: UpdateSubscription) -> list[str]:
    grouped: list[ParticipantTracks] = list(update.participant_tracks)
    return [*update.track_sids, *(sid for group in grouped for sid in group.track_sids)]
