"""What a command makes by itself, it names."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from incamera.cli.app import app
from tests.support.servers import Process

FREE = ("--port", "0", "--udp-port", "0", "--tcp-port", "0")


@pytest.mark.slow
def test_the_media_server_alone_says_where_the_key_is_that_it_made(tmp_path: Path) -> None:
    environment = {"INCAMERA_DATA__FOLDER": str(tmp_path)}
    with Process("sfu", "--json", *FREE, environment=environment) as sfu:
        assert sfu.ready["key_file"] == str(tmp_path / "media-key")
        assert (tmp_path / "media-key").read_text().startswith(f"{sfu.ready['keys'][0]}: ")
    with Process("sfu", "--json", "--dev", *FREE, environment=environment) as sfu:
        assert sfu.ready["key_file"] is None


@pytest.mark.parametrize(
    ("given", "value", "origin"),
    [
        ({"XDG_DATA_HOME": "/home/lea/data"}, "/home/lea/data/incamera", "default"),
        ({"STATE_DIRECTORY": "/var/lib/incamera:/var/lib/other"}, "/var/lib/incamera", "environment STATE_DIRECTORY"),
        (
            {"STATE_DIRECTORY": "/var/lib/incamera", "INCAMERA_DATA__FOLDER": "/srv/incamera"},
            "/srv/incamera",
            "environment INCAMERA_DATA__FOLDER",
        ),
    ],
)
def test_the_settings_in_force_name_the_data_folder(given: dict[str, str], value: str, origin: str) -> None:
    said = json.loads(CliRunner().invoke(app, ["config", "show", "--json"], env=given).stdout)
    assert said["data"]["folder"] == {"value": value, "from": origin}
