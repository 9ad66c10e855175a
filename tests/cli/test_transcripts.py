"""What each command says, to the letter: command, output, exit code.

`make golden` writes the files again; review them.
"""

import os
import shlex
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from incamera.accreditation import examples
from incamera.cli.app import app
from tests.audit.exports import closed, export, two_sittings
from tests.support.paper import FIRST, key

TRANSCRIPTS = Path(__file__).parent / "transcripts"
LONG = "a-secret-of-more-than-32-characters-0"
DRAFT = examples.demo(date(2021, 2, 17), delegations=2, is_automatic=False)
FILES = {
    "incamera.toml": f'[http]\nport = 8443\n\n[media]\nannounce_udp = ["192.0.2.7:7882"]\nkeys.APIteam = "{LONG}"\n',
    "typo.toml": "[http]\nprot = 8443\n",
    "broken.toml": "[http\n",
    "livekit.yaml": f"port: 7880\nrtc:\n  udp_port: 7882\n  port_range_start: 50000\nkeys:\n  APIteam: {LONG}\n",
    "key": f"APIother: {LONG}\n",
    "link": "https://meet.example/m/9Jk\n",
    "draft.yaml": DRAFT,
    "typo.yaml": DRAFT.replace("role: head", "role: haed", 1)
    .replace("refuse_quorum", "quorum")
    .replace("members, fin]", "fni]"),
}
RECORD = export(two_sittings())
LINES = RECORD.split(b"\n")[:-1]
EXPORTS = {
    "meeting.incamera": RECORD,
    "partner.incamera": export(two_sittings(), sittings=[FIRST]),
    "changed.incamera": RECORD.replace(LINES[20], LINES[20].replace(b'"}', b'A"}')),
    "removed.incamera": closed([*LINES[:20], *LINES[21:]]),
    "shortened.incamera": closed([*LINES[:-2], LINES[-1]]),
    "cut.incamera": RECORD[:-40],
    "other.incamera": b"PK\x03\x04",
}
AUTHORITY, STRANGER = key("authority").thumbprint, key("stranger").thumbprint
SCENES: dict[str, list[str]] = {
    "help": [
        *("--help", "demo --help", "serve --help", "join --help", "attend --help", "sfu --help", "doctor --help"),
        "config show --help",
    ],
    "accreditation_help": [
        f"{name} --help" for name in ("authority new", "charter example", "charter check", "charter sign", "invite")
    ],
    "accreditation": [
        "charter check draft.yaml",
        "charter check draft.yaml --json",
        "charter check typo.yaml",
        "charter check typo.yaml --json",
        "charter check missing.yaml",
        "charter check incamera.toml",
        "charter example --small --first-day 2021-02-30",
        "charter sign draft.yaml",
        "invite draft.yaml --server https://meet.example -o invitations",
        "invite draft.yaml --server http://meet.example --all -o invitations",
        "authority new --passphrase-fd 99",
    ],
    "record_help": [f"record {name} --help" for name in ("export", "verify", "show", "head")],
    "record": [
        f"record verify meeting.incamera --authority {AUTHORITY}",
        f"record verify meeting.incamera --authority {AUTHORITY} --json",
        f"record verify partner.incamera --authority {AUTHORITY}",
        "record show meeting.incamera",
        "record head meeting.incamera",
        "record head meeting.incamera --json",
    ],
    "record_broken": [
        *(f"record verify {name}.incamera --authority {AUTHORITY}" for name in ("changed", "removed", "shortened")),
        *(f"record verify {name}.incamera --authority {AUTHORITY}" for name in ("cut", "other", "missing")),
        f"record verify removed.incamera --authority {AUTHORITY} --json",
        f"record verify meeting.incamera --authority {STRANGER}",
        "record verify meeting.incamera --authority 3b1f",
        "record show shortened.incamera",
        "record head changed.incamera",
        "record head cut.incamera",
        "record show other.incamera",
        "record export --data . -o new.incamera",
        "record export --state . -o new.incamera",
        "record export -o new.incamera",
    ],
    "version": ["--version"],
    "config": [
        "config show",
        "config show --config incamera.toml",
        "config show --config incamera.toml --json",
        "INCAMERA_HTTP__PORT=443 INCAMERA_MEDIA__KEYS_FILE=key config show --config incamera.toml",
        "INCAMERA_MEDIA__TCP_PORT= config show --json",
        "INCAMERA_DATA__FOLDER=/srv/incamera config show --json",
    ],
    "config_refused": [
        "config show --config typo.toml",
        "config show --config broken.toml",
        "config show --config missing.toml",
        "INCAMERA_HTTP__PORT=many config show",
        "INCAMERA_HTTP__PROT=443 config show",
        "INCAMERA_MEDIA__KEYS=hunter2 config show",
        "INCAMERA_MEDIA__ANNOUNCE_UDP=192.0.2.7 config show",
        "INCAMERA_MEDIA__KEYS_FILE=missing config show",
    ],
    "usage": [
        "demo --seats 0",
        "demo --seats 20 --with 20",
        "attend https://meet.example/m/9Jk#x",
        "attend https://meet.example/m/9Jk#x --headless",
        "attend x --headless --subscribe most",
        "join https://meet.example/",
        "join https://meet.example/m/9Jk",
        "join - < link",
        "record",
    ],
    "exposure_refused": [
        "serve --host 0.0.0.0",
        "serve --tls-cert chain.pem",
        "serve --tls-cert chain.pem --tls-key key.pem",
        "sfu --dev --host 0.0.0.0",
        "sfu --host 0.0.0.0 --keys 'devkey: secret'",
        "sfu --keys 'APIteam: short'",
        "sfu --keys APIteam",
        "sfu --config livekit.yaml",
    ],
}  # fmt: skip


def transcript(lines: list[str]) -> str:
    """Run the commands, and write down what a person would have seen."""
    shown = []
    for line in lines:
        words = shlex.split(line.partition(" < ")[0])
        variables = dict(word.split("=", 1) for word in words if word.startswith("INCAMERA_"))
        arguments = [word for word in words if not word.startswith("INCAMERA_")]
        before = line.split(arguments[0], 1)[0]
        asked = Path(line.partition(" < ")[2]).read_text() if " < " in line else None
        outcome = CliRunner().invoke(app, arguments, input=asked, env=variables)
        assert outcome.exception is None or isinstance(outcome.exception, SystemExit), outcome.exception
        shown.append(f"$ {before}incamera {line[len(before) :]}\n{outcome.output}[exit {outcome.exit_code}]\n")
    return "\n".join(shown)


@pytest.mark.parametrize("scene", sorted(SCENES))
def test_commands_say(scene: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = ("INCAMERA_", "LIVEKIT_", "XDG_DATA_HOME", "STATE_DIRECTORY")
    for name in [name for name in os.environ if name.startswith(ours)]:
        monkeypatch.delenv(name)
    for name, value in {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    for name, data in EXPORTS.items():
        (tmp_path / name).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    said = transcript(SCENES[scene]).replace(str(tmp_path), "/home/lea")
    assert LONG not in said, "a secret was printed"
    expected = TRANSCRIPTS / f"{scene}.txt"
    if os.environ.get("GOLDEN") == "write":
        expected.parent.mkdir(exist_ok=True)
        expected.write_text(said)
    assert said == expected.read_text(), "`make golden` writes it again"
