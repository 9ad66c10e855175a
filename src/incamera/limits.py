"""Each limit on what can grow: name, value, unit and reason (docs/reference/limits.md is generated from this table)."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound, its unit, and why it stands where it stands."""

    value: int
    unit: str
    reason: str

    def __int__(self) -> int:
        return self.value

    def __index__(self) -> int:
        return self.value


SDP_BYTES: Final = Limit(256 * 1024, "bytes", "a session description of 100 m-lines is about 120 KiB")
SDP_SECTIONS: Final = Limit(100, "m-lines", "thirty delegations, picture and sound, and room for republished tracks")
REQUEST_LINE_BYTES: Final = Limit(
    64 * 1024, "bytes", "the first offer travels in the URL of /rtc/v1: 18.5 kB uncompressed"
)
SIGNAL_BYTES: Final = Limit(
    512 * 1024, "bytes", "a signalling message that carries the largest session description twice"
)
SIGNAL_PER_SECOND: Final = Limit(50, "messages/s", "a client that scrolls a grid sends a track setting a tile")
SIGNAL_BURST: Final = Limit(200, "messages", "a full reconnect with thirty subscriptions")
TRACKS_PER_PARTICIPANT: Final = Limit(6, "tracks", "camera, microphone, two screens with sound")
DATA_PACKET_BYTES: Final = Limit(64 * 1024, "bytes", "what data channels of today's browsers agree on")
DATA_PER_SECOND: Final = Limit(100, "packets/s", "text streams in chunks of 15 kB, and signals")
MEDIA_TCP_PER_ADDRESS: Final = Limit(
    256, "connections an address", "an office of thirty, two connections each from two networks, and all once more"
)
MEDIA_EVENTS_BYTES: Final = Limit(
    32 * 1024 * 1024,
    "bytes",
    "2,000 chunks of 15 kB for a server that stands still; data beyond is dropped, and counted",
)
ROOMS: Final = Limit(1000, "rooms", "a room holds a few kilobytes; a flood of them is a mistake or an attack")
PARTICIPANTS_PER_ROOM: Final = Limit(500, "participants", "as many as seats a meeting may have")

# Acts and the meeting.
ACT_BYTES: Final = Limit(16 * 1024, "bytes", "a knock with its chain and a post-quantum key package is about 12 kB")
MESSAGE_ACT_BYTES: Final = Limit(32 * 1024, "bytes", "an act that carries a stored message of 16 KiB, base64url twice")
COMMIT_ACT_BYTES: Final = Limit(512 * 1024, "bytes", "a commit of 30 adds is 147 kB raw, about 280 KiB as an act")
CHAIN_BYTES: Final = Limit(3 * 1024, "bytes", "four statements as JWS, about 1.8 kB")
COMMIT_BYTES: Final = Limit(288 * 1024, "bytes", "what an act of 512 KiB can carry, base64url twice")
COMMIT_ADDS: Final = Limit(30, "adds a commit", "a Welcome of 30 adds is 137 kB for each who joins")
WELCOME_BYTES: Final = Limit(2 * 1024 * 1024, "bytes", "a Welcome into a group of 300 is 1.3 MB")
MESSAGE_BYTES: Final = Limit(16 * 1024, "bytes", "an item key, padded, and room for a text")
KEY_PACKAGE_BYTES: Final = Limit(8 * 1024, "bytes", "a key package of suite 0x004E with its chain is about 6 kB")
SEALED_BYTES: Final = Limit(4 * 1024, "bytes", "a sealed title")
DEVICES: Final = Limit(2000, "devices a meeting", "four for each of 500 seats")
DEVICES_PER_SEAT: Final = Limit(4, "devices a seat", "a laptop, its successor, and two more accidents")
ENTRIES: Final = Limit(200_000, "entries a meeting", "two days of 300 members; a fold of all takes some seconds")
ACT_SKEW_MS: Final = Limit(5 * 60 * 1000, "ms", "how far an act's time may be from its entry's")
CONTEST_MS: Final = Limit(60 * 1000, "ms", "a second use of a link is written down at most once in this time, a seat")
CONTESTS: Final = Limit(5, "contests a seat", "then the link is locked: who copied it can't fill the record")
KNOCKS: Final = Limit(200, "knocks a sitting", "what a door can show; a meeting has 500 seats")
KNOCKS_PER_SEAT: Final = Limit(5, "knocks/min a seat", "a reload that goes wrong a few times")
KNOCKS_PER_MEETING: Final = Limit(300, "knocks/min a meeting", "everybody at once, and once more")
COMMIT_MS: Final = Limit(1000, "ms", "between two commits of one member")
ACTS_PER_SECOND: Final = Limit(20, "acts/s a device", "a committer that sends item keys to thirty newcomers")
POSTS_PER_ADDRESS: Final = Limit(120, "requests/s an address", "a delegation's office of thirty behind one address")
WELCOMES_PER_MINUTE: Final = Limit(
    90, "uploads/minute a device", "a committer commits once a second at most, and makes some again that lost a race"
)
SIGNAL_ACT_BYTES: Final = Limit(16 * 1024, "bytes", "a heartbeat is 0.7 kB at 30 members, more at 300")
SIGNALS_PER_SECOND: Final = Limit(2, "signals/s a device", "a heartbeat each 10 s, and at once when keys switch")
CONNECTIONS_PER_ADDRESS: Final = Limit(
    400, "connections an address", "an office of thirty browsers, six connections each, and all once more"
)
FEEDS_PER_ADDRESS: Final = Limit(50, "feeds an address", "a delegation's office, reloads included")
FEEDS: Final = Limit(1000, "feeds", "twice the seats of the largest meeting")
FEED_HELLO_SECONDS: Final = Limit(10, "s", "from the socket's opening to the token")
FEED_UP_BYTES: Final = Limit(64 * 1024, "bytes", "a signal as JSON; a first message with the places of 100 journals")
CHALLENGE_SECONDS: Final = Limit(30, "s", "a challenge is signed at once, by a machine")
TOKEN_SECONDS: Final = Limit(300, "s", "an API token: renewed on the feed")
TICKET_SECONDS: Final = Limit(60, "s", "from the ticket to the connection")
WELCOME_SECONDS: Final = Limit(600, "s", "a Welcome is deleted so long after its commit")
CHARTER_BYTES: Final = Limit(256 * 1024, "bytes", "a charter of 500 seats, its digests and policies")
CORE_ANSWER_SECONDS: Final = Limit(
    30, "s", "a page's core that has not answered a call is ended and begun anew: 0.2 s at 100 members"
)
CORE_START_SECONDS: Final = Limit(120, "s", "the same for its first answer: its code, 0.5 MB, is on its way")
HEAD_SECONDS: Final = Limit(20, "s", "a TLS handshake, a request's head, or silence; 5 between requests")
BODY_SECONDS: Final = Limit(120, "s", "a request's body: the longest is a charter's, of 8 MiB")
UPLOAD_BYTES: Final = Limit(8 * 1024 * 1024, "bytes", "a charter, its parts and statements for 500 seats")

# The meeting and its record (docs/reference/record.md).
SEATS: Final = Limit(500, "seats a meeting", "thirty delegations of a dozen, interpreters and press")
STATEMENTS: Final = Limit(
    7000, "statements a meeting", "ten for each of 500 seats and 200 delegations; an export has all"
)
DELEGATIONS: Final = Limit(200, "delegations a meeting", "more than there are states in the United Nations")
SITTINGS: Final = Limit(100, "sittings a meeting", "two days with every delegation in a bilateral")
ITEMS_PER_SITTING: Final = Limit(100, "items a sitting", "an agenda that people can read")
CHARTER_DRAFT_BYTES: Final = Limit(
    1024 * 1024, "bytes", "500 seats with names in two languages are about 100 kB of YAML"
)
FEED_BATCH_ENTRIES: Final = Limit(256, "entries", "one message of the feed; the next one follows when it is sent")
FEED_BATCH_BYTES: Final = Limit(1024 * 1024, "bytes", "two commits of the largest size, or 256 acts")
SIGNALS_QUEUED: Final = Limit(256, "signals a reader", "two heartbeats of 100 members: older ones say nothing new")
APPENDS_QUEUED: Final = Limit(1024, "appends", "a second of work for the writer; more than that waits at the door")
BLOB_BYTES: Final = Limit(50 * 1024 * 1024, "bytes", "a document")
ENTRY_BODY_BYTES: Final = Limit(
    640 * 1024, "bytes", "an mls.commit of the largest size, or a contested act quoted in JSON"
)
TOKEN_BYTES: Final = Limit(64 * 1024, "bytes", "a token travels in a URL, with metadata and attributes inside")
REVOCATIONS: Final = Limit(100_000, "removals", "a hundred bytes each; the oldest goes first, and is counted")
RESUME_S: Final = Limit(
    20, "seconds", "how long a participant that lost its socket or its media may come back as itself"
)
CONNECT_S: Final = Limit(60, "seconds", "how long a participant may be in the room before its media connection stands")
REFRESH_S: Final = Limit(300, "seconds", "between two fresh tokens: half their life")
SIGNAL_QUEUE_BYTES: Final = Limit(1024 * 1024, "bytes", "what waits for a slow reader before it is cut off")
SIGNAL_QUEUE_S: Final = Limit(10, "seconds", "how long a message may wait for a slow reader before it is cut off")
SOCKETS: Final = Limit(2000, "sockets", "as many participants as one machine carries, twice")
NAME_BYTES: Final = Limit(256, "bytes", "an identity, a display name, a track's name, a room's name")
METADATA_BYTES: Final = Limit(
    64 * 1024, "bytes", "a participant's or a room's metadata, copied to everybody: LiveKit's bound"
)
ATTRIBUTES_BYTES: Final = Limit(64 * 1024, "bytes", "a participant's attributes, copied to everybody: LiveKit's bound")
CANDIDATE_BYTES: Final = Limit(2048, "bytes", "an ICE candidate is about 200")
TRACK_LAYERS: Final = Limit(9, "layers", "three qualities of three codecs")
REPLAY_BYTES: Final = Limit(4 * 1024 * 1024, "bytes", "reliable data of a room, kept for who resumes")
TWIRP_BYTES: Final = Limit(256 * 1024, "bytes", "a request of RoomService: data of 64 KiB in base64, metadata")
WEBHOOK_QUEUE: Final = Limit(
    1000, "events", "what waits for a receiver that is down; the oldest goes first, and is counted"
)
