"""The `livekit` Python SDK, unmodified, against the running server."""

import asyncio
from collections.abc import Iterator

import pytest
from livekit import rtc

from incamera.limits import DATA_PACKET_BYTES
from incamera.sfu import membership, quality
from tests.livekit.members import FPS, RATE, Member, await_true
from tests.livekit.running import RunningSfu

pytestmark = [pytest.mark.slow, pytest.mark.anyio]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def sfu() -> Iterator[RunningSfu]:
    with RunningSfu() as running:
        yield running


async def test_two_members_see_each_other_and_hear_the_tone_that_was_sent(sfu: RunningSfu) -> None:
    async with (
        Member(sfu.url, sfu.token("alice", "talk"), tone_hz=440, picture=True) as alice,
        Member(sfu.url, sfu.token("bob", "talk"), tone_hz=880, picture=True) as bob,
    ):
        await await_true("bob sees alice", lambda: bob.frames["alice"] > FPS)
        await await_true("alice sees bob", lambda: alice.frames["bob"] > FPS)
        await await_true("bob heard two seconds", lambda: sum(map(len, bob.sound["alice"])) > 2 * RATE)
        await await_true("alice heard two seconds", lambda: sum(map(len, alice.sound["bob"])) > 2 * RATE)
        assert abs(bob.pitch("alice") - 440) < 5
        assert abs(alice.pitch("bob") - 880) < 5
        seen = bob.room.remote_participants["alice"]
        assert seen.name == "Alice"
        assert {pub.mime_type.lower() for pub in seen.track_publications.values()} == {"audio/opus", "video/vp8"}


async def test_a_mute_is_seen_and_silences(sfu: RunningSfu) -> None:
    async with (
        Member(sfu.url, sfu.token("alice", "mute"), tone_hz=440) as alice,
        Member(sfu.url, sfu.token("bob", "mute")) as bob,
    ):
        muted: list[str] = []
        bob.room.on("track_muted", lambda participant, publication: muted.append(participant.identity))
        await await_true("bob hears alice", lambda: bob.sound["alice"] and bob.loudness("alice") > 1000)
        publication = next(iter(alice.room.local_participant.track_publications.values()))
        assert isinstance(publication.track, rtc.LocalAudioTrack)
        publication.track.mute()
        await await_true("bob is told", lambda: muted == ["alice"])
        await await_true("bob hears nothing", lambda: bob.loudness("alice") < 100)
        publication.track.unmute()
        await await_true("bob hears alice again", lambda: bob.loudness("alice") > 1000)


async def test_who_speaks_is_told_to_all(sfu: RunningSfu) -> None:
    async with (
        Member(sfu.url, sfu.token("bob", "speak")) as bob,
        Member(sfu.url, sfu.token("alice", "speak"), tone_hz=440) as alice,
    ):
        speaking: dict[str, list[str]] = {}
        for name, member in (("alice", alice), ("bob", bob)):
            member.room.on(
                "active_speakers_changed",
                lambda speakers, name=name: speaking.update({name: [who.identity for who in speakers]}),
            )
        await await_true("both are told", lambda: speaking == {"alice": ["alice"], "bob": ["alice"]})
        publication = next(iter(alice.room.local_participant.track_publications.values()))
        assert isinstance(publication.track, rtc.LocalAudioTrack)
        publication.track.mute()
        await await_true("both are told of the silence", lambda: speaking == {"alice": [], "bob": []})


async def test_who_may_subscribe_is_up_to_the_sender(sfu: RunningSfu) -> None:
    async with (
        Member(sfu.url, sfu.token("alice", "permit"), tone_hz=440) as alice,
        Member(sfu.url, sfu.token("bob", "permit")) as bob,
        Member(sfu.url, sfu.token("carol", "permit")) as carol,
    ):
        for member in (bob, carol):
            await await_true("both hear alice", lambda of=member: of.sound["alice"] and of.loudness("alice") > 1000)
        permit = alice.room.local_participant.set_track_subscription_permissions
        carol_may = rtc.ParticipantTrackPermission(participant_identity="carol", allow_all=True)
        permit(allow_all_participants=False, participant_permissions=[carol_may])
        for _ in range(2):  # in the first second what was on its way may still come
            bob.sound["alice"].clear()
            carol.sound["alice"].clear()
            await await_true("carol hears a second more", lambda: sum(map(len, carol.sound["alice"])) > RATE)
        assert not bob.sound["alice"], "bob hears on"
        permit(allow_all_participants=True)
        await await_true("bob hears alice again", lambda: bob.sound["alice"] and bob.loudness("alice") > 1000)


async def test_how_good_a_connection_is_reaches_who_has_it_and_who_hears_it(sfu: RunningSfu) -> None:
    async with (
        Member(sfu.url, sfu.token("alice", "quality"), tone_hz=440) as alice,
        Member(sfu.url, sfu.token("bob", "quality")) as bob,
    ):
        told: dict[str, list[tuple[str, object]]] = {"alice": [], "bob": []}
        for name, member in (("alice", alice), ("bob", bob)):
            member.room.on(
                "connection_quality_changed", lambda who, word, name=name: told[name].append((who.identity, word))
            )
        await await_true("bob hears alice", lambda: bob.sound["alice"])

        async def lose() -> None:
            room = sfu.server._switchboard.rooms["quality"]
            holder = room.named("alice")
            assert holder is not None
            membership.rate(room, holder, quality.LOST)
            sfu.server._settle(room)

        sfu.call(lose())  # as if the core had lost the connection: its next report is another word
        lost = ("alice", rtc.ConnectionQuality.QUALITY_LOST)
        await await_true("both are told of the loss", lambda: lost in told["alice"] and lost in told["bob"])
        for name in told:
            await await_true(
                f"{name} is told of the recovery",
                lambda name=name: [word for who, word in told[name] if who == "alice"][-1] != lost[1],
            )
        assert not [who for who, _ in told["alice"] if who != "alice"], "alice does not hear bob"


async def test_leaving_and_unpublishing_are_seen(sfu: RunningSfu) -> None:
    async with Member(sfu.url, sfu.token("bob", "leave")) as bob:
        gone: list[str] = []
        unpublished: list[str] = []
        bob.room.on("participant_disconnected", lambda participant: gone.append(participant.identity))
        bob.room.on("track_unpublished", lambda publication, participant: unpublished.append(participant.identity))
        async with Member(sfu.url, sfu.token("alice", "leave"), tone_hz=440) as alice:
            await await_true("bob hears alice", lambda: bob.sound["alice"])
            sid = next(iter(alice.room.local_participant.track_publications))
            await alice.room.local_participant.unpublish_track(sid)
            await await_true("bob is told", lambda: unpublished == ["alice"])
        await await_true("bob sees alice leave", lambda: gone == ["alice"])


async def test_data_reaches_all_or_whom_it_names_with_the_senders_identity(sfu: RunningSfu) -> None:
    async with (
        Member(sfu.url, sfu.token("alice", "data")) as alice,
        Member(sfu.url, sfu.token("bob", "data")) as bob,
        Member(sfu.url, sfu.token("carol", "data")) as carol,
    ):
        await await_true("all are there", lambda: len(alice.room.remote_participants) == 2)
        send = alice.room.local_participant.publish_data
        await send(b"to bob", destination_identities=["bob"], topic="note")
        await send(b"to all", reliable=True, topic="note")
        await await_true("carol has it", lambda: carol.data)
        await await_true("bob has both", lambda: len(bob.data) == 2)
        assert [packet.data for packet in bob.data] == [b"to bob", b"to all"], "reliable data keeps its order"
        assert [packet.data for packet in carol.data] == [b"to all"]
        assert {packet.participant.identity for packet in bob.data if packet.participant} == {"alice"}
        await send(b"quick", reliable=False)
        await await_true("lossy arrives too", lambda: any(packet.data == b"quick" for packet in carol.data))


async def test_text_streams_and_rpc_cross(sfu: RunningSfu) -> None:
    async with (
        Member(sfu.url, sfu.token("alice", "rpc")) as alice,
        Member(sfu.url, sfu.token("bob", "rpc")) as bob,
    ):
        texts: list[str] = []

        async def read(reader: rtc.TextStreamReader) -> None:
            texts.append(await reader.read_all())

        tasks: list[asyncio.Task[None]] = []
        bob.room.register_text_stream_handler(
            "story", lambda reader, _: tasks.append(asyncio.create_task(read(reader)))
        )
        story = "a long story " * 3000
        assert len(story) < DATA_PACKET_BYTES.value
        await alice.room.local_participant.send_text(story, topic="story")
        await await_true("the text arrives whole", lambda: texts == [story])

        async def double(data: rtc.RpcInvocationData) -> str:
            return f"{data.caller_identity}: {int(data.payload) * 2}"

        bob.room.local_participant.register_rpc_method("double", double)
        answer = await alice.room.local_participant.perform_rpc(
            destination_identity="bob", method="double", payload="21", response_timeout=20
        )
        assert answer == "alice: 42"


async def test_attributes_are_seen_by_the_others(sfu: RunningSfu) -> None:
    async with (
        Member(sfu.url, sfu.token("alice", "attributes", can_update_own_metadata=True)) as alice,
        Member(sfu.url, sfu.token("bob", "attributes")) as bob,
    ):
        await alice.room.local_participant.set_attributes({"hand": "up"})
        await alice.room.local_participant.set_name("Alice of Wonderland")
        await await_true("bob is there", lambda: "alice" in bob.room.remote_participants)
        seen = bob.room.remote_participants["alice"]
        await await_true("bob sees the hand", lambda: seen.attributes.get("hand") == "up")
        await await_true("bob sees the name", lambda: seen.name == "Alice of Wonderland")


async def test_the_same_identity_again_puts_the_older_out(sfu: RunningSfu) -> None:
    async with (
        Member(sfu.url, sfu.token("alice", "twice")) as older,
        Member(sfu.url, sfu.token("alice", "twice")) as newer,
    ):
        await await_true("the older is out", lambda: older.disconnected)
        assert older.disconnected == [rtc.DisconnectReason.DUPLICATE_IDENTITY]
        assert not newer.disconnected


async def test_a_hidden_participant_and_a_bad_token_are_refused(sfu: RunningSfu) -> None:
    for token in (sfu.token("spy", hidden=True), "not a token", sfu.token("alice") + "x"):
        with pytest.raises(rtc.ConnectError):
            async with Member(sfu.url, token):
                pass
