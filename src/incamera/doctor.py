"""What of the environment is missing or wrong, and what to do: each examination looks at one thing, changes nothing."""

import ctypes
import os
import resource
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal

from cryptography import x509

from incamera.api import certificate
from incamera.api.page import Page
from incamera.clock import Clock, instant
from incamera.refusal import Refused
from incamera.settings.fields import Settings

RECEIVE_BUFFER_BYTES: Final = 4 * 1024 * 1024
"""Half a second of a full chamber's packets: what the media port asks of the system."""
OPEN_FILES: Final = 4096
FREE_BYTES: Final = 1024**3
CERTIFICATE_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    state: Literal["good", "note", "bad"]
    """`bad`: it will not work. `note`: it works, with a limit."""
    found: str
    remedy: str = ""


def examine(settings: Settings, data: Path, environ: Mapping[str, str], clock: Clock) -> list[Finding]:
    """All examinations, in the order in which an installation meets them."""
    return [
        *_installation(),
        *_ports(settings),
        *_certificate(settings, data, clock),
        _receive_buffer(),
        _open_files(),
        _clock(),
        *_data(data),
        _browser(environ),
    ]


def _installation() -> Iterator[Finding]:
    yield Finding("Python", "good", sys.version.split()[0])
    try:
        from incamera.native import native_version
    except ImportError as error:
        yield Finding(
            "Native module",
            "bad",
            f"does not load: {error.name or 'incamera._core'}",
            "Install again: make setup, or pip install --force-reinstall incamera.",
        )
    else:
        same = native_version() == version("incamera")
        yield Finding(
            "Native module",
            "good" if same else "bad",
            native_version() if same else f"{native_version()}, but the package is {version('incamera')}",
            "" if same else "Build it again: make setup.",
        )
    built = Page().built
    yield Finding(
        "Page", "good" if built else "bad", "built" if built else "not built", "" if built else "Build it: make setup."
    )


def _ports(settings: Settings) -> Iterator[Finding]:
    http, media = settings.http, settings.media
    yield _port("Page and signalling", http.host, http.port, socket.SOCK_STREAM, "http.port")
    yield _port("Media over UDP", media.host, media.udp_port, socket.SOCK_DGRAM, "media.udp_port")
    if media.tcp_port is not None:
        yield _port("Media over TCP", media.host, media.tcp_port, socket.SOCK_STREAM, "media.tcp_port")


def _port(subject: str, host: str, port: int, kind: socket.SocketKind, setting: str) -> Finding:
    protocol = "UDP" if kind == socket.SOCK_DGRAM else "TCP"
    where = f"{protocol} {host}:{port}"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        return Finding(
            subject,
            "bad",
            f"{where} can't be listened on: {error.strerror}",
            f"End what listens there (a running incamera does), or choose another with {setting}.",
        )
    return Finding(subject, "good", f"{where} is free")


def _certificate(settings: Settings, data: Path, clock: Clock) -> Iterator[Finding]:
    http = settings.http
    if http.tls_cert is None or http.tls_key is None:
        if http.tls == "self-signed":
            yield Finding(
                "TLS",
                "note",
                f"self-signed, in {data / 'tls'}",
                "Browsers warn. Give a certificate with http.tls_cert.",
            )
        else:
            yield Finding("TLS", "note", "off", "Browsers beyond this machine need it: http.tls_cert, or a proxy.")
        return
    try:
        certificate.context(http.tls_cert, http.tls_key, http.tls_minimum)
        ends = x509.load_pem_x509_certificate(http.tls_cert.read_bytes()).not_valid_after_utc
    except Refused as error:
        yield Finding("TLS", "bad", error.refusal.reason, error.refusal.remedy)
        return
    left = ends - instant(clock.now_ms())
    if left < timedelta(0):
        yield Finding("TLS", "bad", f"the certificate ended on {ends:%Y-%m-%d}", "Renew it, then send SIGHUP.")
    elif left < timedelta(days=CERTIFICATE_DAYS):
        yield Finding("TLS", "note", f"the certificate ends on {ends:%Y-%m-%d}", "Renew it, then send SIGHUP.")
    else:
        yield Finding("TLS", "good", f"the certificate is valid until {ends:%Y-%m-%d}")


def _receive_buffer() -> Finding:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        # Linux answers with twice what it grants, for its own bookkeeping.
        granted = probe.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // (2 if sys.platform == "linux" else 1)
    if granted >= RECEIVE_BUFFER_BYTES:
        return Finding("UDP receive buffer", "good", f"{granted // 1024} KiB")
    return Finding(
        "UDP receive buffer",
        "note",
        f"the system grants {granted // 1024} KiB of {RECEIVE_BUFFER_BYTES // 1024}",
        f"With many participants packets are lost. As root: sysctl -w net.core.rmem_max={RECEIVE_BUFFER_BYTES}",
    )


def _open_files() -> Finding:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= OPEN_FILES:
        return Finding("Open files", "good", "no limit" if soft == resource.RLIM_INFINITY else str(soft))
    return Finding("Open files", "note", f"at most {soft}", f"ulimit -n {OPEN_FILES}, or LimitNOFILE= in the unit.")


class _Timex(ctypes.Structure):
    """`struct timex` of adjtimex(2), padded; `status` is all that is read."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )


_STA_UNSYNC: Final = 0x0040


def _clock() -> Finding:
    """Whether the kernel's clock is kept right by somebody (adjtimex(2)); tickets and charters live by it."""
    call: Callable[[object], int] | None = None
    if sys.platform == "linux":
        call = getattr(ctypes.CDLL(None), "adjtimex", None)
    timex = _Timex()
    if call is None or call(ctypes.byref(timex)) < 0:
        return Finding("Clock", "note", "not known whether it is kept right", "Run a time service (chrony, ntpd).")
    if timex.status & _STA_UNSYNC:
        return Finding(
            "Clock",
            "note",
            "this machine sees no time service (in a container, its host may)",
            "timedatectl set-ntp true, or install chrony.",
        )
    return Finding("Clock", "good", "kept right by a time service")


def _data(data: Path) -> Iterator[Finding]:
    existing = next(folder for folder in (data, *data.absolute().parents) if folder.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=existing, prefix=".incamera-doctor-") as probe:
            probe.write(b"\0" * 4096)
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        yield Finding(
            "Data folder", "bad", f"{existing} can't be written: {error.strerror}", "Choose another with data.folder."
        )
        return
    free = shutil.disk_usage(existing).free
    if free < FREE_BYTES:
        yield Finding("Data folder", "note", f"{data}: {free // 1024**2} MiB free", "Free some space.")
    else:
        yield Finding("Data folder", "good", f"{data}: {free // 1024**3} GiB free")


def _browser(environ: Mapping[str, str]) -> Finding:
    path = environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome") or "/usr/bin/chromium"
    if Path(path).exists():
        return Finding("Browser for tests", "good", path)
    return Finding(
        "Browser for tests", "note", "none", "Only `make test` needs it: apt-get install chromium, or set CHROMIUM."
    )
