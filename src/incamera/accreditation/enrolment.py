"""Enrolment: a link's one-time key vouches for a device, the device's key for its leaves. What a client signs."""

from collections.abc import Iterable

from incamera.accreditation.charter import Charter
from incamera.accreditation.credential import LeafPlace, join
from incamera.accreditation.invitation import Invitation
from incamera.accreditation.signature import PublicKey, Signed, SigningKey, Typ, open_signed
from incamera.accreditation.statements import (
    DelegationStatement,
    DeviceStatement,
    LeafStatement,
    Period,
    SeatStatement,
    issue,
    parse_delegation,
    parse_seat,
)
from incamera.accreditation.strict import MeetingId
from incamera.refusal import Code, Refusal


def enrol(
    invitation: Invitation, charter: Signed[Charter], statements: Iterable[str], device: PublicKey, period: Period
) -> str | Refusal:
    """The chain of three for a device: the two statements that vouch for the link's key, and the link's for the device.

    `statements` are what the server gave: those that the authority did not sign for this link are passed over. What it
    signed for another meeting, or a delegation's key for another delegation's seat, no honest server gives here.
    """
    authority = charter.payload.authority
    if authority.thumbprint != invitation.authority:
        return Refusal(
            Code.CHARTER_AUTHORITY,
            "The server's charter is by another authority than your invitation.",
            "Do not go on: call the secretariat.",
        )
    found = _vouching(invitation, authority, list(statements))
    if found is None:
        return Refusal(
            Code.CHAIN_ISSUER,
            "The server has no statement for this invitation.",
            "Call the secretariat: the invitation may be of another meeting, or not uploaded yet.",
        )
    delegation, seat = found
    if any(one.meeting != charter.payload.meeting for one in (delegation.payload, seat.payload)):
        return Refusal(
            Code.CHAIN_MEETING, "The server's statements are of another meeting.", "Do not go on: call the secretariat."
        )
    if delegation.payload.delegation != seat.payload.delegation:
        return Refusal(
            Code.CHAIN_SEAT,
            "The statement for the seat is by another delegation's key.",
            "Do not go on: call the secretariat.",
        )
    statement = DeviceStatement(
        meeting=charter.payload.meeting,
        issuer=invitation.key.thumbprint,
        period=period,
        delegation=seat.payload.delegation,
        seat=seat.payload.seat,
        key=device,
    )
    return join((delegation.jws, seat.jws, issue(invitation.key, statement)))


def vouch(chain: str, device: SigningKey, meeting: MeetingId, place: LeafPlace, leaf: PublicKey, period: Period) -> str:
    """The chain of four: the device's chain, and its statement for a leaf of one sitting's group."""
    statement = LeafStatement(
        meeting=meeting,
        issuer=device.thumbprint,
        period=period,
        sitting=place.sitting,
        group=place.group,
        key=leaf,
    )
    return join((chain, issue(device, statement)))


def _vouching(
    invitation: Invitation, authority: PublicKey, statements: list[str]
) -> tuple[Signed[DelegationStatement], Signed[SeatStatement]] | None:
    opened = [open_signed(jws, typ=Typ.DELEGATION, key=authority, parse=parse_delegation) for jws in statements]
    for delegation in (one for one in opened if isinstance(one, Signed)):
        for jws in statements:
            seat = open_signed(jws, typ=Typ.SEAT, key=delegation.payload.key, parse=parse_seat)
            if isinstance(seat, Signed) and seat.payload.key == invitation.key.public:
                return delegation, seat
    return None
