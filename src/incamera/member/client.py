"""The meeting plane as a member meets it: the routes of `/api/v1/meetings/<meeting>`, typed.

Every answer is a value or a refusal; a server that does not answer is `server.unreachable`, and what was asked may be
asked again: an act's bytes are its idempotency key. An answer is read as far as what is asked for may be long.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from incamera.accreditation.charter import PartId
from incamera.accreditation.signature import SigningKey, Typ, sign
from incamera.accreditation.strict import Hash, MeetingId, SittingId, Thumbprint, b64u, compact, unb64u
from incamera.clock import Clock
from incamera.limits import ACT_BYTES, FEED_BATCH_BYTES, UPLOAD_BYTES, WELCOME_BYTES, Limit
from incamera.log import Private
from incamera.member.asking import ask, read
from incamera.record.entry import Entry, open_entry
from incamera.refusal import Code, Refusal

TIMEOUT_S: Final = 20.0
RENEW_BEFORE_S: Final = 60
"""A token is renewed so long before its end."""


@dataclass(frozen=True, slots=True)
class Invited:
    """What a link's holder gets before it enrols."""

    charters: tuple[str, ...]
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CharterParts:
    """The cores from number 0 on, and the parts that this device may read."""

    charters: tuple[str, ...]
    parts: Mapping[PartId, bytes]


@dataclass(frozen=True, slots=True)
class Posted:
    """An act stands: its entry, and the head that came with the answer."""

    entry: Entry
    head: str


@dataclass(frozen=True, slots=True)
class Token:
    """What shows for five minutes whose device asks."""

    text: Private[str]
    renew_at_s: float
    """Monotonic seconds."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What opens the sitting's room, within 60 s."""

    identity: str
    token: Private[str]
    url: str


class Client:
    """One device's requests to one server. `aclose` at the end."""

    def __init__(self, origin: str, meeting: MeetingId, clock: Clock, trust: ssl.SSLContext) -> None:
        self.origin = origin
        self.meeting = meeting
        self.trust = trust
        self._clock = clock
        self._base = f"/api/v1/meetings/{meeting}"
        self._http = httpx2.AsyncClient(base_url=origin, verify=trust, timeout=TIMEOUT_S, follow_redirects=False)
        self._token: Token | None = None

    @property
    def feed_url(self) -> str:
        """The address of the feed."""
        return f"{self.origin.replace('http', 'ws', 1)}{self._base}/feed"

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def invited(self, invitation: Thumbprint) -> Invited | Refusal:
        """By the seat's one-time key: the charters' cores and the statements of its chain."""
        answer = await self._ask("GET", f"/enrolment/{invitation}", longest=UPLOAD_BYTES)
        if isinstance(answer, Refusal):
            return answer
        return read(answer, lambda value: Invited(tuple(value["charters"]), tuple(value["statements"])))

    async def prove(self, device: SigningKey) -> Token | Refusal:
        """A token for this device: the server's challenge, signed."""
        challenge = await self._ask("GET", "/proof")
        if isinstance(challenge, Refusal):
            return challenge
        nonce = read(challenge, lambda value: str(value["nonce"]))
        if isinstance(nonce, Refusal):
            return nonce
        proof = {
            "v": 1,
            "meeting": self.meeting,
            "aud": self.origin,
            "nonce": nonce,
            "by": device.thumbprint,
            "at": self._clock.now_ms(),
        }
        answer = await self._ask("POST", "/proof", content=compact({"proof": sign(device, Typ.PROOF, compact(proof))}))
        if isinstance(answer, Refusal):
            return answer
        now = self._clock.monotonic()
        token = read(
            answer, lambda value: Token(Private(str(value["token"])), now + int(value["seconds"]) - RENEW_BEFORE_S)
        )
        if isinstance(token, Token):
            self._token = token
        return token

    async def token(self, device: SigningKey) -> Token | Refusal:
        """The token in force, or a new one."""
        if self._token is not None and self._clock.monotonic() < self._token.renew_at_s:
            return self._token
        return await self.prove(device)

    def forget_token(self) -> None:
        """A restarted server knows its old tokens no more."""
        self._token = None

    async def charters(self, device: SigningKey) -> CharterParts | Refusal:
        """The charters, and the parts that this device may read now."""
        answer = await self._authorised("GET", "/charters", device, longest=UPLOAD_BYTES)
        if isinstance(answer, Refusal):
            return answer
        return read(
            answer,
            lambda value: CharterParts(
                tuple(value["charters"]),
                {PartId(part): _octets(data) for part, data in value["parts"].items()},
            ),
        )

    async def post(self, jws: str) -> Posted | Refusal:
        """File an act. The same bytes again give the same entry."""
        answer = await self._ask("POST", "/acts", content=jws.encode("ascii"), longest=FEED_BATCH_BYTES)
        if isinstance(answer, Refusal):
            return answer
        return read(answer, _posted)

    async def upload(self, device: SigningKey, welcome: bytes) -> Hash | Refusal:
        """A Welcome, before the commit that names it."""
        answer = await self._authorised("POST", "/blobs", device, content=welcome)
        return answer if isinstance(answer, Refusal) else read(answer, lambda value: Hash(str(value["hash"])))

    async def welcome(self, device: SigningKey, name: Hash) -> bytes | Refusal:
        """The Welcome of an accepted commit that added this device."""
        return await self._authorised("GET", f"/blobs/{name}", device, longest=WELCOME_BYTES)

    async def ticket(self, device: SigningKey, sitting: SittingId, instance: str) -> Ticket | Refusal:
        """A ticket for the sitting's room, under this instance's identity."""
        body = compact({"sitting": sitting, "instance": instance})
        answer = await self._authorised("POST", "/tickets", device, content=body)
        if isinstance(answer, Refusal):
            return answer
        return read(
            answer, lambda value: Ticket(str(value["identity"]), Private(str(value["token"])), str(value["url"] or ""))
        )

    async def _authorised(
        self, method: str, path: str, device: SigningKey, *, content: bytes = b"", longest: Limit = ACT_BYTES
    ) -> bytes | Refusal:
        for _ in range(2):
            token = await self.token(device)
            if isinstance(token, Refusal):
                return token
            headers = {"Authorization": f"Bearer {token.text.value}"}
            answer = await self._ask(method, path, content=content, headers=headers, longest=longest)
            if not isinstance(answer, Refusal) or answer.code not in (Code.PROOF_MISSING, Code.PROOF_EXPIRED):
                return answer
            self.forget_token()
        return answer

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        longest: Limit = ACT_BYTES,
    ) -> bytes | Refusal:
        """The answer's body, of so many bytes at most."""
        url = f"{self._base}{path}"
        answer = await ask(self._http, method, url, content=content, headers=headers, longest=longest)
        return answer if isinstance(answer, Refusal) else answer.body


def entry_of(wire: Any) -> Entry | Refusal:  # Any: JSON of a server, read here
    """An entry as it stands on the wire."""
    try:
        header, body = _octets(wire["h"]), wire["b"]
    except (KeyError, TypeError, ValueError):
        return Refusal(Code.ENTRY_BROKEN, "The server sent no entry.", "Compare heads with another delegation.")
    return open_entry(header, None if body is None else str(body))


def _posted(value: Any) -> Posted:
    entry = entry_of(value["entry"])
    if isinstance(entry, Refusal):
        raise ValueError("no entry")
    return Posted(entry, str(value["head"]))


def _octets(text: Any) -> bytes:
    data = unb64u(text) if isinstance(text, str) else None
    if data is None:
        raise ValueError("not b64u")
    return data


def instance_of(random: bytes) -> str:
    """A page load's or a process's name in the room: 8 random bytes, b64u."""
    assert len(random) == 8, "64 bits"
    return b64u(random)
