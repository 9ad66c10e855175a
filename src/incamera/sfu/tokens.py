"""LiveKit's tokens: JSON Web Tokens (RFC 7519) signed with an API key's secret, that say who may do what in which room.

Read with one algorithm only (HS256), compared in constant time (by joserfc), with an end (`exp`) required. A token that
was issued before its holder was removed is refused by `Revocations`, its refreshed descendants too.
"""

import functools
import json
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from incamera.limits import REVOCATIONS, TOKEN_BYTES
from incamera.refusal import Code, Refusal

ALGORITHM: Final = "HS256"
SKEW_S: Final = 60
"""How far two clocks may differ: a minute, as LiveKit's own verifiers allow."""
DEFAULT_TTL_S: Final = 600

SOURCES: Final = ("camera", "microphone", "screen_share", "screen_share_audio")

_NOBODYS: Final = "stands in for the secret of an unknown key, so that it takes as long as a wrong signature"


@dataclass(frozen=True, slots=True)
class Grants:
    """What a token allows: the claim `video`. Absent `canPublish`, `canSubscribe`, `canPublishData` mean yes."""

    room: str = ""
    room_join: bool = False
    room_create: bool = False
    room_list: bool = False
    room_admin: bool = False
    can_publish: bool = True
    can_subscribe: bool = True
    can_publish_data: bool = True
    can_publish_sources: tuple[str, ...] = ()
    """Of `camera`, `microphone`, `screen_share`, `screen_share_audio`; empty: all."""
    can_update_own_metadata: bool = False
    hidden: bool = False
    recorder: bool = False
    agent: bool = False


@dataclass(frozen=True, slots=True)
class Claims:
    """A token that was read: good signature, in its time, of a key that this server knows."""

    key: str
    """The API key whose secret signed it."""
    identity: str
    grants: Grants
    name: str = ""
    metadata: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    issued_s: float = 0.0
    """When it was issued, seconds since 1970: the earlier of `iat` and `nbf`; 0 if it has neither."""
    expires_s: float = 0.0
    sha256: str = ""
    """Webhooks only: the digest of the body."""


def issue(
    keys: Mapping[str, str],
    identity: str,
    room: str,
    grants: Grants,
    *,
    now_ms: int,
    ttl_s: int = DEFAULT_TTL_S,
    name: str = "",
    metadata: str = "",
    attributes: Mapping[str, str] | None = None,
    key: str | None = None,
) -> str:
    """A token for `identity` in `room` (which replaces the grants' own), signed with `key`, or the first of `keys`."""
    signer = key if key is not None else next(iter(keys))
    video = _video(grants, room)
    now_s = now_ms / 1000
    claims: dict[str, Any] = {
        "iss": signer,
        "sub": identity,
        "iat": now_s,
        "exp": int(now_s) + ttl_s,
    }
    optional = {"name": name, "metadata": metadata, "attributes": dict(attributes or {})}
    claims |= {label: value for label, value in optional.items() if value}
    claims["video"] = video
    return jwt.encode({"alg": ALGORITHM, "typ": "JWT"}, claims, _key(keys[signer]), algorithms=[ALGORITHM])


def issue_for_body(keys: Mapping[str, str], key: str, digest: str, *, now_ms: int) -> str:
    """The token of a webhook: says that the holder of `key` sent a body with this SHA-256 (base64)."""
    now_s = now_ms // 1000
    claims = {"iss": key, "nbf": now_s - SKEW_S, "exp": now_s + 5 * 60, "sha256": digest}
    return jwt.encode({"alg": ALGORITHM, "typ": "JWT"}, claims, _key(keys[key]), algorithms=[ALGORITHM])


def read(keys: Mapping[str, str], token: str | None, *, now_ms: int) -> Claims | Refusal:
    """What a token says, or why it does not count."""
    if not token:
        return Refusal(
            Code.TOKEN_MISSING, "No token came with the request.", "Send it as a Bearer token or `access_token`."
        )
    if len(token) > TOKEN_BYTES.value:
        return _invalid("The token is too long.")
    try:
        unverified = json.loads(jws.extract_compact(token.encode()).payload)
        issuer = unverified.get("iss")
        secret = keys.get(issuer) if isinstance(issuer, str) else None
        claims = jwt.decode(token, _key(secret or _NOBODYS), algorithms=[ALGORITHM]).claims
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError):
        return _invalid("The token's signature does not belong to a key of this server.")
    if secret is None:
        return _invalid("The token's signature does not belong to a key of this server.")
    return _checked(claims, now_ms / 1000)


def _checked(claims: Mapping[str, Any], now_s: float) -> Claims | Refusal:
    expires, not_before, issued = (_instant(claims, label) for label in ("exp", "nbf", "iat"))
    if expires is None:
        return _invalid("The token has no end (`exp`).")
    if now_s > expires + SKEW_S:
        return Refusal(Code.TOKEN_EXPIRED, "The token's time is over.", "Ask for a new one.")
    if not_before is not None and now_s < not_before - SKEW_S:
        return Refusal(Code.TOKEN_NOT_YET_VALID, "The token's time has not begun.", "Compare the two machines' clocks.")
    attributes = claims.get("attributes") or {}
    if not isinstance(attributes, dict) or not all(isinstance(value, str) for value in attributes.values()):
        return _invalid("The token's attributes are not texts.")
    grants = _grants(claims.get("video"))
    if grants is None:
        return _invalid("The token's grants can't be read.")
    return Claims(
        key=str(claims["iss"]),
        identity=_text(claims, "sub"),
        grants=grants,
        name=_text(claims, "name"),
        metadata=_text(claims, "metadata"),
        attributes=attributes,
        issued_s=min((at for at in (issued, not_before) if at is not None), default=0.0),
        expires_s=expires,
        sha256=_text(claims, "sha256"),
    )


class Revocations:
    """Who was removed, when: tokens of theirs that were issued before are refused from then on.

    Kept for the whole process, bounded by `limits.REVOCATIONS`: the oldest goes first, and is counted.
    """

    def __init__(self) -> None:
        self._since_s: OrderedDict[tuple[str, str], float] = OrderedDict()
        self.forgotten = 0

    def revoke(self, room: str, identity: str, at_s: float) -> None:
        """Refuse what was issued to `identity` for `room` until `at_s` (seconds since 1970)."""
        key = (room, identity)
        self._since_s[key] = max(at_s, self._since_s.get(key, at_s))
        self._since_s.move_to_end(key)
        while len(self._since_s) > REVOCATIONS.value:
            self._since_s.popitem(last=False)
            self.forgotten += 1

    def check(self, claims: Claims) -> Refusal | None:
        """Why these claims no longer count, if so."""
        since = self._since_s.get((claims.grants.room, claims.identity))
        if since is None or claims.issued_s > since:
            return None
        return Refusal(
            Code.TOKEN_REVOKED,
            "The holder of the token was removed after it was issued.",
            "Ask who leads for a new one.",
        )


def _video(grants: Grants, room: str) -> dict[str, Any]:
    video: dict[str, Any] = {
        "canPublish": grants.can_publish,
        "canSubscribe": grants.can_subscribe,
        "canPublishData": grants.can_publish_data,
    }
    if room or grants.room:
        video["room"] = room or grants.room
    if grants.can_publish_sources:
        video["canPublishSources"] = list(grants.can_publish_sources)
    flags = {
        "roomJoin": grants.room_join,
        "roomCreate": grants.room_create,
        "roomList": grants.room_list,
        "roomAdmin": grants.room_admin,
        "canUpdateOwnMetadata": grants.can_update_own_metadata,
        "hidden": grants.hidden,
        "recorder": grants.recorder,
        "agent": grants.agent,
    }
    return video | {label: True for label, is_set in flags.items() if is_set}


def _grants(video: object) -> Grants | None:
    if video is None:
        return Grants()
    if not isinstance(video, dict):
        return None
    sources = video.get("canPublishSources") or []
    if not isinstance(sources, list) or not all(isinstance(source, str) for source in sources):
        return None
    lowered = tuple(source.lower() for source in sources)
    if not set(lowered) <= set(SOURCES):
        return None

    def flag(label: str, absent: bool = False) -> bool:
        value = video.get(label)
        return absent if value is None else value is True

    return Grants(
        room=_text(video, "room"),
        room_join=flag("roomJoin"),
        room_create=flag("roomCreate"),
        room_list=flag("roomList"),
        room_admin=flag("roomAdmin"),
        can_publish=flag("canPublish", absent=True),
        can_subscribe=flag("canSubscribe", absent=True),
        can_publish_data=flag("canPublishData", absent=True),
        can_publish_sources=lowered,
        can_update_own_metadata=flag("canUpdateOwnMetadata"),
        hidden=flag("hidden"),
        recorder=flag("recorder"),
        agent=flag("agent"),
    )


def _text(claims: Mapping[str, Any], label: str) -> str:
    value = claims.get(label)
    return value if isinstance(value, str) else ""


def _instant(claims: Mapping[str, Any], label: str) -> float | None:
    value = claims.get(label)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _invalid(reason: str) -> Refusal:
    return Refusal(Code.TOKEN_INVALID, reason, "Ask for a token made with a key of this server.")


@functools.lru_cache(maxsize=64)
def _key(secret: str) -> OctKey:
    with warnings.catch_warnings():
        # `secret` of --dev is short on purpose; who serves others is refused it where settings are read.
        warnings.simplefilter("ignore")
        return OctKey.import_key(secret)
