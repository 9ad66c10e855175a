"""Blobs lie in files named by their hash, whole or not at all, for as long as they are needed."""

from pathlib import Path

from incamera.accreditation.strict import Hash, MeetingId, b64u, sha256
from incamera.record.blobs import Blobs
from incamera.record.sql_store import SqlStore
from incamera.refusal import Code, Refusal
from tests.durability.author import CHARTER, MEETING

OTHER = MeetingId(b64u(b"\x07" * 16))
WELCOME = b"a welcome " * 1000


class FalseClock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.ms = 1_000_000

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1000


def code_of(outcome: object) -> Code | None:
    return outcome.code if isinstance(outcome, Refusal) else None


async def test_a_blob_comes_back_as_it_was_put(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path) as store:
        await store.create_meeting(MEETING, CHARTER, {}, [])
        blobs = Blobs(tmp_path / "blobs", store, FalseClock())
        assert await blobs.put(MEETING, WELCOME) == sha256(WELCOME)
        assert await blobs.put(MEETING, WELCOME) == sha256(WELCOME), "twice is once"
        assert await blobs.get(MEETING, sha256(WELCOME)) == WELCOME
        assert len([path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]) == 1


async def test_a_blob_is_its_meetings_alone(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path) as store:
        await store.create_meeting(MEETING, CHARTER, {}, [])
        await store.create_meeting(OTHER, CHARTER, {}, [])
        blobs = Blobs(tmp_path / "blobs", store, FalseClock())
        await blobs.put(MEETING, WELCOME)
        assert code_of(await blobs.get(OTHER, sha256(WELCOME))) is Code.BLOB_UNKNOWN
        assert code_of(await blobs.get(MEETING, Hash(sha256(b"another")))) is Code.BLOB_UNKNOWN


async def test_a_blob_whose_time_is_over_is_gone_from_the_disk_unless_another_meeting_has_it(tmp_path: Path) -> None:
    clock = FalseClock()
    async with SqlStore.open(tmp_path) as store:
        await store.create_meeting(MEETING, CHARTER, {}, [])
        await store.create_meeting(OTHER, CHARTER, {}, [])
        blobs = Blobs(tmp_path / "blobs", store, clock)
        blob = await blobs.put(MEETING, WELCOME)
        assert not isinstance(blob, Refusal)
        await blobs.put(OTHER, WELCOME)
        await blobs.expire(MEETING, blob, lives_ms=600_000)
        assert await blobs.get(MEETING, blob) == WELCOME
        clock.ms += 600_000
        assert code_of(await blobs.get(MEETING, blob)) is Code.BLOB_UNKNOWN
        assert await blobs.sweep() == 0, "the other meeting still has it"
        assert await blobs.get(OTHER, blob) == WELCOME
        await blobs.expire(OTHER, blob, lives_ms=0)
        assert await blobs.sweep() == 1
        assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []


async def test_a_file_that_was_changed_on_the_disk_is_not_handed_out(tmp_path: Path) -> None:
    async with SqlStore.open(tmp_path) as store:
        await store.create_meeting(MEETING, CHARTER, {}, [])
        blobs = Blobs(tmp_path / "blobs", store, FalseClock())
        await blobs.put(MEETING, WELCOME)
        file = next(path for path in (tmp_path / "blobs").rglob("*") if path.is_file())
        file.write_bytes(WELCOME[:-1] + b"!")
        assert code_of(await blobs.get(MEETING, sha256(WELCOME))) is Code.STORAGE_FAILED
