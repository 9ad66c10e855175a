"""Who is in a room and what they publish: the state that rooms, sessions and RoomService share. No I/O."""

from dataclasses import dataclass, field
from typing import Final

from livekit.protocol.models import (
    ClientInfo,
    DisconnectReason,
    ParticipantInfo,
    ParticipantPermission,
    TrackInfo,
    TrackSource,
)

from incamera.limits import DATA_PER_SECOND
from incamera.sfu.allowance import Allowance
from incamera.sfu.core import PublicationId
from incamera.sfu.descriptions import OfferedSection
from incamera.sfu.effects import ParticipantSid, TrackSid
from incamera.sfu.negotiation import MediaKind, Negotiation
from incamera.sfu.tokens import SOURCES, Grants

_SOURCES: Final[dict[str, TrackSource]] = {
    "camera": TrackSource.CAMERA,
    "microphone": TrackSource.MICROPHONE,
    "screen_share": TrackSource.SCREEN_SHARE,
    "screen_share_audio": TrackSource.SCREEN_SHARE_AUDIO,
}


@dataclass(slots=True)
class Track:
    """One track of a participant: announced by `add_track`, published once its section of an offer was answered."""

    sid: TrackSid
    cid: str
    owner: ParticipantSid
    kind: MediaKind
    info: TrackInfo
    mid: str | None = None
    publication: PublicationId | None = None
    is_heard: bool = False
    """Whether anybody was ever subscribed: the publisher is told once."""
    demand: int | None = None
    """The quality that was last asked of the publisher (dynacast); None: nothing, or nobody watches."""
    is_demand_told: bool = False


@dataclass(slots=True)
class Participant:
    """One participant, from its join until it left; it outlives its socket by `limits.RESUME_S`."""

    sid: ParticipantSid
    identity: str
    key: str
    """The API key that signed its token: refreshed tokens are signed with it too."""
    grants: Grants
    client: ClientInfo
    negotiation: Negotiation
    joined_ms: int
    is_automatic: bool
    """Whether it subscribes to everything by itself."""
    name: str = ""
    metadata: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    state: ParticipantInfo.State = ParticipantInfo.JOINED
    version: int = 0
    tracks: dict[TrackSid, Track] = field(default_factory=dict)
    """Published tracks."""
    pending: list[Track] = field(default_factory=list)
    """Announced tracks whose section has not come yet, in order."""
    sections: tuple[OfferedSection, ...] = ()
    """What its last offer that was answered has."""
    is_attached: bool = True
    """Whether it has a socket."""
    detached_at: float = 0.0
    is_connected: bool = False
    """Whether its media connection stands."""
    leaves_at: float | None = None
    """When it is put out, unless its media connection stands (again) by then."""
    refresh_at: float = 0.0
    data: Allowance = field(default_factory=lambda: Allowance(DATA_PER_SECOND.value, 2 * DATA_PER_SECOND.value))
    last_sequence: int = 0
    """Of its reliable data packets, the last that was taken."""
    is_told_quality: int | None = None

    def info(self, reason: DisconnectReason | None = None) -> ParticipantInfo:
        """What the others see of it."""
        info = ParticipantInfo(
            sid=self.sid,
            identity=self.identity,
            name=self.name,
            metadata=self.metadata,
            attributes=self.attributes,
            state=self.state,
            tracks=[track.info for track in self.tracks.values()],
            joined_at=self.joined_ms // 1000,
            joined_at_ms=self.joined_ms,
            version=self.version,
            permission=permission_of(self.grants),
            is_publisher=bool(self.tracks),
            client_protocol=self.client.client_protocol,
            capabilities=self.client.capabilities,
        )
        if reason is not None:
            info.disconnect_reason = reason
        return info

    def may_publish(self, source: int) -> bool:
        """Whether its grants allow a track of this source."""
        if not self.grants.can_publish:
            return False
        allowed = self.grants.can_publish_sources
        return not allowed or any(_SOURCES[name] == source for name in allowed)

    def track_at(self, mid: str) -> Track | None:
        """The track that it sends in a section."""
        return next((track for track in self.tracks.values() if track.mid == mid), None)


def permission_of(grants: Grants) -> ParticipantPermission:
    """Grants as LiveKit's participants show them."""
    return ParticipantPermission(
        can_subscribe=grants.can_subscribe,
        can_publish=grants.can_publish,
        can_publish_data=grants.can_publish_data,
        can_publish_sources=[_SOURCES[name] for name in grants.can_publish_sources],
        can_update_metadata=grants.can_update_own_metadata,
        recorder=grants.recorder,
        agent=grants.agent,
    )


def sources_of(permission: ParticipantPermission) -> tuple[str, ...]:
    """The sources that a permission names, as tokens write them."""
    return tuple(name for name in SOURCES if _SOURCES[name] in permission.can_publish_sources)
