"""Datagrams as they cross a media port: kept by kind, and spoilt by dice."""

import random
from collections import deque
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What shares one port (RFC 7983, 7; RFC 5761, 4)."""

    STUN = "stun"
    DTLS = "dtls"
    RTP = "rtp"
    RTCP = "rtcp"


_FIRST: Final = (0, 1, 20, 21, 22, 23, 63, 128, 144, 200, 255)
"""First bytes of every kind, of edges between them, and of none."""
_HEADER: Final = 20
"""Bytes of the longest fixed header, STUN's: half of what is spoilt lies in them, where parsers decide."""


def kind_of(datagram: bytes) -> Kind | None:
    """Its kind by its first two bytes; None: of none that is ours."""
    if len(datagram) < 2:
        return None
    first, second = datagram[:2]
    if first <= 3:
        return Kind.STUN
    if 20 <= first <= 63:
        return Kind.DTLS
    if 128 <= first <= 191:
        return Kind.RTCP if 192 <= second <= 223 else Kind.RTP
    return None


class Tape:
    """The last datagrams of each kind."""

    def __init__(self, kept_max: int = 2000) -> None:
        self._kept: dict[Kind, deque[bytes]] = {kind: deque(maxlen=kept_max) for kind in Kind}

    def keep(self, datagram: bytes) -> None:
        """Remember it, and forget the oldest of its kind."""
        if (kind := kind_of(datagram)) is not None:
            self._kept[kind].append(datagram)

    def kept(self) -> dict[Kind, tuple[bytes, ...]]:
        """What is remembered; on the thread that keeps, or when nothing is kept any more."""
        return {kind: tuple(datagrams) for kind, datagrams in self._kept.items()}


def spoilt(dice: random.Random, datagram: bytes) -> bytes:
    """The datagram with one to seven changes: bytes replaced, put in, or cut off behind one. Never the same."""
    changed = bytearray(datagram)
    while bytes(changed) == datagram:
        for _ in range(dice.randrange(1, 8)):
            place = dice.randrange(min(len(changed), dice.choice((_HEADER, len(changed)))))
            match dice.randrange(8):
                case 0:
                    del changed[place + 1 :]
                case 1:
                    changed.insert(place, dice.randrange(256))
                case _:
                    changed[place] ^= dice.randrange(1, 256)
    return bytes(changed)


def renamed(dice: random.Random, datagram: bytes) -> bytes:
    """The RTP packet under an SSRC that nobody has: its section must not go over to it before it is authenticated."""
    return datagram[:8] + dice.randbytes(4) + datagram[12:]


def invented(dice: random.Random) -> bytes:
    """A datagram of random bytes behind a first byte that a parser may take up."""
    return bytes((dice.choice(_FIRST),)) + dice.randbytes(dice.randrange(1400))
