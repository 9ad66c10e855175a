"""By what name others on the network reach this machine: it stands in links, and in a certificate that is made here."""

import socket
from typing import Final

from incamera.accreditation.invitation import check_origin

_ELSEWHERE: Final = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))
"""Addresses for documentation (RFC 5737, RFC 3849): nothing is sent there, it is only asked by which way it would."""


def reached_by() -> str:
    """Its name, in lower case as origins are; its address where nobody could look that up or a link can't hold it."""
    name = socket.gethostname().lower()
    if check_origin(f"https://{name}") is None and _is_found(name):
        return name
    address = outward_address()
    return "localhost" if address is None else f"[{address}]" if ":" in address else address


def outward_address() -> str | None:
    """The address with which it would leave for another network; None if it is on none."""
    for address, family in _ELSEWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((address, 9))
                return str(probe.getsockname()[0])
        except OSError:
            continue
    return None


def _is_found(name: str) -> bool:
    try:
        return bool(socket.getaddrinfo(name, None))
    except OSError:
        return False
