"""What arrived, counted."""

from incamera.member.attendance import Attendance
from incamera.member.synthetic import SAMPLE_RATE, Tone


def watch(times: list[float]) -> Attendance:
    """Pictures at these times."""
    attendance = Attendance()
    for at_s in times:
        attendance.picture(at_s)
    return attendance


def test_a_steady_picture_has_no_freeze() -> None:
    figures = watch([n / 10 for n in range(100)]).figures()
    assert figures["video_frames"] == 100
    assert figures["freezes"] == 0


def test_a_gap_of_more_than_three_intervals_is_a_freeze() -> None:
    assert watch([0.0, 0.1, 0.2, 0.3, 0.65, 0.75]).figures()["freezes"] == 1
    assert watch([0.0, 0.1, 0.2, 0.3, 0.54, 0.64]).figures()["freezes"] == 0, "δ + 150 ms is not reached"
    assert watch([0.0, 0.1, 0.2, 0.3, 0.58, 0.68]).figures()["freezes"] == 0, "3 δ are not reached"


def test_what_is_a_freeze_follows_the_last_30_intervals_and_not_those_of_an_hour_ago() -> None:
    slow = [float(n) for n in range(100)]
    quick = [99 + n / 10 for n in range(1, 31)]
    assert watch([*slow, *quick, 102.5]).figures()["freezes"] == 1


def test_a_camera_that_was_closed_is_not_frozen() -> None:
    attendance = watch([0.0, 0.1, 0.2, 0.3])
    attendance.picture_paused()
    attendance.picture(60.0)
    attendance.picture(60.1)
    assert attendance.figures()["freezes"] == 0


def test_a_frame_that_no_key_here_opened_failed_until_the_next_round_s_key_opens_one() -> None:
    attendance = Attendance()
    attendance.was_opened(3)
    attendance.stayed_shut(3)
    attendance.stayed_shut(3)
    assert (attendance.figures()["failed"], attendance.figures()["early"]) == (2, 0), "nobody knows better yet"
    attendance.was_opened(4)
    assert (attendance.figures()["failed"], attendance.figures()["early"]) == (0, 2)
    attendance.stayed_shut(4)
    attendance.was_opened(4)
    attendance.was_opened(5)
    assert (attendance.figures()["failed"], attendance.figures()["early"]) == (1, 2), "its round was here"
    attendance.stayed_shut(None)
    assert (attendance.figures()["failed"], attendance.figures()["early"]) == (2, 2), "a key that never comes"
    attendance.was_opened(5)
    assert (attendance.figures()["failed"], attendance.figures()["early"]) == (1, 3), "it came"


def test_the_tone_reported_is_that_of_the_last_second() -> None:
    attendance = Attendance()
    for frequency in (440.0, 1000.0):
        for n in range(200):
            attendance.sound(Tone(frequency).samples(n * 480, 480))
    figures = attendance.figures()
    assert figures["audio_frames"] == 400
    assert abs((figures["tone_hz"] or 0) - 1000) < 2


def test_memory_does_not_grow_with_the_length_of_a_sitting() -> None:
    attendance = Attendance()
    for n in range(3000):
        attendance.sound(Tone(440.0).samples(n * 480, 480))
    assert attendance._heard_samples <= SAMPLE_RATE + 480
