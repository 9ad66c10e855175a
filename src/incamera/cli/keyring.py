"""The authority's folder: its key and, by meeting, the delegations' keys, each locked with one passphrase."""

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final

import typer

from incamera.accreditation import authority
from incamera.accreditation.signature import SigningKey
from incamera.accreditation.strict import DelegationId, MeetingId
from incamera.cli.answers import refuse, taken
from incamera.refusal import Code, Refusal

FILE: Final = "authority.pem"
FOLDER: Final = "authority"
"""The folder's name where none is given."""

Folder = Annotated[
    Path, typer.Option("--authority", metavar="DIR", help="The authority's folder.", show_default=FOLDER)
]
PassphraseFd = Annotated[
    int | None,
    typer.Option("--passphrase-fd", metavar="N", min=0, help="Read the passphrase's line from this file descriptor."),
]


def passphrase(descriptor: int | None, *, is_new: bool) -> str:
    """The passphrase: a line of a file descriptor, or asked for on the terminal, twice for a new key."""
    if descriptor is not None:
        try:
            with open(descriptor, encoding="utf-8", closefd=False) as file:
                return file.readline().rstrip("\n")
        except OSError:
            refuse(
                Refusal(
                    Code.KEY_LOCKED,
                    f"There is no passphrase on file descriptor {descriptor}.",
                    "Redirect it, for example: --passphrase-fd 3 3< FILE",
                )
            )
    if not sys.stdin.isatty():
        refuse(
            Refusal(
                Code.KEY_LOCKED,
                "There is no terminal to ask for the passphrase on.",
                "Run it on a terminal, or give --passphrase-fd N.",
            )
        )
    asked: str = typer.prompt("Passphrase of the authority", hide_input=True, confirmation_prompt=is_new, err=True)
    return asked


def check_new(folder: Path) -> None:
    """Refuse a folder that has an authority, before anybody is asked for a passphrase."""
    if (folder / FILE).exists():
        refuse(_there(folder / FILE))


def make(folder: Path, secret: str) -> SigningKey:
    """A new authority in a folder that has none."""
    key = SigningKey(os.urandom(32))
    write_new(folder / FILE, _locked(key, secret))
    return key


def unlock(folder: Path, secret: str) -> SigningKey:
    """The authority's key."""
    return _unlocked(folder / FILE, secret)


def delegation(folder: Path, meeting: MeetingId, name: DelegationId, secret: str) -> SigningKey:
    """A delegation's key for a meeting: the one that is kept, or a new one that is kept from now on."""
    path = folder / "delegations" / meeting / f"{name}.pem"
    if path.exists():
        return _unlocked(path, secret)
    key = SigningKey(os.urandom(32))
    write_new(path, _locked(key, secret))
    return key


def write_new(path: Path, data: bytes, *, is_secret: bool = True) -> None:
    """Write a file that must not be there yet; one with a secret is readable for its owner alone."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600 if is_secret else 0o644)) as file:
            file.write(data)
    except FileExistsError:
        refuse(_there(path))
    except OSError as error:
        refuse(_unusable(path, error))


def check_free(paths: Iterable[Path]) -> None:
    """Refuse if one of these files is there already, before anything is changed that makes sense only with all."""
    for path in paths:
        if path.exists():
            refuse(_there(path))


def replace(path: Path, data: bytes) -> None:
    """Write a file anew, whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_bytes(data)
        os.replace(beside, path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        refuse(_unusable(path, error))


def read(path: Path) -> bytes:
    """A file's bytes; - is standard input."""
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        refuse(_unusable(path, error))


def _locked(key: SigningKey, secret: str) -> bytes:
    return taken(authority.lock(key, secret, salt=os.urandom(authority.SALT_BYTES), iv=os.urandom(authority.IV_BYTES)))


def _unlocked(path: Path, secret: str) -> SigningKey:
    return taken(authority.unlock(read(path), secret))


def _unusable(path: Path, error: OSError) -> Refusal:
    return Refusal(
        Code.FILE_UNUSABLE, f"{path}: {error.strerror}.", "Check the name, and who may read and write there."
    )


def _there(path: Path) -> Refusal:
    return Refusal(Code.FILE_UNUSABLE, f"{path} is there already.", "Move it away, or choose another name (-o).")
