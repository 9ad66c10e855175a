"""How a process of the media SDK's ends: see `incamera.member.leaving`."""

import subprocess
import sys

LEAVES = """
import atexit, logging, sys
from incamera import log
from incamera.member.leaving import leave
atexit.register(print, "torn down")
log.configure("info")
logging.getLogger("a").info("the last line of its log")
sys.stdout.write("the last of its results")
leave(3)
"""


def test_who_leaves_has_said_all_and_the_interpreter_is_not_torn_down_under_the_sdk_s_threads() -> None:
    outcome = subprocess.run([sys.executable, "-c", LEAVES], capture_output=True, text=True, timeout=120)
    assert outcome.returncode == 3
    assert outcome.stdout == "the last of its results"
    assert "the last line of its log" in outcome.stderr
