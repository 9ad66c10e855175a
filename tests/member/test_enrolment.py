"""A link vouches for its device only on statements of its own meeting and delegation."""

from collections.abc import Callable

import pytest

from incamera.accreditation.charter import open_charter
from incamera.accreditation.enrolment import enrol
from incamera.accreditation.invitation import Invitation
from incamera.accreditation.signature import Signed
from incamera.accreditation.statements import Period, SeatStatement, issue
from incamera.accreditation.strict import DelegationId, MeetingId, SeatId, b64u
from incamera.refusal import Code, Refusal
from tests.support.paper import DAY_MS, START_MS, Charters, key, octets

HERE = Charters()
ELSEWHERE = Charters(meeting=MeetingId(b64u(octets("another meeting", 16))))
"""Of the same authority, with the same keys of delegations and links: a chain of its statements verifies."""
PERIOD = Period(START_MS, START_MS, START_MS + DAY_MS)


def made(*statements: str) -> str | Refusal:
    """The chain of a new device of Belgium's head."""
    charter = open_charter(HERE.charter, authorities={HERE.authority.thumbprint})
    assert isinstance(charter, Signed)
    link = Invitation("https://meet.example", HERE.meeting, HERE.authority.thumbprint, HERE.seat_key("be-head"))
    return enrol(link, charter, statements, key("a device").public, PERIOD)


def another_delegations() -> tuple[str, str]:
    """Finland's key for a seat of Belgium."""
    finland = key("delegation fi")
    statement = SeatStatement(
        meeting=HERE.meeting,
        issuer=finland.thumbprint,
        period=PERIOD,
        delegation=DelegationId("be"),
        seat=SeatId("be-head"),
        key=HERE.seat_key("be-head").public,
    )
    return HERE.statements("fi-head")[0], issue(finland, statement)


def test_a_link_makes_a_chain_of_the_statements_that_are_for_it() -> None:
    chain = made(*HERE.statements("fi-head"), *HERE.statements("be-head"))
    assert isinstance(chain, str)
    assert tuple(chain.split("~")[:2]) == HERE.statements("be-head")


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (lambda: ELSEWHERE.statements("be-head"), Code.CHAIN_MEETING),
        (lambda: (HERE.statements("be-head")[0], ELSEWHERE.statements("be-head")[1]), Code.CHAIN_MEETING),
        (lambda: (ELSEWHERE.statements("be-head")[0], HERE.statements("be-head")[1]), Code.CHAIN_MEETING),
        (another_delegations, Code.CHAIN_SEAT),
        (lambda: HERE.statements("fi-head"), Code.CHAIN_ISSUER),
    ],
)
def test_a_link_makes_no_chain_of_statements_that_no_honest_server_gives(
    statements: Callable[[], tuple[str, str]], expected: Code
) -> None:
    refused = made(*statements())
    assert isinstance(refused, Refusal)
    assert refused.code is expected
