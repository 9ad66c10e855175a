"""The demo's meeting as it lies in its folder: the authority's key, the signed charter, an invitation for each seat.

An organisation keeps its authority's key away from the server; here all lies in one folder, for its owner
alone, since all is thrown away.
"""

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from incamera.accreditation.bundle import Bundle, read_bundle
from incamera.accreditation.charter import Role, Text, open_charter
from incamera.accreditation.signature import SigningKey
from incamera.accreditation.strict import ItemId, SittingId, b64u, unb64u
from incamera.clock import Clock, instant
from incamera.demo.founding import Founded, found
from incamera.refusal import Code, Refusal
from incamera.settings.folder import prepare

CHARTER_FILE: Final = "demo.charter"
KEPT_FILE: Final = "demo.json"
DOORKEEPER: Final = "doorkeeper"
DELEGATIONS_MAX: Final = 30
_NOWHERE: Final = "http://localhost"
"""Links are kept without the server's address, which may be another the next time."""


@dataclass(frozen=True, slots=True)
class Place:
    """A seat, its plate, and the part of its link that follows the server's address: a secret."""

    seat: str
    role: str
    name: str
    """The delegation's, in English."""
    path: str

    def link(self, origin: str) -> str:
        """The link to a server."""
        return f"{origin}{self.path}"

    def __repr__(self) -> str:
        return f"Place({self.seat}, •)"


@dataclass(frozen=True, slots=True)
class Convened:
    """A meeting that the server holds, or is about to."""

    authority: SigningKey
    bundle: Bundle
    places: tuple[Place, ...]
    """In protocol order: the chair, the secretariat, the members' heads, the partner's."""
    titles: Mapping[SittingId, Mapping[ItemId, Text]]
    is_automatic: bool

    def place(self, seat: str) -> Place:
        """The place of a seat that the draft has."""
        return next(place for place in self.places if place.seat == seat)

    def divided(self, people: int, synthetic: int) -> tuple[tuple[Place, ...], tuple[Place, ...], tuple[Place, ...]]:
        """Who sits where: people, the chair first; synthetic delegations; and the seats that are left over."""
        chair = tuple(place for place in self.places if place.role == Role.CHAIR)
        partner = self.places[-1]
        heads = tuple(place for place in self.places if place.role == Role.HEAD and place is not partner)
        order = (*chair, *heads)
        taken = order[: people + synthetic]
        rest = tuple(place for place in self.places if place not in taken and place.seat != DOORKEEPER)
        return taken[:people], taken[people:], rest


def convened(folder: Path, clock: Clock, *, seats: int, is_automatic: bool) -> Convened | Refusal:
    """The meeting of this folder, with at least so many seats beside the secretariat's; made where there is none yet.

    So a restarted demo is the same meeting, with the same links. Raises Refused where the folder can't be used.
    """
    if seats - 1 > DELEGATIONS_MAX:
        return _few(DELEGATIONS_MAX + 1, seats)
    prepare(folder)
    if not (folder / KEPT_FILE).exists():
        _make(folder, clock, delegations=max(seats - 1, 1), is_automatic=is_automatic)
    kept = _kept(folder)
    if isinstance(kept, Refusal):
        return kept
    charter = open_charter(kept.bundle.charter, authorities={kept.authority.thumbprint})
    if isinstance(charter, Refusal):
        return charter
    if clock.now_ms() >= charter.payload.period.until_ms:
        return Refusal(Code.CHAIN_TIME, f"The meeting in {folder} is over.", "Use another folder with --data.")
    if kept.is_automatic != is_automatic:
        how = "lets in by itself" if kept.is_automatic else "lets in by hand"
        return Refusal(
            Code.SETTINGS_INVALID,
            f"The meeting in {folder} {how}: so its charter says, which is signed.",
            "Start it as before, or use another folder with --data.",
        )
    room = len(kept.places) - 3  # without the doorkeeper, the secretariat and the partner
    return kept if room >= seats else _few(room, seats)


def _make(folder: Path, clock: Clock, *, delegations: int, is_automatic: bool) -> None:
    authority, now = SigningKey(secrets.token_bytes(32)), clock.now_ms()
    founded = found(
        authority,
        _NOWHERE,
        secrets.token_bytes,
        now,
        first_day=instant(now).date(),
        delegations=delegations,
        is_automatic=is_automatic,
    )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(folder / CHARTER_FILE, founded.bundle.write())
    kept = {
        "authority": b64u(authority.seed()),
        "automatic": is_automatic,
        "places": [
            {"seat": place.seat, "role": place.role, "name": place.name, "path": place.path}
            for place in _places(founded)
        ],
        "titles": {
            sitting: {item: dict(text) for item, text in items.items()} for sitting, items in founded.titles.items()
        },
    }
    # Last, so that a folder without it is one in which nothing was made.
    _write(folder / KEPT_FILE, json.dumps(kept, ensure_ascii=False, indent=1).encode())


def _places(founded: Founded) -> Sequence[Place]:
    return [
        Place(one.seat.seat, one.seat.role, one.delegation["en"], one.link.removeprefix(_NOWHERE))
        for one in founded.invited.values()
    ]


def _kept(folder: Path) -> Convened | Refusal:
    try:
        kept = json.loads((folder / KEPT_FILE).read_bytes())
        bundle = read_bundle((folder / CHARTER_FILE).read_bytes())
        if isinstance(bundle, Refusal):
            return bundle
        return Convened(
            SigningKey(unb64u(kept["authority"]) or b""),
            bundle,
            tuple(Place(one["seat"], one["role"], one["name"], one["path"]) for one in kept["places"]),
            kept["titles"],
            bool(kept["automatic"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AssertionError):
        return Refusal(Code.SETTINGS_UNREADABLE, f"{folder} holds no demo that can be read.", "Use another folder.")


def _write(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)


def _few(there: int, asked: int) -> Refusal:
    return Refusal(
        Code.LIMIT_REACHED,
        f"The demo's chamber has {there} seats, and {asked} are asked for.",
        "Ask for fewer with --seats or --with, or use another folder with --data.",
    )
