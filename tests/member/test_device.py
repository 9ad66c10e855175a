"""A device's folder: on disk, names too, before its link is used up."""

import os
import stat
from pathlib import Path

import pytest

from incamera.accreditation.credential import join
from incamera.member.device import Identity, StateFolder
from tests.support.paper import Charters


def test_a_devices_key_and_its_folders_names_are_forced_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    state = StateFolder.open(tmp_path / "device")
    assert isinstance(state, StateFolder)
    assert synced == [False, True], "the sealing key, then its name"
    charters = Charters()
    device = charters.device("be-head")
    synced.clear()
    invitation = charters.seat_key("be-head").thumbprint
    state.keep_identity(charters.meeting, Identity(device.key, join(device.chain), invitation))
    state.close()
    assert synced == [False, True]
