"""`python -m incamera.member.doorkeeper`: a headless member of the secretariat, on the roster like anyone.

It opens the sittings that list its seat, keeps their groups alive, lets in who knocks (with `chairs`:
chairs' seats only, and leaves the rest to the chair) and posts the sealed titles of restricted items. One line of JSON
on standard input says which: `{"link", "state": folder, "admits": "all" | "chairs", "titles", "ca": path | null}`, with
`titles` as `{sitting: {item: {language: text}}}`. It ends when standard input closes, or at SIGTERM; started again with
the same folder, it goes on where it was.
"""

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from incamera import log
from incamera.accreditation.charter import Text
from incamera.accreditation.invitation import Invitation, parse_link
from incamera.accreditation.strict import ItemId, SittingId
from incamera.certificates import trust
from incamera.clock import Clock, SystemClock
from incamera.member import titles
from incamera.member.attendee import Attendee, End
from incamera.member.conduct import Admits, Manner
from incamera.member.device import StateFolder
from incamera.member.order import end_asked, order_line
from incamera.member.sitting import Sitting
from incamera.refusal import Refusal

_log = log.logger(__name__)

Titles = Mapping[SittingId, Mapping[ItemId, Text]]


@dataclass(frozen=True, slots=True)
class Order:
    """What the doorkeeper is told."""

    invitation: Invitation
    state: Path
    admits: Admits
    titles: Titles
    ca: Path | None


def read_order(line: bytes) -> Order | Refusal:
    """The order of who starts it, which is trusted; its link may still be none."""
    value = json.loads(line)
    invitation = parse_link(value["link"])
    if isinstance(invitation, Refusal):
        return invitation
    return Order(
        invitation,
        Path(value["state"]),
        "chairs" if value["admits"] == "chairs" else "all",
        value["titles"],
        None if value["ca"] is None else Path(value["ca"]),
    )


async def keep_door(order: Order, asked: asyncio.Event, clock: Clock) -> End | Refusal:
    """Keep the sittings' doors until asked to end."""
    folder = StateFolder.open(order.state)
    if isinstance(folder, Refusal):
        return folder
    attendee = Attendee(
        order.invitation,
        folder,
        clock,
        trust(order.ca),
        manner=Manner(opens=True, admits=order.admits),
        wants="all",
    )
    heralds: set[asyncio.Task[None]] = set()

    def entered(sitting: Sitting) -> None:
        known = order.titles.get(sitting.id)
        if known:
            heralds.add(asyncio.create_task(herald(sitting, known)))

    async def herald(sitting: Sitting, known: Mapping[ItemId, Text]) -> None:
        try:
            await _post_titles(sitting, known)
        except Exception:
            # As a sitting's own: who started the doorkeeper starts it again, and it goes on where it was.
            _log.exception("titles.failed", sitting=sitting.id)
            attendee.end("alarmed")

    attendee.on_sitting.append(entered)
    try:
        end = await attendee.run(asked)
        if end != "asked":
            refusal = attendee.refusal
            _log.error("doorkeeper.ended", how=end, code=None if refusal is None else str(refusal.code))
        return end
    finally:
        for task in heralds:
            task.cancel()
        await asyncio.gather(*heralds, return_exceptions=True)
        folder.close()


async def _post_titles(sitting: Sitting, known: Mapping[ItemId, Text]) -> None:
    """Post each title that is not there yet, once we are a member; who comes later gets the keys from who adds it."""
    while True:
        await sitting.reached(
            lambda one: one.can_send and one.state is not None and bool(titles.missing(one.state, known))
        )
        state = sitting.state
        assert state is not None, "just looked at"
        read = state.sitting.tail.seq
        for item in titles.missing(state, known):
            refusal = await sitting.deeds.post_title(item, known[item])
            if refusal is not None:
                _log.info("title.refused", sitting=sitting.id, code=str(refusal.code))
        # A title that was refused is posted again once the sitting's record went on, not at once and for ever.
        await sitting.reached(lambda one, read=read: one.state is None or one.state.sitting.tail.seq != read)  # type: ignore[misc]


async def _main(order: Order) -> int:
    end = await keep_door(order, end_asked(), SystemClock())
    if isinstance(end, Refusal):
        _log.error("doorkeeper.refused", code=str(end.code))
    return 0 if end == "asked" else 1


def main() -> None:
    """Read the order, keep the door."""
    log.configure(os.environ.get("INCAMERA_LOG_LEVEL", "warning"))
    line = order_line()
    if line is None:
        return
    order = read_order(line)
    if isinstance(order, Refusal):
        raise SystemExit(str(order))
    raise SystemExit(asyncio.run(_main(order)))


if __name__ == "__main__":
    main()
