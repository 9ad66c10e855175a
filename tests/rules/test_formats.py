"""Every parser of a format gives a typed value or a Refusal, whatever bytes come; nothing else."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from incamera.accreditation import authority
from incamera.accreditation.bundle import Bundle, read_bundle
from incamera.accreditation.charter import Charter, PartId, open_charter, open_contents
from incamera.accreditation.credential import Credential, validate
from incamera.accreditation.draft import Draft, read_draft
from incamera.accreditation.invitation import Invitation, parse_link
from incamera.accreditation.signature import PublicKey, Signed, SigningKey, Typ, open_signed, public_key, sign
from incamera.accreditation.strict import Malformed, b64u, compact, load, unb64u
from incamera.audit.archive import Archive, read_archive
from incamera.record import journal
from incamera.record.entry import Entry, JournalId, make_entry, parse_entry
from incamera.refusal import Refusal
from tests.vectors.charters import CHARTER, CHARTER_JWS, PARTS
from tests.vectors.given import AUTHORITY, JOURNAL, MAIN, MEETING, NOW_MS, REGISTRAR, expected, payloads, signed
from tests.vectors.records import export, head, meeting

CHAIN = "~".join(signed(payloads()))
WHOLE = export()
HEAD = journal.sign_head(REGISTRAR, head(meeting()))
LINE = meeting().order[2].line()
LINK = Invitation("https://meet.example", MEETING, AUTHORITY.thumbprint, AUTHORITY).link()
DRAFT = "organisation: x\nlanguages: [en]\ndelegations:\n  - {id: a, seats: [{id: b, role: chair, rank: 0}]}\n"

json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-10, 2**54)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def mutated(whole: bytes) -> st.SearchStrategy[bytes]:
    """The bytes with a few of them changed, removed, doubled or exchanged."""

    @st.composite
    def strategy(draw: st.DrawFn) -> bytes:
        data = bytearray(whole)
        for _ in range(draw(st.integers(1, 4))):
            place = draw(st.integers(0, max(len(data) - 1, 0)))
            match draw(st.integers(0, 3)):
                case 0:
                    data[place : place + 1] = bytes([draw(st.integers(0, 255))])
                case 1:
                    del data[place : place + draw(st.integers(1, 40))]
                case 2:
                    data[place:place] = data[place : place + draw(st.integers(1, 40))]
                case _:
                    data[place:place] = draw(st.binary(max_size=8))
        return bytes(data)

    return strategy()


PARSERS: dict[str, tuple[bytes, type, Callable[[bytes], Any]]] = {
    "chain": (CHAIN.encode(), Credential, lambda data: validate(data.decode("latin-1"), expected(), NOW_MS)),
    "charter": (
        CHARTER_JWS.encode(),
        Signed,
        lambda data: open_charter(data.decode("latin-1"), authorities=[AUTHORITY.thumbprint]),
    ),
    "draft": (DRAFT.encode(), (Draft, tuple), lambda data: read_draft(data.decode("utf-8", "replace"))),  # type: ignore[dict-item]
    "bundle": (Bundle(CHARTER_JWS, PARTS, ()).write(), Bundle, read_bundle),
    "link": (LINK.encode(), Invitation, lambda data: parse_link(data.decode("latin-1"))),
    "entry": (LINE, Entry, parse_entry),
    "head": (
        HEAD.encode(),
        Signed,
        lambda data: journal.open_head(data.decode("latin-1"), REGISTRAR.public, MEETING),
    ),
    "export": (WHOLE, Archive, read_archive),
    "key": (AUTHORITY.public.octets, PublicKey, public_key),
    "locked key": (b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIG", SigningKey, lambda data: authority.unlock(data, "x")),
}


@pytest.mark.parametrize("name", PARSERS)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_parser_gives_a_value_or_a_refusal(name: str, data: st.DataObject) -> None:
    whole, kind, parse = PARSERS[name]
    octets = data.draw(st.one_of(st.binary(max_size=300), mutated(whole), json.map(compact)))
    assert isinstance(parse(octets), (kind, Refusal))


def test_ten_thousand_mutated_chains_are_refused_or_the_same_credential() -> None:
    chance = random.Random(20210217)
    good = validate(CHAIN, expected(), NOW_MS)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~="
    for _ in range(10_000):
        text = list(CHAIN)
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            place = chance.randrange(len(text))
            match chance.randrange(4):
                case 0:
                    text[place] = chance.choice(letters)
                case 1:
                    del text[place]
                case 2:
                    text.insert(place, chance.choice(letters))
                case _:
                    other = chance.randrange(len(text))
                    text[place], text[other] = text[other], text[place]
        outcome = validate("".join(text), expected(), NOW_MS)
        assert isinstance(outcome, Refusal) or outcome == good


@settings(deadline=None, max_examples=200)
@given(
    level=st.integers(0, 3),
    member=st.sampled_from(["v", "meeting", "iss", "nbf", "exp", "cnf", "seat", "x"]),
    value=json,
)
def test_a_well_signed_wrong_statement_is_refused_or_says_the_same(level: int, member: str, value: Any) -> None:
    claims = payloads()
    claims[level][member] = value
    outcome = validate("~".join(signed(claims)), expected(), NOW_MS)
    assert isinstance(outcome, Refusal) or claims == payloads() or member in ("nbf", "exp")


def test_each_changed_byte_of_an_export_is_found() -> None:
    for place in range(0, len(WHOLE), 23):  # `record verify` takes each of them: this is the form alone
        for bit in (0x01, 0x20, 0x80):
            changed = bytearray(WHOLE)
            changed[place] ^= bit
            outcome = read_archive(bytes(changed))
            is_in_head = isinstance(outcome, Archive) and outcome.head != HEAD
            assert isinstance(outcome, Refusal) or is_in_head, f"byte {place}"


@settings(deadline=None, max_examples=100)
@given(moves=st.lists(st.tuples(st.booleans(), st.text(min_size=1, max_size=20), st.integers(0, 5)), max_size=20))
def test_whatever_is_linked_is_accepted_by_check_and_merges_into_the_order_of_appending(
    moves: list[tuple[bool, str, int]],
) -> None:
    tails = {name: journal.beginning(MEETING, name) for name in (MAIN, JOURNAL)}
    order: list[Entry] = []
    at_ms = 0
    for is_main, text, wait in [(True, "first", 0), *moves]:
        name: JournalId = MAIN if is_main else JOURNAL
        at_ms += wait - 2  # a clock that falls now and then
        main = None if is_main else tails[MAIN].place
        entry = journal.link(tails[name], at_ms=max(at_ms, 0), main=main, body=text)
        assert parse_entry(entry.line()) == entry
        places = {one.place for one in order}
        assert journal.check(tails[name], entry, places.__contains__) == journal.follow(tails[name], entry)
        tails[name] = journal.follow(tails[name], entry)
        order.append(entry)
    parts = [[entry for entry in order if entry.header.journal == name] for name in (MAIN, JOURNAL)]
    assert list(journal.merge(*parts)) == order


@given(st.binary(max_size=200))
def test_b64u_has_one_text_for_each_value(data: bytes) -> None:
    assert unb64u(b64u(data)) == data


@given(st.text(alphabet="AQgw_-=+/ \n", max_size=12))
def test_b64u_is_read_only_as_it_is_written(text: str) -> None:
    data = unb64u(text)
    assert data is None or b64u(data) == text


@given(json)
@example({"a": [1, {"b": None}]})
def test_what_we_write_without_floats_is_what_we_read(value: Any) -> None:
    try:
        assert load(compact(value)) == value
    except Malformed:
        assert not all(0 <= number < 2**53 for number in numbers(value)) or has_floats(value)


def numbers(value: Any) -> list[int]:
    match value:
        case list():
            return [number for one in value for number in numbers(one)]
        case dict():
            return numbers(list(value.values()))
        case int() if not isinstance(value, bool):
            return [value]
    return []


def has_floats(value: Any) -> bool:
    match value:
        case list():
            return any(has_floats(one) for one in value)
        case dict():
            return any(has_floats(one) for one in value.values())
    return isinstance(value, float)


@given(st.binary(min_size=32, max_size=32), st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
def test_what_is_signed_opens_with_the_same_hash_and_for_one_purpose_only(seed: bytes, payload: dict[str, str]) -> None:
    key = SigningKey(seed)
    text = sign(key, Typ.ACT, compact(payload))
    opened = open_signed(
        text, typ=Typ.ACT, key=key.public, parse=lambda members: members.each(lambda *one: one, most=9)
    )
    assert isinstance(opened, Signed)
    assert opened.jws == text
    assert isinstance(open_signed(text, typ=Typ.HEAD, key=key.public, parse=lambda members: None), Refusal)


def test_a_value_is_signed_only_if_it_was_opened() -> None:
    with pytest.raises(AssertionError):
        Signed("payload", "a.b.c", AUTHORITY.thumbprint, AUTHORITY.public, object())  # type: ignore[arg-type]


def test_parts_that_were_not_signed_are_refused() -> None:
    assert isinstance(CHARTER, Charter)
    for name, data in PARTS.items():
        assert isinstance(open_contents({PartId(name): data + b" "}, CHARTER), Refusal)


def test_make_entry_refuses_a_body_that_its_header_does_not_name() -> None:
    entry = meeting().order[0]
    with pytest.raises(AssertionError):
        make_entry(entry.header, "another")


@pytest.mark.parametrize("number", ["00000000099", "0" * 5_000, "9" * 5_000, "-1", "100"])
def test_a_number_of_a_draft_is_within_its_bounds_however_it_is_written(number: str) -> None:
    refused = read_draft(DRAFT.replace("rank: 0", f'rank: "{number}"'))
    assert isinstance(refused, tuple)
    assert any("rank" in str(refusal) for refusal in refused)
