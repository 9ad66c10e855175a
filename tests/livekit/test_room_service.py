"""RoomService and webhooks by `livekit-api`, unmodified; what is refused, and how."""

import http.server
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import httpx2
import pytest
from livekit import api, rtc
from livekit.protocol.models import ParticipantPermission
from livekit.protocol.webhook import WebhookEvent

from incamera.clock import SystemClock
from incamera.sfu import tokens
from incamera.sfu.tokens import Grants
from incamera.sfu.twirp import SERVICES_NOT_ANSWERED
from tests.livekit.members import RATE, Member, await_true
from tests.livekit.running import KEY, SECRET, RunningSfu
from tests.support.patience import PATIENCE_S

pytestmark = [pytest.mark.slow, pytest.mark.anyio]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


class Receiver:
    """A webhook receiver with livekit-api's own verification; fails as often as told, first."""

    def __init__(self, failures: int = 0) -> None:
        verifier = api.WebhookReceiver(api.TokenVerifier(KEY, SECRET))
        receiver = self
        self.events: list[WebhookEvent] = []
        self.failures = failures
        self.attempts = 0
        self.counts = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                with receiver.counts:
                    receiver.attempts += 1
                    if receiver.failures > 0:
                        receiver.failures -= 1
                        self.send_response(500)
                    else:
                        receiver.events.append(verifier.receive(body, self.headers["Authorization"]))
                        self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver(failures=1)
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def sfu(receiver: Receiver) -> Iterator[RunningSfu]:
    with RunningSfu(webhook_urls=(receiver.url,)) as running:
        yield running


@pytest.fixture
async def lk(sfu: RunningSfu) -> AsyncIterator[api.LiveKitAPI]:
    client = api.LiveKitAPI(sfu.http, KEY, SECRET)
    yield client
    await client.aclose()


async def test_rooms_are_made_listed_changed_and_deleted(lk: api.LiveKitAPI) -> None:
    made = await lk.room.create_room(api.CreateRoomRequest(name="made", metadata="first", max_participants=1))
    assert (made.name, made.metadata, made.sid[:3]) == ("made", "first", "RM_")
    again = await lk.room.create_room(api.CreateRoomRequest(name="made", metadata="second"))
    assert (again.sid, again.metadata) == (made.sid, "first")
    changed = await lk.room.update_room_metadata(api.UpdateRoomMetadataRequest(room="made", metadata="third"))
    assert changed.metadata == "third"
    listed = await lk.room.list_rooms(api.ListRoomsRequest(names=["made", "none"]))
    assert [room.name for room in listed.rooms] == ["made"]
    await lk.room.delete_room(api.DeleteRoomRequest(room="made"))
    assert not (await lk.room.list_rooms(api.ListRoomsRequest(names=["made"]))).rooms
    with pytest.raises(api.TwirpError) as refused:
        await lk.room.delete_room(api.DeleteRoomRequest(room="made"))
    assert (refused.value.code, refused.value.status) == ("not_found", 404)
    assert refused.value.metadata == {"code": "room.unknown"}


async def test_participants_are_listed_muted_changed_and_removed(lk: api.LiveKitAPI, sfu: RunningSfu) -> None:
    async with (
        Member(sfu.url, sfu.token("alice", "govern"), tone_hz=440) as alice,
        Member(sfu.url, sfu.token("bob", "govern")) as bob,
    ):
        await await_true("bob hears alice", lambda: bob.sound["alice"])
        listed = await lk.room.list_participants(api.ListParticipantsRequest(room="govern"))
        assert {who.identity for who in listed.participants} == {"alice", "bob"}
        who = await lk.room.get_participant(api.RoomParticipantIdentity(room="govern", identity="alice"))
        sid = who.tracks[0].sid

        mute = api.MuteRoomTrackRequest(room="govern", identity="alice", track_sid=sid, muted=True)
        assert (await lk.room.mute_published_track(mute)).track.muted
        await await_true("bob hears nothing", lambda: bob.loudness("alice") < 100)
        mute.muted = False
        with pytest.raises(api.TwirpError) as refused:
            await lk.room.mute_published_track(mute)
        assert (refused.value.code, refused.value.metadata) == ("permission_denied", {"code": "track.unmute"})

        names = api.UpdateParticipantRequest(room="govern", identity="alice", name="A.", attributes={"seat": "1"})
        assert (await lk.room.update_participant(names)).attributes == {"seat": "1"}
        seen = bob.room.remote_participants["alice"]
        await await_true("bob sees the attribute", lambda: seen.attributes.get("seat") == "1")

        silent = ParticipantPermission(can_subscribe=True, can_publish=False, can_publish_data=True)
        request = api.UpdateParticipantRequest(room="govern", identity="alice", permission=silent)
        assert not (await lk.room.update_participant(request)).tracks
        await await_true("alice's track is gone", lambda: not seen.track_publications)
        hidden = ParticipantPermission(can_subscribe=True, hidden=True)
        with pytest.raises(api.TwirpError) as refused:
            await lk.room.update_participant(
                api.UpdateParticipantRequest(room="govern", identity="alice", permission=hidden)
            )
        assert refused.value.metadata == {"code": "grant.hidden"}

        await lk.room.remove_participant(api.RoomParticipantIdentity(room="govern", identity="alice"))
        await await_true("alice is out", lambda: alice.disconnected == [rtc.DisconnectReason.PARTICIPANT_REMOVED])


async def test_a_participant_is_spared_of_a_track_and_given_it_again(lk: api.LiveKitAPI, sfu: RunningSfu) -> None:
    async with (
        Member(sfu.url, sfu.token("alice", "choose"), tone_hz=440) as alice,
        Member(sfu.url, sfu.token("bob", "choose")) as bob,
        Member(sfu.url, sfu.token("carol", "choose")) as carol,
    ):
        for member in (bob, carol):
            await await_true("both hear alice", lambda of=member: of.sound["alice"] and of.loudness("alice") > 1000)
        sid = next(iter(alice.room.local_participant.track_publications))
        choice = api.UpdateSubscriptionsRequest(room="choose", identity="bob", track_sids=[sid], subscribe=False)
        await lk.room.update_subscriptions(choice)
        for _ in range(2):  # in the first second what was on its way may still come
            bob.sound["alice"].clear()
            carol.sound["alice"].clear()
            await await_true("carol hears a second more", lambda: sum(map(len, carol.sound["alice"])) > RATE)
        assert not bob.sound["alice"], "bob hears on"
        choice.subscribe = True
        await lk.room.update_subscriptions(choice)
        await await_true("bob hears alice again", lambda: bob.sound["alice"] and bob.loudness("alice") > 1000)

        choice.identity = "nobody"
        with pytest.raises(api.TwirpError) as refused:
            await lk.room.update_subscriptions(choice)
        assert refused.value.metadata == {"code": "participant.unknown"}


async def test_data_of_the_servers_own_reaches_whom_it_names(lk: api.LiveKitAPI, sfu: RunningSfu) -> None:
    async with (
        Member(sfu.url, sfu.token("alice", "notes")) as alice,
        Member(sfu.url, sfu.token("bob", "notes")) as bob,
    ):
        await await_true("both are there", lambda: alice.room.remote_participants)
        for name in ("bob", "alice"):
            note = api.SendDataRequest(room="notes", data=b"note", topic="t", destination_identities=[name])
            await lk.room.send_data(note)
        await await_true("each has one", lambda: alice.data and bob.data)
        assert [packet.topic for packet in bob.data] == ["t"]


async def test_what_is_not_there_yet_says_so(lk: api.LiveKitAPI) -> None:
    move = api.MoveParticipantRequest(room="a", identity="b", destination_room="c")
    with pytest.raises(api.TwirpError) as refused:
        await lk.room.move_participant(move)
    assert (refused.value.code, refused.value.status) == ("unimplemented", 501)


async def test_every_other_service_says_that_it_is_not_there_and_what_to_do(lk: api.LiveKitAPI) -> None:
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "AgentDispatchService": lambda: lk.agent_dispatch.list_dispatch("room"),
        "Connector": lambda: lk.connector.dial_whatsapp_call(api.DialWhatsAppCallRequest()),
        "Egress": lambda: lk.egress.list_egress(api.ListEgressRequest()),
        "Ingress": lambda: lk.ingress.list_ingress(api.ListIngressRequest()),
        "SIP": lambda: lk.sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest()),
    }
    without_client = {"AgentSimulation", "CloudAgent"}
    assert set(calls) == set(SERVICES_NOT_ANSWERED) - without_client
    for service, call in calls.items():
        with pytest.raises(api.TwirpError) as refused:
            await call()
        assert (refused.value.code, refused.value.status) == ("unimplemented", 501)
        assert refused.value.metadata == {"code": "signal.unsupported"}
        assert service in refused.value.message
        assert SERVICES_NOT_ANSWERED[service] in refused.value.message


@pytest.mark.parametrize(
    "path", ["", "livekit.Nothing/Do", "livekit.Egress", "Egress/ListEgress", "livekit.RoomService"]
)
async def test_what_livekit_has_not_either_is_no_route(sfu: RunningSfu, path: str) -> None:
    for verb in ("POST", "GET"):
        answer = httpx2.request(verb, f"{sfu.http}/twirp/{path}", timeout=PATIENCE_S)
        assert (answer.status_code, answer.json()["code"]) == (404, "bad_route"), verb
        assert "docs/reference/livekit.md" in answer.json()["msg"]


async def test_calls_without_the_right_token_or_with_a_bad_body_are_refused(sfu: RunningSfu) -> None:
    now_ms = SystemClock().now_ms()
    url = f"{sfu.http}/twirp/livekit.RoomService"

    def call(method: str, body: object, grants: Grants | None, **headers: str) -> httpx2.Response:
        token = tokens.issue({KEY: SECRET}, "api", "mine", grants, now_ms=now_ms) if grants else "nonsense"
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"} | headers
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return httpx2.post(f"{url}/{method}", content=content, headers=headers, timeout=PATIENCE_S)

    assert call("ListRooms", {}, None).status_code == 401
    assert call("ListRooms", {}, Grants()).json()["code"] == "permission_denied"
    assert call("ListRooms", {}, Grants(room_list=True)).json()["rooms"] is not None
    foreign = call("ListParticipants", {"room": "yours"}, Grants(room_admin=True))
    assert (foreign.status_code, foreign.json()["meta"]) == (403, {"code": "grant.missing"})
    assert call("ListParticipants", {"room": "mine"}, Grants(room_admin=True)).json()["code"] == "not_found"
    assert call("ListRooms", b"{", Grants(room_list=True)).json()["code"] == "malformed"
    assert call("ListRooms", b"[" * 100_000, Grants(room_list=True)).json()["code"] == "malformed"
    binary = {"Content-Type": "application/protobuf"}
    assert call("ListRooms", b"\xff\xff", Grants(room_list=True), **binary).json()["code"] == "malformed"
    assert call("ListRooms", b" " * 300_000, Grants(room_list=True)).json()["code"] == "resource_exhausted"
    assert call("NoSuchMethod", {}, Grants(room_list=True)).json()["code"] == "bad_route"
    made = call("CreateRoom", {"name": "camel", "emptyTimeout": 7}, Grants(room_create=True)).json()
    assert (made["name"], made["empty_timeout"]) == ("camel", 7), "snake or camel in, snake out"


async def test_webhooks_tell_the_life_of_a_room_once_each_in_order(sfu: RunningSfu, receiver: Receiver) -> None:
    async with (
        Member(sfu.url, sfu.token("alice", "hooked"), tone_hz=440),
        Member(sfu.url, sfu.token("bob", "hooked")) as bob,
    ):
        await await_true("bob hears alice", lambda: bob.sound["alice"])
    sfu.call(sfu.server.service.delete_room(api.DeleteRoomRequest(room="hooked")))

    def told() -> list[str]:
        return [event.event for event in receiver.events if event.room.name == "hooked"]

    await await_true("the end is told", lambda: "room_finished" in told())
    assert told()[0] == "room_started"
    assert told().count("participant_joined") == 2
    assert told().count("participant_left") == 2
    assert (told().count("track_published"), told().count("track_unpublished")) == (1, 1)
    with receiver.counts:
        ids = [event.id for event in receiver.events]
        assert len(ids) == len(set(ids))
        assert receiver.attempts == len(ids) + 1, "the first was tried again"
