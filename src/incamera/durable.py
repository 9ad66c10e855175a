"""Files whose name stands for whole bytes only, whenever the power goes: written beside, synced, then named.

One writer a file: what a process that was killed left beside it is written over by the next.
"""

import os
from pathlib import Path


def write(path: Path, data: bytes) -> None:
    """Write a file, for its owner alone; on return its name is on disk too. Raises OSError."""
    replace(path, data)
    sync(path.parent)


def replace(path: Path, data: bytes, *, is_synced: bool = True) -> None:
    """As `write`, but when the power goes the name may stand for what it stood for before."""
    beside = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(data)
        if is_synced:
            file.flush()
            os.fsync(file.fileno())
    os.replace(beside, path)


def sync(folder: Path) -> None:
    """The names in a folder, to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
