"""The load generator against our own media server: the bench must not be the first to notice that packets are lost."""

import shutil
import subprocess

import pytest
from benches import generator
from benches.generator import Signalling
from benches.servers import Server, ours


@pytest.fixture(scope="module")
def built() -> None:
    """The generator, built; without Go there is nothing to test."""
    if shutil.which("go") is None:
        pytest.skip(generator.GO_MISSING)
    generator.build()


@pytest.mark.slow
@pytest.mark.alone  # a generator that waits for a core loses in its sockets what it was sent
@pytest.mark.parametrize("signalling", ["rtc/v1", "rtc"])
def test_six_who_see_and_hear_each_other_miss_no_packet(built: None, signalling: Signalling) -> None:
    with Server(ours()) as server:
        sample = generator.measure(server, "c6", seconds=2, settle_s=1, signalling=signalling)
    assert sample.packets_per_second > 0
    assert sample.gaps == 0
    assert sample.silent == 0
    assert sample.uninvited == 0


@pytest.mark.slow
def test_the_generator_counts_as_its_own_tests_say(built: None) -> None:
    tested = subprocess.run(
        ["go", "test", "./..."], cwd=generator.ROOT / "benches" / "load", capture_output=True, text=True, timeout=600
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr
