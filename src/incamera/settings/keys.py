"""Keys that a server makes once and keeps in its data folder: on disk, whole, before anything is signed with them."""

import os
from collections.abc import Callable
from pathlib import Path

from incamera.refusal import Code, Refusal, Refused


def kept(path: Path, make: Callable[[], str] | None) -> str:
    """The line in a key's file; it is made if there is none, by `make`. What is wrong with it is for `unusable`."""
    if make is not None and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(path, make() + "\n")
    return path.read_text(encoding="utf-8", errors="replace").strip() if path.exists() else ""


def unusable(path: Path) -> Refused:
    """The file is there and holds no key."""
    return Refused(
        Refusal(Code.SETTINGS_UNREADABLE, f"{path} holds no key.", "Restore it from a backup of the data folder.")
    )


def _write(path: Path, text: str) -> None:
    # Written beside, synced, then named: a name stands for a whole key only, whenever the power goes.
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
