"""What must not be somewhere, searched for in every form in which it could stand there."""

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path

LEAST = 8
"""Shorter ones are found by chance."""


def forms(secret: bytes) -> frozenset[bytes]:
    """Raw, hex, base64 and base64url, and base64url of base64url (JWS in JWS), wherever in a longer text it begins."""
    assert len(secret) >= LEAST, "too short to be searched for"
    once = _base64(secret, base64.b64encode) | _base64(secret, base64.urlsafe_b64encode)
    twice = {again for one in _base64(secret, base64.urlsafe_b64encode) for again in _base64(one, _urlsafe)}
    hexes = {secret.hex().encode(), secret.hex().upper().encode()}
    return frozenset({secret, *hexes, *once, *twice})


def found(canaries: Mapping[str, bytes], places: Mapping[str, bytes]) -> list[str]:
    """Where canaries are, as `name in place`."""
    return [
        f"{name} in {place}"
        for name, secret in canaries.items()
        for wanted in [forms(secret)]
        for place, data in places.items()
        if any(form in data for form in wanted)
    ]


def files(folder: Path) -> dict[str, bytes]:
    """All files of a folder, by their names in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def numbered(name: str, secrets: Iterable[bytes]) -> dict[str, bytes]:
    """Several canaries of one kind."""
    return {f"{name} {number}": secret for number, secret in enumerate(secrets, start=1)}


def _base64(secret: bytes, encode: object) -> set[bytes]:
    """The letters that only the secret decides, for each of the three places in a group of three octets."""
    made = set()
    for before in range(3):
        text: bytes = encode(bytes(before) + secret)  # type: ignore[operator]
        text = text.rstrip(b"=")
        first = (0, 2, 3)[before]
        last = len(text) - (1 if (before + len(secret)) % 3 else 0)
        made.add(text[first:last])
    return made


def _urlsafe(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data)
