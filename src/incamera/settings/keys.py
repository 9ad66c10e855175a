"""Keys that a server makes once and keeps in its data folder: on disk, whole, before anything is signed with them."""

from collections.abc import Callable
from pathlib import Path

from incamera import durable
from incamera.refusal import Code, Refusal, Refused


def kept(path: Path, make: Callable[[], str] | None) -> str:
    """The line in a key's file; it is made if there is none, by `make`. What is wrong with it is for `unusable`."""
    if make is not None and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        durable.write(path, f"{make()}\n".encode())
    return path.read_text(encoding="utf-8", errors="replace").strip() if path.exists() else ""


def unusable(path: Path) -> Refused:
    """The file is there and holds no key."""
    return Refused(
        Refusal(Code.SETTINGS_UNREADABLE, f"{path} holds no key.", "Restore it from a backup of the data folder.")
    )
