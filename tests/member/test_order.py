"""How a member's process hears that it shall leave."""

import subprocess
import sys

BUSY = """
import asyncio, os, signal
from incamera.member.order import end_signalled

async def main(number):
    asked, loop = end_signalled(), asyncio.get_running_loop()
    try:
        while True:
            loop._csock.send(b"\\0")  # as the SDK's threads do, faster than a busy loop reads
    except BlockingIOError:
        os.kill(os.getpid(), number)
    await asyncio.wait_for(asked.wait(), 60)

for number in (signal.SIGTERM, signal.SIGINT):
    asyncio.run(main(number))
    os.kill(os.getpid(), number)  # once more, when all is over
"""


def test_a_signal_is_heard_though_the_sdk_s_threads_have_filled_the_loop_s_socket() -> None:
    outcome = subprocess.run([sys.executable, "-c", BUSY], capture_output=True, text=True, timeout=120)
    assert (outcome.returncode, outcome.stderr) == (0, "")
