"""How a process of ours ends: a first SIGTERM or SIGINT asks it to, a second one does it at once."""

import asyncio
import os
import signal

from incamera import log

_log = log.logger(__name__)

END_S = 10.0
"""Seconds from the first signal to the end, whatever hangs."""


class Ending:
    """Listens to the signals from its making on, in a running loop; `asked` is set at the first."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._signalled, number)

    def ask(self) -> None:
        """Ask for the end as a first signal does; once it was asked for, this is nothing new."""
        if self.asked.is_set():
            return
        self.asked.set()
        asyncio.get_running_loop().call_later(END_S, self._overdue)

    def _signalled(self, number: signal.Signals) -> None:
        if self.asked.is_set():
            _log.warning("process.ended_at_once", signal=number.name)
            os._exit(128 + number)
        _log.info("process.end_asked", signal=number.name)
        self.ask()

    def _overdue(self) -> None:
        _log.error("process.end_overdue", seconds=END_S)
        os._exit(1)
