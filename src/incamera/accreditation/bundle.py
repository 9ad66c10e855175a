"""A signed charter as a file, `.charter`: the core, its parts and the statements; what `meeting create` uploads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from incamera.accreditation.charter import PartId
from incamera.accreditation.strict import Json, Malformed, Members, b64u, compact, read, text_of, unb64u
from incamera.limits import CHARTER_BYTES, DELEGATIONS, SEATS, SITTINGS
from incamera.refusal import Refusal

SUFFIX: Final = ".charter"
STATEMENT_CHARACTERS_MAX: Final = 2048


@dataclass(frozen=True, slots=True)
class Bundle:
    """Nothing of it is secret for the server; nobody else needs to see it."""

    charter: str
    parts: Mapping[PartId, bytes]
    statements: tuple[str, ...]
    """Delegations' and seats'."""

    def upload(self) -> dict[str, Json]:
        """The members that are uploaded."""
        parts: dict[str, Json] = {str(part): b64u(data) for part, data in self.parts.items()}
        return {"charter": self.charter, "parts": parts, "statements": list(self.statements)}

    def write(self) -> bytes:
        """The file's bytes."""
        return compact({"incamera": "charter", "v": 1, **self.upload()}) + b"\n"


def read_bundle(data: bytes) -> Bundle | Refusal:
    """The charter in a file's bytes; who signed it is for `open_charter` to say."""
    return read(data, _parse, what="charter file")


def _parse(members: Members) -> Bundle:
    members.constant("incamera", "charter")
    members.constant("v", 1)
    parts = members.object("parts")
    return Bundle(
        members.text("charter", longest=CHARTER_BYTES.value),
        dict(parts.each(_part, most=2 + SITTINGS.value + DELEGATIONS.value)),
        members.array("statements", _statement, most=2 * (SEATS.value + DELEGATIONS.value)),
    )


def _statement(value: Json, path: str) -> str:
    return text_of(value, path, STATEMENT_CHARACTERS_MAX)


def _part(name: str, value: Json, path: str) -> tuple[PartId, bytes]:
    data = unb64u(text_of(value, path, CHARTER_BYTES.value))
    if data is None:
        raise Malformed(path[:80], "not b64u")
    return PartId(name), data
