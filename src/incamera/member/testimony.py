"""A member's own export: what its device read, as it lies in its state folder (docs/reference/record.md, 4).

It has main and the journals of the sittings that the device read, up to the ends that the server signed together. No
secret of the device goes into it: of its own it has the two statements that vouch for its seat.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from incamera.accreditation.signature import Typ, split
from incamera.accreditation.strict import MeetingId
from incamera.audit.archive import Title, write
from incamera.member.device import StateFolder
from incamera.record.entry import Entry, JournalId
from incamera.record.journal import Head, is_main, read_head
from incamera.refusal import Code, Refusal


@dataclass(frozen=True, slots=True)
class Testimony:
    """What a member can show of a meeting."""

    title: Title
    entries: tuple[Entry, ...]
    """Main, each sitting's entries right after the main entry that they name; of several sittings, by their times."""
    head: str
    """The registrar's JWS over just these journals."""
    left_out: int
    """Entries that were read and that this head does not cover: of sittings read at another time, or after it."""

    def lines(self) -> Iterator[bytes]:
        """The file's bytes, line by line."""
        return write(self.title, self.entries, self.head)


def testimony(folder: Path) -> Testimony | Refusal:
    """The export of the member whose state lies in this folder; a process may attend with it meanwhile."""
    state = StateFolder.look(folder)
    if isinstance(state, Refusal):
        return state
    kept = state.device()
    if isinstance(kept, Refusal):
        return kept
    # First the heads: journals only grow.
    widest = None if kept is None else _widest(kept[0], state.heads())
    charter = state.charter()
    if kept is None or widest is None or charter is None:
        return Refusal(
            Code.STATE_UNREADABLE,
            f"The device in {folder} has read no journal: it was never let in.",
            "Export when it has been in a sitting.",
        )
    meeting, identity = kept
    jws, head = widest
    journals = state.journals()
    charters, parts = charter
    title = Title(
        meeting=meeting,
        charters=tuple(charters),
        parts=parts,
        statements=tuple(identity.chain.split("~")[:2]),
    )
    covered = {name: journals.get(name, [])[:seq] for name, (seq, _) in head.heads.items()}
    entries = merged(meeting, covered)
    read = sum(len(journal) for journal in journals.values())
    return Testimony(title, entries, jws, read - len(entries))


def merged(meeting: MeetingId, journals: Mapping[JournalId, list[Entry]]) -> tuple[Entry, ...]:
    """One order for several journals, in which each folds: it is the server's but for entries of different sittings."""

    def place(entry: Entry) -> tuple[int, bool, int, JournalId, int]:
        header = entry.header
        if is_main(meeting, header.journal):
            return header.seq, False, 0, header.journal, 0
        named = 0 if header.main is None else header.main[0]
        return named, True, header.at_ms, header.journal, header.seq

    return tuple(sorted((entry for journal in journals.values() for entry in journal), key=place))


def _widest(meeting: MeetingId, heads: Mapping[frozenset[JournalId], str]) -> tuple[str, Head] | None:
    """Of the heads that cover main, the one over most journals, and of these the newest."""
    found: list[tuple[str, Head]] = []
    for jws in heads.values():
        form = split(jws, typ=Typ.HEAD)
        head = form if isinstance(form, Refusal) else read_head(form.payload)
        if not isinstance(head, Refusal) and any(is_main(meeting, journal) for journal in head.heads):
            found.append((jws, head))
    return max(found, key=lambda one: (len(one[1].heads), one[1].at_ms), default=None)
