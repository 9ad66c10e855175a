"""A sitting in private, in real browsers: pages that open links are members of its MLS group, beside Python members."""

import asyncio
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from incamera.accreditation.strict import DelegationId, Thumbprint
from incamera.api.page import Page
from incamera.meeting.acts import Admit, GiveFloor
from incamera.member.sitting import Sitting
from incamera.record.entry import Entry, JournalId
from incamera.settings.fields import Media
from tests.malice.liar import body_of, claims_of, kind_of
from tests.support.delegates import SMALL, await_true, ending, seated
from tests.support.private import chamber, reached
from tests.support.private_pages import forget_group, gallery, pages_agree, pictures_grow, sound_grows, sound_stops
from tests.support.relay import CALM, Network, Weather
from tests.support.sound import LISTEN, LOUDEST, write_tone

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.anyio,
    pytest.mark.skipif(not Page().built, reason="the page is not built: make setup"),
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def port_of(origin: str) -> int:
    port = urlsplit(origin).port
    assert port is not None
    return port


def updated(keeper: Sitting, after: int) -> set[Thumbprint]:
    """Whose leaves were updated after so many entries of the sitting; nothing else happened since: nobody knocked."""
    since = keeper._reader.entries[JournalId(keeper.id)][after:]
    assert {kind_of(entry) for entry in since} <= {"mls.commit"}, "an update alone"
    assert all(body_of(entry)["adds"] == body_of(entry)["removes"] == [] for entry in since)
    return {Thumbprint(claims_of(entry.body)["by"]) for entry in since}


async def test_two_pages_and_a_doorkeeper_are_one_group_and_a_reload_goes_on_with_its_leaf(tmp_path: Path) -> None:
    async with chamber(tmp_path) as meeting, gallery() as browser:
        keeper = await meeting.enter("doorkeeper", opens=True, admits=True).member()
        albania = await browser.enter(meeting, "alb-head")
        belgium = await browser.enter(meeting, "bel-head")
        before = await pages_agree(albania, belgium, members=3, beside=[keeper])
        assert "#" not in albania.page.url
        await pictures_grow(albania, [await belgium.device()])
        await pictures_grow(belgium, [await albania.device()])
        entries = (await belgium.plane())["entries"][meeting.first]

        await albania.page.reload()
        await reached(keeper, lambda one: Thumbprint(before["device"]) in updated(one, entries))
        since = keeper.epoch or 0
        after = await pages_agree(albania, belgium, members=3, since_epoch=since, beside=[keeper])
        assert after["device"] == before["device"], "a reload is no new enrolment"
        await pictures_grow(belgium, [await albania.device()])
        await pictures_grow(albania, [await belgium.device()])
        assert updated(keeper, entries), "it did not knock later either"
        assert (await albania.plane())["alarms"] == []


async def test_the_chair_gives_the_floor_excludes_and_admits_again_from_its_page(tmp_path: Path) -> None:
    async with chamber(tmp_path, is_automatic=False) as meeting, gallery() as browser:
        keeper = await meeting.enter("doorkeeper", opens=True).member()
        chair = await browser.enter(meeting, "chair")
        await reached(keeper, lambda one: one.state is not None and bool(one.state.sitting.lobby.knocks))
        await keeper.deeds.act(Admit(Thumbprint(await chair.device())))
        albania = await browser.enter(meeting, "alb-head")
        device = await albania.device()
        await chair.until("the knock", lambda told: device in told["knocks"])
        await chair.act("lobby.admit", {"device": device})
        await pages_agree(chair, albania, members=3)
        await pictures_grow(chair, [device])

        await albania.call("press", True)
        assert device not in (await chair.plane())["speakers"]
        await albania.act("floor.request", {})
        await chair.act("floor.give", {"delegation": "alb", "device": device})
        await sound_grows(chair, device)
        await chair.act("floor.take_back", {})
        await chair.until("the floor is free", lambda told: device not in told["speakers"])
        await sound_stops(chair, device)

        await chair.act("lobby.exclude", {"device": device})
        told = await albania.until(
            "outside",
            lambda told: told["lobby"]["step"]["at"] == "excluded" and told["stand"] == {"at": "lobby"},
        )
        assert told["words"] is None
        assert told["alarms"] == []
        await pages_agree(chair, members=2)

        await albania.call("knock", meeting.first)
        await chair.until("the second knock", lambda told: device in told["knocks"])
        await chair.act("lobby.admit", {"device": device})
        await pages_agree(chair, albania, members=3)
        await pictures_grow(chair, [device])


async def test_a_page_goes_over_to_another_open_sitting_from_within_the_room(tmp_path: Path) -> None:
    async with chamber(tmp_path) as meeting, gallery() as browser:
        keeper = await meeting.enter("doorkeeper", opens=True, admits=True).member()
        chair = await meeting.enter("chair", opens=True, admits=True, sitting=meeting.second).member(meeting.second)
        albania = await browser.enter(meeting, "alb-head")
        before = await albania.until(
            "frames that leave", lambda told: told["sitting"] == meeting.first and told["isSending"] and told["sent"]
        )
        await albania.page.locator("[data-control=more]").click()
        await albania.page.locator(f'[data-sitting="{meeting.second}"] [data-control=go-to-door]').click()
        after = await albania.until(
            "frames that leave there",
            lambda told: told["sitting"] == meeting.second and told["isSending"] and told["sent"],
        )
        assert after["stand"]["at"] == "room"
        assert set(after["roster"]) == {chair.me, before["device"]}
        await reached(keeper, lambda one: {seat.device for seat in one.roster()} == {keeper.me})

        def entry(sitting: Sitting, kind: str) -> Entry:
            by_it = [
                one
                for one in sitting._reader.entries[JournalId(sitting.id)]
                if kind_of(one) == kind and claims_of(one.body)["by"] == before["device"]
            ]
            assert len(by_it) == 1
            return by_it[0]

        left, knocked = entry(keeper, "lobby.leave"), entry(chair, "lobby.knock")
        assert left.header.at_ms <= knocked.header.at_ms, "a device is in one sitting at a time"
        assert after["alarms"] == []


async def test_a_chair_alone_opens_reloads_and_lets_others_in(tmp_path: Path) -> None:
    async with chamber(tmp_path) as meeting, gallery() as browser:
        chair = await browser.enter(meeting, "chair")
        await chair.until("the unopened doors", lambda told: len(told["lobby"]["doors"]) == 2)
        assert await chair.call("open", meeting.first) is None
        opened = await pages_agree(chair, members=1)
        await chair.page.reload()
        await pages_agree(chair, members=1, since_epoch=opened["epoch"] + 1)

        albania = await browser.enter(meeting, "alb-head")
        belgium = await meeting.enter("bel-head").member()
        told = await pages_agree(chair, albania, members=3, beside=[belgium])

        # Its whole state is gone: nobody could go on with the old group's leaf, and an admitted device needs no hand.
        await forget_group(chair)
        await pages_agree(chair, albania, members=3, since_epoch=told["epoch"] + 1)


async def test_five_seconds_without_a_network_leave_a_page_in_the_sitting(tmp_path: Path) -> None:
    with Network(seed=20210217) as network:
        udp = network.udp()
        media = Media(host="127.0.0.1", udp_port=0, tcp_port=0, announce_udp=(f"127.0.0.1:{udp.port}",))
        async with chamber(tmp_path, media=media) as meeting, gallery() as browser:
            udp.target = ("127.0.0.1", meeting.running.udp_port)
            web = network.tcp(("127.0.0.1", port_of(meeting.running.origin)))
            await meeting.enter("doorkeeper", opens=True, admits=True).member()
            origin = meeting.running.origin.replace(f":{port_of(meeting.running.origin)}", f":{web.port}")
            albania = await browser.enter(meeting, "alb-head", origin=origin)
            belgium = await browser.enter(meeting, "bel-head")
            before = await pages_agree(albania, belgium, members=3)
            await pictures_grow(albania, [await belgium.device()])

            udp.weather = web.weather = Weather(cut=True)
            await asyncio.sleep(5)
            udp.weather = web.weather = CALM
            await pictures_grow(albania, [await belgium.device()])
            await pictures_grow(belgium, [await albania.device()])
            after = await pages_agree(albania, belgium, members=3)
            assert after["device"] == before["device"]
            assert after["alarms"] == []


@pytest.mark.long  # tests/browser/test_python_member.py shows the same by the command, beside each change
async def test_a_page_and_a_python_member_see_and_hear_each_other(tmp_path: Path) -> None:
    write_tone(tmp_path / "tone.wav", 700)
    flag = f"--use-file-for-fake-audio-capture={tmp_path / 'tone.wav'}"
    async with chamber(tmp_path) as meeting, gallery(flag) as browser:
        chair = seated(meeting, "chair", replace(SMALL, tone_hz=1100), opens=True, admits=True)
        async with ending(chair):
            host = await chair.entered()
            albania = await browser.open(meeting, "alb-head", before=LISTEN)
            await albania.call("enterLobby")
            told = await pages_agree(albania, members=2)
            await pictures_grow(albania, [host.me])
            await await_true("the chair sees the page", lambda: chair.of("alb-head")["video_frames"] > 15)
            await sound_grows(albania, host.me)
            heard = [await albania.page.evaluate(LOUDEST) for _ in range(3)]
            assert any(abs(hz - 1100) < 15 for hz in heard), f"the page hears {heard} Hz"

            await albania.act("floor.request", {})
            await host.deeds.act(GiveFloor(DelegationId("alb"), Thumbprint(told["device"])))
            await await_true(
                "the chair hears 700 Hz of the page", lambda: abs((chair.of("alb-head")["tone_hz"] or 0) - 700) < 15
            )
