"""What drawn examples may not depend on, in all tests: the machine's speed, the run, and what an earlier run left."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "steady", deadline=None, database=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("wandering", settings.get_profile("steady"), derandomize=False, print_blob=True)
settings.load_profile("steady")
"""The same examples at each run: a change is judged by itself, not by what was drawn beside it. New ones are drawn by
`pytest --hypothesis-profile=wandering`, which `make test-long` asks for; what it finds becomes an `@example`."""
