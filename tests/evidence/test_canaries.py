"""What the server stored, logged, sent and held in its memory in a sitting, searched for what it must never have.

A server as a process of its own, with logs at debug level; a page that sends pictures and sound, with ears in its
worker; Python members. The canaries are real secrets of that sitting, not look-alikes. That the search can find is
shown each time: titles that are not restricted, and the sealed bytes of the very frames whose clear bytes are missing.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from incamera.accreditation.authority import lock, unlock
from incamera.accreditation.signature import SigningKey
from incamera.accreditation.strict import DelegationId, ItemId, Thumbprint, b64u
from incamera.api.page import Page
from incamera.clock import SystemClock, instant
from incamera.demo.founding import found
from incamera.e2ee.heartbeat import Heard
from incamera.meeting.acts import GiveFloor
from incamera.member.client import Ticket
from incamera.refusal import Refusal
from incamera.server import Running
from tests.support.browsers import PATIENCE_S
from tests.support.canaries import files, numbered
from tests.support.canaries import found as found_in
from tests.support.memory import memory
from tests.support.private import Chamber, Present, reached
from tests.support.private_pages import Guest, gallery, pages_agree
from tests.support.servers import Process
from tests.support.sound import write_tone
from tests.support.worker_tap import Frame, frames, tap

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.anyio,
    pytest.mark.skipif(not Page().built, reason="the page is not built: make setup"),
]
ITEM = ItemId("item-2")
BEGINS, ENDS = 16, 40
"""The bytes of a frame that are looked for: behind what LiveKit leaves in clear for the packets' headers."""
DISTINCT = 16
"""So many different ones at least: zeros stand everywhere."""
NEAR = 20
"""So many frames around the moment in which the memory was read."""
KINDS = ("audio", "video")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@contextmanager
def served(folder: Path, authority: SigningKey) -> Iterator[Process]:
    """`incamera serve` for this authority's meetings; all of its log is kept."""
    process = Process(
        *("serve", "--json", "--port", "0", "--udp-port", "0", "--tcp-port", "0", "--log-level", "debug"),
        *("--data", str(folder)),
        environment={"INCAMERA_MEETINGS__AUTHORITIES": authority.thumbprint, "INCAMERA_MEDIA__HOST": "127.0.0.1"},
    )
    process.log = deque()
    with process:
        yield process


async def held(process: Process, folder: Path, authority: SigningKey) -> Chamber:
    """Its meeting."""
    clock = SystemClock()
    now = clock.now_ms()
    origin = process.ready["url"].rstrip("/")
    founded = found(
        authority, origin, secrets.token_bytes, now, first_day=instant(now).date(), delegations=2, is_automatic=True
    )
    async with httpx2.AsyncClient(base_url=origin, timeout=PATIENCE_S) as http:
        answer = await http.post("/api/v1/meetings", json=founded.bundle.upload())
        assert answer.status_code == 201, answer.text
    return Chamber(Running(origin, process.ready["udp_port"], None, {}), founded, folder, authority)


async def test_nothing_that_the_server_must_not_have_is_anywhere_in_it(tmp_path: Path) -> None:
    passphrase = f"four words and {secrets.token_hex(12)}"
    locked = lock(SigningKey(secrets.token_bytes(32)), passphrase, salt=secrets.token_bytes(16), iv=bytes(16))
    assert isinstance(locked, bytes), locked
    authority = unlock(locked, passphrase)
    assert isinstance(authority, SigningKey), authority
    write_tone(tmp_path / "tone.wav", 700)
    flag = f"--use-file-for-fake-audio-capture={tmp_path / 'tone.wav'}"
    with served(tmp_path / "server", authority) as process:
        meeting = await held(process, tmp_path, authority)
        canaries = {
            "the authority's passphrase": passphrase.encode(),
            "the authority's key": authority.seed(),
            **numbered("a link's secret", [meeting.invitation(seat).key.seed() for seat in ("chair", "alb-head")]),
        }
        async with gallery(flag) as browser:
            chair, titles = meeting.enter("chair", opens=True, admits=True), secret_titles()
            belgium = meeting.enter("bel-head")
            guest = await browser.open(meeting, "alb-head")
            sent = listened(guest)
            await tap(guest.page)
            await guest.page.reload()
            await guest.until("the check", lambda told: told["stand"]["at"] == "check")
            told = await business(guest, chair, belgium, titles)
            canaries |= numbered("a restricted title", [text.encode() for text in titles.values()])
            canaries |= numbered("a key of the sitting", told)
            canaries |= numbered("a device's key", [seed for one in (chair, belgium) for seed in own_keys(one)])
            process_memory = await held_in_memory(guest, process.pid, canaries)
            tokens = await asked_for(chair, meeting)
            stored = files(tmp_path / "server")
        for present in meeting.present.values():
            await present.kill()
        process.stop()
    log = process.text().encode()
    stored |= {f"{name}, at the end": data for name, data in files(tmp_path / "server").items()}
    assert len(canaries) >= 20, sorted(canaries)
    assert found_in(canaries, stored) == []
    assert found_in(canaries | tokens, {"the log": log}) == []
    assert found_in(canaries, {"what the page was sent": b"\n".join(sent)}) == []
    assert process_memory == []
    # And the search finds what is there.
    there = {"an open title": b"Session of the members", "a sitting's id": meeting.first.encode()}
    assert {one.partition(" in ")[0] for one in found_in(there, stored)} == there.keys()
    assert found_in({"a sitting's id": meeting.first.encode()}, {"what the page was sent": b"\n".join(sent)})
    assert b'"level": "debug"' in log


def secret_titles() -> dict[str, str]:
    """A restricted item's title that nobody else's is."""
    return {"en": f"The plan called {secrets.token_hex(8)}", "fr": f"Le plan nommé {secrets.token_hex(8)}"}


def own_keys(present: Present) -> tuple[bytes, bytes]:
    """A member's device key, and the one that its folder is sealed under."""
    identity = present.attendee.identity
    assert identity is not None
    return identity.key.seed(), present.folder.key


def listened(guest: Guest) -> list[bytes]:
    """What the page gets over WebSockets from now on: the feed, the media server's signalling."""
    heard: list[bytes] = []

    def take(frame: str | bytes) -> None:
        heard.append(frame.encode() if isinstance(frame, str) else frame)

    guest.page.on("websocket", lambda socket: socket.on("framereceived", take))
    return heard


async def business(guest: Guest, chair: Present, belgium: Present, titles: dict[str, str]) -> list[bytes]:
    """A sitting: a title, heartbeats, the floor, pictures and sound; its group's secrets as members have them."""
    inside = await chair.member()
    heard: list[Heard] = []
    inside.membership.on_heard.append(heard.append)
    await belgium.member()
    refusal = await inside.deeds.post_title(ITEM, titles)
    assert refusal is None, refusal
    await guest.call("enterLobby")
    told = await pages_agree(guest, members=3)
    await guest.call("press", True)
    await guest.act("floor.request", {})
    given = await inside.deeds.act(GiveFloor(DelegationId("alb"), Thumbprint(told["device"])))
    assert not isinstance(given, Refusal), given
    await reached(inside, lambda _: len(heard) >= 2)
    sent = await left(guest)
    group = inside.group
    assert group is not None
    words, keys = group.words("en"), [group.frame_key(identity) for identity in sorted({one.identity for one in sent})]
    assert not isinstance(words, Refusal)
    return [
        " ".join(words).encode(),
        *(key for key in keys if isinstance(key, bytes)),
        *(one.beat.nonce.encode() for one in heard[:2]),
    ]


def part(frame: Frame) -> bytes:
    """What of a frame is looked for; nothing if it has too little that is its own."""
    found = frame.start[BEGINS:ENDS]
    return found if len(found) == ENDS - BEGINS and len(set(found)) >= DISTINCT else b""


async def left(guest: Guest) -> list[Frame]:
    """Frames of both kinds that left; waits for them."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            sealed = [one for one in await frames(guest.page) if one.is_sealed and part(one)]
            if {one.kind for one in sealed} == set(KINDS):
                return sealed
            await asyncio.sleep(0.1)


async def held_in_memory(guest: Guest, pid: int, canaries: dict[str, bytes]) -> list[str]:
    """Adds clear bytes of frames to the canaries; looks through the server's memory until it holds those frames.

    The media core has packets after SRTP there: those of pictures for a while, for who asks for them again; those of
    sound on their way through alone. Sealed, and never in clear.
    """
    async with asyncio.timeout(PATIENCE_S):
        while True:
            before = await frames(guest.page)
            at = before[-1].number
            has = b"\0".join(memory(pid))
            known = {one.number: one for one in (*before, *await frames(guest.page))}
            passed = sorted(known.values(), key=lambda one: abs(one.number - at))
            near = {kind: [one for one in passed if one.kind == kind and part(one)] for kind in KINDS}
            sealed = [one for one in near["video"] if one.is_sealed][:NEAR]
            clear = {kind: [one for one in of if not one.is_sealed][:NEAR] for kind, of in near.items()}
            if any(part(one) in has for one in sealed) and all(clear.values()):
                break
    told = found_in(canaries, {"the server's memory": has})
    for kind, of in clear.items():
        # Here as they are, which is how packets have them; in every form where they could have been written down.
        assert not [one for one in of if part(one) in has], f"clear {kind} in the server's memory"
        canaries |= numbered(f"a frame of {kind}", [part(one) for one in of[:4]])
    return told


async def asked_for(chair: Present, meeting: Chamber) -> dict[str, bytes]:
    """What opens the server's own doors: it has these, but no log may show them."""
    identity, client = chair.attendee.identity, chair.attendee.client
    assert identity is not None
    token = await client.token(identity.key)
    ticket = await client.ticket(identity.key, meeting.first, b64u(secrets.token_bytes(8)))
    assert not isinstance(token, Refusal), token
    assert isinstance(ticket, Ticket), ticket
    return {"a token": token.text.value.encode(), "a ticket": ticket.token.value.encode()}
