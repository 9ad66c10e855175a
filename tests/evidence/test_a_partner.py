"""A partner beside a sitting that does not list it: what its device holds, what it was sent, and what it can show.

One meeting is held for all tests here: Finland in the second sitting with pictures and sound, the members in the first
with a restricted item. Finland reaches the server by a name of its own, so what goes to it is told from the rest.
"""

import asyncio
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from incamera.accreditation.strict import ItemId, SittingId, Thumbprint, unb64u
from incamera.api.page import Page
from incamera.audit.archive import read_archive
from incamera.audit.reading import Broken
from incamera.audit.verify import Intact, verify
from incamera.cli.app import app
from incamera.clock import SystemClock
from incamera.meeting.acts import OpenItem
from incamera.member import titles
from incamera.member.doorkeeper import Order, keep_door
from incamera.member.sitting import Sitting
from incamera.record.entry import Entry, JournalId, parse_entry
from incamera.refusal import Refusal
from tests.audit.exports import closed
from tests.support.canaries import files, found, numbered
from tests.support.delegates import ending, seated, sees
from tests.support.private import WAIT_S, Chamber, chamber, close, reached
from tests.support.tap import Tap, Traffic

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not Page().built, reason="the page is not built: make setup")]
ITEM = ItemId("item-2")
PARTNERS_NAME, OTHERS_NAME = "127.0.0.1", "localhost"


@dataclass(frozen=True)
class Held:
    """A meeting that was held."""

    folder: Path
    authority: Thumbprint
    first: SittingId
    second: SittingId
    secrets: Mapping[str, bytes]
    """What of the first sitting its members alone have."""
    to_partner: Traffic
    to_others: Traffic

    def state(self, seat: str) -> Path:
        """The folder of a seat's device."""
        return self.folder / "devices" / seat

    def journal(self, seat: str, name: str) -> list[Entry]:
        """What a device read of a journal."""
        lines = (self.state(seat) / f"{name}.journal").read_bytes().splitlines()
        entries = [parse_entry(line) for line in lines]
        return [entry for entry in entries if isinstance(entry, Entry)]


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Held:
    return asyncio.run(hold(tmp_path_factory.mktemp("meeting")))


async def hold(folder: Path) -> Held:
    tap, asked = Tap(), asyncio.Event()
    async with chamber(folder, delegations=2, around=tap.around) as meeting:
        assert f"//{OTHERS_NAME}:" in meeting.running.origin
        origin = meeting.running.origin.replace(OTHERS_NAME, PARTNERS_NAME)
        known = meeting.founded.titles
        order = Order(meeting.invitation("doorkeeper"), folder / "devices" / "doorkeeper", "all", known, None)
        door = asyncio.create_task(keep_door(order, asked, SystemClock()))
        async with ending(
            seated(meeting, "alb-head"),
            seated(meeting, "bel-head", sitting=meeting.second),
            seated(meeting, "fin-head", sitting=meeting.second, origin=origin),
        ) as (albania, belgium, finland):
            secrets = await business(meeting)
            inside = await albania.entered()
            await sees(finland, belgium)
            assert inside.group is not None
            for seat in inside.roster():
                key = inside.group.frame_key(f"{seat.device}.AAAAAAAAAAA")
                assert not isinstance(key, Refusal), key
                secrets[f"a frame key of {seat.seat}"] = key
            await reached(inside, lambda one: titled(one) is not None)
            chair = await meeting.present["chair"].member()
            await close(chair)
            await reached(inside, lambda one: one.phase == "closed")
        await meeting.present["chair"].stop()
        asked.set()
        await asyncio.wait_for(door, WAIT_S)
    for answer in tap.of[OTHERS_NAME].answers:
        if answer.path.endswith("/tickets") and json.loads(answer.asked)["sitting"] == meeting.first:
            secrets["a ticket"] = answer.json()["token"].encode()
    return Held(
        folder,
        meeting.authority.thumbprint,
        meeting.first,
        meeting.second,
        secrets,
        tap.of[PARTNERS_NAME],
        tap.of[OTHERS_NAME],
    )


def titled(sitting: Sitting) -> object:
    """The restricted item's title, as a member reads it."""
    group, state = sitting.group, sitting.state
    return None if group is None or state is None else titles.opened(group, state, ITEM)


async def business(meeting: Chamber) -> dict[str, bytes]:
    """What is done in the first sitting; what is called how there."""
    chair = await meeting.enter("chair").member()
    await reached(chair, lambda one: titled(one) is not None)
    opened = await chair.deeds.act(OpenItem(ITEM))
    assert not isinstance(opened, Refusal), opened
    state = chair.state
    assert state is not None
    title = next(iter(meeting.founded.titles[meeting.first].values()))
    return {
        "the sitting's id": meeting.first.encode(),
        "the sitting's title": b"Session of the members",
        **numbered("the restricted title", [text.encode() for text in title.values()]),
        **numbered("a group's id", [str(group).encode() for group in state.sitting.groups]),
    }


def ours(held: Held) -> dict[str, bytes]:
    """What the partner's device must not have in any form: the first sitting's secrets, and each entry of it."""
    entries = held.journal("alb-head", held.first)
    assert len(entries) >= 8
    hashes = numbered("the hash of entry", [entry.hash.encode() for entry in entries])
    bodies = numbered("the body of entry", [(entry.body or "").encode()[:512] for entry in entries])
    return {**held.secrets, **hashes, **bodies}


def test_the_partners_whole_device_holds_nothing_of_the_other_sitting(held: Held) -> None:
    device = files(held.state("fin-head"))
    journals = {f"{held.second}.journal", f"{held.first}.journal", f"{held.second}.group", f"{held.first}.group"}
    assert journals & device.keys() == {f"{held.second}.journal", f"{held.second}.group"}
    assert found(ours(held), device) == []
    own = numbered("its own entry", [entry.hash.encode() for entry in held.journal("fin-head", held.second)[:-1]])
    assert len(found(own, device)) == len(own), "the search finds what is there: each hash stands in the next entry"
    assert found(ours(held), files(held.state("alb-head"))), "and in a member's device what the partner's has not"


def test_all_that_the_partner_was_sent_has_nothing_of_the_other_sitting(held: Held) -> None:
    sent, others = held.to_partner.all(), held.to_others.all()
    assert any(path.startswith("/rtc") for path, _ in held.to_partner.messages), "its signalling was listened to"
    assert found(ours(held), sent) == []
    seen = {place.rpartition(" in ")[0] for place in found(ours(held), others)}
    never = {name for name in held.secrets if name.startswith(("a frame key", "the restricted title"))}
    assert seen == ours(held).keys() - never, "the search finds each of them where it was sent"


def test_the_partner_has_no_part_and_no_ticket_of_the_other_sitting(held: Held) -> None:
    shown = [one.json()["parts"] for one in held.to_partner.answers if one.path.endswith("/charters")]
    contents = [json.loads(unb64u(data) or b"")["content"] for parts in shown for data in parts.values()]
    assert {one["sitting"] for one in contents if one["kind"] == "sitting"} == {held.second}
    asked = [json.loads(one.asked) for one in held.to_partner.answers if one.path.endswith("/tickets")]
    assert {one["sitting"] for one in asked} == {held.second}


@pytest.fixture(scope="module")
def exported(held: Held) -> Path:
    """The partner's own export, by the command line."""
    file = held.folder / "finland.incamera"
    command = ["record", "export", "--state", str(held.state("fin-head")), "-o", str(file), "--json"]
    outcome = CliRunner().invoke(app, command)
    assert outcome.exit_code == 0, outcome.output
    told = json.loads(outcome.stdout)
    names = (str(told["meeting"]), held.second)
    assert told["entries"] + told["left_out"] == sum(len(held.journal("fin-head", name)) for name in names)
    return file


def test_a_partners_own_export_verifies_and_says_what_it_could_not_see(held: Held, exported: Path) -> None:
    verdict = verify(exported.read_bytes(), held.authority)
    assert isinstance(verdict, Intact), verdict
    assert set(verdict.record.sittings) == {held.second}
    assert set(verdict.head.heads) == {JournalId(verdict.head.meeting), JournalId(held.second)}
    said = " ".join(verdict.unproven)
    assert 'The file knows of sitting 1 ("Session with the partner"): whether there were other sittings' in said
    assert 'Sitting 1 ("Session with the partner") is not closed: its end is on the server\'s word.' in said
    assert found(ours(held), {"its export": exported.read_bytes()}) == []


def test_a_change_to_a_partners_own_export_is_found(held: Held, exported: Path) -> None:
    data = exported.read_bytes()
    lines = data.split(b"\n")[:-1]
    draw = random.Random(6)
    for place in draw.sample(range(len(data)), 300):
        tried = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        whole = not isinstance(read_archive(tried), Refusal)
        assert not whole or not isinstance(verify(tried, held.authority), Intact), place
    for at in range(1, len(lines) - 1):
        for tried in (b"\n".join([*lines[:at], *lines[at + 1 :], b""]), closed([*lines[:at], *lines[at + 1 :]])):
            assert isinstance(verify(tried, held.authority), Broken), at
    for at in draw.sample(range(1, len(lines) - 1), 8):
        place = draw.randrange(len(lines[at]))
        forged = lines[at][:place] + bytes([lines[at][place] ^ 1]) + lines[at][place + 1 :]
        assert not isinstance(verify(closed([*lines[:at], forged, *lines[at + 1 :]]), held.authority), Intact)


def test_a_member_that_closed_its_sitting_proves_its_end(held: Held) -> None:
    file = held.folder / "albania.incamera"
    outcome = CliRunner().invoke(app, ["record", "export", "--state", str(held.state("alb-head")), "-o", str(file)])
    assert outcome.exit_code == 0, outcome.output
    verdict = verify(file.read_bytes(), held.authority)
    assert isinstance(verdict, Intact), verdict
    assert set(verdict.record.sittings) == {held.first}
    assert not any("is not closed" in said for said in verdict.unproven)
    # What it prints is what `verify` says.
    said = CliRunner().invoke(app, ["record", "verify", str(file), "--authority", held.authority])
    assert said.exit_code == 0
    assert 'The file knows of sitting 1 ("Session of the members")' in said.stdout


def test_who_reads_both_sittings_exports_both(held: Held) -> None:
    file = held.folder / "doorkeeper.incamera"
    outcome = CliRunner().invoke(app, ["record", "export", "--state", str(held.state("doorkeeper")), "-o", str(file)])
    assert outcome.exit_code == 0, outcome.output
    verdict = verify(file.read_bytes(), held.authority)
    assert isinstance(verdict, Intact), verdict
    assert set(verdict.record.sittings) == {held.first, held.second}
    assert all(
        place == held.journal("doorkeeper", name)[place[0] - 1].place for name, place in verdict.head.heads.items()
    )
