"""The authority's key pair, locked in encrypted PKCS#8; the delegations' keys are kept the same way beside it."""

import base64
from typing import Final

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from incamera.accreditation.signature import SigningKey
from incamera.refusal import Code, Refusal

ROUNDS: Final = 600_000
"""PBKDF2 with HMAC-SHA-256 (OWASP's figure of 2023). `cryptography` 50 writes 2,048, and can't be asked for more."""
PASSPHRASE_CHARACTERS_MIN: Final = 12
SALT_BYTES: Final = 16
IV_BYTES: Final = 16
_PBES2, _PBKDF2 = bytes.fromhex("2a864886f70d01050d"), bytes.fromhex("2a864886f70d01050c")
_HMAC_SHA256, _AES256_CBC = bytes.fromhex("2a864886f70d0209"), bytes.fromhex("60864801650304012a")


def lock(key: SigningKey, passphrase: str, *, salt: bytes, iv: bytes) -> bytes | Refusal:
    """The key in PEM, `ENCRYPTED PRIVATE KEY`: PKCS#8 by PBES2 (RFC 5958, RFC 8018), which `openssl pkey` opens too.

    Salt and IV (16 random bytes each) are drawn by the caller, anew each time.
    """
    assert len(salt) == SALT_BYTES, "a salt has 16 bytes"
    assert len(iv) == IV_BYTES, "an IV has 16 bytes"
    if len(passphrase) < PASSPHRASE_CHARACTERS_MIN:
        return Refusal(
            Code.KEY_LOCKED,
            f"The passphrase has fewer than {PASSPHRASE_CHARACTERS_MIN} characters.",
            "Choose four or five words that nobody would guess.",
        )
    # PrivateKeyInfo of an Ed25519 key (RFC 8410, section 7): always the same 16 bytes, then the seed.
    plain = bytes.fromhex("302e020100300506032b657004220420") + key.seed()
    padder = padding.PKCS7(128).padder()
    kdf = PBKDF2HMAC(algorithm=hashes.SHA256(), length=32, salt=salt, iterations=ROUNDS)
    encryptor = Cipher(AES256(kdf.derive(passphrase.encode("utf-8"))), CBC(iv)).encryptor()
    sealed = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    derivation = _sequence(
        _oid(_PBKDF2), _sequence(_octets(salt), _integer(ROUNDS), _sequence(_oid(_HMAC_SHA256), _NULL))
    )
    scheme = _sequence(_oid(_PBES2), _sequence(derivation, _sequence(_oid(_AES256_CBC), _octets(iv))))
    lines = base64.encodebytes(_sequence(scheme, _octets(sealed))).replace(b"\n", b"")
    body = b"\n".join(lines[start : start + 64] for start in range(0, len(lines), 64))
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + body + b"\n-----END ENCRYPTED PRIVATE KEY-----\n"


def unlock(pem: bytes, passphrase: str) -> SigningKey | Refusal:
    """The key in a locked file, ours or another tool's, if the passphrase is right."""
    try:
        key = load_pem_private_key(pem, passphrase.encode("utf-8"))
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        return Refusal(
            Code.KEY_LOCKED,
            "The file is no locked Ed25519 key, or the passphrase is wrong.",
            "Check the passphrase, and which file it is for.",
        )
    return SigningKey(key.private_bytes_raw())


def _tagged(tag: int, content: bytes) -> bytes:
    # DER: all that stands here is shorter than 256 bytes.
    length = bytes([len(content)]) if len(content) < 128 else bytes([0x81, len(content)])
    return bytes([tag]) + length + content


def _sequence(*parts: bytes) -> bytes:
    return _tagged(0x30, b"".join(parts))


def _octets(data: bytes) -> bytes:
    return _tagged(0x04, data)


def _integer(value: int) -> bytes:
    return _tagged(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _oid(content: bytes) -> bytes:
    return _tagged(0x06, content)


_NULL: Final = b"\x05\x00"
