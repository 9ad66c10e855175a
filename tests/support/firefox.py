"""Real Firefox, headless, with a fake camera and microphone, by its own remote control (Marionette: JSON over TCP)."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FIREFOX = os.environ.get("FIREFOX", "/usr/bin/firefox-esr")
PREFERENCES = {
    "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "marionette.port": 0,
    "media.autoplay.default": 0,
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.enabled": False,
}
START_S = 60.0


class FirefoxPage:
    """The one tab of a Firefox."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._replies = connection.makefile("rb")
        self._read()  # it says what it is
        self._calls = 0
        self._ask("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {"timeouts": {"script": 120_000}}}})

    def goto(self, url: str) -> None:
        """Load a page."""
        self._ask("WebDriver:Navigate", {"url": url})

    def reload(self) -> None:
        """Load the page again."""
        self._ask("WebDriver:Refresh", {})

    def evaluate(self, function: str, argument: Any = None) -> Any:
        """The answer of a function of the page, awaited: as Playwright's `Page.evaluate`."""
        script = f"""
            const [argument, done] = arguments;
            Promise.resolve().then(() => ({function})(argument)).then(
                (answer) => done({{ answer }}), (error) => done({{ error: String(error) }}));
        """
        told = self._ask("WebDriver:ExecuteAsyncScript", {"script": script, "args": [argument], "sandbox": None})
        assert "error" not in told["value"], told["value"]["error"]
        return told["value"].get("answer")

    def wait_for_function(self, expression: str) -> None:
        """Wait until it is true."""
        deadline = time.monotonic() + START_S
        while not self.evaluate(f"() => Boolean({expression})"):
            assert time.monotonic() < deadline, f"not seen in Firefox: {expression}"
            time.sleep(0.1)

    def press(self, control: str) -> None:
        """Press what web/README.md calls by that name, once it is there and nothing is over it."""
        deadline = time.monotonic() + START_S
        place = {"using": "css selector", "value": f'[data-control="{control}"]:not([disabled])'}
        while True:
            error, found = self._call("WebDriver:FindElement", place)
            if error is None:
                (element,) = found["value"].values()
                error, _ = self._call("WebDriver:ElementClick", {"id": element})
            if error is None:
                return
            assert time.monotonic() < deadline, f"{control} cannot be pressed: {error['error']}: {error['message']}"
            time.sleep(0.1)

    def _ask(self, command: str, parameters: dict[str, Any]) -> Any:
        error, answer = self._call(command, parameters)
        assert error is None, f"{command}: {error}"
        return answer

    def _call(self, command: str, parameters: dict[str, Any]) -> tuple[dict[str, Any] | None, Any]:
        """What went wrong, if anything did, and the answer."""
        self._calls += 1
        data = json.dumps([0, self._calls, command, parameters]).encode()
        self._connection.sendall(b"%d:%s" % (len(data), data))
        _, number, error, answer = self._read()
        assert number == self._calls
        return error, answer

    def _read(self) -> Any:
        length = b""
        while (byte := self._replies.read(1)) != b":":
            assert byte, "Firefox ended"
            length += byte
        return json.loads(self._replies.read(int(length)))


@contextlib.contextmanager
def firefox() -> Iterator[FirefoxPage]:
    """One Firefox with a profile of its own, ended with all that it started."""
    if shutil.which(FIREFOX) is None:
        pytest.skip(f"Firefox is not at {FIREFOX}: set FIREFOX")
    with tempfile.TemporaryDirectory(prefix="incamera-firefox-") as folder:
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
        Path(folder, "user.js").write_text("\n".join(lines))
        process = subprocess.Popen(
            [FIREFOX, "--headless", "--marionette", "--no-remote", "--profile", folder, "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": folder},
            start_new_session=True,
        )
        try:
            with socket.create_connection(("127.0.0.1", _port(Path(folder))), timeout=150) as connection:
                yield FirefoxPage(connection)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=30)


def _port(folder: Path) -> int:
    """Where it listens: it writes that into its profile."""
    deadline = time.monotonic() + START_S
    while True:
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int((folder / "MarionetteActivePort").read_text())
        assert time.monotonic() < deadline, "Firefox did not start"
        time.sleep(0.1)
