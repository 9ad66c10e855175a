"""The data folder as the system lets us have it: refused in words where it does not."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from incamera.refusal import Code, Refusal, Refused


@contextmanager
def using(folder: Path) -> Iterator[None]:
    """While inside, this folder is read and written. Refused where the system does not let us."""
    try:
        yield
    except OSError as error:
        raise Refused(
            Refusal(
                Code.FILE_UNUSABLE,
                f"{error.filename or folder}: {error.strerror or type(error).__name__}.",
                "Choose a folder that can be written, with --data or data.folder.",
            )
        ) from error


def prepare(folder: Path) -> None:
    """Make it if it is not there, for its owner alone, and see that files can be made in it. Refused as by `using`."""
    with using(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            pass
