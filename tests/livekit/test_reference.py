"""docs/reference/livekit.md is true: each message, method and event stands there, as the code has it."""

import importlib
import pkgutil
import re
from pathlib import Path
from typing import get_args

from livekit import protocol
from livekit.protocol.rtc import SignalRequest, SignalResponse

from incamera.sfu.effects import Happening
from incamera.sfu.session import ANSWERED
from incamera.sfu.twirp import METHODS, NOT_ANSWERED, SERVICES_NOT_ANSWERED

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "livekit.md").read_text()


def rows(heading: str) -> dict[str, list[str]]:
    """The first table under a heading: first cell's name -> the other cells."""
    text = PAGE.partition(f"\n## {heading}")[2].partition("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return {name: [cell.strip() for cell in cells] for first, *cells in lines for name in re.findall(r"`(\w+)`", first)}


def test_every_request_is_listed_as_it_is_answered() -> None:
    listed = rows("`SignalRequest`")
    assert set(listed) == {field.name for field in SignalRequest.DESCRIPTOR.fields}
    assert {name for name, cells in listed.items() if cells[0] != "not yet"} == set(ANSWERED)


def test_every_response_is_listed_as_it_is_sent() -> None:
    listed = rows("`SignalResponse`")
    assert set(listed) == {field.name for field in SignalResponse.DESCRIPTOR.fields}
    source = "".join(path.read_text() for path in (ROOT / "src" / "incamera" / "sfu").glob("*.py"))
    sent = {name for name in listed if f"SignalResponse({name}=" in source}
    assert {name for name, cells in listed.items() if cells[0] == "yes"} == sent


def test_every_method_is_listed_as_it_is_answered() -> None:
    listed = rows("RoomService")
    assert set(listed) == {*METHODS, *NOT_ANSWERED}
    assert {name for name, cells in listed.items() if cells[1] == "yes"} == set(METHODS)


def test_every_other_service_of_livekit_has_its_answer() -> None:
    modules = [
        importlib.import_module(found.name) for found in pkgutil.iter_modules(protocol.__path__, "livekit.protocol.")
    ]
    services = {
        name for module in modules if hasattr(module, "DESCRIPTOR") for name in module.DESCRIPTOR.services_by_name
    }
    assert services == {"RoomService", *SERVICES_NOT_ANSWERED}


def test_every_other_service_is_listed_with_what_to_do_instead() -> None:
    assert {name: cells[0] for name, cells in rows("Other services").items()} == SERVICES_NOT_ANSWERED


def test_every_webhook_is_listed() -> None:
    sent = {name for name, cells in rows("Webhooks").items() if cells[0] == "yes"}
    assert sent == set(get_args(Happening))
