"""From an authority to a device's chain by the command line alone, offline."""

import json
import os
import stat
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from incamera.accreditation import authority, examples
from incamera.accreditation.bundle import Bundle, read_bundle
from incamera.accreditation.charter import Charter, Contents, open_charter, open_contents
from incamera.accreditation.credential import Credential, Expected, LeafPlace, validate
from incamera.accreditation.enrolment import enrol, vouch
from incamera.accreditation.invitation import Invitation, parse_link
from incamera.accreditation.signature import Signed, SigningKey
from incamera.accreditation.statements import Period
from incamera.accreditation.strict import GroupId, b64u
from incamera.cli.app import app
from incamera.clock import SystemClock
from incamera.refusal import Refusal

SECRET = "five words that nobody guesses"
RESTRICTED = "Lessons of the exercise"
DEVICE, LEAF = SigningKey(b"\x01" * 32), SigningKey(b"\x02" * 32)


def run(*arguments: str) -> dict[str, Any]:
    """A command's JSON; the passphrase comes by a file descriptor."""
    reads, writes = os.pipe()
    os.write(writes, f"{SECRET}\n".encode())
    os.close(writes)
    try:
        outcome = CliRunner().invoke(app, [*arguments, "--passphrase-fd", str(reads), "--json"])
    finally:
        os.close(reads)
    assert outcome.exit_code == 0, outcome.output
    assert SECRET not in outcome.output
    found: dict[str, Any] = json.loads(outcome.stdout.splitlines()[-1])
    return found


@pytest.fixture
def signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A folder with an authority and a signed charter for today."""
    monkeypatch.chdir(tmp_path)
    made = run("authority", "new")
    today = datetime.fromtimestamp(SystemClock().now_ms() / 1000, UTC).date()
    Path("meeting.yaml").write_text(examples.demo(today, delegations=2, is_automatic=False), encoding="utf-8")
    return made | run("charter", "sign", "meeting.yaml")


def opened(signed: dict[str, Any]) -> tuple[Bundle, Signed[Charter], Contents]:
    bundle = read_bundle(Path(signed["charter"]).read_bytes())
    assert isinstance(bundle, Bundle)
    charter = open_charter(bundle.charter, authorities=[signed["authority"]])
    assert isinstance(charter, Signed)
    contents = open_contents(bundle.parts, charter.payload)
    assert isinstance(contents, Contents)
    return bundle, charter, contents


def test_each_invitation_enrols_a_device_of_its_seat(signed: dict[str, Any]) -> None:
    run("invite", "meeting.charter", "--server", "https://meet.example", "--all", "-o", "invitations")
    bundle, charter, contents = opened(signed)
    assert contents.seats is not None
    seats = {one.seat: one.delegation for one in contents.seats.seats}
    links = dict(line.split(" ") for line in Path("invitations/links.txt").read_text().splitlines())
    assert set(links) == set(seats)
    place = LeafPlace(signed["sittings"]["session-1"], GroupId(b64u(bytes(16))))
    now_ms = SystemClock().now_ms()
    for seat, link in links.items():
        invitation = parse_link(link)
        assert isinstance(invitation, Invitation)
        period = Period(now_ms, now_ms, now_ms + 1000)
        chain = enrol(invitation, charter, bundle.statements, DEVICE.public, period)
        assert isinstance(chain, str)
        chain = vouch(chain, DEVICE, charter.payload.meeting, place, LEAF.public, period)
        held_to = Expected(
            authority=charter.payload.authority,
            meeting=signed["meeting"],
            charters=[charter.hash],
            leaf=place,
            seats=seats,
            enrolled=[DEVICE.thumbprint],
            revoked=[],
        )
        credential = validate(chain, held_to, now_ms)
        assert isinstance(credential, Credential)
        assert (credential.seat, credential.delegation) == (seat, seats[credential.seat])


def test_a_second_invitation_of_a_delegation_is_by_the_same_key(signed: dict[str, Any]) -> None:
    for number, seat in enumerate(("alb-head", "alb-head")):
        run("invite", "meeting.charter", "--server", "https://meet.example", "--seat", seat, "-o", f"to-{number}")
    bundle, _, _ = opened(signed)
    assert len(bundle.statements) == 3, "one for the delegation, one for each link"


def test_no_restricted_title_is_in_what_the_server_gets(signed: dict[str, Any]) -> None:
    bundle, _, contents = opened(signed)
    shown = Path("meeting.charter").read_bytes() + b"".join(bundle.parts.values())
    assert RESTRICTED.encode() not in shown
    assert RESTRICTED in Path(signed["titles"]).read_text(encoding="utf-8")
    assert "item-2" in {item.item for part in contents.sittings.values() for item in part.items}


def test_files_with_secrets_are_their_owners_alone(signed: dict[str, Any]) -> None:
    run("invite", "meeting.charter", "--server", "https://meet.example", "--seat", "chair", "-o", "one")
    secrets = [*Path("authority").rglob("*.pem"), *Path("one").iterdir(), Path(signed["titles"])]
    assert len(secrets) == 5
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}


def test_an_invitation_that_can_not_be_written_vouches_for_nothing(signed: dict[str, Any]) -> None:
    Path("one").mkdir()
    Path("one/chair.html").write_text("somebody's")
    before = Path("meeting.charter").read_bytes()
    reads, writes = os.pipe()
    os.write(writes, f"{SECRET}\n".encode())
    os.close(writes)
    command = ["invite", "meeting.charter", "--server", "https://meet.example", "--seat", "chair", "-o", "one"]
    outcome = CliRunner().invoke(app, [*command, "--passphrase-fd", str(reads)])
    os.close(reads)
    assert outcome.exit_code == 1
    assert "chair.html is there already" in outcome.output
    assert Path("meeting.charter").read_bytes() == before
    assert [path.name for path in Path("one").iterdir()] == ["chair.html"]


def test_a_sheet_fetches_nothing(signed: dict[str, Any]) -> None:
    run("invite", "meeting.charter", "--server", "https://meet.example", "--seat", "chair", "-o", "one")
    sheet = Path("one/chair.html").read_text(encoding="utf-8")
    assert "src=" not in sheet
    assert "href=" not in sheet
    assert sheet.count("https://") == 1, "the link, to be read by a person"


def test_the_key_file_is_what_openssl_opens(signed: dict[str, Any]) -> None:
    shown = subprocess.run(
        [
            "openssl",
            "pkey",
            "-in",
            "authority/authority.pem",
            "-passin",
            f"pass:{SECRET}",
            "-pubout",
            "-outform",
            "DER",
        ],
        capture_output=True,
        check=True,
    )
    key = authority.unlock(Path("authority/authority.pem").read_bytes(), SECRET)
    assert isinstance(key, SigningKey)
    assert shown.stdout.endswith(key.public.octets)
    assert isinstance(authority.unlock(Path("authority/authority.pem").read_bytes(), "another passphrase"), Refusal)


def test_an_invitation_is_not_taken_to_another_authoritys_meeting(signed: dict[str, Any]) -> None:
    run("invite", "meeting.charter", "--server", "https://meet.example", "--seat", "chair", "-o", "one")
    bundle, charter, _ = opened(signed)
    link = Path("one/links.txt").read_text().split(" ")[1]
    invitation = parse_link(link)
    assert isinstance(invitation, Invitation)
    stranger = Invitation(invitation.origin, invitation.meeting, DEVICE.thumbprint, invitation.key)
    assert isinstance(enrol(stranger, charter, bundle.statements, DEVICE.public, Period(0, 0, 1)), Refusal)
    unknown = Invitation(invitation.origin, invitation.meeting, invitation.authority, LEAF)
    assert isinstance(enrol(unknown, charter, bundle.statements, DEVICE.public, Period(0, 0, 1)), Refusal)
