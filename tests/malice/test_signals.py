"""A media server that lies in its signals, to the page's room: who a page is, and whose stream is whose."""

import re
from collections.abc import Iterable

import pytest
from livekit.protocol.models import ParticipantInfo, TrackType
from livekit.protocol.rtc import SignalResponse

from tests.malice.room import Group, Hall, sees_more
from tests.support.browsers import await_true

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_who_is_let_in_under_anothers_name_sends_nothing_and_leaves(hall: Hall) -> None:
    """Else its pictures would be sealed, and shown, as the other's: every member has every member's key."""
    group = Group()
    ben = hall.enter("ben", publishes=False)

    def rename(signal: SignalResponse) -> None:
        if signal.WhichOneof("message") == "join":
            signal.join.participant.identity = "anna.1"

    eve = hall.enter("eve", lie=rename)
    group.members += [ben, eve]
    group.next("fresh")
    await_true("it left", lambda: eve.call("line")["state"] == "ended")
    assert eve.call("line")["why"] == "seat.another"
    assert eve.call("seal")["sending"]["sent"] == 0
    assert not ben.shows(eve)


class Swap:
    """Gives the streams of two participants' pictures each other's name."""

    def __init__(self, *identities: str) -> None:
        self.identities = identities
        self.streams: dict[str, str] = {}
        """Identity to `participant|track` of its picture."""
        self.sections = 0

    def __call__(self, signal: SignalResponse) -> None:
        match signal.WhichOneof("message"):
            case "join":
                self._note(signal.join.other_participants)
            case "update":
                self._note(signal.update.participants)
            case "answer":
                signal.answer.sdp = self._rename(signal.answer.sdp)
            case "offer":
                signal.offer.sdp = self._rename(signal.offer.sdp)

    def _note(self, participants: Iterable[ParticipantInfo]) -> None:
        for participant in participants:
            for track in participant.tracks:
                if participant.identity in self.identities and track.type == TrackType.VIDEO:
                    self.streams[participant.identity] = f"{participant.sid}|{track.sid}"

    def _rename(self, sdp: str) -> str:
        if len(self.streams) < 2:
            return sdp
        one, two = self.streams.values()
        other = {one: two, two: one}

        def renamed(match: re.Match[str]) -> str:
            self.sections += match[1] in other
            return f"msid:{other.get(match[1], match[1])}"

        return re.sub(r"msid:(\S+)", renamed, sdp)


def test_nobodys_picture_is_shown_under_anothers_name(hall: Hall) -> None:
    group = Group()
    anna, carl = hall.enter("anna"), hall.enter("carl")
    swap = Swap(anna.identity, carl.identity)
    group.members += [anna, carl]
    group.next("fresh")
    sees_more(anna, carl)
    ben = hall.enter("ben", publishes=False, lie=swap)
    group.join(ben)
    await_true("frames of both arrive", lambda: ben.of(anna, "failed") >= 30 and ben.of(carl, "failed") >= 30)
    assert swap.sections >= 2, "the server did not swap them: the test shows nothing"
    assert [ben.opened(anna), ben.opened(carl)] == [0, 0]
    assert not ben.shows(anna)
    assert not ben.shows(carl)
