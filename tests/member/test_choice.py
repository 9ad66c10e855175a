"""Into which sitting a device goes."""

from incamera.accreditation.charter import SittingPart
from incamera.accreditation.strict import SittingId
from incamera.member.choice import Seen, choose, in_charter_order

A, B, C = SittingId("aaaa"), SittingId("bbbb"), SittingId("cccc")


def part(sitting: SittingId, opens_ms: int) -> SittingPart:
    return SittingPart(
        sitting=sitting, title={"en": "Session"}, opens_ms=opens_ms, closes_ms=opens_ms, items=(), admission=()
    )


def test_of_several_open_sittings_a_member_goes_into_the_first_by_the_charter_whichever_it_learned_of_first() -> None:
    parts = [part(A, 2_000), part(B, 1_000)]
    names = in_charter_order([A, B], parts)
    assert names == in_charter_order([B, A], parts) == [B, A]
    assert choose("first", [Seen(name, is_open=True) for name in names], opens=False, is_busy=False) == [B]


def test_without_the_parts_the_server_s_order_of_doors_is_taken_and_what_is_known_comes_first() -> None:
    assert in_charter_order([B, A], []) == [B, A]
    assert in_charter_order([C, B, A], [part(A, 1_000)]) == [A, C, B]


def test_a_member_goes_on_into_the_next_open_one_once_its_own_is_closed() -> None:
    seen = [Seen(A, is_closed=True), Seen(B), Seen(C, is_open=True)]
    assert choose("first", seen, opens=False, is_busy=True) == []
    assert choose("first", seen, opens=False, is_busy=False) == [C]
    assert choose("first", [Seen(B)], opens=False, is_busy=False) == [], "it waits until somebody opens it"
    assert choose("first", [Seen(A, is_closed=True), Seen(B)], opens=True, is_busy=False) == [B], "it opens it itself"


def test_who_opens_all_opens_one_after_the_other() -> None:
    assert choose("all", [Seen(A), Seen(B)], opens=True, is_busy=False) == [A]
    assert choose("all", [Seen(A, is_open=True), Seen(B), Seen(C)], opens=True, is_busy=True) == [A, B]
    refused = [Seen(A, is_refused=True), Seen(B)]
    assert choose("all", refused, opens=True, is_busy=True) == [A, B], "what it may not open holds up nothing"
    assert choose("all", [Seen(A), Seen(B)], opens=False, is_busy=False) == [A, B]


def test_who_wants_one_waits_for_that_one() -> None:
    assert choose(B, [Seen(A, is_open=True), Seen(B)], opens=False, is_busy=False) == [B]
    assert choose(C, [Seen(A, is_open=True)], opens=False, is_busy=False) == []
