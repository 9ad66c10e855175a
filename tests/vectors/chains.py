"""chain.json: good chains, and one or more that each rule CHAIN-1 to CHAIN-14 refuses."""

import json
from collections.abc import Iterator
from typing import Any

from incamera.accreditation.credential import SKEW_MS, Credential, Expected, LeafPlace, validate
from incamera.accreditation.signature import ALGORITHM, SigningKey, Typ
from incamera.accreditation.strict import GroupId, Hash, MeetingId, SeatId, SittingId, b64u, compact, unb64u
from incamera.refusal import Refusal
from tests.vectors.given import (
    AUTHORITY,
    CHARTER,
    DAY_MS,
    DELEGATION,
    DEVICE,
    GROUP,
    HOUR_MS,
    INVITATION,
    KEYS,
    LEAF,
    NOW_MS,
    SITTING,
    Vector,
    expected,
    key,
    octets,
    payloads,
    signed,
)

# The order of edwards25519's base point, RFC 8032, 5.1.
ORDER = 2**252 + 27742317777372353535851937790883648493
LEVELS = ["delegation", "seat", "device", "leaf"]


def case(name: str, chain: str, at_ms: int = NOW_MS, **changes: Any) -> Vector:
    """A case, with the outcome that this implementation has; `rule` is None for a good one."""
    held_to = expected(**changes)
    outcome = validate(chain, held_to, at_ms)
    rule = outcome.reason.split(" by ")[1].split(":")[0] if isinstance(outcome, Refusal) else None
    return {
        "name": name,
        "rule": rule,
        "chain": chain,
        "at": at_ms,
        "expected": {name: value for name, value in written(held_to).items() if value != STANDARD[name]},
        "outcome": {"refusal": outcome.code.value} if isinstance(outcome, Refusal) else credential(outcome),
    }


def credential(found: Credential) -> Vector:
    return {
        "credential": {
            "meeting": found.meeting,
            "delegation": found.delegation,
            "seat": found.seat,
            "device": found.device.jwk(),
            "leaf": None if found.leaf is None else found.leaf.jwk(),
            "invitation": found.invitation,
            "until": found.until_ms,
        }
    }


def written(held_to: Expected) -> Vector:
    leaf = held_to.leaf
    return {
        "authority": held_to.authority.jwk(),
        "meeting": held_to.meeting,
        "charters": list(held_to.charters),
        "leaf": None if leaf is None else {"sitting": leaf.sitting, "group": leaf.group},
        "seats": None if held_to.seats is None else dict(held_to.seats),
        "enrolled": None if held_to.enrolled is None else list(held_to.enrolled),
        "revoked": list(held_to.revoked),
    }


STANDARD = written(expected())


def joined(statements: list[str]) -> str:
    return "~".join(statements)


def edited(level: int, **members: Any) -> str:
    """A chain whose one payload has other members, signed as it should be."""
    claims = payloads()
    claims[level] |= members
    return joined(signed(claims))


def everywhere(**members: Any) -> str:
    return joined(signed([claims | members for claims in payloads()]))


def raw(level: int, payload: bytes) -> str:
    """A chain whose one payload has these bytes, signed as it should be."""
    claims: list[Any] = list(payloads())
    claims[level] = payload
    return joined(signed(claims))


def headed(level: int, header: bytes, signer: SigningKey | None = None) -> str:
    """A chain whose one statement has another header, signed over it."""
    statements = signed(payloads())
    text = f"{b64u(header)}.{statements[level].split('.')[1]}"
    by = signer or [AUTHORITY, *KEYS][level]
    statements[level] = f"{text}.{b64u(by.sign(text.encode()))}"
    return joined(statements)


def with_signature(level: int, change: Any) -> str:
    """A chain whose one signature is changed by a function of its bytes."""
    statements = signed(payloads())
    text, _, signature = statements[level].rpartition(".")
    found = unb64u(signature)
    assert found is not None
    statements[level] = f"{text}.{change(found)}"
    return joined(statements)


def good() -> Iterator[Vector]:
    chain = joined(signed(payloads()))
    three = joined(signed(payloads()[:3]))
    yield case("four statements, from the authority to the leaf", chain)
    yield case("three statements, from the authority to the device", three, leaf=None)
    yield case("a device that enrols: its enrolment is not in the record yet", three, leaf=None, enrolled=None)
    yield case("by who does not have the charter's seats", chain, seats=None)
    yield case("under a charter that was replaced since", chain, charters=[Hash(b64u(octets("next", 32))), CHARTER])
    start, end = NOW_MS - HOUR_MS, NOW_MS + DAY_MS
    yield case("five minutes before it begins", chain, start - SKEW_MS)
    yield case("within five minutes after its end", chain, end + SKEW_MS - 1)
    claims = payloads()[1]
    yield case("members in another order", raw(1, compact(dict(reversed(claims.items())))))
    yield case("spaces between the members", raw(1, json.dumps(claims, indent=1).encode()))
    yield case("an escape in a name", raw(1, compact(claims).replace(b'"seat"', b'"\\u0073eat"')))
    yield case("a leaf for exactly two days", edited(3, nbf=NOW_MS - HOUR_MS, exp=NOW_MS - HOUR_MS + 2 * DAY_MS))


def of_length() -> Iterator[Vector]:
    statements = signed(payloads())
    yield case("nothing", "")
    yield case("three statements where the leaf's is asked for", joined(statements[:3]))
    yield case("four statements where the device is asked for", joined(statements), leaf=None)
    yield case("a level left out: no seat", joined([statements[0], statements[2], statements[3]]))
    yield case("five statements", joined([*statements, statements[3]]))
    yield case("a separator at the end", joined(statements) + "~")
    yield case("longer than 3 KiB", edited(1, delegation="b" * 2000))
    yield case("a letter that is not ASCII", joined(statements)[:-1] + "é")


def of_form() -> Iterator[Vector]:
    statements = signed(payloads())
    yield case("two levels in the wrong order", joined([statements[1], statements[0], *statements[2:]]))
    yield case("a seat's statement shown as the device's", joined([*statements[:2], statements[1], statements[3]]))
    yield case("alg EdDSA", headed(1, b'{"alg":"EdDSA","typ":"incamera-seat"}'))
    yield case("alg none", headed(1, b'{"alg":"none","typ":"incamera-seat"}'))
    yield case("a kid in the header", headed(1, b'{"alg":"Ed25519","typ":"incamera-seat","kid":"1"}'))
    jwk = json.dumps(key("stranger").public.jwk(), separators=(",", ":"))
    own = f'{{"alg":"Ed25519","typ":"incamera-seat","jwk":{jwk}}}'.encode()
    yield case("a key of its own in the header", headed(1, own, key("stranger")))
    yield case("header members in another order", headed(1, b'{"typ":"incamera-seat","alg":"Ed25519"}'))
    yield case("a space in the header", headed(1, b'{"alg":"Ed25519", "typ":"incamera-seat"}'))
    yield case("typ of an act", headed(2, compact({"alg": ALGORITHM, "typ": Typ.ACT.value})))
    yield case("typ in capitals", headed(1, b'{"alg":"Ed25519","typ":"INCAMERA-SEAT"}'))
    yield case("padding at a signature", with_signature(2, lambda found: b64u(found) + "=="))
    yield case("a set bit that stands for nothing", with_signature(2, lambda found: b64u(found)[:-1] + "B"))
    yield case("a signature of 63 bytes", with_signature(2, lambda found: b64u(found[:-1])))
    yield case("a signature of 65 bytes", with_signature(2, lambda found: b64u(found + b"\0")))
    yield case("no signature", with_signature(0, lambda found: ""))
    yield case("four parts", joined([statements[0] + ".AAAA", *statements[1:]]))
    yield case("base64 of the other alphabet", joined([statements[0].replace("_", "/", 1), *statements[1:]]))
    yield case("a newline at the end", joined(statements) + "\n")


def of_payload() -> Iterator[Vector]:
    seat = compact(payloads()[1])
    yield case("a member that no format has", edited(1, role="chair"))
    for level, member in enumerate(["charter", "seat", "cnf", "group"]):
        claims = payloads()
        del claims[level][member]
        yield case(f"a {LEVELS[level]} without {member}", joined(signed(claims)))
    yield case("a name that stands twice", raw(1, seat[:-1] + b',"seat":"nld-head"}'))
    twice = seat[:-1] + b',"\\u0073eat":"nld-head"}'
    yield case("a name that stands twice, once with an escape", raw(1, twice))
    number = str(NOW_MS + DAY_MS).encode()
    for name, time in [
        ("a time with a fraction", number + b".5"),
        ("a time with a zero fraction", number + b".0"),
        ("a time with an exponent", b"2e12"),
        ("a time with a zero in front", b"0" + number),
        ("a negative time", b"-1"),
        ("minus zero", b"-0"),
        ("a time of 2^53", b"9007199254740992"),
        ("a time as text", b'"' + number + b'"'),
        ("a time that is true", b"true"),
        ("no number: NaN", b"NaN"),
        ("no number: Infinity", b"Infinity"),
        ("a time in a list", b"[" + number + b"]"),
    ]:
        yield case(name, raw(1, seat.replace(b'"exp":' + number, b'"exp":' + time)))
    yield case("version 2", edited(0, v=2))
    yield case("version true", edited(0, v=True))
    yield case("a delegation in capitals", edited(0, delegation="BEL"))
    yield case("a seat of 33 characters", edited(1, seat="s" * 33))
    yield case("an empty seat", edited(1, seat=""))
    yield case("a meeting of 15 bytes", everywhere(meeting=b64u(bytes(15))))
    yield case("a sitting's id with padding", edited(3, sitting=SITTING + "=="))
    yield case("a group that is null", edited(3, group=None))
    for name, jwk in [
        ("a key of 31 bytes", {"kty": "OKP", "crv": "Ed25519", "x": b64u(bytes(31))}),
        ("a key of another curve", {"kty": "OKP", "crv": "X25519", "x": DEVICE.public.jwk()["x"]}),
        ("a key with a use", DEVICE.public.jwk() | {"use": "sig"}),
        ("a private key", DEVICE.public.jwk() | {"d": b64u(DEVICE.seed())}),
        ("the neutral point as a key", {"kty": "OKP", "crv": "Ed25519", "x": b64u(b"\x01" + bytes(31))}),
        ("a point of order 4 as a key", {"kty": "OKP", "crv": "Ed25519", "x": b64u(bytes(32))}),
        (
            "a point of order 8 as a key",
            {"kty": "OKP", "crv": "Ed25519", "x": "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o"},
        ),
        (
            "a key not in its canonical form",
            {"kty": "OKP", "crv": "Ed25519", "x": b64u(b"\xf0" + b"\xff" * 30 + b"\x7f")},
        ),
    ]:
        yield case(name, edited(2, cnf={"jwk": jwk}))
    yield case("a list", raw(1, b"[]"))
    yield case("no JSON", raw(1, b"seat"))
    yield case("no payload", raw(1, b""))
    yield case("a byte order mark", raw(1, b"\xef\xbb\xbf" + seat))
    yield case("bytes that are not UTF-8", raw(1, seat.replace(b"bel-head", b"bel-\xff")))
    yield case("half a surrogate pair", raw(1, seat.replace(b"bel-head", b"\\ud800")))
    yield case("more after the end", raw(1, seat + b"{}"))
    yield case("a comma too many", raw(1, seat[:-1] + b",}"))
    yield case("a comment", raw(1, seat + b"/**/"))
    yield case("a control character in a text", raw(1, seat.replace(b"bel-head", b"bel\x01")))
    yield case("33 levels deep", raw(1, seat[:-1] + b',"a":' + b"[" * 32 + b"]" * 32 + b"}"))


def of_keys_and_issuers() -> Iterator[Vector]:
    claims = payloads()
    claims[2]["cnf"] = claims[1]["cnf"]
    claims[3]["iss"] = INVITATION.thumbprint
    yield case("the seat's key as the device's", joined(signed(claims, {3: INVITATION})))
    yield case("the device's key as the leaf's", edited(3, cnf={"jwk": DEVICE.public.jwk()}))
    claims = payloads()
    claims[0]["cnf"] = {"jwk": AUTHORITY.public.jwk()}
    claims[1]["iss"] = AUTHORITY.thumbprint
    yield case("the authority's key as a delegation's", joined(signed(claims, {1: AUTHORITY})))
    chain = joined(signed(payloads()))
    yield case("another authority in the link", chain, authority=key("another authority").public)
    claims = payloads()
    claims[0]["iss"] = key("stranger").thumbprint
    yield case("a delegation of another authority", joined(signed(claims, {0: key("stranger")})))
    for level, above in [(1, AUTHORITY), (2, DELEGATION), (3, INVITATION)]:
        claims = payloads()
        claims[level]["iss"] = above.thumbprint
        yield case(f"a {LEVELS[level]} by the key two levels above", joined(signed(claims, {level: above})))


def of_signatures() -> Iterator[Vector]:
    for level, name in enumerate(LEVELS):
        chain = joined(signed(payloads(), {level: key("stranger")}))
        yield case(f"a {name} that a stranger signed in its issuer's name", chain)
    for level, name in enumerate(LEVELS):
        flipped = with_signature(level, lambda found: b64u(bytes([found[0] ^ 1]) + found[1:]))
        yield case(f"a {name} with one bit of its signature changed", flipped)

    def grown(found: bytes) -> str:
        return b64u(found[:32] + (int.from_bytes(found[32:], "little") + ORDER).to_bytes(32, "little"))

    yield case("a signature whose S is not reduced (RFC 8032, 5.1.7)", with_signature(2, grown))
    yield case("a signature whose R is of small order", with_signature(2, lambda found: b64u(b"\x01" + bytes(63))))
    claims = payloads()
    claims[2]["seat"] = "nld-head"
    statements = signed(payloads())
    parts = statements[2].split(".")
    statements[2] = ".".join((parts[0], b64u(compact(claims[2])), parts[2]))
    yield case("a payload changed after it was signed", joined(statements))


def of_claims() -> Iterator[Vector]:
    chain = joined(signed(payloads()))
    other = MeetingId(b64u(octets("another meeting", 16)))
    yield case("a chain of another meeting", everywhere(meeting=other))
    for level, name in enumerate(LEVELS):
        yield case(f"a {name} of another meeting", edited(level, meeting=other))
    yield case("a charter that is none of this meeting's", chain, charters=[Hash(b64u(octets("other", 32)))])
    yield case("a seat of another delegation", edited(1, delegation="nld"))
    yield case("a device in another delegation", edited(2, delegation="nld"))
    yield case("a device on another seat", edited(2, seat="nld-head"))
    yield case("a seat that the charter does not have", chain, seats={})
    yield case("a seat that the charter gives to another delegation", chain, seats={SeatId("bel-head"): "nld"})


def of_times() -> Iterator[Vector]:
    chain = joined(signed(payloads()))
    yield case("more than five minutes before it begins", chain, NOW_MS - HOUR_MS - SKEW_MS - 1)
    yield case("five minutes after its end", chain, NOW_MS + DAY_MS + SKEW_MS)
    for level, name in enumerate(LEVELS):
        yield case(f"an expired {name}", edited(level, nbf=NOW_MS - DAY_MS, exp=NOW_MS - HOUR_MS))
        yield case(f"a {name} of tomorrow", edited(level, nbf=NOW_MS + HOUR_MS))
    yield case("an end at its beginning", edited(1, nbf=NOW_MS, exp=NOW_MS))
    yield case("an end before its beginning", edited(1, nbf=NOW_MS + 1000, exp=NOW_MS))
    yield case("a leaf for more than two days", edited(3, exp=NOW_MS - HOUR_MS + 2 * DAY_MS + 1))


def of_facts() -> Iterator[Vector]:
    chain = joined(signed(payloads()))
    elsewhere = LeafPlace(SittingId(b64u(octets("another sitting", 16))), GROUP)
    yield case("a leaf of another sitting", chain, leaf=elsewhere)
    yield case("a leaf of another group", chain, leaf=LeafPlace(SITTING, GroupId(b64u(octets("another group", 16)))))
    yield case("a device whose enrolment is not in the record", chain, enrolled=[LEAF.thumbprint])
    yield case("a revoked device", chain, revoked=[DEVICE.thumbprint])
    yield case("a revoked device that never enrolled", chain, enrolled=[], revoked=[DEVICE.thumbprint])


def chains() -> Vector:
    """The file. Each case holds what differs from `expected`."""
    groups = [
        (good(), {None}),
        (of_length(), {"CHAIN-1"}),
        (of_form(), {"CHAIN-2"}),
        (of_payload(), {"CHAIN-3"}),
        (of_keys_and_issuers(), {"CHAIN-4", "CHAIN-5", "CHAIN-6"}),
        (of_signatures(), {"CHAIN-7"}),
        (of_claims(), {"CHAIN-8", "CHAIN-9", "CHAIN-10"}),
        (of_times(), {"CHAIN-11"}),
        (of_facts(), {"CHAIN-12", "CHAIN-13", "CHAIN-14"}),
    ]
    cases: list[Vector] = []
    for group, rules in groups:
        made = list(group)
        assert {vector["rule"] for vector in made} == rules, "a case is refused by the rule that it was made for"
        cases += made
    return {
        "about": "Chains, what they are held to, and the first rule that refuses them (docs/reference/record.md, 2).",
        "made_by": "tests/vectors/make.py",
        "expected": STANDARD,
        "cases": cases,
    }
