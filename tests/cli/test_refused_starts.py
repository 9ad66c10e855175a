"""A command that can't start, or can't go on, says why, what to do, and a stable code; never a traceback."""

import os
import socket
import subprocess
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner

from incamera.accreditation.invitation import Invitation, check_origin
from incamera.accreditation.signature import SigningKey
from incamera.accreditation.strict import MeetingId, b64u
from incamera.api import certificate, machine
from incamera.cli.app import app
from incamera.clock import SystemClock, instant
from tests.support.browsers import await_true
from tests.support.servers import COMMAND, END_S, Process

FREE = ("--port", "0", "--udp-port", "0", "--tcp-port", "0")


def outcome_of(
    *arguments: str, given: str = "", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A command, run to its end."""
    return subprocess.run(
        [str(COMMAND), *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=END_S,
        env={**os.environ, **(environment or {})},
    )


def link(origin: str = "http://localhost:9") -> str:
    """An invitation to a server; by itself, to one that nobody runs."""
    authority, meeting = SigningKey(bytes(range(32))), MeetingId(b64u(bytes(16)))
    return Invitation(origin, meeting, authority.thumbprint, SigningKey(bytes(range(1, 33)))).link()


def is_said(outcome: subprocess.CompletedProcess[str], code: str) -> bool:
    """Whether it was refused with this code, in the one form that there is."""
    lines = outcome.stderr.splitlines()
    words = [line.partition(":")[0] for line in lines[-3:]]
    return words == ["error", "hint", "code"] and lines[-1] == f"code: {code}" and "Traceback" not in outcome.stderr


def pair(folder: Path, name: str) -> tuple[str, ...]:
    """A certificate for a name, and its authority's beside it in authority.pem; the flags that serve it."""
    now = instant(SystemClock().now_ms())
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer, subject = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in ("authority", name))
    of_authority = x509.BasicConstraints(ca=True, path_length=None), True
    of_server = x509.SubjectAlternativeName([x509.DNSName(name)]), False
    for file, whose, public, (extension, is_critical) in (
        ("authority.pem", issuer, authority.public_key(), of_authority),
        ("chain.pem", subject, key.public_key(), of_server),
    ):
        made = (
            x509.CertificateBuilder()
            .subject_name(whose)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(extension, critical=is_critical)
            .sign(authority, hashes.SHA256())
        )
        (folder / file).write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(secret)
    return ("--tls-cert", str(folder / "chain.pem"), "--tls-key", str(folder / "key.pem"))


@pytest.mark.slow
def test_a_demo_is_held_under_a_certificate_that_the_system_does_not_trust(tmp_path: Path) -> None:
    with Process("demo", "--json", "--port", "0", *pair(tmp_path, "localhost")) as demo:
        assert demo.ready["url"].startswith("https://localhost:")


@pytest.mark.slow
@pytest.mark.parametrize(("system", "believed"), [("authority.pem", "authority.pem"), (None, "chain.pem")])
def test_its_members_believe_the_system_first_and_what_it_serves_else(
    system: str | None, believed: str, tmp_path: Path
) -> None:
    """The SDK needs an authority, and takes it from the file in SSL_CERT_FILE alone."""
    flags = pair(tmp_path, "localhost")
    environment = {} if system is None else {"SSL_CERT_FILE": str(tmp_path / system)}
    with Process("demo", "--json", "--port", "0", "--with", "1", *flags, environment=environment) as demo:
        [member] = await_true("its members' process", lambda: members(demo))
        assert f"SSL_CERT_FILE={tmp_path / believed}" in Path(f"/proc/{member}/environ").read_text().split("\0")


def members(demo: Process) -> list[str]:
    """The process of its synthetic members, once it runs as such."""
    children = Path(f"/proc/{demo.pid}/task/{demo.pid}/children").read_text().split()
    return [one for one in children if Path(f"/proc/{one}/cmdline").read_bytes().endswith(b"\0incamera.member\0")]


@pytest.mark.slow
def test_a_demo_whose_certificate_is_for_another_name_is_refused(tmp_path: Path) -> None:
    outcome = outcome_of("demo", "--port", "0", *pair(tmp_path, "meet.example"))
    assert is_said(outcome, "server.unreachable"), outcome.stderr
    assert "'localhost'" in outcome.stderr
    assert outcome.returncode == 1


@pytest.mark.parametrize("name", ["MyLaptop", "my_laptop"])
def test_a_machine_s_links_can_be_opened_whatever_it_is_called(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody looks these names up here; under its own, in lower case, see the next test."""
    monkeypatch.setattr(socket, "gethostname", lambda: name)
    origin = f"https://{machine.reached_by()}:7880"
    assert check_origin(origin) is None
    assert name.lower() not in origin
    made, _ = certificate.self_signed(tmp_path, SystemClock())
    names = x509.load_pem_x509_certificate(made.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    own = machine.outward_address()
    assert own is None or ip_address(own) in names.value.get_values_for_type(x509.IPAddress)


def test_a_machine_s_name_stands_in_links_in_lower_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "LocalHost")
    assert machine.reached_by() == "localhost"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "folder"),
    [
        ("demo --port 0", "file"),
        ("serve", "file"),
        ("serve", "/proc/incamera"),
        ("serve --tls self-signed", "/proc/incamera"),
        ("sfu", "/proc/incamera"),
        ("attend - --headless", "file"),
        ("join - --no-browser", "file"),
    ],
)
def test_a_data_folder_that_can_not_be_used_is_refused_alike(command: str, folder: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    where = str(tmp_path / folder)
    if command == "sfu":  # it has no flag for it
        outcome = outcome_of(*command.split(), *FREE, environment={"INCAMERA_DATA__FOLDER": where})
    elif command.startswith("serve"):
        outcome = outcome_of(*command.split(), *FREE, "--data", where)
    else:
        flag = "--state" if command.startswith("attend") else "--data"
        outcome = outcome_of(*command.split(), flag, where, given=link())
    assert is_said(outcome, "file.unusable"), outcome.stderr
    assert where in outcome.stderr
    assert outcome.returncode == 1
    assert (tmp_path / "file").read_text() == "no folder"


@pytest.mark.parametrize("command", ["demo", "serve", "sfu", "attend - --headless", "join -"])
def test_a_level_of_the_log_that_there_is_not_is_refused_alike(command: str) -> None:
    outcome = CliRunner().invoke(app, [*command.split(), "--log-level", "loud"], input=link())
    assert outcome.exit_code == 78
    assert "error: log.level (flag --log-level): Input should be 'debug'" in outcome.output
    assert "code: settings.invalid" in outcome.output
