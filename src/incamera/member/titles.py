"""Titles of restricted items: posted sealed by who has them, read by who has the item's key."""

import json
from collections.abc import Mapping

from incamera.accreditation.charter import Text
from incamera.accreditation.strict import ItemId, Members, b64u, compact, read
from incamera.e2ee import messages
from incamera.e2ee.facts import Heads
from incamera.e2ee.group import Group
from incamera.meeting.acts import Message, Sealed, TitleItem
from incamera.meeting.state import State
from incamera.refusal import Refusal


def key_message(group: Group, item: ItemId, heads: Heads) -> Message | Refusal:
    """The act's body that gives an item's key to the group. Save the group before it is posted."""
    state = group.state()
    message = messages.send_item_key(group, item, heads)
    if isinstance(message, Refusal):
        return message
    assert state.group is not None, "who sends is in a group"
    assert state.epoch is not None, "who sends is in a group"
    return Message(state.group, state.epoch, b64u(message))


def sealed_title(group: Group, item: ItemId, title: Text) -> TitleItem | Refusal:
    """The act's body that posts a title: `{language: text}` in compact JSON, sealed under the item's key."""
    body = messages.seal_body(group, item, TitleItem.kind, compact(dict(title)).decode("utf-8"))
    sealed = body if isinstance(body, Refusal) else read(body.encode("utf-8"), Sealed.read, what="sealed title")
    return sealed if isinstance(sealed, Refusal) else TitleItem(item, sealed)


def missing(state: State, titles: Mapping[ItemId, Text]) -> tuple[ItemId, ...]:
    """Of these titles, those of restricted items that nobody posted yet."""
    items, posted = state.terms.items, state.sitting.agenda.titles
    return tuple(item for item in titles if item in items and items[item].title is None and item not in posted)


def opened(group: Group, state: State, item: ItemId) -> dict[str, str] | Refusal | None:
    """A restricted item's title in its languages; None while nobody posted it."""
    sealed = state.sitting.agenda.titles.get(item)
    if sealed is None:
        return None
    wire = compact({"item": sealed.item, "key": sealed.key, "sealed": sealed.sealed})
    text = messages.open_body(group, TitleItem.kind, wire)
    return text if isinstance(text, Refusal) else read(text.encode("utf-8"), _texts, what="title")


def _texts(members: Members) -> dict[str, str]:
    def one(name: str, value: object, path: str) -> tuple[str, str]:
        return name, value if isinstance(value, str) else json.dumps(value)

    return dict(members.each(one, most=8))
