"""Pictures and tones of delegations that are not there."""

import numpy as np
import pytest

from incamera.accreditation.examples import ALLIES
from incamera.member.synthetic import SAMPLE_RATE, Picture, Tone, frequency_of, loudest_hz


def test_a_picture_moves_and_is_a_whole_i420_frame() -> None:
    picture = Picture("Estonia", hue=7)
    first, later = picture.frame(0), picture.frame(10)
    assert len(first) == 320 * 180 * 3 // 2
    assert first != later
    assert picture.frame(0) == first, "the same number is the same frame"


@pytest.mark.parametrize("name", [name for _, name, _ in ALLIES])
def test_every_delegation_s_name_fits_into_its_picture(name: str) -> None:
    picture = Picture(name, hue=3)
    luma = np.frombuffer(picture.frame(3), dtype=np.uint8)[: 320 * 180].reshape(180, 320)
    lettered = np.argwhere(luma == 235)
    assert lettered.size > 0
    assert lettered[:, 1].min() >= 2
    assert lettered[:, 1].max() <= 317, "the name is cut"


def test_a_tone_continues_from_block_to_block() -> None:
    tone = Tone(441.0)
    whole = tone.samples(0, 9600)
    blocks = np.concatenate([tone.samples(0, 4800), tone.samples(4800, 4800)])
    assert np.array_equal(whole, blocks)


@pytest.mark.parametrize("place", [0, 11, 30, 35])
def test_the_tone_that_was_sent_is_found_by_its_frequency(place: int) -> None:
    sent = frequency_of(place)
    heard = loudest_hz(Tone(sent, level=0.02).samples(123, SAMPLE_RATE))
    assert heard == pytest.approx(sent, abs=1.5)


def test_silence_has_no_tone() -> None:
    assert loudest_hz(np.zeros(SAMPLE_RATE, dtype=np.int16)) is None
    assert loudest_hz(np.zeros(10, dtype=np.int16)) is None


def test_no_two_delegations_have_one_tone() -> None:
    assert len({round(frequency_of(place), 3) for place in range(31)}) == 31
