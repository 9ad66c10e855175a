"""The subscription table: no order of joins, wishes and permissions breaks the one rule."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from incamera.sfu.subscriptions import Begin, Change, End, Permission, Permits, Setting, Subscriptions

PEOPLE = ("alice", "bob", "carol", "dan")


class Table(RuleBasedStateMachine):
    """The table against a naive model, and the changes against the table."""

    tracks = Bundle("tracks")

    @initialize()
    def begin(self) -> None:
        self.table = Subscriptions()
        self.inside: dict[str, tuple[bool, bool]] = {}
        self.wishes: dict[tuple[str, str], bool] = {}
        self.permits: dict[str, Permits] = {}
        self.owners: dict[str, str] = {}
        self.heard: set[tuple[str, str]] = set()
        self.count = 0

    def follow(self, changes: list[Change]) -> None:
        """What whoever carries out the changes believes."""
        for change in changes:
            match change:
                case Begin(subscriber, track):
                    assert (subscriber, track) not in self.heard, "begins twice"
                    self.heard.add((subscriber, track))
                case End(subscriber, track):
                    self.heard.remove((subscriber, track))
                case Permission(subscriber, track):
                    assert self.owners[track] != subscriber

    @rule(who=st.sampled_from(PEOPLE), automatic=st.booleans(), allowed=st.booleans())
    def join(self, who: str, automatic: bool, allowed: bool) -> None:
        if who not in self.inside:
            self.inside[who] = (automatic, allowed)
            self.follow(self.table.join(who, who, automatic=automatic, allowed=allowed))

    @rule(who=st.sampled_from(PEOPLE))
    def leave(self, who: str) -> None:
        if who in self.inside:
            for track in [track for track, owner in self.owners.items() if owner == who]:
                self.withdraw(track)
            self.follow(self.table.leave(who))
            del self.inside[who]
            self.permits.pop(who, None)
            self.wishes = {key: wish for key, wish in self.wishes.items() if key[0] != who}

    @rule(target=tracks, owner=st.sampled_from(PEOPLE))
    def publish(self, owner: str) -> str:
        self.count += 1
        track = f"track{self.count}"
        if owner in self.inside:
            self.owners[track] = owner
            self.follow(self.table.publish(track, owner))
        return track

    @rule(track=consumes(tracks))
    def unpublish(self, track: str) -> None:
        if track in self.owners:
            self.withdraw(track)

    @rule(who=st.sampled_from(PEOPLE), track=tracks, wanted=st.booleans())
    def choose(self, who: str, track: str, wanted: bool) -> None:
        if who in self.inside:
            if track in self.owners:
                self.wishes[who, track] = wanted
            self.follow(self.table.choose(who, [track], wanted))

    @rule(who=st.sampled_from(PEOPLE), allowed=st.booleans())
    def allow(self, who: str, allowed: bool) -> None:
        if who in self.inside:
            self.inside[who] = (self.inside[who][0], allowed)
            self.follow(self.table.allow(who, allowed))

    @rule(owner=st.sampled_from(PEOPLE), everybody=st.booleans(), named=st.sets(st.sampled_from(PEOPLE)))
    def permit(self, owner: str, everybody: bool, named: set[str]) -> None:
        if owner in self.inside:
            self.permits[owner] = Permits(everybody, frozenset(named))
            self.follow(self.table.permit(owner, self.permits[owner]))

    def withdraw(self, track: str) -> None:
        self.follow(self.table.unpublish(track))
        del self.owners[track]
        self.wishes = {key: wish for key, wish in self.wishes.items() if key[1] != track}

    @invariant()
    def who_hears_whom_is_the_rule(self) -> None:
        expected = {
            (who, track)
            for who, (automatic, allowed) in self.inside.items()
            for track, owner in self.owners.items()
            if owner != who
            and allowed
            and self.wishes.get((who, track), automatic)
            and (self.permits.get(owner, Permits()).everybody or who in self.permits[owner].all_tracks)
        }
        assert self.heard == expected
        assert {(who, track) for track in self.owners for who in self.table.hearers(track)} == expected


TestTable = Table.TestCase
TestTable.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_the_demand_is_the_highest_that_anybody_watches() -> None:
    table = Subscriptions()
    for who in ("alice", "bob", "carol"):
        table.join(who, who, automatic=True, allowed=True)
    table.publish("camera", "alice")
    assert table.demand("camera") == 2
    assert table.tune("bob", "camera", Setting(quality=0))
    assert table.tune("carol", "camera", Setting(quality=1))
    assert not table.tune("carol", "camera", Setting(quality=1)), "nothing changed"
    assert table.demand("camera") == 1
    table.tune("carol", "camera", Setting(paused=True))
    assert table.demand("camera") == 0
    table.choose("bob", ["camera"], False)
    assert table.demand("camera") is None


def test_a_permission_for_one_track_is_for_that_track() -> None:
    permits = Permits(everybody=False, tracks={"bob": frozenset({"camera"})})
    assert permits.allows(("PA_2", "bob"), "camera")
    assert not permits.allows(("PA_2", "bob"), "screen")
    assert not permits.allows(("PA_3", "carol"), "camera")
