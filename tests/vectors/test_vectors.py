"""The formats stand still: Python makes the same vectors, and says the same of each, as when they were written."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from incamera.accreditation.signature import SigningKey
from tests.vectors.given import KEYS, Vector, written
from tests.vectors.make import FILES, FOLDER


def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize(("name", "make"), FILES.items(), ids=list(FILES))
def test_a_vector_file_is_what_its_maker_writes(name: str, make: Callable[[], Vector]) -> None:
    assert written(make()) == (FOLDER / name).read_text(encoding="utf-8"), "run `python -m tests.vectors.make`, review"


def test_each_rule_of_the_chain_refuses_a_chain() -> None:
    rules = {case["rule"] for case in read("chain.json")["cases"]}
    assert rules == {None, *(f"CHAIN-{number}" for number in range(1, 15))}


def test_each_rule_of_the_journal_refuses_an_entry() -> None:
    rules = {case["outcome"].get("rule") for case in read("journal.json")["cases"]}
    assert rules == {None, *(f"ENTRY-{number}" for number in range(3, 8))}


def test_another_library_verifies_what_we_sign() -> None:
    vectors = read("act.json")
    opened = jws.deserialize_compact(
        vectors["cases"][0]["jws"], OKPKey.import_key(vectors["key"]), algorithms=["Ed25519"]
    )
    assert json.loads(opened.payload) == vectors["payload"]
    assert opened.headers() == {"alg": "Ed25519", "typ": "incamera-act"}


def test_another_library_signs_the_same_bytes() -> None:
    vectors = read("act.json")
    key = OKPKey.import_key({**vectors["key"], "d": vectors["seed"]})
    payload = json.dumps(vectors["payload"], separators=(",", ":"))
    text = jws.serialize_compact({"alg": "Ed25519", "typ": "incamera-act"}, payload, key, algorithms=["Ed25519"])
    assert text == vectors["cases"][0]["jws"]


@pytest.mark.parametrize("key", KEYS)
def test_another_library_names_keys_as_we_do(key: SigningKey) -> None:
    assert OKPKey.import_key(key.public.jwk()).thumbprint() == key.thumbprint  # type: ignore[arg-type]
