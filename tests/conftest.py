"""What drawn examples may not depend on, in all tests: the machine's speed, the run, and what an earlier run left.
And the order of files: those that take longest begin first.
"""

import pytest
from hypothesis import HealthCheck, settings

LONGEST = (
    "tests/wheel",
    "tests/cli/test_life.py",
    "tests/browser/test_private.py",
    "tests/malice/test_room.py",
    "tests/bench/test_figures.py",
    "tests/durability/test_kill.py",
    "tests/durability/test_served.py",
    "tests/evidence/test_canaries.py",
)
"""A worker takes a whole file: one that begins last keeps all the others waiting."""

settings.register_profile(
    "steady", deadline=None, database=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("wandering", settings.get_profile("steady"), derandomize=False, print_blob=True)
settings.load_profile("steady")
"""The same examples at each run: a change is judged by itself, not by what was drawn beside it. New ones are drawn by
`pytest --hypothesis-profile=wandering`, which `make test-long` asks for; what it finds becomes an `@example`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))
