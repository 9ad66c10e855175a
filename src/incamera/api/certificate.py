"""TLS for the listener: an operator's certificate, or one made here for a try on a local network."""

import ipaddress
import os
import socket
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from incamera.api import machine
from incamera.clock import Clock, instant
from incamera.refusal import Code, Refusal, Refused

SELF_SIGNED_DAYS = 90


def context(certificate: Path, key: Path, minimum: Literal["1.2", "1.3"] = "1.3") -> ssl.SSLContext:
    """A server's context: TLS 1.3, or 1.2 with AEAD suites if set so. Refused: files that are no pair."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_3 if minimum == "1.3" else ssl.TLSVersion.TLSv1_2
    made.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    made.set_alpn_protocols(["http/1.1"])
    load(made, certificate, key)
    return made


def load(into: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Read the pair (again, on SIGHUP): new handshakes get the new certificate, open connections stay."""
    try:
        into.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or "unknown"
        raise Refused(
            Refusal(
                Code.TLS_UNUSABLE,
                f"{certificate} and {key} can't be used as certificate and key ({reason}).",
                "Give a PEM chain with --tls-cert and its unencrypted key with --tls-key, readable by this user.",
            )
        ) from error


def self_signed(folder: Path, clock: Clock, names: tuple[str, ...] = ()) -> tuple[Path, Path]:
    """A certificate for this machine's names and addresses, in the data folder; kept until a week before its end.

    For a try on a local network: each browser warns until its user accepts it. P-256: browsers take no Ed25519 here.
    """
    certificate_path, key_path = folder / "self-signed.crt", folder / "self-signed.key"
    wanted = _names(names)
    if certificate_path.exists() and key_path.exists():
        kept = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        alternative = kept.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if kept.not_valid_after_utc - instant(clock.now_ms()) > timedelta(days=7) and set(wanted) <= set(alternative):
            return certificate_path, key_path
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "In Camera, self-signed")])
    now = instant(clock.now_ms())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=SELF_SIGNED_DAYS))
        .add_extension(x509.SubjectAlternativeName(wanted), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(
        key_path,
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    _write(certificate_path, certificate.public_bytes(serialization.Encoding.PEM))
    return certificate_path, key_path


def _write(path: Path, body: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(body)


def _names(more: tuple[str, ...]) -> list[x509.GeneralName]:
    texts = {"localhost", "127.0.0.1", "::1", socket.gethostname(), *more}
    texts |= {str(entry[4][0]) for entry in _resolved(socket.gethostname())}
    texts |= {address} if (address := machine.outward_address()) is not None else set()
    names: set[x509.GeneralName] = set()
    for text in texts - {"0.0.0.0", "::"}:
        try:
            names.add(x509.IPAddress(ipaddress.ip_address(text.partition("%")[0])))
        except ValueError:
            names.add(x509.DNSName(text))
    return sorted(names, key=str)


def _resolved(host: str) -> list[tuple[int, int, int, str, tuple[str, int]]]:
    try:
        return socket.getaddrinfo(host, None)  # type: ignore[return-value]
    except OSError:
        return []
