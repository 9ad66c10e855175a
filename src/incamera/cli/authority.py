"""`incamera authority new`: the key pair that signs charters. It never comes near a server."""

from pathlib import Path
from typing import Annotated

import typer

from incamera.cli import keyring, options
from incamera.cli.answers import note, result
from incamera.cli.commands import GROUPS

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=GROUPS["authority"])

EXAMPLES = """\b
Examples:
  incamera authority new
  incamera authority new -o /media/stick/authority --passphrase-fd 3 3< passphrase.txt
"""


@app.callback()
def authority() -> None:
    """The key that signs charters: an organisation's, kept offline."""


@app.command("new", epilog=EXAMPLES)
def new(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="The folder to make.", show_default=keyring.FOLDER)
    ] = Path(keyring.FOLDER),
    passphrase_fd: keyring.PassphraseFd = None,
    as_json: options.Json = False,
) -> None:
    """Make an authority: an Ed25519 key in encrypted PKCS#8, and print its thumbprint.

    The thumbprint goes into the settings of the servers that may hold this organisation's meetings; people compare it.
    """
    keyring.check_new(output)
    key = keyring.make(output, keyring.passphrase(passphrase_fd, is_new=True))
    if as_json:
        result({"authority": key.thumbprint, "folder": str(output)})
        return
    print(key.thumbprint)
    note(f"The locked key is in {output / keyring.FILE}. Keep it offline, and a copy elsewhere.")
