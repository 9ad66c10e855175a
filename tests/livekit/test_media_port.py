"""The media port over TCP: an office behind one address comes in whole, and one address can't take all."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from incamera.limits import MEDIA_TCP_PER_ADDRESS
from incamera.sfu.core import Core, CoreConfig
from tests.support.browsers import await_true

OFFICE = 30
CONNECTIONS = 2
"""Of one participant: its publisher's and its subscriber's."""


@pytest.fixture
def core() -> Iterator[Core]:
    core = Core(CoreConfig(udp="127.0.0.1:0", tcp="127.0.0.1:0"))
    yield core
    core.close()


def test_an_office_of_thirty_behind_one_address_comes_in_and_again_before_its_old_connections_end(core: Core) -> None:
    port = core.tcp_port
    assert port is not None
    networks = 2  # a client tries from each that it has
    whole = OFFICE * CONNECTIONS * networks * 2
    with ExitStack() as stack:
        for _ in range(whole):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        await_true("all are in", lambda: core.statistics().get("tcp_accepted") == whole)
        assert core.statistics()["tcp_refused_crowded"] == 0
        for _ in range(MEDIA_TCP_PER_ADDRESS.value - whole + 1):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        await_true("one is too many", lambda: core.statistics()["tcp_refused_crowded"] == 1)
        assert core.statistics()["tcp_accepted"] == MEDIA_TCP_PER_ADDRESS.value
