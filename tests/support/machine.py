"""Whether the machine was the test's own: on one that others use, pictures stand by themselves."""

import os
import time
from collections.abc import Callable
from pathlib import Path

BUSY = 0.1
"""The share of a core that others may take from a test which watches pictures."""
_TICKS = os.sysconf("SC_CLK_TCK")


class Machine:
    """What the processors did since now, beside this process and all that it started."""

    def __init__(self) -> None:
        self._began_s, self._others_s = time.monotonic(), _machine_s() - _own_s()

    @property
    def is_busy(self) -> bool:
        """Others took more than a tenth of a core, the host's other machines among them."""
        others_s = _machine_s() - _own_s() - self._others_s
        return others_s > BUSY * (time.monotonic() - self._began_s)


def holds_when_calm(attempt: Callable[[], bool], attempts_max: int) -> bool:
    """Whether an attempt succeeds. One that failed on a busy machine is made again; one on a calm machine counts."""
    for _ in range(attempts_max):
        machine = Machine()
        if attempt():
            return True
        if not machine.is_busy:
            break
    return False


def _machine_s() -> float:
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + irq + softirq + steal) / _TICKS


def _own_s() -> float:
    """Processor time of this process and its descendants, those that ended and were waited for too."""
    spent: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
        process = int(path.parent.name)
        children.setdefault(int(fields[1]), []).append(process)
        spent[process] = sum(map(int, fields[11:15]))
    own, waiting = 0, [os.getpid()]
    while waiting:
        process = waiting.pop()
        own += spent.get(process, 0)
        waiting += children.get(process, ())
    return own / _TICKS
