"""What a member takes from the feed of a server that it need not trust."""

import json

import pytest

from incamera.member.feed import Doors, Ended, Signal, parse

SITTING = "A" * 22
DOOR = {"sitting": SITTING, "state": "open", "act": None}
SIGNAL = {"sitting": SITTING, "from": "B" * 43, "message": "aGk"}


def test_a_door_and_a_signal_are_read() -> None:
    assert isinstance(parse(json.dumps({"door": [DOOR]})), Doors)
    assert isinstance(parse(json.dumps({"signal": SIGNAL})), Signal)


@pytest.mark.parametrize("sitting", ["../another/AAAAAAAAAAAAAAAAAAAAAA", "/etc/passwd", "", "A" * 23, ["A"], None])
def test_a_sitting_that_is_no_id_names_no_file_of_the_members(sitting: object) -> None:
    for message in ({"door": [{**DOOR, "sitting": sitting}]}, {"signal": {**SIGNAL, "sitting": sitting}}):
        assert isinstance(parse(json.dumps(message)), Ended)


def test_a_message_that_is_nested_too_deep_ends_the_feed_and_not_the_member() -> None:
    assert isinstance(parse("[" * 1_000_000), Ended)
