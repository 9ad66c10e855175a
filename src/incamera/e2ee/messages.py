"""Item keys and sealed bodies: what the record holds of restricted items, for members alone (record.md, 3)."""

from dataclasses import dataclass

from incamera.accreditation.strict import ItemId
from incamera.e2ee.facts import Heads
from incamera.e2ee.group import Group, Received, ask, received
from incamera.refusal import Refusal


@dataclass(frozen=True, slots=True)
class ItemKey:
    """An item whose key came, and who sent it. The key itself stays in the core."""

    item: ItemId
    by: Received


def send_item_key(group: Group, item: ItemId, heads: Heads) -> bytes | Refusal:
    """The message of an `mls.message` act that gives an item's key to the group; the key is made if none is here."""
    return ask(lambda: group.native.send_item_key(item, heads.json()))


def read_item_key(group: Group, message: bytes) -> ItemKey | Refusal:
    """Take an item's key from such a message. Save the group afterwards: the message opens once."""

    def call() -> ItemKey:
        item, about = group.native.read_item_key(message)
        return ItemKey(ItemId(item), received(about, b""))

    return ask(call)


def items(group: Group) -> tuple[ItemId, ...]:
    """The items whose keys are here."""
    return tuple(ItemId(item) for item in group.native.items())


def seal_body(group: Group, item: ItemId, kind: str, text: str) -> str | Refusal:
    """A sealed body in JSON, for an act of this kind in this sitting."""
    return ask(lambda: group.native.seal(item, kind, text.encode("utf-8")))


def open_body(group: Group, kind: str, body: bytes) -> str | Refusal:
    """What a sealed body says."""
    return ask(lambda: group.native.open(kind, body).decode("utf-8", "replace"))
