"""Signatures: compact JWS with one algorithm and one `typ` a purpose (docs/reference/record.md, 0).

`open_signed` is the only maker of `Signed[T]`: who holds one holds a payload that was verified and parsed.

The one header is compared as bytes, so there is nothing of JOSE left to negotiate, and a library for it (joserfc:
0.31 ms a signature against 0.19) would only parse it again; tests/vectors hold this module to joserfc.
"""

from collections.abc import Callable
from dataclasses import InitVar, dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from incamera.accreditation.strict import (
    Hash,
    Json,
    Malformed,
    Members,
    Thumbprint,
    b64u,
    compact,
    load,
    refuse,
    sha256,
    unb64u,
)
from incamera.refusal import Code, Refusal

T = TypeVar("T")


class Typ(StrEnum):
    """What a signature is for: it verifies for this purpose only."""

    CHARTER = "incamera-charter"
    DELEGATION = "incamera-delegation"
    SEAT = "incamera-seat"
    DEVICE = "incamera-device"
    LEAF = "incamera-leaf"
    ACT = "incamera-act"
    HEAD = "incamera-head"
    PROOF = "incamera-proof"
    READOUT = "incamera-readout"


ALGORITHM: Final = "Ed25519"
"""RFC 9864; `EdDSA` is deprecated, and refused."""
_HEADERS: Final = {typ: b64u(compact({"alg": ALGORITHM, "typ": typ.value})) for typ in Typ}
JWS_BYTES_MAX: Final = 2 * 1024 * 1024
"""No signature of any purpose is longer: a charter of 500 seats has 40 kB, an `mls.commit` at most 512 KiB."""

# Points of order 1, 2, 4 and 8 on edwards25519, each in all its encodings with either sign bit. A signature by such a
# key says nothing about who made it, and libraries differ on it (ed25519-dalek's `verify_strict` refuses, OpenSSL does
# not).
_SMALL_ORDER_Y: Final = (
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
)
_SMALL_ORDER: Final = frozenset(
    y[:31] + bytes([y[31] | sign]) for y in map(bytes.fromhex, _SMALL_ORDER_Y) for sign in (0, 0x80)
)
_FIELD_PRIME: Final = 2**255 - 19


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An Ed25519 public key: 32 bytes, and its RFC 7638 thumbprint, which names it. `public_key` makes it."""

    octets: bytes
    thumbprint: Thumbprint

    def jwk(self) -> dict[str, Json]:
        """The key as it stands in payloads: exactly these three members."""
        return {"kty": "OKP", "crv": "Ed25519", "x": b64u(self.octets)}


def public_key(octets: bytes) -> PublicKey | Refusal:
    """The public key of 32 bytes; refuses encodings that are not canonical and points of small order."""
    is_canonical = len(octets) == 32 and int.from_bytes(octets, "little") & (2**255 - 1) < _FIELD_PRIME
    if not is_canonical or octets in _SMALL_ORDER:
        return Refusal(Code.KEY_REFUSED, "This is no key that can sign for one person.", "Make a new key.")
    # RFC 7638: the required members in the order of their names, without spaces.
    named = sha256(compact({"crv": "Ed25519", "kty": "OKP", "x": b64u(octets)}))
    return PublicKey(octets, Thumbprint(named))


def jwk_member(members: Members, name: str) -> PublicKey:
    """The public key under a name, `{kty, crv, x}` and nothing else."""
    jwk = members.object(name)
    jwk.constant("kty", "OKP")
    jwk.constant("crv", "Ed25519")
    key = public_key(jwk.octets("x", least=32))
    if isinstance(key, Refusal):
        raise Malformed(members.at(name), "a key of small order, or not in its canonical form")
    return key


class SigningKey:
    """An Ed25519 key pair, from its 32-byte seed. It never prints its secret half."""

    __slots__ = ("_key", "_seed", "public")

    def __init__(self, seed: bytes) -> None:
        assert len(seed) == 32, "an Ed25519 seed has 32 bytes"
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        public = public_key(self._key.public_key().public_bytes_raw())
        assert isinstance(public, PublicKey), "an honest seed makes a key of the prime order"
        self._seed = seed
        self.public = public

    @property
    def thumbprint(self) -> Thumbprint:
        """The public half's name."""
        return self.public.thumbprint

    def seed(self) -> bytes:
        """The secret half, for `authority.lock` and the invitation's link. Not for anything else."""
        return self._seed

    def sign(self, data: bytes) -> bytes:
        """64 bytes of signature over bytes that already say what they are for: see `sign` below."""
        return self._key.sign(data)

    def __repr__(self) -> str:
        return f"SigningKey({self.thumbprint}, •)"


_OPENED: Final = object()


@dataclass(frozen=True, slots=True)
class Signed(Generic[T]):
    """A payload whose signature verified, with the text that was signed. Only `open_signed` makes one."""

    payload: T
    jws: str
    """The compact JWS as received: what is stored, passed on and hashed."""
    hash: Hash
    """SHA-256 of the JWS's ASCII: how others cite it."""
    signer: PublicKey
    """The key that it verified under."""
    maker: InitVar[object]

    def __post_init__(self, maker: object) -> None:
        assert maker is _OPENED, "a Signed is made by open_signed alone"

    @property
    def issuer(self) -> Thumbprint:
        """The signer's thumbprint."""
        return self.signer.thumbprint


def sign(key: SigningKey, typ: Typ, payload: Json | bytes) -> str:
    """The compact JWS of a payload: its bytes, or a value to be written in compact JSON, members in the order given."""
    octets = payload if isinstance(payload, bytes) else compact(payload)
    signed = f"{_HEADERS[typ]}.{b64u(octets)}"
    return f"{signed}.{b64u(key.sign(signed.encode('ascii')))}"


def open_signed(
    text: str,
    *,
    typ: Typ,
    key: "PublicKey | Callable[[T], PublicKey | Refusal]",
    parse: Callable[[Members], T],
    longest: int = JWS_BYTES_MAX,
) -> Signed[T] | Refusal:
    """The verified payload of a compact JWS of one `typ`, or why not.

    `key` is the key that must have signed, or finds it from the parsed payload, as yet unverified, where that names its
    signer (an act's `by`): it must look the key up among those that it trusts for other reasons. The order of checks is
    part of the format: length and form, header, payload, key, signature.
    """
    form = split(text, typ=typ, longest=longest)
    if isinstance(form, Refusal):
        return form
    try:
        members = Members(load(form.payload))
        payload = parse(members)
        members.end()
    except Malformed as malformed:
        return refuse(typ.value.removeprefix("incamera-"), malformed)
    found = key if isinstance(key, PublicKey) else key(payload)
    if isinstance(found, Refusal):
        return found
    return verify(form, payload, found)


@dataclass(frozen=True, slots=True)
class Unverified:
    """A compact JWS of the right form, header and `typ`, whose signature nobody looked at yet."""

    text: str
    payload: bytes
    signature: bytes


def split(text: str, *, typ: Typ, longest: int = JWS_BYTES_MAX) -> Unverified | Refusal:
    """The parts of a compact JWS: three of canonical b64u, its purpose's one header, 64 bytes of signature."""
    if len(text) > longest:
        return Refusal(
            Code.SIGNATURE_MALFORMED,
            f"It is longer than {longest} bytes.",
            "Send less: see the limits in the reference.",
        )
    parts = text.split(".")
    if len(parts) != 3 or parts[0] != _HEADERS[typ]:
        return _not_a_jws(typ)
    payload, signature = unb64u(parts[1]), unb64u(parts[2])
    if payload is None or signature is None or len(signature) != 64:
        return _not_a_jws(typ)
    return Unverified(text, payload, signature)


def verify(form: Unverified, payload: T, key: PublicKey) -> Signed[T] | Refusal:
    """The payload as signed by a key, if the signature is that key's. Refuses a signature whose R is of small order."""
    signed = form.text.rpartition(".")[0].encode("ascii")
    try:
        if form.signature[:32] in _SMALL_ORDER:
            raise InvalidSignature
        Ed25519PublicKey.from_public_bytes(key.octets).verify(form.signature, signed)
    except (InvalidSignature, ValueError):
        return Refusal(
            Code.SIGNATURE_WRONG,
            "The signature is not by this key over these bytes.",
            "Ask for it to be signed again.",
        )
    return Signed(payload, form.text, sha256(form.text.encode("ascii")), key, _OPENED)


def _not_a_jws(typ: Typ) -> Refusal:
    return Refusal(
        Code.SIGNATURE_MALFORMED,
        f'It is not a compact JWS whose header is exactly {{"alg":"Ed25519","typ":"{typ.value}"}}.',
        "Sign it with a client of this protocol's version.",
    )
