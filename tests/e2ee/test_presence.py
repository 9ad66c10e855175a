"""Forks by name, a stalled feed, and whose turn it is, through the typed face."""

from incamera.accreditation.strict import Hash, Thumbprint, b64u, sha256
from incamera.e2ee.facts import Head, Heads
from incamera.e2ee.group import Received
from incamera.e2ee.heartbeat import Fork, Heard, Heartbeat, Ledger, Presence, next_update

BY = Thumbprint(sha256(b"device"))
NONCE = b64u(b"nonce-01")


def heard(leaf: int, *, echo: str) -> Heard:
    heads = Heads(None, None)
    beat = Heartbeat(heads=heads, round=1, sends_under=1, nonce=b64u(b"nonce-02"), echoes=(echo,))
    return Heard(Received(leaf, BY, 1, heads, b""), beat)


def test_a_fork_is_named_whether_it_is_behind_us_or_ahead() -> None:
    ledger = Ledger()
    ours, theirs = sha256(b"ours"), sha256(b"theirs")
    assert ledger.extend("main", 1, ours) == ()
    assert ledger.testify(BY, Heads(Head(1, ours), None)) == ()
    assert ledger.testify(BY, Heads(Head(1, theirs), None)) == (Fork("main", 1, ours, theirs, BY),)
    assert ledger.testify(BY, Heads(Head(2, theirs), None)) == ()
    assert ledger.extend("main", 2, Hash(ours)) == (Fork("main", 2, ours, theirs, BY),)


def test_a_feed_without_echoes_stalls_and_then_stops() -> None:
    presence = Presence(0)
    presence.sent(10_000, NONCE)
    presence.heard(11_000, 0, heard(1, echo=NONCE))
    assert [presence.feed(now, 2) for now in (39_999, 40_000, 110_000)] == ["live", "stalled", "stopped"]
    assert presence.feed(110_000, 1) == "alone"
    assert presence.echoes() == (b64u(bytes(8)), b64u(b"nonce-02"))
    assert presence.hears(12_000) == (1,)
    assert presence.silent(700_000, (1,)) == (1,)


def test_the_lowest_leaf_heard_commits_and_the_next_takes_over() -> None:
    presence = Presence(0)
    presence.heard(100_000, 1, heard(0, echo=NONCE))
    assert presence.turn(101_000, 1, (0, 1, 2), frozenset(), 101_000) == 103_300
    assert presence.turn(101_000, 1, (0, 1, 2), frozenset({0}), 101_000) == 101_300
    assert presence.turn(101_000, 1, (0, 1), frozenset({1}), 101_000) is None
    assert next_update(0, 0, None) <= 300_000
