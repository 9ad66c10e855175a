"""Acts that one reader opened: each signature is looked at once, however many of its folds the act goes through."""

from incamera.accreditation.signature import Signed
from incamera.meeting.acts import Act, Body
from incamera.meeting.rules import author_of, open_act
from incamera.meeting.state import MeetingState
from incamera.refusal import Refusal


class OpenedActs:
    """A reader folds main for itself and again with each sitting, and looks into the acts afterwards.

    That a key signed these bytes stays true. Whose key it must be is looked up anew in each fold, at its entry.
    """

    def __init__(self) -> None:
        self._known: dict[str, Signed[Act[Body]]] = {}

    def open(self, meeting: MeetingState, jws: str, at: int) -> Signed[Act[Body]] | Refusal:
        """As `rules.open_act`, with the same verdict."""
        known = self._known.get(jws)
        if known is not None:
            author = author_of(meeting, known.payload, at)
            if isinstance(author, Refusal):
                return author
            if author.key == known.signer:
                return known
        signed = open_act(meeting, jws, at)
        if isinstance(signed, Signed):
            self._known[jws] = signed
        return signed

    def opened(self, body: str | None) -> Act[Body] | None:
        """The act of an entry that the fold let stand; None for the server's own entries."""
        known = None if body is None else self._known.get(body)
        return None if known is None else known.payload

    def forget(self, body: str | None) -> None:
        """No other fold meets it: a sitting's entry is folded in one place."""
        if body is not None:
            self._known.pop(body, None)
