"""Active speakers, connection quality, allowances: small pure parts."""

from hypothesis import given
from hypothesis import strategies as st

from incamera.sfu.allowance import Allowance
from incamera.sfu.quality import Quality, score
from incamera.sfu.speakers import SILENT_AFTER_S, Speaker, Speakers

LEVELS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 127), st.floats(0, 1)), max_size=4)


def test_who_is_loud_for_long_enough_speaks_and_falls_silent() -> None:
    speakers = Speakers()
    assert speakers.observe([("a", 20, 1.0), ("b", 60, 1.0), ("c", 20, 0.1)], 0.0) == [Speaker("a", 1 / 8, True)]
    assert speakers.observe([("a", 20, 1.0)], 0.4) == [], "nothing changed"
    assert speakers.observe([("a", 0, 1.0)], 0.8) == [Speaker("a", 1.0, True)]
    assert speakers.tick(0.9) == []
    assert speakers.tick(0.8 + SILENT_AFTER_S) == [Speaker("a", 0.0, False)]
    assert speakers.due is None


@given(st.lists(LEVELS, max_size=20))
def test_who_follows_the_changes_knows_who_speaks(intervals: list[list[tuple[str, int, float]]]) -> None:
    speakers = Speakers()
    known: dict[str, Speaker] = {}
    for at, levels in enumerate(intervals):
        changed = speakers.observe(levels, float(at))
        known |= {speaker.sid: speaker for speaker in changed}
        active = {speaker.sid: speaker for speaker in known.values() if speaker.active}
        assert active == {speaker.sid: speaker for speaker in speakers.current()}
        assert all(0 < speaker.level <= 1 for speaker in speakers.current())


@given(st.floats(0, 1), st.floats(0, 1), st.none() | st.floats(0, 5000))
def test_quality_falls_with_loss_and_stays_a_score(up: float, down: float, rtt: float | None) -> None:
    worse = score(min(1, up + 0.1), down, rtt)
    assert 1 <= worse.mos <= score(up, down, rtt).mos <= 5


def test_quality_has_words() -> None:
    assert score(0, 0, 20).quality == Quality.EXCELLENT
    assert score(0.06, 0, 100).quality == Quality.GOOD
    assert score(0.3, 0, 100).quality == Quality.POOR


@given(st.lists(st.floats(0, 0.5), max_size=60))
def test_no_more_goes_than_the_burst_and_the_rate(pauses: list[float]) -> None:
    allowance, now, taken = Allowance(per_second=10, burst=5), 100.0, 0
    for pause in pauses:
        now += pause
        taken += allowance.take(now)
    assert taken <= 5 + 10 * (now - 100.0) + 1


def test_who_asks_too_soon_is_told_how_long_to_wait() -> None:
    allowance = Allowance(per_second=10, burst=2)
    assert [allowance.delay(1.0) for _ in range(3)] == [0.0, 0.0, 0.1]
