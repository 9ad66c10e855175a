"""A meeting made on the spot: an authority, a signed charter of two sittings, an invitation for each seat. Pure.

What an organisation does with `incamera authority`, `charter sign` and `invite`, for a meeting that is thrown away.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from incamera.accreditation import examples
from incamera.accreditation.bundle import Bundle
from incamera.accreditation.charter import Seat, Text, open_charter, open_contents
from incamera.accreditation.draft import Draft, Draw, read_draft, sign_draft
from incamera.accreditation.invitation import invite, vouch_for_delegation
from incamera.accreditation.signature import SigningKey
from incamera.accreditation.strict import DelegationId, ItemId, MeetingId, SeatId, SittingId, Thumbprint
from incamera.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Invited:
    """A seat, what stands on its name plate, and its link: a secret."""

    seat: Seat
    delegation: Text
    link: str

    def __repr__(self) -> str:
        return f"Invited({self.seat.seat}, •)"


@dataclass(frozen=True, slots=True)
class Founded:
    """A meeting that can be created on a server."""

    meeting: MeetingId
    authority: Thumbprint
    bundle: Bundle
    sittings: Mapping[str, SittingId]
    """By their names in the draft: `session-1` of the members, `session-2` with the partner."""
    invited: Mapping[SeatId, Invited]
    titles: Mapping[SittingId, Mapping[ItemId, Text]]
    """Of restricted items: for the doorkeeper, never for the server."""


def found(
    authority: SigningKey,
    origin: str,
    draw: Draw,
    now_ms: int,
    *,
    first_day: date,
    delegations: int,
    is_automatic: bool,
) -> Founded:
    """The demo's meeting: so many delegations and a partner, a chair, a secretariat and the doorkeeper."""
    draft = read_draft(examples.demo(first_day, delegations=delegations, is_automatic=is_automatic))
    assert isinstance(draft, Draft), f"the bundled draft has no mistake: {draft}"
    made = sign_draft(draft, authority, draw, now_ms, None)
    charter = open_charter(made.jws, authorities={authority.thumbprint})
    assert not isinstance(charter, Refusal), "it was just signed"
    contents = open_contents(made.parts, charter.payload)
    assert not isinstance(contents, Refusal), "it was just signed"
    assert contents.seats is not None, "all parts are here"
    names = {one.delegation: one.name for one in contents.seats.delegations}
    keys: dict[DelegationId, SigningKey] = {name: SigningKey(draw(32)) for name in names}
    statements = [vouch_for_delegation(authority, charter, name, key.public) for name, key in keys.items()]
    invited: dict[SeatId, Invited] = {}
    for seat in contents.seats.seats:
        invitation, statement = invite(origin, charter, seat, keys[seat.delegation], draw(32))
        statements.append(statement)
        invited[seat.seat] = Invited(seat, names[seat.delegation], invitation.link())
    bundle = Bundle(made.jws, made.parts, tuple(statements))
    return Founded(made.meeting, authority.thumbprint, bundle, made.sittings, invited, made.titles)
