"""The registrar under races and a bad disk: one order, one winner, nothing acknowledged that is not there."""

import asyncio
from random import Random

import pytest

from incamera.accreditation.credential import join
from incamera.accreditation.strict import b64u
from incamera.limits import ENTRIES, Limit
from incamera.meeting.acts import EnrolDevice, RevokeDevice
from incamera.meeting.rules import Breach, fold
from incamera.meeting.state import initial
from incamera.proceedings import registrar as registrars
from incamera.proceedings.receipts import Receipts
from incamera.proceedings.registrar import Filed, Registrar
from incamera.record.entry import Entry
from incamera.refusal import Code, Refusal
from tests.support.house import Hands
from tests.support.memory_store import MemoryStore
from tests.support.paper import Charters, Paper

pytestmark = pytest.mark.anyio
CHARTERS = Charters()
TERMS = CHARTERS.terms()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def registrar(store: MemoryStore, seed: int = 0, entries_max: Limit = ENTRIES) -> Registrar:
    """A registrar of a new meeting."""
    random = Random(seed)
    await store.create_meeting(CHARTERS.meeting, CHARTERS.charter, CHARTERS.parts, ())
    made = Registrar(
        initial(TERMS),
        Receipts(),
        store=store,
        key=CHARTERS.registrar,
        clock=Hands(),
        nonce=lambda: b64u(random.randbytes(16)),
        entries_max=entries_max,
    )
    while not isinstance(await made.start(CHARTERS.charter_hash), Entry):
        pass
    return made


def enrolment(seat: str, name: str) -> str:
    paper = Paper.__new__(Paper)
    paper.charters, paper.now, paper.count = CHARTERS, Hands().ms, 0
    device = CHARTERS.device(seat, name)
    return paper.signed(device, EnrolDevice(join(device.chain)), None, seen=(None, None), nonce=nonce(name))


def nonce(name: str) -> str:
    return b64u(name.encode().ljust(16, b".")[:16])


async def test_of_two_who_use_one_link_at_once_exactly_one_wins_a_thousand_times() -> None:
    acts = [enrolment("be-head", "one"), enrolment("be-head", "two")]
    winners = [0, 0]
    for seed in range(1000):
        made = await registrar(MemoryStore(Random(seed)), seed)
        order = acts if seed % 2 else acts[::-1]
        answers = await asyncio.gather(*(made.post(act) for act in order))
        won = [isinstance(answer, Filed) for answer in answers]
        assert sum(won) == 1
        lost = answers[won.index(False)]
        assert isinstance(lost, Refusal)
        assert lost.code is Code.ENROLMENT_USED
        winners[acts.index(order[won.index(True)])] += 1
        assert made.record.meeting.enrolment.link(CHARTERS.device("be-head").seat).contests
    assert all(winners)


async def test_one_act_posted_many_times_at_once_has_one_entry() -> None:
    made = await registrar(MemoryStore())
    act = enrolment("be-head", "one")
    answers = await asyncio.gather(*(made.post(act) for _ in range(20)))
    assert all(isinstance(answer, Filed) for answer in answers)
    assert len({answer.entry.hash for answer in answers if isinstance(answer, Filed)}) == 1
    assert made.record.meeting.tail.seq == 2


async def test_a_record_takes_so_many_entries_and_no_more() -> None:
    made = await registrar(MemoryStore(), entries_max=Limit(2, "entries", "a small one"))
    assert isinstance(await made.post(enrolment("chair", "one")), Filed)
    refused = await made.post(enrolment("be-head", "one"))
    assert isinstance(refused, Refusal)
    assert refused.code is Code.LIMIT_REACHED


async def test_the_last_entries_of_a_record_are_for_those_who_run_the_meeting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registrars, "KEPT_PART", 2)
    made = await registrar(MemoryStore(), entries_max=Limit(6, "entries", "three of them are kept"))
    for seat in ("secretariat", "be-head"):
        assert isinstance(await made.post(enrolment(seat, "one")), Filed)
    refused = await made.post(enrolment("fi-head", "one"))
    assert isinstance(refused, Refusal)
    assert refused.code is Code.LIMIT_REACHED
    paper = Paper.__new__(Paper)
    paper.charters, paper.now, paper.count = CHARTERS, Hands().ms, 0
    revocation = RevokeDevice(CHARTERS.device("be-head", "one").thumbprint)
    seen = (made.record.meeting.tail.place, None)
    author = CHARTERS.device("secretariat", "one")
    assert isinstance(await made.post(paper.signed(author, revocation, None, seen=seen, nonce=nonce("r"))), Filed)


@pytest.mark.parametrize("seed", range(20))
async def test_on_a_failing_disk_what_was_acknowledged_is_there_and_the_chain_holds(seed: int) -> None:
    store = MemoryStore(Random(seed), lost=30, unknown=30)
    made = await registrar(store, seed)
    acts = [enrolment(seat, "one") for seat in ("chair", "secretariat", "be-head", "ee-head", "fi-head", "press")]
    answers = await asyncio.gather(*(made.post(act) for act in acts))
    stored = {placed.entry.hash for placed in store.entries[CHARTERS.meeting]}
    assert {answer.entry.hash for answer in answers if isinstance(answer, Filed)} <= stored
    store.lost = store.unknown = 0
    again = await asyncio.gather(*(made.post(act) for act in acts))
    assert all(isinstance(answer, Filed) for answer in again), again
    auditor = initial(TERMS)
    for placed in store.entries[CHARTERS.meeting]:
        folded = fold(auditor, placed.entry)
        assert not isinstance(folded, Breach), folded
        auditor = folded
    assert auditor == made.record
    assert len(made.record.meeting.enrolment.devices) == len(acts)
