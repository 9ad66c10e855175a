"""The product's own commands as processes: started as a user starts them, ended as an operator ends them."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any, Self

COMMAND = Path(sys.executable).parent / "incamera"
END_S = 120.0
"""How long its end may take: generous, since two cores carry servers, browsers and builds."""


class Process:
    """A running command of ours with `--json`: its first line on stdout, its log for the failure's report."""

    def __init__(self, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self.arguments = arguments
        self.environment = environment or {}
        self.ready: dict[str, Any] = {}
        self.log: deque[str] = deque(maxlen=2000)
        self._process: subprocess.Popen[str]
        self._reader: threading.Thread

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [str(COMMAND), *self.arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "NO_COLOR": "1", **self.environment},
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait(END_S)
            self._reader.join(END_S)
            raise AssertionError(
                f"incamera {' '.join(self.arguments)} ended with {self._process.returncode}:\n{self.text()}"
            )
        self.ready = json.loads(line)
        return self

    def _read_log(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.log.append(line.rstrip())

    def text(self) -> str:
        """The last of its log; all of it up to its end, once it was stopped."""
        return "\n".join(self.log.copy())

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def kill(self) -> None:
        """End it as a power cut does."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(END_S)

    def stop(self) -> int:
        """End it as an operator does (SIGTERM); its exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self._reader.join(END_S)
        return code

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        code = self.stop()
        assert kind is not None or code == 0, f"incamera {' '.join(self.arguments)} ended with {code}:\n{self.text()}"


class Demo(Process):
    """`incamera demo --json`: a throw-away meeting."""

    def __init__(self, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="incamera-test-")
        super().__init__(
            "demo", "--json", "--port", "0", "--data", self._folder.name, *arguments, environment=environment
        )

    @property
    def data(self) -> Path:
        """Its data folder."""
        return Path(self._folder.name)

    @property
    def port(self) -> int:
        """Its HTTP port."""
        return int(self.ready["url"].rstrip("/").rsplit(":", 1)[1])

    def link(self, seat: int) -> str:
        """The link of the n-th seat."""
        link: str = self.ready["links"][seat]["link"]
        return link

    def seat(self, seat: int) -> str:
        """The id of the n-th seat."""
        name: str = self.ready["links"][seat]["seat"]
        return name

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            super().__exit__(kind, error, trace)
        finally:
            self._folder.cleanup()
