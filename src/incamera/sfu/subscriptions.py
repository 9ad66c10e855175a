"""Who hears whom: from wishes and permissions to the subscription table, as changes. Pure; ids are plain texts here.

The rule, in one sentence: a subscriber hears a track if it is another's, the subscriber may subscribe, the publisher
permits it, and the subscriber asked for it (or asked for nothing, and subscribes automatically).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

HIGH = 2
"""The highest of the three layers: LOW 0, MEDIUM 1, HIGH 2, as LiveKit's `VideoQuality`."""


@dataclass(frozen=True, slots=True)
class Permits:
    """A publisher's `subscription_permission`: everybody, or only those named, for all or some tracks."""

    everybody: bool = True
    all_tracks: frozenset[str] = frozenset()
    """Participants (sid or identity) that may hear all."""
    tracks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Participant (sid or identity) -> tracks that it may hear."""

    def allows(self, names: tuple[str, str], track: str) -> bool:
        """Whether a subscriber, known by sid and identity, may hear a track."""
        return self.everybody or any(
            name in self.all_tracks or track in self.tracks.get(name, frozenset()) for name in names
        )


@dataclass(frozen=True, slots=True)
class Setting:
    """What a subscriber's screen needs of a track (`track_setting`)."""

    paused: bool = False
    quality: int = HIGH
    max_fps: int | None = None
    priority: int = 0


DEFAULT = Setting()


@dataclass(frozen=True, slots=True)
class Begin:
    """A subscriber hears a track from now on."""

    subscriber: str
    track: str


@dataclass(frozen=True, slots=True)
class End:
    """A subscriber no longer hears a track."""

    subscriber: str
    track: str


@dataclass(frozen=True, slots=True)
class Permission:
    """A publisher allowed a subscriber a track, or took it back: the subscriber is told."""

    subscriber: str
    track: str
    allowed: bool


Change = Begin | End | Permission


@dataclass(slots=True)
class _Subscriber:
    identity: str
    automatic: bool
    allowed: bool
    wishes: dict[str, bool] = field(default_factory=dict)
    settings: dict[str, Setting] = field(default_factory=dict)


@dataclass(slots=True)
class _Track:
    owner: str
    heard_by: set[str] = field(default_factory=set)
    withheld_from: set[str] = field(default_factory=set)


class Subscriptions:
    """The subscription table of one room. Each method returns what changed, ends before beginnings."""

    def __init__(self) -> None:
        self._subscribers: dict[str, _Subscriber] = {}
        self._tracks: dict[str, _Track] = {}
        self._permits: dict[str, Permits] = {}

    def join(self, subscriber: str, identity: str, *, automatic: bool, allowed: bool) -> list[Change]:
        """A participant came in; it hears all that it may if `automatic`."""
        self._subscribers[subscriber] = _Subscriber(identity, automatic, allowed)
        return self._settle([subscriber], self._tracks)

    def leave(self, participant: str) -> list[Change]:
        """A participant left: its subscriptions end. Its tracks are unpublished one by one before."""
        ends: list[Change] = [
            End(participant, track) for track, state in self._tracks.items() if participant in state.heard_by
        ]
        for state in self._tracks.values():
            state.heard_by.discard(participant)
            state.withheld_from.discard(participant)
        self._subscribers.pop(participant, None)
        self._permits.pop(participant, None)
        return ends

    def publish(self, track: str, owner: str) -> list[Change]:
        """A track can be heard from now on."""
        self._tracks[track] = _Track(owner)
        return self._settle(self._subscribers, [track])

    def unpublish(self, track: str) -> list[Change]:
        """A track is gone; so is what was wished of it."""
        state = self._tracks.pop(track, None)
        for subscriber in self._subscribers.values():
            subscriber.wishes.pop(track, None)
            subscriber.settings.pop(track, None)
        return [End(subscriber, track) for subscriber in sorted(state.heard_by)] if state else []

    def allow(self, subscriber: str, allowed: bool) -> list[Change]:
        """Whether a participant may subscribe at all (its grant)."""
        self._subscribers[subscriber].allowed = allowed
        return self._settle([subscriber], self._tracks)

    def permit(self, owner: str, permits: Permits) -> list[Change]:
        """Whom a publisher permits to hear it."""
        self._permits[owner] = permits
        return self._settle(self._subscribers, [track for track, state in self._tracks.items() if state.owner == owner])

    def choose(self, subscriber: str, tracks: Iterable[str], wanted: bool) -> list[Change]:
        """A subscriber asks for tracks, or asks to be spared of them. Unknown tracks are skipped."""
        known = [track for track in tracks if track in self._tracks]
        for track in known:
            self._subscribers[subscriber].wishes[track] = wanted
        return self._settle([subscriber], known)

    def tune(self, subscriber: str, track: str, setting: Setting) -> bool:
        """What a subscriber's screen needs of a track; false if nothing changed."""
        if track not in self._tracks or self.setting(subscriber, track) == setting:
            return False
        self._subscribers[subscriber].settings[track] = setting
        return True

    def setting(self, subscriber: str, track: str) -> Setting:
        """What a subscriber asked of a track, or the default."""
        return self._subscribers[subscriber].settings.get(track, DEFAULT)

    def hearers(self, track: str) -> set[str]:
        """Who hears a track."""
        state = self._tracks.get(track)
        return set(state.heard_by) if state else set()

    def heard(self, subscriber: str) -> set[str]:
        """Which tracks a subscriber hears."""
        return {track for track, state in self._tracks.items() if subscriber in state.heard_by}

    def is_allowed(self, subscriber: str, track: str) -> bool:
        """Whether the publisher permits this subscriber the track."""
        state = self._tracks[track]
        permits = self._permits.get(state.owner, Permits())
        return permits.allows((subscriber, self._subscribers[subscriber].identity), track)

    def demand(self, track: str) -> int | None:
        """The highest quality that anybody watches (dynacast); None: nobody does."""
        highest: int | None = None
        for subscriber in self._tracks[track].heard_by if track in self._tracks else ():
            setting = self.setting(subscriber, track)
            if setting.paused:
                continue
            if setting.quality == HIGH:
                return HIGH  # the usual case: no need to ask the other three hundred
            highest = setting.quality if highest is None else max(highest, setting.quality)
        return highest

    def _wants(self, subscriber: str, track: str) -> bool:
        who = self._subscribers[subscriber]
        if not who.allowed or self._tracks[track].owner == subscriber:
            return False
        return who.wishes.get(track, who.automatic) and self.is_allowed(subscriber, track)

    def _settle(self, subscribers: Iterable[str], tracks: Iterable[str]) -> list[Change]:
        ends: list[Change] = []
        begins: list[Change] = []
        for track in tracks:
            state = self._tracks[track]
            for subscriber in subscribers:
                wants = self._wants(subscriber, track)
                if wants and subscriber not in state.heard_by:
                    state.heard_by.add(subscriber)
                    begins.append(Begin(subscriber, track))
                elif not wants and subscriber in state.heard_by:
                    state.heard_by.discard(subscriber)
                    ends.append(End(subscriber, track))
                if subscriber != state.owner:
                    ends += self._permission(state, subscriber, track)
        return ends + begins

    def _permission(self, state: _Track, subscriber: str, track: str) -> list[Change]:
        allowed = self.is_allowed(subscriber, track)
        if allowed == (subscriber not in state.withheld_from):
            return []
        (state.withheld_from.discard if allowed else state.withheld_from.add)(subscriber)
        return [Permission(subscriber, track, allowed)]
