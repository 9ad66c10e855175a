"""What the doctor finds, and that it says what to do."""

import socket
from pathlib import Path

import pytest

from incamera.api import certificate
from incamera.clock import SystemClock
from incamera.doctor import Finding, examine
from incamera.settings.fields import Data, Http, Media, Settings

DAY_MS = 24 * 3600 * 1000


class Later(SystemClock):
    """The same clock, some days on."""

    def __init__(self, days: int) -> None:
        self._days = days

    def now_ms(self) -> int:
        return super().now_ms() + self._days * DAY_MS


def findings(settings: Settings, data: Path, clock: SystemClock | None = None) -> dict[str, Finding]:
    """All findings, by their subject."""
    return {finding.subject: finding for finding in examine(settings, data, {}, clock or SystemClock())}


def settings(**http: object) -> Settings:
    """Settings with ports that the system chooses."""
    return Settings(http=Http(port=0, **http), media=Media(udp_port=0, tcp_port=0), data=Data())  # type: ignore[arg-type]


def test_each_finding_that_is_not_good_says_what_to_do(tmp_path: Path) -> None:
    found = findings(settings(), tmp_path)
    assert [finding for finding in found.values() if (finding.state == "good") == bool(finding.remedy)] == []
    assert not any(finding.state == "bad" for finding in found.values() if finding.subject != "Page")
    assert list(tmp_path.iterdir()) == [], "it left something behind"


@pytest.mark.parametrize(
    ("kind", "subject"), [(socket.SOCK_STREAM, "Page and signalling"), (socket.SOCK_DGRAM, "Media over UDP")]
)
def test_a_port_that_is_taken_is_found(kind: socket.SocketKind, subject: str, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            other.listen()
        port = other.getsockname()[1]
        taken = Settings(
            http=Http(port=port if kind == socket.SOCK_STREAM else 0),
            media=Media(host="127.0.0.1", udp_port=port if kind == socket.SOCK_DGRAM else 0, tcp_port=None),
        )
        finding = findings(taken, tmp_path)[subject]
    assert finding.state == "bad"
    assert str(port) in finding.found


@pytest.mark.parametrize(("days", "state"), [(0, "good"), (80, "note"), (91, "bad")])
def test_a_certificate_is_watched_before_it_ends(days: int, state: str, tmp_path: Path) -> None:
    pair = certificate.self_signed(tmp_path / "tls", SystemClock())
    finding = findings(settings(tls_cert=pair[0], tls_key=pair[1]), tmp_path, Later(days))["TLS"]
    assert finding.state == state
    assert ("SIGHUP" in finding.remedy) == (state != "good")


def test_a_certificate_without_its_key_is_found(tmp_path: Path) -> None:
    pair = certificate.self_signed(tmp_path / "tls", SystemClock())
    finding = findings(settings(tls_cert=pair[0], tls_key=tmp_path / "missing.key"), tmp_path)["TLS"]
    assert finding.state == "bad"


def test_a_data_folder_that_can_not_be_written_is_found() -> None:
    finding = findings(settings(), Path("/proc/incamera"))["Data folder"]
    assert finding.state == "bad"
    assert "data.folder" in finding.remedy
