"""A "no" that a person can act on, and the registry of all codes (docs/reference/refusals.md is generated from it)."""

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """Stable codes, `noun.reason`; registered once, never reused. The comment after each is its meaning."""

    # Tokens and signalling of the media plane.
    TOKEN_MISSING = "token.missing"  # no token came with the request
    TOKEN_INVALID = "token.invalid"  # not a token, a wrong signature, or a key that this server does not know
    TOKEN_EXPIRED = "token.expired"  # the token's time is over
    TOKEN_NOT_YET_VALID = "token.not_yet_valid"  # the token's time has not begun
    TOKEN_REVOKED = "token.revoked"  # its holder was removed after it was issued
    GRANT_HIDDEN = "grant.hidden"  # a hidden participant was asked for: there are none
    GRANT_MISSING = "grant.missing"  # the token is good but does not allow this
    ROOM_UNKNOWN = "room.unknown"  # there is no such room
    ROOM_FULL = "room.full"  # the room has as many participants as it may
    PARTICIPANT_UNKNOWN = "participant.unknown"  # there is no such participant in the room
    TRACK_UNKNOWN = "track.unknown"  # the participant has no such track
    TRACK_UNMUTE = "track.unmute"  # somebody else's microphone or camera can't be opened from outside
    SIGNAL_MALFORMED = "signal.malformed"  # a frame that is not a SignalRequest
    SIGNAL_UNSUPPORTED = "signal.unsupported"  # a request that this server does not answer yet
    SDP_REFUSED = "sdp.refused"  # a session description that can't be used
    MEDIA_FAILED = "media.failed"  # the media core has ended by itself: no picture or sound gets through
    LIMIT_REACHED = "limit.reached"  # one more than limits.py allows

    # Formats and signatures (docs/reference/record.md, 0).
    FORM_MALFORMED = "form.malformed"  # not strict JSON, or not the members that its format has
    KEY_REFUSED = "key.refused"  # not an Ed25519 public key, or one of small order
    KEY_LOCKED = "key.locked"  # a key file that the passphrase does not open
    SIGNATURE_MALFORMED = "signature.malformed"  # not a compact JWS with the header of its purpose
    SIGNATURE_WRONG = "signature.wrong"  # the signature does not verify under the key
    SIGNATURE_SIGNER = "signature.signer"  # signed by another key than the one that may

    # The chain of statements: the rules CHAIN-1 to CHAIN-14 (docs/reference/record.md, 2).
    CHAIN_LENGTH = "chain.length"  # CHAIN-1: too long, or not as many statements as asked for
    CHAIN_FORM = "chain.form"  # CHAIN-2: a statement that is not a compact JWS of its level's typ
    CHAIN_PAYLOAD = "chain.payload"  # CHAIN-3: a payload that is not of its level's form
    CHAIN_KEY = "chain.key"  # CHAIN-4: a key of small order, or one that stands at two levels
    CHAIN_AUTHORITY = "chain.authority"  # CHAIN-5: not issued by the authority of the link
    CHAIN_ISSUER = "chain.issuer"  # CHAIN-6: a level that does not name the key of the level above
    CHAIN_SIGNATURE = "chain.signature"  # CHAIN-7: a signature that does not verify
    CHAIN_MEETING = "chain.meeting"  # CHAIN-8: another meeting
    CHAIN_CHARTER = "chain.charter"  # CHAIN-9: vouched for under a charter that is none of this meeting's
    CHAIN_SEAT = "chain.seat"  # CHAIN-10: delegation or seat differ between levels, or are not in the charter
    CHAIN_TIME = "chain.time"  # CHAIN-11: not valid yet, or no longer, or valid for too long
    CHAIN_SITTING = "chain.sitting"  # CHAIN-12: a leaf for another sitting or group
    CHAIN_ENROLLED = "chain.enrolled"  # CHAIN-13: the device's enrolment is not in the record
    CHAIN_REVOKED = "chain.revoked"  # CHAIN-14: the device is revoked

    # Charter, invitation, enrolment.
    CHARTER_INVALID = "charter.invalid"  # a draft that says something impossible: line, field, and what to write
    CHARTER_AUTHORITY = "charter.authority"  # signed by another authority than the one that is trusted
    CHARTER_PART = "charter.part"  # a part whose digest is not the one in the charter
    STATEMENTS_FULL = "statements.full"  # the meeting has as many statements as an export of it can carry
    SEAT_UNKNOWN = "seat.unknown"  # the charter has no such seat
    FILE_UNUSABLE = "file.unusable"  # a file that can't be read or written, or is there already
    INVITATION_MALFORMED = "invitation.malformed"  # not a link of this form, or one that was cut

    # The record.
    ENTRY_BROKEN = "entry.broken"  # an entry that does not follow from the journal before it (rules ENTRY-1 to -8)
    HEAD_BROKEN = "head.broken"  # a head that the registrar did not sign, or that is of another meeting
    ARCHIVE_UNREADABLE = "archive.unreadable"  # not an export of a record at all, or of a later version
    ARCHIVE_BROKEN = "archive.broken"  # an export that was changed, cut or joined
    RECORD_MOVED = "record.moved"  # the journal grew in between: decide again, on what stands now
    STORAGE_FULL = "storage.full"  # the disk is full: nothing was recorded
    STORAGE_FAILED = "storage.failed"  # the disk failed: ask again, with the same act
    STORAGE_IN_USE = "storage.in_use"  # another server has this folder
    BLOB_UNKNOWN = "blob.unknown"  # there is no such blob, or no longer

    # Settings, and what the command line starts.
    SETTINGS_UNKNOWN = "settings.unknown"  # a setting that there is not
    SETTINGS_INVALID = "settings.invalid"  # a value that its setting can't have
    SETTINGS_UNREADABLE = "settings.unreadable"  # a file of settings or secrets that can't be read
    SETTINGS_UNSAFE = "settings.unsafe"  # together these settings would expose the server or its keys
    PORT_TAKEN = "port.taken"  # another program listens there
    PORT_DENIED = "port.denied"  # this user may not listen there
    TLS_UNUSABLE = "tls.unusable"  # certificate or key can't be read, or they don't belong together
    SERVER_UNREACHABLE = "server.unreachable"  # nobody answers at the link's address, or its certificate is not trusted
    PAGE_NOT_BUILT = "page.not_built"  # this installation has no built page in it

    # `incamera join`: the forwarding page on one's own machine.
    FORWARD_FOREIGN = "forward.foreign"  # asked by another host name or another page than its own
    FORWARD_USED = "forward.used"  # the one-time address was used already
    FORWARD_CONTENT = "forward.content"  # the server answered with something that is not data

    # Acts: what `decide` looks at first, for each kind alike (docs/reference/acts.md).
    ACT_MEETING = "act.meeting"  # signed for another meeting
    ACT_JOURNAL = "act.journal"  # a kind of the main journal that names a sitting, or the other way round
    ACT_KNOWN = "act.known"  # this act is in the record already
    ACT_NONCE = "act.nonce"  # another act of this device has the same nonce
    ACT_TIME = "act.time"  # the device's clock is more than 5 minutes off
    ACT_SEEN = "act.seen"  # the author saw an entry that is not on this journal: a fork
    ACT_UNSEEING = "act.unseeing"  # a reader's act that does not say what its author saw
    ACT_ROLE = "act.role"  # the seat's role may not do this
    ACT_TOO_LARGE = "act.too_large"  # larger than an act of its kind may be
    OWN_UNDUE = "own.undue"  # an entry of the server's own that was not due
    DEVICE_UNKNOWN = "device.unknown"  # no such device is enrolled
    DEVICE_REVOKED = "device.revoked"  # the device is revoked
    ENROLMENT_KNOWN = "enrolment.known"  # this device is enrolled already
    ENROLMENT_USED = "enrolment.used"  # the link was used already, on another device
    ENROLMENT_LOCKED = "enrolment.locked"  # the link was tried too often: it takes no further device
    ENROLMENT_SIGNER = "enrolment.signer"  # signed by another key than the chain's device
    ENROLMENT_UNKNOWN = "enrolment.unknown"  # no invitation has this key
    INVITATION_OPEN = "invitation.open"  # the link has not been used, or was reopened already
    INVITATION_UNKNOWN = "invitation.unknown"  # the charter has no such seat
    SITTING_UNKNOWN = "sitting.unknown"  # there is no such sitting for this seat
    SITTING_UNOPENED = "sitting.unopened"  # nobody opened the sitting yet
    SITTING_OPEN = "sitting.open"  # the sitting was opened already
    SITTING_CLOSED = "sitting.closed"  # the sitting is closed
    SITTING_MOVED = "sitting.moved"  # the sitting's journal has grown since its closing was signed
    SITTING_SUITE = "sitting.suite"  # not the cipher suite of the charter
    GROUP_USED = "group.used"  # the sitting had a group of this id before
    GROUP_GONE = "group.gone"  # not the sitting's present group
    REGROUP_UNFOUNDED = "regroup.unfounded"  # the reason for a new group does not hold by the record
    REGROUP_WITHOUT = "regroup.without"  # whom a new group leaves out is not as it must be
    REGROUP_OTHERS = "regroup.others"  # somebody who is admitted can do it: knock, and be admitted first
    KNOCK_UNKNOWN = "knock.unknown"  # no such knock stands at the door
    KNOCK_KEY_PACKAGE = "knock.key_package"  # the key package was used before
    LOBBY_FULL = "lobby.full"  # as many knocks stand as may
    ADMISSION_STANDS = "admission.stands"  # the device is admitted already
    ADMISSION_MISSING = "admission.missing"  # the device is not admitted to the sitting
    ADMISSION_OWN = "admission.own"  # nobody excludes itself: leave instead
    MEMBER_MISSING = "member.missing"  # the device is not a member of the sitting's group
    COMMIT_CONFLICT = "commit.conflict"  # another commit of this epoch was first
    COMMIT_STALE = "commit.stale"  # a removal that is due is not in the commit
    COMMIT_SOON = "commit.soon"  # the member's commit before is less than a second old
    COMMIT_ADD = "commit.add"  # an added device without a standing knock and admission, or at a wrong leaf
    COMMIT_REMOVE = "commit.remove"  # a removal whose reason does not hold by the record
    COMMIT_WELCOME = "commit.welcome"  # a Welcome that is missing, or one for nobody
    COMMIT_ITEM = "commit.item"  # names an item that nobody is opening
    COMMIT_UNKNOWN = "commit.unknown"  # no such commit of the present group
    COMMIT_REFUSED = "commit.refused"  # this device refused the commit already
    MESSAGE_EPOCH = "message.epoch"  # of an epoch that members can't open any more, or not yet
    FLOOR_WAITING = "floor.waiting"  # the delegation is on the intervention list already
    FLOOR_NOT_WAITING = "floor.not_waiting"  # the delegation is not on the intervention list
    FLOOR_HELD = "floor.held"  # the delegation has the floor already
    FLOOR_FREE = "floor.free"  # nobody has the floor
    FLOOR_OTHERS = "floor.others"  # another device has the floor
    FLOOR_DEVICE = "floor.device"  # not a device of that delegation that may speak in this sitting
    ITEM_UNKNOWN = "item.unknown"  # the sitting has no such item
    ITEM_PUBLIC = "item.public"  # the charter says the item's title in clear
    ITEM_OPEN = "item.open"  # an item is open already
    ITEM_NOT_OPEN = "item.not_open"  # the item is not open

    # The meeting plane's API.
    MEETING_UNKNOWN = "meeting.unknown"  # there is no such meeting here, or not for who asks
    MEETING_EXISTS = "meeting.exists"  # the meeting was created already, with another charter
    PROOF_INVALID = "proof.invalid"  # not a proof for this server, this meeting and a challenge of the last 30 seconds
    PROOF_EXPIRED = "proof.expired"  # the token's 5 minutes are over
    PROOF_MISSING = "proof.missing"  # no token, or none of this server
    ORIGIN_FOREIGN = "origin.foreign"  # asked under an address that is none of the server's
    NOT_FOUND = "not.found"  # nothing is there, or not for who asks
    RATE_LIMITED = "rate.limited"  # more often than limits.py allows
    TICKET_UNAVAILABLE = "ticket.unavailable"  # the media server did not answer
    FEED_SLOW = "feed.slow"  # the reader took its entries too slowly
    FEED_MALFORMED = "feed.malformed"  # a message of the feed that is not of its form
    SERVER_CLOSING = "server.closing"  # the server is being stopped

    # A member's share of a sitting's MLS group (docs/explanation/e2ee.md has the rules CLAIM-n and WELCOME-n).
    GROUP_WRONG_PHASE = "group.wrong_phase"  # the call does not fit: no statement yet, not joined, removed
    GROUP_BLOCKED = "group.blocked"  # a breach was seen: nothing is sent in this group any more
    GROUP_UPDATE_FIRST = "group.update_first"  # the state was loaded: a commit comes before anything is sent
    COMMIT_PENDING = "commit.pending"  # a commit of one's own waits for its verdict
    COMMIT_OTHER_GROUP = "commit.other_group"  # the commit is of another group
    COMMIT_EPOCH_PAST = "commit.epoch_past"  # the commit leaves an epoch that is over
    COMMIT_EPOCH_FUTURE = "commit.epoch_future"  # the commit or message is of an epoch that has not come
    COMMIT_BREACH = "commit.breach"  # the commit does not do what its act says, or may not
    COMMIT_CANNOT_PROCESS = "commit.cannot_process"  # MLS refuses the commit, here at least
    COMMIT_LOST = "commit.lost"  # one's own commit came back, and its secrets are not here
    KNOCK_REFUSED = "knock.refused"  # a knock whose chain or key package can't be added
    WELCOME_REFUSED = "welcome.refused"  # a Welcome that is not the roster of the record
    MESSAGE_UNREADABLE = "message.unreadable"  # can't be opened, was opened before, or is nobody's on the roster
    ROSTER_UNKNOWN_DEVICE = "roster.unknown_device"  # the device is not on the roster
    ITEM_KEY_UNKNOWN = "item.key_unknown"  # no key of this item is here
    ITEM_SEAL_BROKEN = "item.seal_broken"  # a sealed body that its key does not open
    STATE_UNREADABLE = "state.unreadable"  # a saved state that can't be read, or is of another meeting or sitting
    CORE_INTERNAL = "core.internal"  # the member's core failed: its own fault, or the random source's


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, and who can do what. A value: `T | Refusal` cannot be used unchecked."""

    code: Code
    reason: str
    """What is so: "The intervention list of item 2 is closed."."""
    remedy: str
    """Who can do what: "Ask the chair to reopen it."."""

    def __str__(self) -> str:
        return f"{self.reason} {self.remedy} [{self.code}]"


class Refused(Exception):
    """A refusal on its way through a shell to whoever answers it."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
