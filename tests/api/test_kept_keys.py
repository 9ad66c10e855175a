"""What a server keeps in its data folder by itself: keys that are whole or refused, and a sweep that goes on."""

import asyncio
from pathlib import Path
from typing import cast

import pytest

from incamera import meeting_plane
from incamera.clock import SystemClock
from incamera.meeting_plane import REGISTRAR_KEY_FILE, registrar_key
from incamera.record.blobs import Blobs
from incamera.refusal import Code, Refused
from incamera.server import KEY_FILE, serving
from incamera.settings.fields import Settings


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = registrar_key(data)
    assert registrar_key(data).public == first.public
    assert [path.name for path in data.iterdir()] == [REGISTRAR_KEY_FILE], "nothing is left beside it"
    assert (data / REGISTRAR_KEY_FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("broken", ["", "API0123456789ab: ", "API0123456789ab: short", "\n"])
def test_a_media_key_that_was_cut_is_refused_and_signs_nothing(tmp_path: Path, broken: str) -> None:
    (tmp_path / KEY_FILE).write_text(broken)
    settings = Settings.model_validate({"data": {"folder": tmp_path}, "http": {"port": 0}, "media": {"udp_port": 0}})

    async def start() -> None:
        async with serving(settings, clock=SystemClock(), environ={}, page=False):
            pytest.fail("it serves with no key")

    with pytest.raises(Refused) as refused:
        asyncio.run(start())
    assert refused.value.refusal.code is Code.SETTINGS_UNREADABLE


def test_a_sweep_that_the_disk_failed_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meeting_plane, "SWEEP_SECONDS", 0)
    again = asyncio.Event()

    class Failing:
        rounds = 0

        async def sweep(self) -> int:
            self.rounds += 1
            if self.rounds == 1:
                raise OSError(5, "Input/output error")
            again.set()
            return 0

    async def watch() -> None:
        async with meeting_plane._sweeping(cast(Blobs, Failing())), asyncio.timeout(10):
            await again.wait()

    asyncio.run(watch())
