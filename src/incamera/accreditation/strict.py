"""Strict JSON and base64url: what is signed or hashed reads in one way only (docs/reference/record.md, 0).

Contract: a function that parses a payload is given `Members` and takes each member by name and type. A member that is
missing, of another type or not canonical raises `Malformed`; one that nobody took is refused by `read`. Only `read`
catches `Malformed`: its callers see a value or a `Refusal`.
"""

import binascii
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Final, NewType, NoReturn, TypeAlias, TypeVar, Union

from incamera.refusal import Code, Refusal

T = TypeVar("T")
Json: TypeAlias = Union[str, int, bool, "list[Json]", "dict[str, Json]", None]
"""A value of strict JSON."""

Hash = NewType("Hash", str)
"""A SHA-256 hash, b64u: 43 characters."""
Thumbprint = NewType("Thumbprint", str)
"""A public key's name: RFC 7638, SHA-256, b64u: 43 characters. A device is named by its key's."""
MeetingId = NewType("MeetingId", str)
"""16 random bytes, b64u: 22 characters."""
SittingId = NewType("SittingId", str)
"""16 random bytes, b64u: 22 characters."""
GroupId = NewType("GroupId", str)
"""An MLS group's id: 16 random bytes, b64u: 22 characters."""
DelegationId = NewType("DelegationId", str)
"""`[a-z0-9-]{1,32}`, from the charter."""
SeatId = NewType("SeatId", str)
"""`[a-z0-9-]{1,32}`, from the charter."""
ItemId = NewType("ItemId", str)
"""`[a-z0-9-]{1,32}`, from the charter."""

DEPTH_MAX: Final = 32
"""How deep arrays and objects may stand in one another: `{}` is 1."""
ID_BYTES: Final = 16
"""Random bytes of the id of a meeting, a sitting, a group or a part of a charter."""
INTEGER_LIMIT: Final = 2**53
"""Integers are below it, and none is negative: all of them are exact in JavaScript."""

_B64U = re.compile(r"[A-Za-z0-9_-]*")
_LAST: Final = ("", "", "AQgw", "AEIMQUYcgkosw048")
"""What the last character may be, by how many stand beyond the last four: those whose spare bits are all zero."""
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_SLUG = re.compile(r"[a-z0-9-]{1,32}")


class Malformed(Exception):
    """A value that is not of its form: where it stands and what was expected."""

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"{path or 'it'}: {expected}")
        self.path = path
        self.expected = expected


def sha256(data: bytes) -> Hash:
    """The hash of bytes, as all formats write it."""
    return Hash(b64u(hashlib.sha256(data).digest()))


def b64u(data: bytes) -> str:
    """Bytes as base64url without padding."""
    return binascii.b2a_base64(data, newline=False).rstrip(b"=").translate(_URL_SAFE).decode("ascii")


def is_b64u(text: str) -> bool:
    """Whether the text is canonical base64url without padding: one text for each value, so padding, other alphabets and
    set bits that stand for nothing are not it.
    """
    beyond = len(text) % 4
    return _B64U.fullmatch(text) is not None and (beyond == 0 or (beyond != 1 and text[-1] in _LAST[beyond]))


def unb64u(text: str) -> bytes | None:
    """The bytes of canonical base64url without padding, or None."""
    if not is_b64u(text):
        return None
    return binascii.a2b_base64(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4))


def is_slug(text: str) -> bool:
    """Whether the text may be a delegation's, seat's or item's id."""
    return _SLUG.fullmatch(text) is not None


def compact(value: object) -> bytes:
    """JSON as we write it: UTF-8, no spaces, members in the order given; what is signed is written once, here."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")


def load(data: bytes) -> Json:
    """The value of strict JSON; raises `Malformed` for anything else."""
    try:
        text = data.decode("utf-8", "strict")
        value: Json = _DECODER.decode(text)
    except (UnicodeDecodeError, RecursionError, json.JSONDecodeError) as error:
        raise Malformed("", f"not JSON in UTF-8 ({type(error).__name__})") from None
    # Most of what is read can be neither too deep nor hold half a surrogate pair, which is written with an escape only.
    if "\\u" in text or text.count("{") + text.count("[") > DEPTH_MAX:
        _check_depth(value)
    return value


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("", "a name stands twice in one object")
    return members


def _no_float(text: str) -> NoReturn:
    raise Malformed("", "a number that is not an integer")


def _integer(text: str) -> int:
    if text.startswith("-") or len(text) > 16 or (value := int(text)) >= INTEGER_LIMIT:
        raise Malformed("", "an integer below 0 or not below 2^53")
    return value


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_no_float, parse_constant=_no_float, parse_int=_integer
)


def _check_depth(value: Json) -> None:
    level: list[Json] = [value]
    depth = 0
    while level:
        below: list[Json] = []
        is_nested = False
        for item in level:
            match item:
                case str():
                    _check_text(item)
                case dict():
                    is_nested = True
                    for name in item:
                        _check_text(name)
                    below.extend(item.values())
                case list():
                    is_nested = True
                    below.extend(item)
        depth += is_nested
        if depth > DEPTH_MAX:
            raise Malformed("", f"deeper than {DEPTH_MAX}")
        level = below


def _check_text(text: str) -> None:
    # "\ud800" alone is valid JSON for Python and JavaScript, and no text in Rust.
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise Malformed("", "half a surrogate pair") from None


class Members:
    """The members of one JSON object, each to be taken once, by name and type."""

    def __init__(self, value: Json, path: str = "") -> None:
        if not isinstance(value, dict):
            raise Malformed(path, "not an object")
        self._left = dict(value)
        self._path = path
        self._nested: list[Members] = []

    def at(self, name: str) -> str:
        """The path of a member, for messages: `cnf.jwk`."""
        return f"{self._path}.{name}" if self._path else name

    def take(self, name: str) -> Json:
        """A member of any type."""
        if name not in self._left:
            raise Malformed(self.at(name), "missing")
        return self._left.pop(name)

    def text(self, name: str, *, longest: int = 1024) -> str:
        """A string of 1 to `longest` characters."""
        return _text(self.take(name), self.at(name), longest)

    def integer(self, name: str, *, least: int = 0, most: int = INTEGER_LIMIT - 1) -> int:
        """An integer between two bounds, both included."""
        return _integer_between(self.take(name), self.at(name), least, most)

    def boolean(self, name: str) -> bool:
        """True or false."""
        value = self.take(name)
        if not isinstance(value, bool):
            raise Malformed(self.at(name), "not true or false")
        return value

    def constant(self, name: str, value: str | int) -> None:
        """A member that has one value only, such as `v`."""
        taken = self.take(name)
        if type(taken) is not type(value) or taken != value:
            raise Malformed(self.at(name), f"not {value!r}")

    def one_of(self, name: str, values: Mapping[str, T]) -> T:
        """One of the words of a closed list, as the value that it stands for."""
        word = self.text(name)
        if word not in values:
            raise Malformed(self.at(name), "not one of " + ", ".join(values))
        return values[word]

    def octets(self, name: str, *, least: int, most: int | None = None) -> bytes:
        """Bytes in b64u: exactly `least`, or between `least` and `most`."""
        data = unb64u(self.b64u(name, least=least, most=most))
        assert data is not None, "it was looked at"
        return data

    def b64u(self, name: str, *, least: int, most: int | None = None) -> str:
        """The text of bytes in b64u that nobody looks into here: exactly `least`, or between `least` and `most`."""
        top = least if most is None else most
        text = _text(self.take(name), self.at(name), top * 2 + 4, least=0)
        if not is_b64u(text) or not least <= len(text) * 3 // 4 <= top:
            raise Malformed(self.at(name), f"not b64u of {least} bytes" if top == least else "not b64u, or too long")
        return text

    def hash(self, name: str) -> Hash:
        """A SHA-256 hash."""
        return Hash(_fixed(self.take(name), self.at(name), 32))

    def thumbprint(self, name: str) -> Thumbprint:
        """A key's thumbprint."""
        return Thumbprint(_fixed(self.take(name), self.at(name), 32))

    def meeting(self, name: str = "meeting") -> MeetingId:
        """A meeting's id."""
        return MeetingId(_fixed(self.take(name), self.at(name), ID_BYTES))

    def sitting(self, name: str = "sitting") -> SittingId:
        """A sitting's id."""
        return SittingId(_fixed(self.take(name), self.at(name), ID_BYTES))

    def group(self, name: str = "group") -> GroupId:
        """An MLS group's id."""
        return GroupId(_fixed(self.take(name), self.at(name), ID_BYTES))

    def delegation(self, name: str = "delegation") -> DelegationId:
        """A delegation's id."""
        return DelegationId(_slug(self.take(name), self.at(name)))

    def seat(self, name: str = "seat") -> SeatId:
        """A seat's id."""
        return SeatId(_slug(self.take(name), self.at(name)))

    def item(self, name: str = "item") -> ItemId:
        """An agenda item's id."""
        return ItemId(_slug(self.take(name), self.at(name)))

    def object(self, name: str) -> "Members":
        """An object within; what nobody takes of it is refused too."""
        members = Members(self.take(name), self.at(name))
        self._nested.append(members)
        return members

    def objects(self, name: str, *, most: int) -> "list[Members]":
        """An array of objects, at most `most`."""
        path = self.at(name)
        found = [Members(value, f"{path}[{index}]") for index, value in enumerate(_array(self.take(name), path, most))]
        self._nested.extend(found)
        return found

    def array(self, name: str, read_one: Callable[[Json, str], T], *, most: int) -> tuple[T, ...]:
        """An array of at most `most` values, each read by a function that is given the value and its path."""
        path = self.at(name)
        values = _array(self.take(name), path, most)
        return tuple(read_one(value, f"{path}[{index}]") for index, value in enumerate(values))

    def optional(self, name: str, read_member: "Callable[[str], T]") -> T | None:
        """Null, or what `read_member` (a method of this object) makes of it. The member itself must be there."""
        if name in self._left and self._left[name] is None:
            del self._left[name]
            return None
        return read_member(name)

    def each(self, read_one: Callable[[str, Json, str], T], *, most: int) -> tuple[T, ...]:
        """All that is left, member by member, for an object whose names are ids: `read_one(name, value, path)`."""
        if len(self._left) > most:
            raise Malformed(self._path, f"more than {most} members")
        taken, self._left = self._left, {}
        return tuple(read_one(name, value, self.at(name)) for name, value in taken.items())

    def end(self) -> None:
        """Refuse what nobody took, here and below."""
        for name in self._left:
            raise Malformed(self.at(name)[:80], "not a member of this format")
        for members in self._nested:
            members.end()


def hash_of(value: Json, path: str) -> Hash:
    """A hash as an element of an array, for `Members.array`."""
    return Hash(_fixed(value, path, 32))


def thumbprint_of(value: Json, path: str) -> Thumbprint:
    """A thumbprint as an element of an array, for `Members.array`."""
    return Thumbprint(_fixed(value, path, 32))


def seat_of(value: Json, path: str) -> SeatId:
    """A seat's id as an element of an array, for `Members.array`."""
    return SeatId(_slug(value, path))


def text_of(value: Json, path: str, longest: int = 1024) -> str:
    """A string as an element of an array, for `Members.array`."""
    return _text(value, path, longest)


def integer_of(value: Json, path: str) -> int:
    """An integer as an element of an array, for `Members.array`."""
    return _integer_between(value, path, 0, INTEGER_LIMIT - 1)


def read(data: bytes, parse: Callable[[Members], T], *, what: str) -> T | Refusal:
    """A typed value of one strict JSON object, or a refusal with the place that is wrong; `what` names it: "act"."""
    try:
        members = Members(load(data))
        value = parse(members)
        members.end()
    except Malformed as malformed:
        return refuse(what, malformed)
    return value


def refuse(what: str, malformed: Malformed) -> Refusal:
    """The refusal of a malformed value; `what` names the whole."""
    place = f" at {malformed.path}" if malformed.path else ""
    return Refusal(
        Code.FORM_MALFORMED,
        f"The {what} is not of its form{place}: {malformed.expected}.",
        "Use a client of this protocol's version, and report this if you do.",
    )


def is_id(text: str, octets: int) -> bool:
    """Whether the text is canonical b64u of so many bytes."""
    return len(text) == (octets * 4 + 2) // 3 and is_b64u(text)


def _text(value: Json, path: str, longest: int, *, least: int = 1) -> str:
    if not isinstance(value, str) or not least <= len(value) <= longest:
        raise Malformed(path, f"not a text of {least} to {longest} characters")
    return value


def _integer_between(value: Json, path: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Malformed(path, f"not an integer from {least} to {most}")
    return value


def _fixed(value: Json, path: str, octets: int) -> str:
    if not isinstance(value, str) or not is_id(value, octets):
        raise Malformed(path, f"not b64u of {octets} bytes")
    return value


def _slug(value: Json, path: str) -> str:
    if not isinstance(value, str) or not is_slug(value):
        raise Malformed(path, "not an id of a-z, 0-9 and -, 1 to 32 characters")
    return value


def _array(value: Json, path: str, most: int) -> list[Json]:
    if not isinstance(value, list) or len(value) > most:
        raise Malformed(path, f"not an array of at most {most}")
    return value
