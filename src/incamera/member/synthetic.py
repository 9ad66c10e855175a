"""Pictures and sound of a delegation that is not there: a moving pattern with its name, and a tone of its own. Pure."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Samples = NDArray[np.int16]

_PERIOD: Final = 160
"""Pixels from one band of a picture to the next."""
SAMPLE_RATE: Final = 48_000
"""Samples a second: what Opus codes."""

# A 5 by 7 font, a column a byte, lowest bit on top: enough for the names of states.
_FONT: Final[dict[str, bytes]] = {
    letter: bytes.fromhex(columns)
    for letter, columns in {
        " ": "0000000000", "-": "0808080808", ".": "0060600000", "'": "0000070000", "?": "0201510906",
        "A": "7e1111117e", "B": "7f49494936", "C": "3e41414122", "D": "7f4141221c", "E": "7f49494941",
        "F": "7f09090901", "G": "3e4149497a", "H": "7f0808087f", "I": "00417f4100", "J": "2040413f01",
        "K": "7f08142241", "L": "7f40404040", "M": "7f020c027f", "N": "7f0408107f", "O": "3e4141413e",
        "P": "7f09090906", "Q": "3e4151215e", "R": "7f09192946", "S": "4649494931", "T": "01017f0101",
        "U": "3f4040403f", "V": "1f2040201f", "W": "3f4038403f", "X": "6314081463", "Y": "0708700807",
        "Z": "6151494543", "0": "3e5149453e", "1": "00427f4000", "2": "4261514946", "3": "2141454b31",
        "4": "1814127f10", "5": "2745454539", "6": "3c4a494930", "7": "0171090503", "8": "3649494936",
        "9": "064949291e", ":": "0036360000",
    }.items()
}  # fmt: skip


def _lettering(text: str, scale: int) -> NDArray[np.bool_]:
    """A text as a mask of pixels; a letter that the font lacks stands as a question mark."""
    columns: list[int] = []
    for letter in text.upper():
        columns += [*_FONT.get(letter, _FONT["?"]), 0]
    bits = np.array([[column >> row & 1 for column in columns] for row in range(7)], dtype=bool)
    return bits.repeat(scale, axis=0).repeat(scale, axis=1)


class Picture:
    """A delegation's picture: slow diagonal bands in a hue of its own, its name, and the number of the frame."""

    def __init__(self, name: str, hue: int, width: int = 320, height: int = 180) -> None:
        assert width % 2 == 0, "I420 halves the colour planes"
        assert height % 2 == 0, "I420 halves the colour planes"
        self.width, self.height = width, height
        # A period wider than the picture: a frame is a window on it that moves to the right.
        x, y = np.arange(width + _PERIOD), np.arange(height)[:, None]
        self._bands: Bytes = (60 + 34 * np.sin((x + 2 * y) * (2 * np.pi / _PERIOD))).astype(np.uint8)
        angle = hue * 2.399963  # the golden angle: neighbours in the list have hues far apart
        half = (height // 2, width // 2)
        self._u: Bytes = np.full(half, 128 + int(38 * np.cos(angle)), dtype=np.uint8)
        self._v: Bytes = np.full(half, 128 + int(38 * np.sin(angle)), dtype=np.uint8)
        scale = max(1, min(4, (width - 20) // (6 * max(len(name), 1))))
        self._name = _lettering(name, scale)

    def frame(self, number: int) -> bytes:
        """The n-th frame as I420: luma, then both colour planes at half the size."""
        first = number % _PERIOD
        luma = self._bands[:, first : first + self.width].copy()
        rows, columns = self._name.shape
        top, left = (self.height - rows) // 2, max((self.width - columns) // 2, 0)
        shown = self._name[:, : self.width - left]
        luma[top : top + rows, left : left + shown.shape[1]][shown] = 235
        count = _lettering(str(number % 100_000), 1)
        luma[6:13, 6 : 6 + count.shape[1]][count] = 200
        return luma.tobytes() + self._u.tobytes() + self._v.tobytes()


@dataclass(frozen=True, slots=True)
class Tone:
    """A sine of one frequency, quiet: `level` is its share of full scale."""

    frequency_hz: float
    level: float = 0.1

    def samples(self, first: int, count: int) -> Samples:
        """`count` samples from the `first` on, counted from the beginning, so that blocks join without a click."""
        phase = (np.arange(first, first + count) * (self.frequency_hz / SAMPLE_RATE)) % 1.0
        wave: Samples = (np.sin(2 * np.pi * phase) * self.level * 32767).astype(np.int16)
        return wave


def frequency_of(seat: int) -> float:
    """The tone of the n-th delegation: a semitone above the one before, from A3 on, over three octaves."""
    return float(220.0 * 2 ** ((seat % 36) / 12))


def loudest_hz(samples: Samples) -> float | None:
    """The frequency that sounds loudest, to a few hertz; None where it is silent (below -60 dBFS) or too short."""
    if samples.size < SAMPLE_RATE // 10 or int(np.abs(samples).max()) < 33:
        return None
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    spectrum[: int(50 * samples.size / SAMPLE_RATE)] = 0  # hum and offset
    return float(np.argmax(spectrum) * SAMPLE_RATE / samples.size)
