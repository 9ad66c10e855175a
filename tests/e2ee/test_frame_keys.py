"""When keys are set, switched to and overwritten: joins overlap, removals do not."""

from incamera.e2ee.frame_keys import RING, FrameKeys, Overwrite, SendUnder, SetKey, identities_of

ME, OTHER, GONE = "me.a", "other.b", "gone.c"


def keys(*identities: str, of: int) -> dict[str, bytes]:
    return {identity: bytes([of]) * 32 for identity in identities}


def test_the_first_round_is_sent_under_at_once() -> None:
    ring = FrameKeys(ME)
    assert ring.appear(keys(OTHER, of=1)) == []
    assert ring.advance(0, 1, keys(ME, of=1), is_removal=False) == [SetKey(ME, 1, bytes([1]) * 32), SendUnder(1)]
    assert ring.appear(keys(OTHER, of=1)) == [SetKey(OTHER, 1, bytes([1]) * 32)]
    assert ring.sends_under == 1


def test_after_a_join_the_switch_waits_300_ms_and_old_keys_go_once_what_their_sender_sent_before_is_here() -> None:
    ring = FrameKeys(ME)
    ring.advance(0, 1, keys(ME, OTHER, of=1), is_removal=False)
    commands = ring.advance(1_000, 2, keys(ME, OTHER, of=2), is_removal=False)
    assert [type(command) for command in commands] == [SetKey, SetKey]
    assert (ring.sends_under, ring.next_ms()) == (1, 1_300)
    assert ring.due(1_299) == []
    assert ring.due(1_300) == [SendUnder(2)]
    ring.switched(1_400, OTHER, 2)
    assert ring.due(3_399) == [], "a frame that was sealed before the switch may come after the heartbeat"
    assert ring.next_ms() == 3_400
    assert ring.due(3_400) == [Overwrite(OTHER, 1)]
    assert ring.due(11_000) == [Overwrite(ME, 1)]
    assert ring.next_ms() is None


def test_a_sender_s_word_of_an_older_round_makes_no_key_go() -> None:
    ring = FrameKeys(ME)
    ring.advance(0, 1, keys(ME, OTHER, of=1), is_removal=False)
    ring.advance(1_000, 2, keys(ME, OTHER, of=2), is_removal=False)
    ring.switched(1_400, OTHER, 1)
    assert ring.due(10_999) == [SendUnder(2)], "it still sends under the first, and goes on under the second"


def test_a_sender_s_word_opens_only_rounds_whose_key_of_its_participant_stands_here() -> None:
    ring = FrameKeys(ME)
    ring.advance(0, 3, keys(ME, of=3), is_removal=False)
    ring.appear(keys(OTHER, of=3))
    assert ring.opens(OTHER, 3)
    assert not ring.opens(OTHER, 2), "the round before we came"
    assert not ring.opens(OTHER, 3 - RING), "the same place in the ring, long ago"
    assert not ring.opens(OTHER, 4), "it has not come here yet"
    assert not ring.opens(GONE, 3)
    ring.advance(1_000, 4, keys(ME, OTHER, of=4), is_removal=False)
    ring.switched(1_500, OTHER, 4)
    assert ring.opens(OTHER, 3), "in the overlap"
    ring.due(3_500)
    assert not ring.opens(OTHER, 3)


def test_after_a_removal_the_switch_is_at_once_and_every_older_key_goes_after_2_s() -> None:
    ring = FrameKeys(ME)
    ring.advance(0, 1, keys(ME, OTHER, GONE, of=1), is_removal=False)
    commands = ring.advance(1_000, 2, keys(ME, OTHER, of=2), is_removal=True)
    assert commands[0] == Overwrite(GONE, 1)
    assert commands[-1] == SendUnder(2)
    assert ring.due(2_999) == []
    assert ring.due(3_000) == [Overwrite(ME, 1), Overwrite(OTHER, 1)]


def test_a_removal_shortens_the_overlap_of_a_join_just_before() -> None:
    ring = FrameKeys(ME)
    ring.advance(0, 1, keys(ME, OTHER, of=1), is_removal=False)
    ring.advance(1_000, 2, keys(ME, OTHER, of=2), is_removal=False)
    ring.advance(1_100, 3, keys(ME, OTHER, of=3), is_removal=True)
    assert ring.sends_under == 3
    assert ring.due(3_100) == [Overwrite(ME, 1), Overwrite(ME, 2), Overwrite(OTHER, 1), Overwrite(OTHER, 2)]


def test_a_key_that_came_round_the_ring_is_not_overwritten_for_the_old_one() -> None:
    ring = FrameKeys(ME)
    for round in range(1, 18):
        ring.advance(round * 10, round, keys(ME, of=round), is_removal=False)
    overwritten = [command.index for command in ring.due(60_000) if isinstance(command, Overwrite)]
    assert sorted(overwritten) == [0, *range(2, 16)]


def test_only_devices_of_the_roster_have_keys_and_no_key_is_printed() -> None:
    assert identities_of(["me", "other"], [ME, OTHER, GONE]) == (ME, OTHER)
    assert "•" in repr(SetKey(ME, 1, b"secret" * 5))
    assert "secret" not in repr(SetKey(ME, 1, b"secret" * 5))
