"""Links, as a member and `incamera join` read them."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incamera.member.link import Link, read_link
from incamera.refusal import Code, Refusal
from incamera.sfu import tokens

ATTRIBUTES = {"seat": "ee-head", "delegation": "Estonia", "code": "ee"}


def ticket(attributes: Mapping[str, str] = ATTRIBUTES, name: str = "Estonia") -> str:
    """A ticket as the demo issues it."""
    grants = tokens.Grants(room_join=True)
    return tokens.issue({"k": "s" * 32}, "ee-head", "room", grants, now_ms=0, name=name, attributes=attributes)


def read(text: str) -> Link:
    """A link that must be one."""
    link = read_link(text)
    assert isinstance(link, Link), link
    return link


def test_a_link_says_who_sits_where() -> None:
    link = read(f"https://meet.example:8443/m/9Jk_-#ticket={ticket()}\n")
    assert (link.server, link.meeting, link.room) == ("https://meet.example:8443", "9Jk_-", "room")
    assert (link.seat, link.delegation, link.identity) == ("ee-head", "Estonia", "ee-head")
    assert link.signalling == "wss://meet.example:8443"


def test_without_a_seat_the_identity_stands_for_it() -> None:
    link = read(f"http://localhost:1/m/a#ticket={ticket({}, name='')}")
    assert (link.seat, link.delegation) == ("ee-head", "ee-head")


def test_a_link_that_is_printed_shows_no_ticket() -> None:
    token = ticket()
    link = read(f"https://meet.example/m/a#ticket={token}")
    assert token not in repr(link)
    assert token not in str(link.fragment)
    assert link.fragment.value == f"ticket={token}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "meet.example/m/a",
        "ftp://meet.example/m/a#ticket=a.b.c",
        "https:///m/a#ticket=a.b.c",
        "https://meet.example/m/#ticket=a.b.c",
        "https://meet.example/m/a/b#ticket=a.b.c",
        "https://meet.example/m/a",
        "https://meet.example/m/a#ticket=",
        "https://meet.example/m/a#ticket=a.b",
        "https://meet.example/m/a#ticket=a.b.c",
        "https://meet.example/m/a#ticket=a.W10.c",
        "https://meet.example/m/a#ticket=a.e30.c",
        "https://[meet/m/a#ticket=a.b.c",
        "https://meet.example:99999/m/a#ticket=a.b.c",
    ],
)
def test_what_is_no_link_is_refused_and_not_repeated(text: str) -> None:
    refusal = read_link(text)
    assert isinstance(refusal, Refusal)
    assert refusal.code == Code.LINK_INVALID
    assert "ticket=" not in str(refusal)


@given(st.text(max_size=300))
def test_any_text_is_a_link_or_refused(text: str) -> None:
    assert isinstance(read_link(text), Link | Refusal)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCDEF0123456789-_.", max_size=120))
def test_any_ticket_is_read_or_refused(token: str) -> None:
    assert isinstance(read_link(f"https://meet.example/m/a#ticket={token}"), Link | Refusal)
