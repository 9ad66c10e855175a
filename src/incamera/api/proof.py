"""Proof of a device: it signs a challenge and gets a token of 5 minutes, bound to it and the meeting (record.md 5).

Challenges are not stored: the server knows its own by a MAC. Tokens neither: a restart voids them, and the client
proves itself again.
"""

import hmac
import secrets
from collections import deque
from dataclasses import dataclass
from typing import Final

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from incamera.accreditation.signature import PublicKey, Typ, open_signed
from incamera.accreditation.strict import MeetingId, Members, Thumbprint, b64u, compact, read, unb64u
from incamera.api.rates import Rate
from incamera.api.requests import NOT_FOUND, address_of, answer, json_of, meeting_of, origin_of, wanted
from incamera.clock import Clock
from incamera.limits import ACT_BYTES, ACT_SKEW_MS, CHALLENGE_SECONDS, POSTS_PER_ADDRESS, TOKEN_SECONDS
from incamera.meeting.enrolment import Device
from incamera.proceedings.meetings import Meetings, Proceedings
from incamera.refusal import Code, Refusal, Refused

CHALLENGE_BYTES: Final = 8 + 16 + 16
"""When it ends (ms, big-endian), randomness, MAC."""
_INVALID: Final = Refusal(
    Code.PROOF_INVALID, "This is no proof for this server, meeting and challenge.", "Ask for a new challenge."
)
_EXPIRED: Final = Refusal(Code.PROOF_EXPIRED, "The token's time is over.", "Prove the device again.")
_MISSING: Final = Refusal(Code.PROOF_MISSING, "No token of this server came with the request.", "Prove the device.")


@dataclass(frozen=True, slots=True)
class Proof:
    """What a device signs to show that it holds its key, now, to this server."""

    meeting: MeetingId
    audience: str
    """The server's origin: a proof for another server is worth nothing here."""
    nonce: bytes
    by: Thumbprint
    at_ms: int


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says."""

    meeting: MeetingId
    device: Thumbprint
    expires_ms: int


def read_proof(payload: Members) -> Proof:
    """A proof from its signed payload."""
    payload.constant("v", 1)
    return Proof(
        payload.meeting(),
        payload.text("aud", longest=300),
        payload.octets("nonce", least=CHALLENGE_BYTES),
        payload.thumbprint("by"),
        payload.integer("at"),
    )


class Proofs:
    """Challenges, proofs and tokens of one server, and the two routes."""

    def __init__(self, meetings: Meetings, clock: Clock) -> None:
        self._meetings = meetings
        self._clock = clock
        # Two keys: none serves two purposes.
        self._challenge_key = secrets.token_bytes(32)
        self._token_key = secrets.token_bytes(32)
        self._used: deque[tuple[int, bytes]] = deque()
        self._rate = Rate(POSTS_PER_ADDRESS, 1.0, clock)

    def challenge(self, meeting: MeetingId) -> bytes:
        """Something to sign within 30 seconds, once."""
        ends = self._clock.now_ms() + int(CHALLENGE_SECONDS) * 1000
        start = ends.to_bytes(8, "big") + secrets.token_bytes(16)
        return start + self._mac(meeting, start)

    async def prove(self, meeting: MeetingId, jws: str, origin: str) -> str | Refusal:
        """The token for a proof: by an enrolled, unrevoked device, for this meeting, origin and a fresh challenge."""
        proceedings = await self._meetings.serve(meeting)
        if isinstance(proceedings, Refusal):
            return proceedings

        def key_of(proof: Proof) -> PublicKey | Refusal:
            device = proceedings.registrar.record.meeting.enrolment.live(proof.by)
            return _INVALID if device is None else device.key

        signed = open_signed(jws, typ=Typ.PROOF, key=key_of, parse=read_proof, longest=int(ACT_BYTES))
        if isinstance(signed, Refusal):
            # Unknown, revoked and wrongly signed get one answer.
            return _INVALID
        proof, now = signed.payload, self._clock.now_ms()
        is_for_us = proof.meeting == meeting and proof.audience == origin
        if not is_for_us or abs(now - proof.at_ms) > int(ACT_SKEW_MS) or not self._use(meeting, proof.nonce, now):
            return _INVALID
        return self._token(Token(meeting, proof.by, now + int(TOKEN_SECONDS) * 1000))

    def check(self, text: str, meeting: MeetingId) -> Token | Refusal:
        """What a token of this server and meeting says."""
        payload, _, mac = text.partition(".")
        given = unb64u(mac)
        expected = hmac.digest(self._token_key, payload.encode("utf-8"), "sha256")
        if given is None or not hmac.compare_digest(given, expected):
            return _MISSING
        token = read(unb64u(payload) or b"", _read_token, what="token")
        if isinstance(token, Refusal) or token.meeting != meeting:
            return _MISSING
        return token if self._clock.now_ms() < token.expires_ms else _EXPIRED

    async def asker(self, connection: HTTPConnection) -> tuple[Proceedings, Device]:
        """The meeting, and the live device whose token came with the request; raises `Refused`."""
        meeting = meeting_of(connection)
        scheme, _, text = connection.headers.get("authorization", "").partition(" ")
        token = wanted(self.check(text if scheme == "Bearer" else "", meeting))
        proceedings = wanted(await self._meetings.serve(meeting))
        device = proceedings.registrar.record.meeting.enrolment.live(token.device)
        if device is None:
            raise Refused(NOT_FOUND)
        return proceedings, device

    async def get(self, request: Request) -> Response:
        """`GET …/proof`: a challenge, for whoever asks; nothing is looked up or kept for it."""
        wanted_rate(self._rate, request)
        return answer({"nonce": b64u(self.challenge(meeting_of(request))), "seconds": int(CHALLENGE_SECONDS)})

    async def post(self, request: Request) -> Response:
        """`POST …/proof {proof}`: the token."""
        wanted_rate(self._rate, request)
        longest = int(ACT_BYTES)
        jws = await json_of(request, lambda body: body.text("proof", longest=longest), ACT_BYTES, what="request")
        token = wanted(await self.prove(meeting_of(request), jws, origin_of(request)))
        return answer({"token": token, "seconds": int(TOKEN_SECONDS)})

    def _use(self, meeting: MeetingId, challenge: bytes, now: int) -> bool:
        start, mac = challenge[:24], challenge[24:]
        while self._used and self._used[0][0] <= now:
            self._used.popleft()
        is_ours = hmac.compare_digest(mac, self._mac(meeting, start))
        ends = int.from_bytes(start[:8], "big")
        if not is_ours or ends <= now or any(challenge == used for _, used in self._used):
            return False
        self._used.append((ends, challenge))
        return True

    def _mac(self, meeting: MeetingId, start: bytes) -> bytes:
        return hmac.digest(self._challenge_key, meeting.encode("ascii") + b"\x00" + start, "sha256")[:16]

    def _token(self, token: Token) -> str:
        payload = b64u(compact({"meeting": token.meeting, "by": token.device, "exp": token.expires_ms}))
        return f"{payload}.{b64u(hmac.digest(self._token_key, payload.encode('ascii'), 'sha256'))}"


def wanted_rate(rate: Rate, connection: HTTPConnection) -> None:
    """Refuse an address that asks too often."""
    refusal = rate.take(address_of(connection))
    if refusal is not None:
        raise Refused(refusal)


def _read_token(payload: Members) -> Token:
    return Token(payload.meeting(), payload.thumbprint("by"), payload.integer("exp"))
