"""The subscription table put into effect: tracks find their sections, publishers learn what is watched. No I/O."""

from collections.abc import Iterable
from typing import Final, assert_never

from livekit.protocol import models
from livekit.protocol.rtc import (
    SignalResponse,
    StreamState,
    StreamStateInfo,
    StreamStateUpdate,
    SubscribedCodec,
    SubscribedQuality,
    SubscribedQualityUpdate,
    SubscriptionPermissionUpdate,
    TrackSubscribed,
)

from incamera.sfu import core
from incamera.sfu.descriptions import Placed
from incamera.sfu.effects import ParticipantSid, TrackSid
from incamera.sfu.negotiation import Subscription
from incamera.sfu.participants import Participant, Track
from incamera.sfu.rooms import DEMAND_LOWER_S, Hearing, Room
from incamera.sfu.subscriptions import Begin, Change, End, Permission, Setting

_QUALITIES: Final = (models.VideoQuality.LOW, models.VideoQuality.MEDIUM, models.VideoQuality.HIGH)
_PRIORITY_MAX: Final = 2**31 - 1
"""The core's is signed."""


def carry_out(room: Room, changes: Iterable[Change], now: float) -> None:
    """Changes of the subscription table become subscriptions of the core, messages, and prompts to negotiate."""
    watched: dict[str, None] = {}
    for change in changes:
        match change:
            case Begin(subscriber, track):
                _begin(room, room.participants[ParticipantSid(subscriber)], room.tracks[TrackSid(track)])
                watched[track] = None
            case End(subscriber, track):
                _end(room, subscriber, track)
                watched[track] = None
            case Permission(subscriber, track, allowed):
                owner = room.tracks[TrackSid(track)].owner
                update = SubscriptionPermissionUpdate(participant_sid=owner, track_sid=track, allowed=allowed)
                message = SignalResponse(subscription_permission_update=update)
                room.send(room.participants[ParticipantSid(subscriber)], message)
            case _:
                assert_never(change)
    for sid in watched:
        known = room.track(sid)
        if known is not None:
            watch(room, known, now)


def tune(room: Room, subscriber: Participant, track: Track, setting: Setting, now: float) -> None:
    """What a subscriber's screen needs of a track, told to the core and, in time, to the publisher."""
    if not room.subscriptions.tune(subscriber.sid, track.sid, setting):
        return
    hearing = room.hearings.get((subscriber.sid, track.sid))
    if hearing is not None:
        hearing.subscription.setting = _command(hearing.subscription, setting)
        if hearing.subscription.mid is not None:
            room.outbox.do(hearing.subscription.setting)
    watch(room, track, now)


def watch(room: Room, track: Track, now: float) -> None:
    """What is watched of a track may have changed: tell the publisher now if it is more, soon if it is less."""
    if track.kind != "video" or track.sid not in room.tracks:
        return
    demand = room.subscriptions.demand(track.sid)
    if track.is_demand_told and demand == track.demand:
        room.demands.pop(track.sid, None)
    elif demand is not None and (track.demand is None or demand > track.demand):
        room.demands.pop(track.sid, None)
        tell_demand(room, track)
    else:
        room.demands.setdefault(track.sid, now + DEMAND_LOWER_S)


def tell_demand(room: Room, track: Track) -> None:
    """Tell a publisher which qualities anybody watches (dynacast)."""
    track.demand = room.subscriptions.demand(track.sid)
    track.is_demand_told = True
    highest = -1 if track.demand is None else track.demand
    qualities = [SubscribedQuality(quality=quality, enabled=quality <= highest) for quality in _QUALITIES]
    codec = track.info.mime_type.partition("/")[2].lower()
    update = SubscribedQualityUpdate(
        track_sid=track.sid,
        subscribed_qualities=qualities,
        subscribed_codecs=[SubscribedCodec(codec=codec, qualities=qualities)],
    )
    room.send(room.participants[track.owner], SignalResponse(subscribed_quality_update=update))


def congested(room: Room, event: core.Congestion) -> None:
    """A subscriber's video was paused for want of bandwidth, or goes on: it is told, so that its page can say so."""
    hearing = next((each for each in room.hearings.values() if each.subscription.id == event.subscription), None)
    if hearing is None:
        return
    hearing.is_paused = event.paused
    state = StreamState.PAUSED if event.paused else StreamState.ACTIVE
    owner = room.tracks[hearing.track].owner
    info = StreamStateInfo(participant_sid=owner, track_sid=hearing.track, state=state)
    update = StreamStateUpdate(stream_states=[info])
    room.send(room.participants[hearing.subscriber], SignalResponse(stream_state_update=update))


def setting_of(track: Track, *, disabled: bool, quality: int, width: int, fps: int, priority: int) -> Setting:
    """A `track_setting` as a layer: the smallest that is as wide as the picture on the screen, or the quality named."""
    highest = layer_of(quality)
    if width > 0:
        fitting = [layer_of(layer.quality) for layer in track.info.layers if layer.width >= width]
        highest = min(fitting, default=Setting().quality)
    return Setting(paused=disabled, quality=highest, max_fps=fps or None, priority=min(priority, _PRIORITY_MAX))


def layer_of(quality: int) -> int:
    """The layer for a `VideoQuality`, which as an open enumeration is any 32-bit number that a client sends."""
    return min(max(quality, 0), Setting().quality)


def _begin(room: Room, subscriber: Participant, track: Track) -> None:
    assert track.publication is not None, "only published tracks are in the table"
    placed = Placed(track.owner, track.sid)
    subscription = Subscription(room.ids.subscription(), track.publication, track.kind, placed)
    setting = room.subscriptions.setting(subscriber.sid, track.sid)
    if setting != Setting():
        subscription.setting = _command(subscription, setting)
    room.hearings[subscriber.sid, track.sid] = Hearing(subscriber.sid, track.sid, subscription)
    subscriber.negotiation.want(subscription)
    room.prompt(subscriber)
    if not track.is_heard:
        track.is_heard = True
        message = SignalResponse(track_subscribed=TrackSubscribed(track_sid=track.sid))
        room.send(room.participants[track.owner], message)


def _end(room: Room, subscriber: str, track: str) -> None:
    hearing = room.hearings.pop((subscriber, track), None)
    who = room.participants.get(ParticipantSid(subscriber))
    if hearing is not None and who is not None:
        who.negotiation.drop(hearing.subscription.id)
        room.prompt(who)


def _command(subscription: Subscription, setting: Setting) -> core.Tune:
    return core.Tune(
        subscription.id,
        paused=setting.paused,
        max_layer=setting.quality,
        max_fps=setting.max_fps,
        priority=setting.priority,
    )
