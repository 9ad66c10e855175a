"""A server that began again: who comes into a room with a ticket of before, though nobody asked for the meeting yet."""

import asyncio
from pathlib import Path

from incamera.accreditation.charter import SUITE
from incamera.accreditation.strict import GroupId, SittingId, b64u
from incamera.media.plane import Gone, Identity, RoomName
from incamera.meeting.acts import OpenSitting, RevokeDevice
from incamera.refusal import Code, Refusal
from tests.support.house import House
from tests.support.paper import FIRST, SECOND, Device, octets
from tests.support.plane import PaperPlane

PATIENCE_S = 30.0


def opened(house: House, device: Device, sitting: SittingId) -> str:
    """The device opens the sitting, so that it is a member; its ticket."""
    group = GroupId(b64u(octets(f"group of {sitting}", 16)))
    opening = house.signed(device, OpenSitting(group, SUITE, device.leaf_chain(sitting, group)), sitting, (None, None))
    assert house.post(opening).status_code == 201
    answer = house.ask(device, "POST", "tickets", json={"sitting": sitting, "instance": "A" * 11})
    assert answer.status_code == 200, answer.text
    ticket: str = answer.json()["token"]
    return ticket


async def first_out(plane: PaperPlane, *tickets: str) -> Identity:
    """All connect; who is put out first."""
    events = plane.events()
    next_one = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)  # it listens
    for ticket in tickets:
        plane.connect(ticket)
    async with asyncio.timeout(PATIENCE_S):
        while not isinstance(event := await next_one, Gone):
            next_one = asyncio.ensure_future(anext(events))
    return event.identity


def after_a_revocation(house: House) -> tuple[Device, str, Device, str]:
    """Who stays, with its ticket of before, and who was revoked, with its own."""
    with house.open():
        assert house.create().status_code == 201
        chair, secretariat = house.enrolled("chair"), house.enrolled("secretariat")
        stays, goes = opened(house, secretariat, FIRST), opened(house, chair, SECOND)
        revoked = house.post(house.signed(secretariat, RevokeDevice(chair.thumbprint), None, (None, None)))
        assert revoked.status_code == 201, revoked.text
    return secretariat, stays, chair, goes


def test_who_was_revoked_before_a_restart_is_refused_at_the_door_though_nobody_asked_for_the_meeting(
    tmp_path: Path,
) -> None:
    house = House(tmp_path)
    secretariat, _, chair, _ = after_a_revocation(house)
    again = House(tmp_path, house.charters)
    with again.open():
        assert again.client.portal is not None

        def at_the_door(room: str, device: Device) -> Refusal | None:
            assert again.client.portal is not None
            return again.client.portal.call(again.meetings.may_enter, room, f"{device.thumbprint}.{'A' * 11}")

        refused = at_the_door(SECOND, chair)
        assert isinstance(refused, Refusal)
        assert refused.code is Code.MEMBER_MISSING
        assert at_the_door(FIRST, secretariat) is None
        assert isinstance(at_the_door(SECOND, secretariat), Refusal), "it is in the first sitting only"
        assert at_the_door("a room of nobody's meeting", chair) is None


def test_who_was_revoked_before_a_restart_is_put_out_of_the_room_after_it(tmp_path: Path) -> None:
    """By a media server elsewhere, which does not ask."""
    house = House(tmp_path)
    secretariat, stays, chair, goes = after_a_revocation(house)
    again = House(tmp_path, house.charters)
    again.plane = house.plane
    with again.open():
        assert again.client.portal is not None
        gone = again.client.portal.call(first_out, again.plane, stays, goes)
        assert gone.startswith(chair.thumbprint)
        assert list(again.plane.rooms[RoomName(FIRST)]) == [f"{secretariat.thumbprint}.{'A' * 11}"]
