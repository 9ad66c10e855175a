"""Commands as processes: what they print when they are ready, and how they end."""

import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from incamera.accreditation.invitation import parse_link
from incamera.accreditation.signature import SigningKey
from incamera.accreditation.strict import SeatId
from incamera.clock import SystemClock, instant
from incamera.demo.founding import found
from tests.support.browsers import PATIENCE_S, await_true
from tests.support.servers import COMMAND, Demo, Process

pytestmark = pytest.mark.slow


def get(url: str, trust: Path | None = None) -> str:
    """The body of an address on this machine."""
    context = ssl.create_default_context(cafile=trust) if trust is not None else None
    with urllib.request.urlopen(url, timeout=PATIENCE_S, context=context) as answer:
        body: bytes = answer.read()
        return body.decode()


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo("--seats", "3") as demo:
        yield demo


def test_the_demo_s_first_line_says_all_that_a_program_needs(demo: Demo) -> None:
    assert demo.ready["pid"] == demo.pid
    assert [link["seat"] for link in demo.ready["links"]] == ["chair", "alb-head", "bel-head"]
    assert all(link["link"].startswith(f"{demo.ready['url']}m/") for link in demo.ready["links"])
    assert demo.ready["udp_port"] > 0
    assert demo.ready["tcp_port"] > 0
    assert get(f"{demo.ready['url']}healthz") == "ok"
    assert json.loads(get(f"{demo.ready['url']}readyz")) == {"media": True}
    assert {link["seat"] for link in demo.ready["others"]} == {"secretariat", "fin-head"}
    assert parse_link(demo.link(0)).authority == demo.ready["authority"]
    assert demo.ready["data"] == str(demo.data)


def test_a_link_of_another_authority_lets_nobody_in(demo: Demo) -> None:
    now = SystemClock().now_ms()
    day, origin, authority = instant(now).date(), demo.ready["url"].rstrip("/"), SigningKey(secrets.token_bytes(32))
    other = found(authority, origin, secrets.token_bytes, now, first_day=day, delegations=1, is_automatic=True)
    foreign = other.invited[SeatId("chair")].link
    command = [str(COMMAND), "attend", "-", "--headless", "--json", "--seconds", "5"]
    outcome = subprocess.run(command, input=foreign, capture_output=True, text=True, timeout=PATIENCE_S)
    assert outcome.returncode == 1
    assert json.loads(outcome.stdout) == {"seconds": 0.0, "participants": {}}
    assert "code: " in outcome.stderr
    assert foreign.split("#")[1] not in outcome.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_signal_ends_cleanly_and_leaves_no_folder(number: signal.Signals) -> None:
    with Process("demo", "--json", "--port", "0", "--with", "1") as demo:
        demo._process.send_signal(number)
        assert demo._process.wait(PATIENCE_S) == 0
    with pytest.raises(OSError, match="refused"):
        get(f"{demo.ready['url']}healthz")


def members_of(demo: Process) -> list[int]:
    """The processes of its doorkeeper and its synthetic members, as far as they run."""
    children = Path(f"/proc/{demo.pid}/task/{demo.pid}/children").read_text().split()
    return [int(child) for child in children if b"incamera.member" in Path(f"/proc/{child}/cmdline").read_bytes()]


def test_ctrl_c_in_a_terminal_is_for_the_demo_alone_which_takes_its_processes_along_and_leaves_no_trace() -> None:
    with Process("demo", "--json", "--port", "0", "--with", "1") as demo:
        members = await_true("both of its processes", lambda: len(found := members_of(demo)) == 2 and found)
        assert demo.pid not in {os.getpgid(member) for member in members}
        os.killpg(demo.pid, signal.SIGINT)  # as a terminal does
        assert demo._process.wait(timeout=60) == 0
    assert not demo._reader.is_alive(), "its log is closed by all who wrote it"
    assert "Traceback" not in demo.text()


def test_a_demo_in_a_folder_of_its_own_is_the_same_meeting_with_the_same_links_again(tmp_path: Path) -> None:
    started = []
    for _ in range(2):
        with Process("demo", "--json", "--port", "0", "--data", str(tmp_path)) as demo:
            started.append([link["link"].split("/m/")[1] for link in demo.ready["links"]])
    assert started[0] == started[1]
    outcome = subprocess.run(
        [str(COMMAND), "demo", "--by-hand", "--port", "0", "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert outcome.returncode == 78, "its charter is signed: it lets in by itself"


def test_the_media_server_alone_answers_as_livekit_does() -> None:
    with Process("sfu", "--dev", "--json", "--port", "0", "--udp-port", "0", "--tcp-port", "0") as sfu:
        assert sfu.ready["keys"] == ["devkey"]
        assert get(sfu.ready["url"]) == "OK"
        with pytest.raises(urllib.error.HTTPError) as refused:
            get(f"{sfu.ready['url']}/rtc/validate?access_token=x")
        assert refused.value.code == 401
        refused.value.close()


def test_a_port_that_is_taken_is_said_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        command = [str(COMMAND), "demo", "--port", str(other.getsockname()[1]), "--data", str(tmp_path)]
        outcome = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert outcome.returncode == 1
    assert "code: port.taken" in outcome.stderr
    assert "--port" in outcome.stderr
    assert outcome.stdout == ""


def test_a_media_port_that_is_taken_is_said_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("0.0.0.0", 0))
        port = str(other.getsockname()[1])
        command = [str(COMMAND), "demo", "--port", "0", "--udp-port", port, "--data", str(tmp_path)]
        outcome = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert outcome.returncode == 1
    assert "code: port.taken" in outcome.stderr
    assert "--udp-port" in outcome.stderr


def test_a_self_signed_server_reads_its_certificate_again_on_sighup(tmp_path: Path) -> None:
    arguments = ("--port", "0", "--udp-port", "0", "--tcp-port", "0", "--tls", "self-signed", "--data", str(tmp_path))
    with Process("serve", "--json", *arguments) as server:
        assert server.ready["url"].startswith("https://localhost:")
        trust = tmp_path / "tls" / "self-signed.crt"
        assert get(f"{server.ready['url']}healthz", trust) == "ok"
        server._process.send_signal(signal.SIGHUP)
        assert get(f"{server.ready['url']}healthz", trust) == "ok"
        key = (tmp_path / "media-key").stat()
        assert key.st_mode & 0o777 == 0o600


def test_a_participant_without_a_screen_reports_what_it_received(tmp_path: Path) -> None:
    with Demo("--seats", "2") as demo:
        arguments = [str(COMMAND), "attend", "-", "--headless", "--json", "--seconds"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        sender = subprocess.Popen([*arguments[:-1], "--tone-hz", "1000"], text=True, **pipes)
        try:
            assert sender.stdin is not None
            assert sender.stderr is not None
            sender.stdin.write(demo.link(0))
            sender.stdin.close()
            assert any("In the sitting" in line for line in sender.stderr), "before the receiver's seconds begin"
            receiving = [*arguments, "12", "--state", str(tmp_path / "device")]
            receiver = subprocess.run(receiving, input=demo.link(1), capture_output=True, text=True, timeout=PATIENCE_S)
            again = subprocess.run(receiving, input=demo.link(1), capture_output=True, text=True, timeout=PATIENCE_S)
            used_up = subprocess.run(
                [*arguments, "1"], input=demo.link(1), capture_output=True, text=True, timeout=PATIENCE_S
            )
            sender.send_signal(signal.SIGTERM)
            assert sender.stdout is not None
            sent = json.loads(sender.stdout.read())
            assert sender.wait(PATIENCE_S) == 0
        finally:
            sender.kill()
        assert receiver.returncode == 0, receiver.stderr
        assert again.returncode == 0, "the device goes on with its folder"
        for outcome in (receiver, again):
            report = json.loads(outcome.stdout.splitlines()[-1])
            assert report["seconds"] >= 12
            figures = report["participants"]["chair"]
            assert figures["video_frames"] > 10
            assert figures["audio_frames"] > 100
            assert (figures["failed"], figures["refused"]) == (0, 0)
            assert figures["tone_hz"] == pytest.approx(1000, abs=3)
        assert sent["participants"]["alb-head"]["video_frames"] > 10
        assert used_up.returncode == 1
        assert "code: enrolment.used" in used_up.stderr
