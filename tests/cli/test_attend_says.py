"""`incamera attend` says at once what keeps it outside, and at the end why it was there."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.test_refused_starts import link, pair
from tests.support.servers import COMMAND, END_S, Demo, Process

pytestmark = pytest.mark.slow


@contextmanager
def attending(given: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command, with this link; what is left of it at the end is killed."""
    process = subprocess.Popen(
        [str(COMMAND), "attend", "-", "--headless", "--json", *arguments],
        text=True,
        start_new_session=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdin is not None
        process.stdin.write(f"{given}\n")
        process.stdin.close()
        yield process
    finally:
        process.kill()
        process.wait(END_S)


def read_until(process: subprocess.Popen[str], wanted: str) -> str:
    """Its notes up to the line that has this."""
    assert process.stderr is not None
    read: list[str] = []
    for line in process.stderr:
        read.append(line)
        if wanted in line:
            return "".join(read)
    raise AssertionError(f"it ended before {wanted!r}: {''.join(read)}")


def ended(process: subprocess.Popen[str]) -> str:
    """Ask it to end; the rest of its notes."""
    assert process.stderr is not None
    assert process.stdout is not None
    process.send_signal(signal.SIGTERM)
    rest = process.stderr.read()
    assert process.wait(END_S) == 1
    assert set(json.loads(process.stdout.read())) == {"seconds", "participants"}
    assert "Traceback" not in rest
    return rest


def test_a_server_that_does_not_answer_is_said_at_once_and_tried_again() -> None:
    with attending(link(), "--seconds", "1") as attend:
        said = read_until(attend, "code: server.unreachable")
        assert "note: The server does not answer (ConnectError). It is tried again.\nhint: " in said
        assert ended(attend).startswith("error: It never was in the sitting. The server does not answer")


def test_a_certificate_that_is_not_trusted_is_said_with_what_to_do(tmp_path: Path) -> None:
    with Process("demo", "--json", "--port", "0", *pair(tmp_path, "localhost")) as demo:
        invited = demo.ready["links"][0]["link"]
        with attending(invited) as attend:
            said = read_until(attend, "code: server.unreachable")
            assert "The server's certificate is not trusted" in said
            assert "--ca" in said
            assert invited.split("#")[1] not in said
            ended(attend)


def test_a_meeting_that_was_ended_is_said_when_it_ends() -> None:
    with Demo() as demo, attending(demo.link(0), "--log-level", "info") as attend:
        read_until(attend, "In the sitting")
        demo.stop()
        said = read_until(attend, "call.no_ticket")
        assert "note: " in said or "note: " in (said := read_until(attend, "code: server.unreachable"))
        said = ended(attend)
    assert "error: It was outside the sitting at the end. The server does not answer" in said
    assert said.endswith("code: server.unreachable\n")
