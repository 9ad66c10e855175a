"""Tokens: what counts, what does not, and what a removal does to them. `livekit-api` is the other side."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey
from livekit import api

from incamera.clock import SystemClock
from incamera.refusal import Code, Refusal
from incamera.sfu import tokens
from incamera.sfu.tokens import Claims, Grants, Revocations, read

SECRET = "a secret of at least thirty-two characters"
KEYS = {"key": SECRET, "other": "another secret, also of thirty-two and more"}
NOW_MS = 1_800_000_000_000
NOW_S = NOW_MS // 1000
names = st.text(min_size=1, max_size=20)


def signed(claims: dict[str, object], secret: str = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode({"alg": algorithm}, claims, OctKey.import_key(secret), algorithms=[algorithm])


def refused(token: str | None) -> Code:
    answer = read(KEYS, token, now_ms=NOW_MS)
    assert isinstance(answer, Refusal)
    return answer.code


GRANTS = st.builds(
    Grants,
    room=names,
    room_join=st.booleans(),
    room_admin=st.booleans(),
    can_publish=st.booleans(),
    can_subscribe=st.booleans(),
    can_publish_data=st.booleans(),
    can_publish_sources=st.lists(st.sampled_from(tokens.SOURCES), unique=True).map(tuple),
    can_update_own_metadata=st.booleans(),
    hidden=st.booleans(),
)


@given(identity=names, grants=GRANTS, attributes=st.dictionaries(names, names, max_size=3))
def test_what_was_issued_is_what_is_read(identity: str, grants: Grants, attributes: dict[str, str]) -> None:
    token = tokens.issue(KEYS, identity, grants.room, grants, now_ms=NOW_MS, attributes=attributes, key="other")
    claims = read(KEYS, token, now_ms=NOW_MS)
    assert isinstance(claims, Claims)
    assert (claims.identity, claims.grants, claims.attributes, claims.key) == (identity, grants, attributes, "other")


@given(st.text(max_size=300) | st.binary(max_size=200).map(lambda raw: base64.urlsafe_b64encode(raw).decode() + ".x.y"))
def test_nothing_else_counts_and_nothing_raises(text: str) -> None:
    assert refused(text) in (Code.TOKEN_INVALID, Code.TOKEN_MISSING)


def test_livekit_api_reads_ours_and_we_read_its() -> None:
    now_ms = SystemClock().now_ms()
    ours = tokens.issue(KEYS, "alice", "room", Grants(room_join=True), now_ms=now_ms, name="Alice")
    read_there = api.TokenVerifier("key", SECRET).verify(ours)
    assert (read_there.identity, read_there.name, read_there.video.room) == ("alice", "Alice", "room")
    theirs = (
        api.AccessToken("key", SECRET)
        .with_identity("bob")
        .with_grants(api.VideoGrants(room_join=True, room="room", can_publish_sources=["camera"]))
        .to_jwt()
    )
    claims = read(KEYS, theirs, now_ms=now_ms)
    assert isinstance(claims, Claims)
    assert claims.grants == Grants(room="room", room_join=True, can_publish_sources=("camera",))
    assert claims.issued_s > 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"exp": None}, Code.TOKEN_INVALID),
        ({"exp": NOW_S - 61}, Code.TOKEN_EXPIRED),
        ({"exp": True}, Code.TOKEN_INVALID),
        ({"nbf": NOW_S + 61}, Code.TOKEN_NOT_YET_VALID),
        ({"iss": "nobody"}, Code.TOKEN_INVALID),
        ({"iss": None}, Code.TOKEN_INVALID),
        ({"iss": ["key"]}, Code.TOKEN_INVALID),
        ({"video": "all"}, Code.TOKEN_INVALID),
        ({"video": {"canPublishSources": ["everything"]}}, Code.TOKEN_INVALID),
        ({"attributes": {"a": 1}}, Code.TOKEN_INVALID),
    ],
)
def test_a_signed_token_with_wrong_claims_does_not_count(change: dict[str, object], code: Code) -> None:
    claims: dict[str, object] = {"iss": "key", "sub": "alice", "exp": NOW_S + 60, "video": {}} | change
    assert refused(signed({label: value for label, value in claims.items() if value is not None})) == code


def test_a_minute_of_skew_is_allowed() -> None:
    claims = {"iss": "key", "sub": "alice", "exp": NOW_S - 59, "nbf": NOW_S + 0}
    assert isinstance(read(KEYS, signed(claims), now_ms=NOW_MS), Claims)


def test_one_algorithm_counts() -> None:
    claims = {"iss": "key", "sub": "alice", "exp": NOW_S + 60}
    assert refused(signed(claims, algorithm="HS512")) == Code.TOKEN_INVALID
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    assert refused(f"{header}.{body}.") == Code.TOKEN_INVALID
    assert refused(signed(claims, secret="another secret, also of thirty-two and more")) == Code.TOKEN_INVALID


def test_no_token_and_a_huge_one_are_refused() -> None:
    assert refused(None) == Code.TOKEN_MISSING
    assert refused("") == Code.TOKEN_MISSING
    assert refused("a" * 100_000) == Code.TOKEN_INVALID


def test_a_removal_refuses_what_was_issued_before_and_not_after() -> None:
    revocations = Revocations()
    before = read(KEYS, tokens.issue(KEYS, "alice", "room", Grants(room_join=True), now_ms=NOW_MS), now_ms=NOW_MS)
    after = read(KEYS, tokens.issue(KEYS, "alice", "room", Grants(room_join=True), now_ms=NOW_MS + 2), now_ms=NOW_MS)
    elsewhere = read(KEYS, tokens.issue(KEYS, "alice", "hall", Grants(room_join=True), now_ms=NOW_MS), now_ms=NOW_MS)
    assert isinstance(before, Claims)
    assert isinstance(after, Claims)
    assert isinstance(elsewhere, Claims)
    assert revocations.check(before) is None
    revocations.revoke("room", "alice", NOW_MS / 1000 + 0.001)
    refusal = revocations.check(before)
    assert refusal is not None
    assert refusal.code == Code.TOKEN_REVOKED
    assert revocations.check(after) is None
    assert revocations.check(elsewhere) is None


def test_a_token_that_does_not_say_when_it_was_issued_falls_to_any_removal() -> None:
    revocations = Revocations()
    claims = read(KEYS, signed({"iss": "key", "sub": "alice", "exp": NOW_S, "video": {"room": "room"}}), now_ms=NOW_MS)
    assert isinstance(claims, Claims)
    revocations.revoke("room", "alice", 1.0)
    assert revocations.check(claims) is not None
