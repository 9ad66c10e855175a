"""What is published runs where there is no compiler, no Node.js and no checkout."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.support.browsers import PATIENCE_S

ROOT = Path(__file__).parents[2]
UV = ROOT / ".tools" / "bin" / "uv"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`incamera` of a wheel that was installed into an empty virtual environment, with the locked dependencies."""
    subprocess.run([ROOT / "scripts" / "wheel"], check=True, cwd=ROOT, capture_output=True)
    (wheel,) = (ROOT / "dist").glob("incamera-*.whl")
    environment = tmp_path_factory.mktemp("empty") / "venv"
    quiet = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, environment], check=True, env=quiet)
    install = [UV, "pip", "install", "--quiet", "--compile-bytecode", "--python", environment]  # compiled, as by pip
    subprocess.run([*install, "--constraint", ROOT / "requirements.lock", wheel], check=True, env=quiet)
    return environment / "bin" / "incamera"


def test_the_demo_runs_from_an_installed_wheel(command: Path, tmp_path: Path) -> None:
    # A PATH with nothing on it: no cargo, no node, no cc; and a folder that is no checkout.
    bare = {"PATH": str(tmp_path / "nothing"), "HOME": str(tmp_path)}
    demo = subprocess.Popen(
        [command, "demo", "--json", "--port", "0", "--with", "1"],
        cwd=tmp_path,
        env=bare,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert demo.stdout is not None
        line = demo.stdout.readline()
        assert line, demo.communicate(timeout=PATIENCE_S)[1]
        ready = json.loads(line)
        with urllib.request.urlopen(ready["url"], timeout=PATIENCE_S) as page:
            assert b"<title>In Camera</title>" in page.read()
        attend = subprocess.run(
            [command, "attend", "-", "--headless", "--json", "--seconds", "15"],
            input=ready["links"][0]["link"],
            cwd=tmp_path,
            env=bare,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert attend.returncode == 0, attend.stderr
        assert json.loads(attend.stdout.splitlines()[-1])["participants"]["bel-head"]["video_frames"] > 5
    finally:
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(PATIENCE_S) == 0


def test_the_doctor_finds_nothing_missing_in_an_installed_wheel(command: Path, tmp_path: Path) -> None:
    bare = {"PATH": str(tmp_path), "HOME": str(tmp_path), "INCAMERA_HTTP__PORT": "0"}
    bare |= {"INCAMERA_MEDIA__UDP_PORT": "0", "INCAMERA_MEDIA__TCP_PORT": "0"}
    outcome = subprocess.run([command, "doctor", "--json"], cwd=tmp_path, env=bare, capture_output=True, text=True)
    report = json.loads(outcome.stdout)
    assert report["good"], report
    assert {finding["subject"]: finding["state"] for finding in report["findings"]}["Native module"] == "good"
