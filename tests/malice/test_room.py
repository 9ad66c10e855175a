"""The page's room in private, in Chromium on our media server: keys and folds stop who may not.

Each page has the product's room, seal, worker and devices (web/harness/room.ts); the test plays the group and the
floor, and the media server delivers everything to everybody as long as it likes.
"""

import secrets

import pytest

from tests.malice.room import NO_FLOOR, Group, Hall, falls_silent, hears_more, sees_more
from tests.support.browsers import await_true

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_members_see_one_another_and_hear_whom_the_floor_lets_speak(hall: Hall) -> None:
    group = Group()
    anna, ben = hall.enter("anna"), hall.enter("ben")
    group.members += [anna, ben]
    group.next("fresh")
    group.floor(anna)
    sees_more(anna, ben)
    sees_more(ben, anna)
    hears_more(ben, anna)
    await_true("the picture is attached", lambda: ben.shows(anna) and anna.shows(ben))
    assert anna.sound(ben) == 0, "who has not the floor was heard"
    group.floor(ben)
    hears_more(anna, ben)
    heard = falls_silent(ben, anna)
    hears_more(anna, ben)
    assert ben.sound(anna) - heard <= 1, "who lost the floor was heard"


def test_a_participant_without_keys_decodes_nothing(hall: Hall) -> None:
    group = Group()
    anna, ben = hall.enter("anna"), hall.enter("ben")
    group.members += [anna, ben]
    group.next("fresh")
    group.floor(anna)
    eve = hall.enter("eve", publishes=False)
    # Its page takes part in a group of its own, in which the others are: it has a roster, and no key of theirs.
    eve.call("enter", group.round, "fresh", ["anna", "ben", "eve"], list(secrets.token_bytes(32)))
    eve.call("setSpeakers", ["anna", "ben", "eve"])
    sees_more(ben, anna, 30)
    hears_more(ben, anna)
    await_true("sealed frames reach it", lambda: eve.of(anna, "failed") >= 30)
    assert [eve.pictures(anna), eve.sound(anna), eve.opened(anna)] == [0, 0, 0]
    assert not eve.shows(anna)
    assert not ben.draws(eve), "who is not on the roster has a tile"


@pytest.mark.parametrize("label", ["none", "liar"])
def test_a_track_in_clear_is_not_shown_whatever_it_is_called(hall: Hall, label: str) -> None:
    """`none`: labelled NONE, so it is not even subscribed; `liar`: labelled as sealed, and the gate must drop it."""
    group = Group()
    anna, ben = hall.enter("anna"), hall.enter("ben", publishes=False)
    group.members += [anna, ben]
    group.next("fresh")
    group.floor(anna)
    sees_more(ben, anna)
    clear = hall.outsider("clear", label)
    group.members.append(clear)
    group.round += 1
    group.secret = secrets.token_bytes(32)
    for member in (anna, ben):
        group.tell(member, "overlap")
        member.call("setSpeakers", ["anna", "clear"])
    await_true("it is in the room", lambda: ben.draws(clear))
    if label == "liar":
        await_true("its frames reach the gate", lambda: ben.of(clear, "failed") >= 30)
    sees_more(ben, anna, 30)
    assert [ben.pictures(clear), ben.sound(clear), ben.opened(clear)] == [0, 0, 0]
    assert not ben.shows(clear)
    if label == "none":
        assert ben.of(clear, "failed") == 0, "a track in clear was subscribed"


def test_who_was_excluded_reads_nothing_and_is_shown_nowhere_though_the_server_goes_on(
    hall: Hall,
) -> None:
    group = Group()
    anna, ben, eve = hall.enter("anna"), hall.enter("ben"), hall.enter("eve")
    group.members += [anna, ben, eve]
    group.next("fresh")
    group.floor(anna, eve)
    sees_more(eve, anna)
    sees_more(ben, eve)
    hears_more(ben, eve)
    group.remove(eve)
    before = eve.opened(anna, "video")
    group.floor(anna, eve)
    await_true("frames of the new round reach it", lambda: eve.of(anna, "failed") > 0)
    await_true("its tile is gone", lambda: not ben.draws(eve))
    read = eve.opened(anna)
    seen, heard = ben.pictures(eve), ben.sound(eve)
    sees_more(ben, anna, 30)
    assert eve.opened(anna) == read, "a removed member went on reading"
    assert eve.opened(anna, "video") - before <= 10, "senders did not switch at once"
    assert [ben.pictures(eve), ben.sound(eve)] == [seen, heard], "what a removed member sent was shown"


@pytest.mark.long
def test_who_is_excluded_by_the_record_is_shown_no_more_before_the_commit_comes(hall: Hall) -> None:
    group = Group()
    anna, ben, eve = hall.enter("anna", publishes=False), hall.enter("ben", publishes=False), hall.enter("eve")
    group.members += [anna, ben, eve]
    group.next("fresh")
    sees_more(anna, eve)
    anna.call("exclude", "eve")
    await_true("its tile is gone", lambda: not anna.draws(eve))
    seen = anna.pictures(eve)
    sees_more(ben, eve, 30)  # who has not read that entry yet
    assert anna.pictures(eve) == seen


@pytest.mark.long
def test_no_frame_is_lost_when_somebody_joins(hall: Hall) -> None:
    group = Group()
    anna, ben = hall.enter("anna"), hall.enter("ben")
    group.members += [anna, ben]
    group.next("fresh")
    sees_more(ben, anna, 30)
    carl = hall.enter("carl")
    sees_more(ben, anna)  # the page's own start takes the processor for a moment
    group.join(carl)
    sees_more(carl, anna)
    sees_more(ben, carl)
    sees_more(ben, anna, 30)
    assert ben.of(anna, "failed") == 0, "frames were lost at a join"


def test_who_ignores_the_floor_is_not_heard_where_the_server_grants_everything(hall: Hall) -> None:
    """The receivers' hold alone: the server's grants are off, the sender's client is patched."""
    group = Group()
    anna, ben, eve = hall.enter("anna"), hall.enter("ben"), hall.enter("eve")
    group.members += [anna, ben, eve]
    group.next("fresh")
    group.floor(anna)
    eve.call("setSpeakers", ["anna", "eve"])
    hears_more(ben, anna)
    await_true("its sound reaches the others", lambda: ben.dropped(eve, "no_floor") >= 50)
    assert [ben.sound(eve), anna.sound(eve)] == [0, 0]


def test_who_ignores_the_floor_is_not_heard_where_receivers_play_everybody(hall: Hall) -> None:
    """The server's grants alone: the sender's client and the receivers' are patched."""
    group = Group()
    anna, eve = hall.enter("anna"), hall.enter("eve", sources=NO_FLOOR)
    group.members += [anna, eve]
    group.next("fresh")
    group.floor(anna, eve)
    sees_more(anna, eve)
    hears_more(eve, anna)
    assert anna.sound(eve) == 0


def test_who_has_not_the_floor_sends_no_sound_though_server_and_receivers_would_let_it(
    hall: Hall,
) -> None:
    """The sender's hold alone: grants are off, receivers are patched. With the floor it is heard, without it is not."""
    group = Group()
    anna, ben = hall.enter("anna"), hall.enter("ben")
    group.members += [anna, ben]
    group.next("fresh")
    anna.call("setSpeakers", ["anna", "ben"])
    ben.call("setSpeakers", ["anna"])
    sees_more(anna, ben)
    assert anna.sound(ben) == 0
    ben.call("setSpeakers", ["ben"])
    hears_more(anna, ben)
    ben.call("setSpeakers", ["anna"])
    await_true("its microphone is closed", lambda: not any(one["sound"] for one in anna.call("others")))
    heard = falls_silent(anna, ben)
    sees_more(anna, ben, 30)
    assert anna.sound(ben) == heard


@pytest.mark.long
def test_nothing_is_sent_while_the_seal_forbids_it(hall: Hall) -> None:
    group = Group()
    anna, ben = hall.enter("anna"), hall.enter("ben", publishes=False)
    group.members += [anna, ben]
    group.next("fresh")
    sees_more(ben, anna)
    anna.call("allowSending", False)
    await_true("frames are kept back", lambda: anna.call("seal")["sending"]["blocked"] >= 20)
    assert anna.call("seal").get("sendsUnder") is None
    anna.call("allowSending", True)
    sees_more(ben, anna)
