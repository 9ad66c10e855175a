"""YAML whose every value knows its line: a mistake is named by line, field, and what to write. All of them at once."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from typing import Final, TypeVar

import yaml
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, Event
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from incamera.accreditation.strict import is_slug
from incamera.refusal import Code, Refusal

T = TypeVar("T")
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
DEPTH_MAX: Final = 16
PROBLEMS_MAX: Final = 50
"""A file with more mistakes than this is another kind of file."""


class Problems:
    """The mistakes found so far."""

    def __init__(self) -> None:
        self.found: list[Refusal] = []

    def add(self, node: Node, path: str, what: str, write: str) -> None:
        """Note a mistake: where, what is so, what to write instead."""
        if len(self.found) < PROBLEMS_MAX:
            place = f"line {node.start_mark.line + 1}" + (f", {path}" if path else "")
            self.found.append(Refusal(Code.CHARTER_INVALID, f"Charter {place}: {what}", write))


def compose(text: str, problems: Problems) -> "Fields | None":
    """The top of a YAML document, which must be a mapping; None (and a problem) if it can't be read at all."""
    try:
        _check_events(yaml.parse(text, Loader=yaml.SafeLoader))
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"Charter line {mark.line + 1}" if mark is not None else "The charter"
        why = getattr(error, "problem", None) or str(error)
        problems.found.append(Refusal(Code.CHARTER_INVALID, f"{place}: it is no YAML ({why}).", _SEE))
        return None
    if not isinstance(node, MappingNode):
        problems.found.append(Refusal(Code.CHARTER_INVALID, "The charter has no fields.", _SEE))
        return None
    return Fields(node, "", problems)


class Fields:
    """The fields of one mapping. Each is taken once; a missing or wrong one becomes a problem and a stand-in value."""

    def __init__(self, node: Node, path: str, problems: Problems) -> None:
        self.node = node
        self.path = path
        self.problems = problems
        self._known: list[str] = []
        self._nodes: dict[str, Node] = {}
        self._names: dict[str, Node] = {}
        if not isinstance(node, MappingNode):
            problems.add(node, path, "here must be fields, `name: value`.", _SEE)
            return
        for name, value in node.value:
            word = name.value if isinstance(name, ScalarNode) else ""
            if word in self._nodes:
                problems.add(name, self.at(word), "it stands twice.", "Leave one of the two.")
            self._nodes[word] = value
            self._names[word] = name

    def at(self, name: str) -> str:
        """A field's path: `sittings[3].opens`."""
        return f"{self.path}.{name}" if self.path else name

    def has(self, name: str) -> bool:
        """Whether the field is there, with a value that is not null."""
        node = self._nodes.get(name)
        return node is not None and not _is_null(node)

    def problem(self, name: str, what: str, write: str) -> None:
        """Note a mistake in a field, or in the whole if the field is not there."""
        self.problems.add(self._nodes.get(name, self.node), self.at(name) if name else self.path, what, write)

    def read(self, name: str, parse: Callable[[str], T | None], stand_in: T, write: str) -> T:
        """A scalar as `parse` makes it of its text; None from `parse` is a mistake."""
        node = self._take(name, write)
        if node is None:
            return stand_in
        if not isinstance(node, ScalarNode) or _is_null(node) or (value := parse(node.value)) is None:
            shown = f'"{node.value}" is not right.' if isinstance(node, ScalarNode) else "here must be one value."
            self.problems.add(node, self.at(name), shown, write)
            return stand_in
        return value

    def text(self, name: str, *, longest: int) -> str:
        """A line of text."""
        return self.read(
            name, lambda text: text if 0 < len(text) <= longest else None, "", f"Write 1 to {longest} characters."
        )

    def slug(self, name: str) -> str:
        """An id."""
        write = "Write an id of a-z, 0-9 and -, at most 32 characters."
        return self.read(name, lambda text: text if is_slug(text) else None, "", write)

    def integer(self, name: str, least: int, most: int) -> int:
        """A whole number."""
        return self.read(
            name,
            lambda text: int(text) if _NUMBER.fullmatch(text) and least <= int(text) <= most else None,
            least,
            f"Write a number from {least} to {most}.",
        )

    def boolean(self, name: str) -> bool:
        """`true` or `false`; false if it is not there."""
        words = {"true": True, "false": False}
        return self.read(name, words.get, False, "Write true or false.") if self.has(name) else self._skip(name)

    def one_of(self, name: str, words: Mapping[str, T], stand_in: T) -> T:
        """One of some words."""
        return self.read(name, words.get, stand_in, f"Write one of: {', '.join(words)}.")

    def day(self, name: str) -> str:
        """A day, YYYY-MM-DD."""
        return self.read(name, _day, "", "Write YYYY-MM-DD, a day that the calendar has.")

    def time_ms(self, name: str) -> int:
        """A moment: date, time and offset, as milliseconds since 1970."""
        return self.read(name, _time_ms, 0, "Write YYYY-MM-DDTHH:MM+HH:MM: date, time, and the offset from UTC.")

    def fields(self, name: str) -> "Fields":
        """Fields within."""
        node = self._take(name, _SEE)
        return Fields(MappingNode("", [], self.node.start_mark) if node is None else node, self.at(name), self.problems)

    def items(self, name: str, *, most: int) -> Iterator[tuple[Node, str]]:
        """The elements of a list, each with its path."""
        node = self._take(name, "Write a list, each element on a line that begins with `- `.")
        if node is None:
            return
        if not isinstance(node, SequenceNode):
            self.problems.add(node, self.at(name), "here must be a list.", "Write each element on a line with `- `.")
            return
        if len(node.value) > most:
            self.problems.add(node, self.at(name), f"it has {len(node.value)} elements.", f"Write at most {most}.")
        for index, element in enumerate(node.value[:most]):
            yield element, f"{self.at(name)}[{index}]"

    def each(self, name: str, *, most: int) -> "Iterator[Fields]":
        """The elements of a list of fields."""
        for element, path in self.items(name, most=most):
            yield Fields(element, path, self.problems)

    def words(self, name: str, *, most: int) -> list[tuple[str, Node, str]]:
        """The elements of a list of words, each with its node and path."""
        found: list[tuple[str, Node, str]] = []
        for element, path in self.items(name, most=most):
            if isinstance(element, ScalarNode):
                found.append((element.value, element, path))
            else:
                self.problems.add(element, path, "here must be one word.", _SEE)
        return found

    def names(self) -> Iterator[str]:
        """The names of all fields, for a mapping whose names are ids or languages."""
        self._known.extend(self._nodes)
        yield from list(self._nodes)

    def end(self) -> None:
        """What nobody asked for is a mistake, such as a misspelt name."""
        for name, node in self._names.items():
            if name not in self._known:
                close = get_close_matches(name, self._known, n=1)
                write = f"Did you mean {close[0]}?" if close else f"Known here: {', '.join(self._known)}."
                self.problems.add(node, self.at(name), "there is no such field.", write)

    def _take(self, name: str, write: str) -> Node | None:
        self._known.append(name)
        node = self._nodes.get(name)
        if node is None and isinstance(self.node, MappingNode):
            self.problems.add(self.node, self.at(name), "it is missing.", write)
        return node

    def _skip(self, name: str) -> bool:
        self._known.append(name)
        return False


def _check_events(events: Iterator[Event]) -> None:
    # Both would let a small file take hours: the scanner is quadratic in depth, and aliases multiply what they name.
    depth = 0
    for event in events:
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if isinstance(event, AliasEvent) or depth > DEPTH_MAX:
            line = 1 if event.start_mark is None else event.start_mark.line + 1
            raise yaml.YAMLError(f"line {line}: an alias, or nested too deeply")


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _day(text: str) -> str | None:
    try:
        return text if date.fromisoformat(text).isoformat() == text else None
    except ValueError:
        return None


def _time_ms(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    is_whole = moment.utcoffset() is not None and moment.microsecond == 0 and moment.year >= 2000
    return int(moment.timestamp()) * 1000 if is_whole else None


_SEE: Final = "See `incamera charter example` for the form."
