"""A process's memory, as the kernel shows it to its parent (Linux, proc(5))."""

from collections.abc import Iterator
from pathlib import Path

REGION_MAX = 512 * 1024 * 1024
"""Larger ones are address space that was reserved, not memory."""


def memory(pid: int) -> Iterator[bytes]:
    """What it can write to: heaps, stacks, buffers; a region each. Regions that vanish meanwhile are left out."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as file:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            bounds, access, *_ = line.split()
            begin, end = (int(bound, 16) for bound in bounds.split("-"))
            if not access.startswith("rw") or end - begin > REGION_MAX:
                continue
            try:
                file.seek(begin)
                yield file.read(end - begin)
            except OSError:
                continue
