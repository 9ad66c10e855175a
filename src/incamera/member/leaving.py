"""The end of a process in which LiveKit's SDK ran: at once, without the interpreter's own.

The SDK's threads call Python with each event, one that is under way when the SDK is disposed of too. Up to Python 3.13
a foreign thread that wants the interpreter while that is torn down is ended by unwinding its stack (pthread_exit); the
SDK's frames are Rust's, which abort the whole process: "panic in a function that cannot unwind", SIGABRT. No order of
closing avoids it, since nothing waits for those threads; not tearing down does.
"""

import logging
import os
import sys
from typing import NoReturn


def leave(code: int) -> NoReturn:
    """End this process with an exit code. What is to be closed is closed before: no `finally`, no `atexit` runs."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)
