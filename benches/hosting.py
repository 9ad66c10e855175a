"""`python -m benches.hosting`: the real server, in a process of its own. See chamber.py."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benches.processes import carry_out, say
from incamera.clock import SystemClock
from incamera.limits import Limit
from incamera.member.order import end_asked
from incamera.server import serving
from incamera.settings.fields import Data, Http, Media, Meetings, Settings

LIFTED = Limit(1_000_000, "acts/s", "a bench of the server, not of its rates")


async def host(order: Any) -> None:
    """Serve until the end is asked for."""
    asked = end_asked()
    settings = Settings(
        http=Http(port=0),
        media=Media(host="127.0.0.1", udp_port=0, tcp_port=0),
        meetings=Meetings(authorities=(order["authority"],)),
        data=Data(folder=Path(order["data"])),
    )
    with ExitStack() as rates:
        if order["is_lifted"]:
            for name in ("POSTS_PER_ADDRESS", "ACTS_PER_SECOND"):
                rates.enter_context(patch(f"incamera.api.acts.{name}", LIFTED))
        async with serving(settings, clock=SystemClock(), environ={}) as running:
            say(origin=running.origin)
            await asked.wait()


if __name__ == "__main__":
    carry_out(host)
