"""The items of a sitting's agenda: opened and closed by the chair, open from the commit that names them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from incamera.accreditation.strict import ItemId
from incamera.meeting.acts import CloseItem, OpenItem, Sealed, TitleItem
from incamera.refusal import Code, Refusal

if TYPE_CHECKING:
    from incamera.meeting.state import Placed, State

Span = tuple[int, int | None]
"""From the round that opened an item to the round in which it was closed; None while it is open."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """One item at most is open or being opened. The spans say members of which rounds could decrypt which item."""

    opening: ItemId | None = None
    """The chair opened it, and no commit has named it yet."""
    open: ItemId | None = None
    spans: Mapping[ItemId, tuple[Span, ...]] = field(default_factory=dict)
    titles: Mapping[ItemId, Sealed] = field(default_factory=dict)
    """Sealed titles of restricted items, the newest of each."""

    def named(self, item: ItemId, round_: int) -> "Agenda":
        """After a commit that names the item being opened: it is open from this round on."""
        assert item == self.opening, "decide_commit refuses it"
        spans = {**self.spans, item: (*self.spans.get(item, ()), (round_, None))}
        return replace(self, opening=None, open=item, spans=spans)

    def closed(self, round_: int) -> "Agenda":
        """With nothing open: at the close of an item, or of the sitting."""
        if self.open is None:
            return replace(self, opening=None)
        *before, (opened, _) = self.spans[self.open]
        spans = {**self.spans, self.open: (*before, (opened, round_))}
        return replace(self, opening=None, open=None, spans=spans)


@dataclass(frozen=True, slots=True)
class Titled:
    """The sealed title of an item was posted."""

    item: ItemId
    title: Sealed


@dataclass(frozen=True, slots=True)
class ItemOpened:
    """The chair opened an item: the next commit names it."""

    item: ItemId


@dataclass(frozen=True, slots=True)
class ItemClosed:
    """The chair closed an item, or gave up opening it."""

    item: ItemId


def decide_title(state: "State", placed: "Placed[TitleItem]") -> Titled | Refusal:
    """Only a restricted item has a sealed title, and the title says which item it is of."""
    body = placed.body
    item = state.terms.items.get(body.item)
    if item is None or body.title.item != body.item:
        return _unknown()
    if item.title is not None:
        return Refusal(Code.ITEM_PUBLIC, "The charter says this item's title in clear.", "Post no other.")
    return Titled(body.item, body.title)


def apply_titled(state: "State", event: Titled) -> "State":
    """The newest title counts."""
    agenda = state.sitting.agenda
    return state.in_sitting(agenda=replace(agenda, titles={**agenda.titles, event.item: event.title}))


def decide_open(state: "State", placed: "Placed[OpenItem]") -> ItemOpened | Refusal:
    """One item at a time. A closed one may be opened again."""
    agenda, item = state.sitting.agenda, placed.body.item
    if item not in state.terms.items:
        return _unknown()
    busy = agenda.open or agenda.opening
    if busy is not None:
        return Refusal(Code.ITEM_OPEN, f"Item {busy} is open.", "Close it first.")
    return ItemOpened(item)


def apply_opened(state: "State", event: ItemOpened) -> "State":
    """It is being opened until a commit names it."""
    return state.in_sitting(agenda=replace(state.sitting.agenda, opening=event.item))


def decide_close(state: "State", placed: "Placed[CloseItem]") -> ItemClosed | Refusal:
    """Closes what is open or being opened."""
    agenda, item = state.sitting.agenda, placed.body.item
    if item not in state.terms.items:
        return _unknown()
    if item not in {agenda.open, agenda.opening}:
        return Refusal(Code.ITEM_NOT_OPEN, f"Item {item} is not open.", "Nothing to do.")
    return ItemClosed(item)


def apply_closed(state: "State", _event: ItemClosed) -> "State":
    """Nothing is open; the item's span ends with the present round."""
    return state.in_sitting(agenda=state.sitting.agenda.closed(state.sitting.round))


def _unknown() -> Refusal:
    return Refusal(Code.ITEM_UNKNOWN, "This sitting has no such item.", "Take an item of this sitting's agenda.")
