"""The invitation: a capability link for one seat; its fragment never reaches a server (docs/reference/record.md, 1)."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from incamera.accreditation.charter import Charter, Seat
from incamera.accreditation.signature import PublicKey, Signed, SigningKey
from incamera.accreditation.statements import DelegationStatement, SeatStatement, issue
from incamera.accreditation.strict import ID_BYTES, DelegationId, MeetingId, Thumbprint, b64u, is_id, unb64u
from incamera.refusal import Code, Refusal

VERSION: Final = 1
LINK_CHARACTERS_MAX: Final = 512
_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)(:[1-9][0-9]{0,4})?")


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a link says: where, which meeting, whom to trust, and the seat's one-time key."""

    origin: str
    """`https://HOST[:PORT]`; plain `http` for the own machine only."""
    meeting: MeetingId
    authority: Thumbprint
    key: SigningKey
    """It signs device statements, once: the record has the first enrolment only."""

    def link(self) -> str:
        """The link. It is a secret: print it, hand it over, and log it nowhere."""
        return f"{self.origin}/m/{self.meeting}#{self.fragment}"

    @property
    def fragment(self) -> str:
        """What follows the link's `#`: the secret of it."""
        authority = unb64u(self.authority)
        assert authority is not None, "a thumbprint is b64u"
        return b64u(bytes([VERSION]) + authority + self.key.seed())


def vouch_for_delegation(
    authority: SigningKey, charter: Signed[Charter], delegation: DelegationId, key: PublicKey
) -> str:
    """The authority's statement for a delegation's key, for as long as the charter holds."""
    statement = DelegationStatement(
        meeting=charter.payload.meeting,
        issuer=authority.thumbprint,
        period=charter.payload.period,
        delegation=delegation,
        key=key,
        charter=charter.hash,
    )
    return issue(authority, statement)


def invite(
    origin: str, charter: Signed[Charter], seat: Seat, delegation: SigningKey, seed: bytes
) -> tuple[Invitation, str]:
    """An invitation for a seat, and the delegation's statement for its one-time key, made of a seed of 32 bytes."""
    assert check_origin(origin) is None, "the shell checks where links lead"
    key = SigningKey(seed)
    statement = SeatStatement(
        meeting=charter.payload.meeting,
        issuer=delegation.thumbprint,
        period=charter.payload.period,
        delegation=seat.delegation,
        seat=seat.seat,
        key=key.public,
    )
    invitation = Invitation(origin, charter.payload.meeting, charter.payload.authority.thumbprint, key)
    return invitation, issue(delegation, statement)


def parse_link(link: str) -> Invitation | Refusal:
    """The invitation in a link, as typed, scanned or pasted: white space around it is no mistake."""
    text = link.strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        return _MALFORMED
    is_place = parts.scheme in ("https", "http") and _is_host(parts.netloc) and not parts.query
    meeting = parts.path.removeprefix("/m/")
    fragment = unb64u(parts.fragment)
    is_named = parts.path.startswith("/m/") and is_id(meeting, ID_BYTES)
    is_whole = len(text) <= LINK_CHARACTERS_MAX and fragment is not None and len(fragment) == 65
    if fragment is None or not (is_place and is_named and is_whole) or fragment[0] != VERSION:
        return _MALFORMED
    if parts.scheme == "http" and not is_loopback(parts.netloc):
        return Refusal(
            Code.INVITATION_MALFORMED,
            "The link leads to another machine without TLS.",
            "Ask the secretariat for a link that begins with https://.",
        )
    authority, seed = fragment[1:33], fragment[33:]
    return Invitation(
        f"{parts.scheme}://{parts.netloc}", MeetingId(meeting), Thumbprint(b64u(authority)), SigningKey(seed)
    )


def is_loopback(host: str) -> bool:
    """Whether a host, with or without a port, is the own machine by a name that no resolver can turn."""
    name = host.rpartition(":")[0] if re.search(r":[0-9]+$", host) and not host.endswith("]") else host
    return name in ("localhost", "127.0.0.1", "[::1]")


def check_origin(origin: str) -> Refusal | None:
    """Whether links may lead there: `https://HOST[:PORT]`, or `http` on the own machine."""
    scheme, _, host = origin.partition("://")
    if _is_host(host) and (scheme == "https" or (scheme == "http" and is_loopback(host))):
        return None
    return Refusal(
        Code.INVITATION_MALFORMED,
        f"{origin} is no server's address.",
        "Write https://HOST or https://HOST:PORT, in lower case; http only for localhost.",
    )


def _is_host(host: str) -> bool:
    found = _HOST.fullmatch(host)
    return found is not None and int((found[2] or ":1")[1:]) < 65536


_MALFORMED: Final = Refusal(
    Code.INVITATION_MALFORMED,
    "This is not an invitation, or a part of it is missing.",
    "Copy the whole link, to its last character; or scan the sheet's code.",
)
