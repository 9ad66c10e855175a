"""The validator of chains: authority, delegation, seat, device, leaf (docs/reference/record.md, 2).

The rules have numbers, CHAIN-1 to CHAIN-14. They are tried in that order, each over the whole chain before the next, so
that every implementation refuses a chain by the same rule (tests/vectors/chain.json).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from incamera.accreditation.signature import PublicKey, Signed, Unverified, split, verify
from incamera.accreditation.statements import (
    LEVELS,
    DelegationStatement,
    DeviceStatement,
    LeafStatement,
    SeatStatement,
    Statement,
)
from incamera.accreditation.strict import (
    DelegationId,
    GroupId,
    Hash,
    MeetingId,
    SeatId,
    SittingId,
    Thumbprint,
    read,
)
from incamera.refusal import Code, Refusal

CHAIN_BYTES_MAX: Final = 3 * 1024
"""Four statements are about 1.9 kB; the chain stands in each leaf of the ratchet tree."""
SKEW_MS: Final = 5 * 60 * 1000
"""How far two clocks may be apart."""
LEAF_LIFETIME_MS_MAX: Final = 2 * 24 * 60 * 60 * 1000
"""A leaf is worth one sitting of one meeting of two days."""
SEPARATOR: Final = "~"
CHAINS_KNOWN: Final = 1024
"""Verdicts that are kept: a meeting of 300 has 600 chains; about 10 kB each."""
STATEMENTS_KNOWN: Final = 2048
"""The same for single statements: two of each device, two of each seat; about 3 kB each."""


@dataclass(frozen=True, slots=True)
class LeafPlace:
    """Where a leaf must stand: the sitting and its present group."""

    sitting: SittingId
    group: GroupId


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a chain is held to, from the link, the charter and the record; never from whoever shows the chain."""

    authority: PublicKey
    """From the charter, whose thumbprint is the link's."""
    meeting: MeetingId
    charters: Collection[Hash]
    """The charter and all that it replaces: a statement stays valid under a descendant."""
    leaf: LeafPlace | None
    """None: the chain ends with the device, after three statements."""
    seats: Mapping[SeatId, DelegationId] | None
    """The charter's seats; None for who does not have that part (a knocker)."""
    enrolled: Collection[Thumbprint] | None
    """The devices whose enrolment is in the record; None while a device enrols."""
    revoked: Collection[Thumbprint]
    """The devices revoked as of the main journal's head."""


@dataclass(frozen=True, slots=True)
class Credential:
    """Whose device this is, as the authority signed it. Made by `validate` alone. The role is the charter's to say."""

    meeting: MeetingId
    delegation: DelegationId
    seat: SeatId
    device: PublicKey
    leaf: PublicKey | None
    """The key of the MLS leaf, in a chain of four."""
    invitation: Thumbprint
    """The seat's one-time key: which link was used."""
    until_ms: int
    """The first end among the statements."""


@dataclass(frozen=True, slots=True)
class _Level:
    form: Unverified
    statement: Statement

    @property
    def key(self) -> PublicKey:
        return self.statement.key


def join(statements: Collection[str]) -> str:
    """The chain as it stands in a credential's identity and in acts."""
    return SEPARATOR.join(statements)


def validate(chain: str, expected: Expected, at_ms: int) -> Credential | Refusal:
    """The credential that a chain proves at a moment, or the first rule that it breaks.

    A valid chain alone never admits: who copied a link can sign device statements for ever. That the enrolment is in
    the record (CHAIN-13) is passed in by who has folded it.
    """
    count = 3 if expected.leaf is None else 4
    if len(chain) > CHAIN_BYTES_MAX:
        return _wrong_length(count)  # here, so that nothing long is kept
    levels = _proven(chain, count, expected.authority)
    if isinstance(levels, Refusal):
        return levels
    refusal = _check_claims(levels, expected) or _check_times(levels, at_ms) or _check_facts(levels, expected)
    return refusal or _credential(levels)


@lru_cache(maxsize=CHAINS_KNOWN)
def _proven(chain: str, count: int, authority: PublicKey) -> "tuple[_Level, ...] | Refusal":
    """CHAIN-1 to CHAIN-7: what a chain's bytes alone prove against an authority, always the same.

    Whoever folds a record meets each chain several times: where it is posted, placed and cited.
    """
    forms = _split(chain, count)
    if isinstance(forms, Refusal):
        return forms
    levels = _parse(forms)
    if isinstance(levels, Refusal):
        return levels
    refusal = (
        _check_keys(levels, authority) or _check_issuers(levels, authority) or _check_signatures(levels, authority)
    )
    return refusal or levels


def _split(chain: str, count: int) -> list[Unverified] | Refusal:
    texts = chain.split(SEPARATOR)
    if not chain.isascii() or len(texts) != count:
        return _wrong_length(count)
    forms: list[Unverified] = []
    for text, (typ, _parse_level) in zip(texts, LEVELS, strict=False):
        form = split(text, typ=typ)
        if isinstance(form, Refusal):
            return _refusal(Code.CHAIN_FORM, f"CHAIN-2: a statement is no compact JWS of typ {typ.value}")
        forms.append(form)
    return forms


def _parse(forms: list[Unverified]) -> tuple[_Level, ...] | Refusal:
    levels: list[_Level] = []
    for place, form in enumerate(forms):
        statement = _statement(form.payload, place)
        if isinstance(statement, Refusal):
            return _refusal(Code.CHAIN_PAYLOAD, f"CHAIN-3: {statement.reason.rstrip('.')}")
        levels.append(_Level(form, statement))
    return tuple(levels)


@lru_cache(maxsize=STATEMENTS_KNOWN)
def _statement(payload: bytes, place: int) -> Statement | Refusal:
    typ, parse = LEVELS[place]
    return read(payload, parse, what=typ.value)


@lru_cache(maxsize=STATEMENTS_KNOWN)
def _is_signed(form: Unverified, issuer: PublicKey) -> bool:
    """Whether a key signed a statement: the chain of a knock begins with the three of the device's enrolment."""
    return isinstance(verify(form, None, issuer), Signed)


def _check_keys(levels: tuple[_Level, ...], authority: PublicKey) -> Refusal | None:
    # That each is a key of the prime order is part of its form: CHAIN-3.
    keys = {authority.thumbprint, *(level.key.thumbprint for level in levels)}
    if len(keys) != len(levels) + 1:
        return _refusal(Code.CHAIN_KEY, "CHAIN-4: one key stands at two levels")
    return None


def _check_issuers(levels: tuple[_Level, ...], authority: PublicKey) -> Refusal | None:
    if levels[0].statement.issuer != authority.thumbprint:
        return _refusal(Code.CHAIN_AUTHORITY, "CHAIN-5: it was not issued by the authority of the link")
    for above, level in pairwise(levels):
        if level.statement.issuer != above.key.thumbprint:
            return _refusal(Code.CHAIN_ISSUER, f"CHAIN-6: the {level.statement.typ.value} names another issuer")
    return None


def _check_signatures(levels: tuple[_Level, ...], authority: PublicKey) -> Refusal | None:
    issuers = [authority, *(level.key for level in levels)]
    for issuer, level in zip(issuers, levels, strict=False):
        if not _is_signed(level.form, issuer):
            return _refusal(Code.CHAIN_SIGNATURE, f"CHAIN-7: the {level.statement.typ.value} has a wrong signature")
    return None


def _check_claims(levels: tuple[_Level, ...], expected: Expected) -> Refusal | None:
    delegation, seat, device = _first_three(levels)
    if any(level.statement.meeting != expected.meeting for level in levels):
        return _refusal(Code.CHAIN_MEETING, "CHAIN-8: it is of another meeting")
    if delegation.charter not in expected.charters:
        return _refusal(Code.CHAIN_CHARTER, "CHAIN-9: its charter is none of this meeting's")
    is_one_seat = delegation.delegation == seat.delegation == device.delegation and seat.seat == device.seat
    if not is_one_seat or not _has_seat(expected, seat):
        return _refusal(Code.CHAIN_SEAT, "CHAIN-10: delegation and seat differ, or are not the charter's")
    return None


def _has_seat(expected: Expected, seat: SeatStatement) -> bool:
    return expected.seats is None or expected.seats.get(seat.seat) == seat.delegation


def _check_times(levels: tuple[_Level, ...], at_ms: int) -> Refusal | None:
    for level in levels:
        period = level.statement.period
        lifetime_ms = period.until_ms - period.from_ms
        if not (lifetime_ms > 0 and period.from_ms - SKEW_MS <= at_ms < period.until_ms + SKEW_MS):
            return _refusal(Code.CHAIN_TIME, f"CHAIN-11: the {level.statement.typ.value} is not valid at this time")
        if isinstance(level.statement, LeafStatement) and lifetime_ms > LEAF_LIFETIME_MS_MAX:
            return _refusal(Code.CHAIN_TIME, "CHAIN-11: the leaf is valid for more than 2 days")
    return None


def _check_facts(levels: tuple[_Level, ...], expected: Expected) -> Refusal | None:
    device = _first_three(levels)[2].key.thumbprint
    leaf = levels[-1].statement
    if isinstance(leaf, LeafStatement) and LeafPlace(leaf.sitting, leaf.group) != expected.leaf:
        return _refusal(Code.CHAIN_SITTING, "CHAIN-12: the leaf is of another sitting or group")
    if expected.enrolled is not None and device not in expected.enrolled:
        return _refusal(Code.CHAIN_ENROLLED, "CHAIN-13: the device's enrolment is not in the record")
    if device in expected.revoked:
        return _refusal(Code.CHAIN_REVOKED, "CHAIN-14: the device is revoked")
    return None


def _first_three(levels: tuple[_Level, ...]) -> tuple[DelegationStatement, SeatStatement, DeviceStatement]:
    delegation, seat, device = (level.statement for level in levels[:3])
    assert isinstance(delegation, DelegationStatement), "LEVELS says so"
    assert isinstance(seat, SeatStatement), "LEVELS says so"
    assert isinstance(device, DeviceStatement), "LEVELS says so"
    return delegation, seat, device


def _credential(levels: tuple[_Level, ...]) -> Credential:
    _delegation, seat, device = _first_three(levels)
    return Credential(
        meeting=device.meeting,
        delegation=device.delegation,
        seat=device.seat,
        device=device.key,
        leaf=levels[3].key if len(levels) == 4 else None,
        invitation=seat.key.thumbprint,
        until_ms=min(level.statement.period.until_ms for level in levels),
    )


def _wrong_length(count: int) -> Refusal:
    return _refusal(Code.CHAIN_LENGTH, f"CHAIN-1: it is not {count} statements in at most {CHAIN_BYTES_MAX} bytes")


def _refusal(code: Code, reason: str) -> Refusal:
    return Refusal(code, f"The chain is refused by {reason}.", "Ask the secretariat for a new invitation.")
