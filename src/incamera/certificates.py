"""Whose certificates this machine believes, when it asks a server."""

import ssl
from pathlib import Path

from incamera.refusal import Code, Refusal, Refused


def trust(ca: Path | None) -> ssl.SSLContext:
    """The system's authorities, or a file's certificates: each is believed, a server's own as well. Raises Refused."""
    try:
        made = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise Refused(
            Refusal(Code.TLS_UNUSABLE, f"{ca} has no certificates that can be read.", "Give a PEM file with --ca.")
        ) from error
    if ca is not None:
        made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a default from Python 3.13 on
    return made
