"""The server's validator (Python) and the members' (crates/e2ee) say the same of each chain, by the same rule.

Half of the chains are the good one with a few letters changed; half are well signed and wrong: a payload with a member
changed, dropped, doubled or of another form, signed by the right key or by another level's.
"""

import json
import random
from collections import Counter
from typing import Any

import pytest

from incamera.accreditation.credential import Credential, validate
from incamera.accreditation.signature import SigningKey
from incamera.accreditation.strict import b64u, compact
from incamera.native import E2eeRefused, validate_chain
from incamera.refusal import Refusal
from tests.vectors.given import (
    AUTHORITY,
    CHARTER,
    DAY_MS,
    DEVICE,
    GROUP,
    KEYS,
    MEETING,
    NOW_MS,
    SITTING,
    expected,
    key,
    octets,
    payloads,
    signed,
)

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~="
JWKS = [
    *(one.public.jwk() for one in (AUTHORITY, DEVICE, key("stranger"))),
    *({"kty": "OKP", "crv": "Ed25519", "x": b64u(octet * 32)} for octet in (b"\x00", b"\xff")),
]
VALUES: list[Any] = [
    *(None, True, 0, 1, 2, -1, 1.5, 2**53, NOW_MS, NOW_MS + 3 * DAY_MS, NOW_MS - DAY_MS, [], {}),
    *("", "bel", "nld", "bel-head", "nld-head", "BEL", "é", MEETING, SITTING, GROUP, CHARTER),
    *(b64u(octets("other", length)) for length in (16, 32)),
    *(one.thumbprint for one in (AUTHORITY, *KEYS)),
    *({"jwk": jwk} for jwk in JWKS),
]
TRUST = json.dumps(
    {
        "authority": AUTHORITY.thumbprint,
        "key": b64u(AUTHORITY.public.octets),
        "meeting": MEETING,
        "charters": [CHARTER],
        "seats": {"bel-head": "bel", "nld-head": "nld"},
    }
)
HELD = json.dumps({"leaf": {"sitting": SITTING, "group": GROUP}, "enrolled": [DEVICE.thumbprint], "revoked": []})
GOOD = "~".join(signed(payloads()))


def servers_verdict(chain: str, at_ms: int) -> dict[str, Any] | str:
    outcome = validate(chain, expected(), at_ms)
    if isinstance(outcome, Refusal):
        return outcome.reason.split(" by ")[1].split(":")[0]
    assert isinstance(outcome, Credential)
    assert outcome.leaf is not None
    return {
        "delegation": outcome.delegation,
        "seat": outcome.seat,
        "device": outcome.device.thumbprint,
        "device_key": b64u(outcome.device.octets),
        "leaf_key": b64u(outcome.leaf.octets),
        "invitation": outcome.invitation,
        "until": outcome.until_ms,
    }


def members_verdict(chain: str, at_ms: int) -> dict[str, Any] | str:
    try:
        credential: dict[str, Any] = json.loads(validate_chain(chain, TRUST, HELD, at_ms))
    except E2eeRefused as refused:
        return str(json.loads(str(refused))["rule"])
    return credential


def changed_text(chance: random.Random) -> str:
    text = list(GOOD)
    for _ in range(chance.choice((1, 1, 2, 3))):
        place = chance.randrange(len(text))
        match chance.randrange(4):
            case 0:
                text[place] = chance.choice(LETTERS)
            case 1:
                del text[place]
            case 2:
                text.insert(place, chance.choice(LETTERS))
            case _:
                text[place : place + 2] = reversed(text[place : place + 2])
    return "".join(text)


def wrongly_signed(chance: random.Random) -> str:
    claims: list[Any] = payloads()
    for _ in range(chance.choice((1, 1, 2))):
        level = claims[chance.randrange(4)]
        member = chance.choice([*level, "extra"])
        if chance.random() < 0.15:
            level.pop(member, None)
        else:
            level[member] = chance.choice(VALUES)
    if chance.random() < 0.2:
        claims = [compact(one) for one in claims]
        place = chance.randrange(4)
        at = chance.randrange(len(claims[place]))
        claims[place] = claims[place][:at] + bytes([chance.randrange(256)]) + claims[place][at + chance.randrange(2) :]
    signers: dict[int, SigningKey] = {}
    if chance.random() < 0.15:
        signers[chance.randrange(4)] = chance.choice([AUTHORITY, *KEYS, key("stranger")])
    statements = signed(claims, signers)
    if chance.random() < 0.05:
        chance.shuffle(statements)
    return "~".join(statements)


def compare(count: int, seed: int) -> Counter[str]:
    chance = random.Random(seed)
    verdicts: Counter[str] = Counter()
    for number in range(count):
        chain = changed_text(chance) if number % 2 else wrongly_signed(chance)
        at_ms = NOW_MS + chance.choice((0, 0, 0, DAY_MS, 2 * DAY_MS, -DAY_MS))
        ours, theirs = servers_verdict(chain, at_ms), members_verdict(chain, at_ms)
        assert ours == theirs, f"chain {number} of seed {seed}: {chain}"
        verdicts[ours if isinstance(ours, str) else "accepted"] += 1
    return verdicts


def test_both_accept_the_good_chain() -> None:
    verdict = servers_verdict(GOOD, NOW_MS)
    assert isinstance(verdict, dict)
    assert verdict == members_verdict(GOOD, NOW_MS)


def test_two_thousand_chains_are_judged_alike() -> None:
    verdicts = compare(2_000, seed=1)
    assert len(verdicts) >= 11, f"the changes reach most rules: {verdicts}"


@pytest.mark.slow
def test_ten_thousand_chains_are_judged_alike() -> None:
    compare(10_000, seed=2)


@pytest.mark.long
def test_a_hundred_thousand_chains_are_judged_alike() -> None:
    compare(100_000, seed=3)
