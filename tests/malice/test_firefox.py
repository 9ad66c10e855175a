"""The page's room in private, once through in Firefox, which has another way to encoded frames than Chromium."""

from collections.abc import Iterator

import pytest

from tests.malice.room import Group, Hall, Member, hears_more, sees_more
from tests.support.browsers import await_true
from tests.support.firefox import FirefoxPage, firefox

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.long]


@pytest.fixture
def page() -> Iterator[FirefoxPage]:
    with firefox() as page:
        yield page


def test_firefox_and_chromium_decode_each_other_and_nothing_in_clear(hall: Hall, page: FirefoxPage) -> None:
    group = Group()
    anna, ben = hall.enter("anna"), hall.enter_with(page, "ben")
    group.members += [anna, ben]
    group.next("fresh")
    group.floor(anna, ben)
    for viewer, other in ((anna, ben), (ben, anna)):
        sees_more(viewer, other)
        hears_more(viewer, other)
    await_true("pictures are attached", lambda: ben.shows(anna) and anna.shows(ben))

    liar: Member = hall.outsider("clear", "liar")
    group.members.append(liar)
    group.round += 1
    for member in (anna, ben):
        group.tell(member, "overlap")
        member.call("setSpeakers", ["anna", "ben", "clear"])
    await_true("frames in clear reach the gate", lambda: ben.of(liar, "failed") >= 30)
    assert [ben.pictures(liar), ben.sound(liar), ben.opened(liar)] == [0, 0, 0]
    assert not ben.shows(liar)

    group.members.remove(liar)
    group.floor(ben)
    sees_more(ben, anna)
    heard = ben.sound(anna)
    hears_more(anna, ben)
    assert ben.sound(anna) - heard <= 5, "who lost the floor was heard"
    group.remove(anna)
    await_true("its tile is gone", lambda: not ben.draws(anna))
    seen = ben.pictures(anna)
    await_true("Firefox goes on sending", lambda: anna.of(ben, "failed") > 0)
    assert ben.pictures(anna) == seen
