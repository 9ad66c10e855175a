"""What the charter says, as far as a fold asks: who has which role, which sitting lists whom, which items there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from incamera.accreditation.charter import Charter, Contents, Item, Policies, Seat
from incamera.accreditation.signature import PublicKey, Signed
from incamera.accreditation.strict import DelegationId, Hash, ItemId, MeetingId, SeatId, SittingId
from incamera.refusal import Code, Refusal


@dataclass(frozen=True, slots=True)
class SittingTerms:
    """A sitting by the charter."""

    sitting: SittingId
    listed: frozenset[SeatId]
    """Whose devices may knock; the chairs and the secretariat among them may open it."""
    items: Mapping[ItemId, Item]
    opens_ms: int
    closes_ms: int


@dataclass(frozen=True, slots=True)
class MeetingTerms:
    """A meeting by its charter: whoever folds a sitting has the seats and that sitting's part, a server has all."""

    meeting: MeetingId
    authority: PublicKey
    registrar: PublicKey | None
    charters: tuple[Hash, ...]
    """The first charter, and each that replaced one: the last is in force."""
    policies: Policies
    seats: Mapping[SeatId, Seat]
    sittings: Mapping[SittingId, SittingTerms]
    """In the order of their times."""

    @property
    def delegations(self) -> Mapping[SeatId, DelegationId]:
        """Whose each seat is."""
        return {seat: one.delegation for seat, one in self.seats.items()}


def meeting_terms(charters: Sequence[Signed[Charter]], contents: Contents) -> MeetingTerms | Refusal:
    """The terms of the last of these charters, oldest first, and of its parts."""
    charter = charters[-1].payload
    if contents.seats is None:
        return Refusal(
            Code.CHARTER_PART, "The charter's part `seats` is missing.", "Ask for it again once a sitting admitted you."
        )
    return MeetingTerms(
        meeting=charter.meeting,
        authority=charter.authority,
        registrar=charter.registrar,
        charters=tuple(signed.hash for signed in charters),
        policies=charter.policies,
        seats={seat.seat: seat for seat in contents.seats.seats},
        sittings={
            sitting: SittingTerms(
                sitting,
                frozenset(part.admission),
                {item.item: item for item in part.items},
                part.opens_ms,
                part.closes_ms,
            )
            for sitting, part in sorted(contents.sittings.items(), key=lambda one: (one[1].opens_ms, one[0]))
        },
    )
