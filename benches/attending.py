"""`python -m benches.attending`: members without media in one process, from a closed door to their Welcomes.

`{"members": [{"link", "state"}, …], "sitting", "keeps_the_door", "origin": text | null}`. It says `{"ready"}` when all
stand at the door, `{"entered": [[knocked, processed], …], "cpu_s"}` when all are in, and stays until its input ends.
"""

import asyncio
import ssl
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benches.chamber import attendee
from benches.processes import carry_out, say
from incamera.accreditation.strict import SittingId
from incamera.member.conduct import Manner
from incamera.member.order import end_asked
from incamera.member.sitting import Sitting

KEEPS_THE_DOOR = Manner(opens=True, admits="all")


async def attend(order: Any) -> None:
    """All of them, until the end is asked for."""
    asked, tls, name = end_asked(), ssl.create_default_context(), SittingId(order["sitting"])
    manner = KEEPS_THE_DOOR if order["keeps_the_door"] else None
    with ExitStack() as folders:
        async with asyncio.TaskGroup() as group:
            attendees = []
            for member in order["members"]:
                one, folder = attendee(member["link"], Path(member["state"]), name, tls, manner, order["origin"])
                folders.callback(folder.close)
                attendees.append(one)
                group.create_task(one.run(asked))
            sittings = [await one.sitting(name) for one in attendees]
            began = time.process_time()
            waits = [asyncio.create_task(entered(sitting)) for sitting in sittings]
            say(ready=True)
            times = await asyncio.gather(*waits)
            say(entered=times, cpu_s=time.process_time() - began)


async def entered(sitting: Sitting) -> tuple[float, float]:
    """Monotonic seconds, one clock for all processes: its knock was answered; it had processed its Welcome."""
    await sitting.reached(
        lambda one: one.phase == "member" or (one.membership.knocked is not None and not one.deeds.is_posting)
    )
    knocked = time.monotonic()
    await sitting.reached(lambda one: one.phase == "member")
    return knocked, time.monotonic()


if __name__ == "__main__":
    carry_out(attend)
