"""The servers that are measured, as processes of their own, and what the kernel says of their CPU time and memory."""

import ctypes
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import httpx2

START_S = 30.0
STOP_S = 15.0
KEY = "bench"


class NotMeasurable(Exception):
    """What a bench needs is not there, or broke; the text says what to do."""


def end_with_parent() -> None:
    """In a child, before it becomes its program: end when the bench does, even if that is killed (Linux, prctl(2))."""
    set_death_signal = 1
    ctypes.CDLL(None).prctl(set_death_signal, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Ports:
    """Three ports that were free on all addresses a moment ago."""

    http: int
    udp: int
    tcp: int


def free_ports() -> Ports:
    """Ask the system for ports: both servers take numbers, not 0, on their command lines."""
    with socket.socket() as http, socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        for each in (http, tcp, udp):
            each.bind(("0.0.0.0", 0))  # media is bound to all addresses
        return Ports(http.getsockname()[1], udp.getsockname()[1], tcp.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Contender:
    """A server by name, and the command line that starts it."""

    name: str
    executable: str

    def command(self, ports: Ports, secret: str) -> list[str]:
        """Both listen on loopback alone, log errors only and forward with their default settings."""
        if self.name == OURS:
            return [
                *(self.executable, "sfu", "--port", str(ports.http), "--udp-port", str(ports.udp)),
                *("--tcp-port", str(ports.tcp), "--keys", f"{KEY}: {secret}", "--log-level", "error"),
            ]
        config = {
            "port": ports.http,
            "bind_addresses": ["127.0.0.1"],
            "keys": {KEY: secret},
            "logging": {"level": "error"},
            "rtc": {
                "udp_port": ports.udp,
                "tcp_port": ports.tcp,
                "use_external_ip": False,
                "node_ip": "127.0.0.1",
                "enable_loopback_candidate": True,
            },
        }
        return [self.executable, "--config-body", json.dumps(config)]


OURS = "incamera"
PEER = "livekit-server"


def ours() -> Contender:
    """The command of this checkout's environment."""
    return Contender(OURS, str(Path(sys.executable).parent / "incamera"))


def peer() -> Contender | None:
    """livekit-server, if it is here: LIVEKIT_SERVER names the file, or it is on the PATH."""
    found = shutil.which(os.environ.get("LIVEKIT_SERVER", PEER))
    return Contender(PEER, found) if found else None


class Server:
    """A running contender. Leaving the context always ends it."""

    def __init__(self, contender: Contender) -> None:
        self.contender = contender
        self.secret = secrets.token_hex(24)
        self._ports = free_ports()
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 — closed in __exit__
        self._process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Its address for HTTP and signalling."""
        return f"http://127.0.0.1:{self._ports.http}"

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self.contender.command(self._ports, self.secret),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            start_new_session=True,
            preexec_fn=end_with_parent,
        )
        try:
            self._await_answer()
        except BaseException:
            self._end()
            raise
        return self

    def _await_answer(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise NotMeasurable(f"{self.contender.name} ended at its start:\n{self.log()}")
            try:
                if httpx2.get(self.url, timeout=2).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.05)
        raise NotMeasurable(f"{self.contender.name} did not answer within {START_S:.0f} s:\n{self.log()}")

    def log(self, bytes_max: int = 1000) -> str:
        """The last of what it wrote on standard error."""
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(size - bytes_max, 0))
        return self._log.read().decode(errors="replace")

    def cpu_seconds(self) -> float:
        """User and system time of the process and its children so far.

        From the scheduler's clock of each process (clock_getcpuclockid(3)), in nanoseconds, threads that ended
        included. The ticks of /proc/PID/stat, 10 ms each, are too coarse for a server that takes two or three per cent
        of a core.
        """
        return sum(time.clock_gettime((~pid << 3) | 2) for pid in self._family())

    def rss_bytes(self) -> int:
        """Resident memory of the process and its children."""
        page = os.sysconf("SC_PAGE_SIZE")
        return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page for pid in self._family())

    def _family(self) -> list[int]:
        """The process and all its descendants."""
        if self._process.poll() is not None:
            raise NotMeasurable(f"{self.contender.name} ended with {self._process.returncode}:\n{self.log()}")
        family = [self.pid]
        for member in family:
            for task in Path(f"/proc/{member}/task").iterdir():
                family += [int(child) for child in (task / "children").read_text().split()]
        return family

    def _end(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        self._log.close()
