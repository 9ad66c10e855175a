"""What a member's core costs: add, remove and Welcome, with the native core in Python and with the page's in Chromium.

One process holds a whole group. Its committer is the only one who ever committed, so most inner nodes of the tree are
blank: the dearest case for adds and removals, and that of a sitting whose doorkeeper lets everybody in.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from playwright.sync_api import Page, Route, sync_playwright

from benches.figures import Figure
from benches.first_frame import CHROMIUM, ROOT
from benches.servers import NotMeasurable
from incamera.accreditation.credential import join
from incamera.accreditation.signature import PublicKey, SigningKey, public_key
from incamera.accreditation.statements import (
    DelegationStatement,
    DeviceStatement,
    LeafStatement,
    Period,
    SeatStatement,
    issue,
)
from incamera.accreditation.strict import (
    DelegationId,
    GroupId,
    Hash,
    MeetingId,
    SeatId,
    SittingId,
    Thumbprint,
    b64u,
    sha256,
    unb64u,
)
from incamera.clock import SystemClock
from incamera.e2ee.facts import Due, Facts, Head, Heads, Knock, Plan, PlannedAdd, PlannedRemove, RosterLeaf, Trust
from incamera.e2ee.facts import roster_json as roster_text
from incamera.e2ee.group import Group
from incamera.limits import COMMIT_ADDS
from incamera.native import SittingGroup

WASM = ROOT / "web" / "src" / "e2ee" / "wasm"
ORIGIN = "http://localhost:1"
"""Answered by the bench itself: nothing listens there."""
MEETING = MeetingId(b64u(b"m" * 16))
SITTING = SittingId(b64u(b"s" * 16))
CHARTER = Hash(b64u(b"c" * 32))
HOUR_MS = 3_600_000
HEADS = Heads(Head(1, sha256(b"main")), Head(2, sha256(b"sitting")))
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timed:
    """A core's answer, and the milliseconds that it took, without the way to it."""

    value: Any
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Staged:
    """A commit: what it claims, and the Welcome if it adds somebody."""

    claims: str
    welcome: bytes | None


class Core(Protocol):
    """Members by number, in one of the two worlds. Structured values are JSON, as they cross into both."""

    name: str

    def prepare(self, trust: str) -> int:
        """A new leaf."""
        ...

    def leaf_key(self, member: int) -> str:
        """Its public key, b64u."""
        ...

    def found(self, member: int, chain: str, facts: str) -> None:
        """Epoch 0."""
        ...

    def knock(self, member: int, chain: str, at_ms: int) -> bytes:
        """Its key package."""
        ...

    def commit(self, member: int, plan: str, facts: str) -> Timed:
        """A `Staged`."""
        ...

    def process(self, member: int, author: str, claims: str, facts: str) -> Timed:
        """An accepted commit."""
        ...

    def join(self, member: int, staged: Staged, author: str, facts: str, roster: str) -> Timed:
        """By a Welcome."""
        ...


class Native:
    """The core as Python members have it."""

    name = "Python"

    def __init__(self) -> None:
        self._groups: list[SittingGroup] = []

    def prepare(self, trust: str) -> int:
        """A new leaf."""
        self._groups.append(SittingGroup.prepare(trust, SITTING, None))
        return len(self._groups) - 1

    def leaf_key(self, member: int) -> str:
        """Its public key, b64u."""
        return self._groups[member].leaf_key()

    def found(self, member: int, chain: str, facts: str) -> None:
        """Epoch 0."""
        self._groups[member].found(chain, facts)

    def knock(self, member: int, chain: str, at_ms: int) -> bytes:
        """Its key package."""
        return self._groups[member].knock(chain, at_ms)

    def commit(self, member: int, plan: str, facts: str) -> Timed:
        """A `Staged`."""
        timed = _timed(lambda: self._groups[member].commit(plan, facts, HEADS.json()))
        return Timed(Staged(*timed.value), timed.milliseconds)

    def process(self, member: int, author: str, claims: str, facts: str) -> Timed:
        """An accepted commit."""
        return _timed(lambda: self._groups[member].process(author, claims.encode(), facts))

    def join(self, member: int, staged: Staged, author: str, facts: str, roster: str) -> Timed:
        """By a Welcome."""
        assert staged.welcome is not None
        welcome, claims = staged.welcome, staged.claims.encode()
        return _timed(lambda: self._groups[member].join(welcome, author, claims, facts, roster))


class Browser:
    """The page's core in Chromium, WebAssembly, called in the page itself: a Worker adds the message's way."""

    name = "Chromium"

    def __init__(self, page: Page) -> None:
        self._page = page
        page.route(f"{ORIGIN}/**", _serve)
        page.goto(f"{ORIGIN}/")
        page.evaluate(_BEGIN)

    def prepare(self, trust: str) -> int:
        """A new leaf."""
        return int(self._call("prepare", trust, SITTING))

    def leaf_key(self, member: int) -> str:
        """Its public key, b64u."""
        return str(self._call("leafKey", member))

    def found(self, member: int, chain: str, facts: str) -> None:
        """Epoch 0."""
        self._call("found", member, chain, facts)

    def knock(self, member: int, chain: str, at_ms: int) -> bytes:
        """Its key package."""
        return bytes(self._call("knock", member, chain, at_ms))

    def commit(self, member: int, plan: str, facts: str) -> Timed:
        """A `Staged`; the bytes stay in the page until they are asked for here."""
        value, milliseconds = self._call("commit", member, plan, facts, HEADS.json())
        welcome = value["welcome"]
        return Timed(Staged(value["claims"], None if welcome is None else bytes(welcome)), milliseconds)

    def process(self, member: int, author: str, claims: str, facts: str) -> Timed:
        """An accepted commit."""
        return Timed(*self._call("process", member, author, claims, facts))

    def join(self, member: int, staged: Staged, author: str, facts: str, roster: str) -> Timed:
        """By a Welcome."""
        assert staged.welcome is not None
        return Timed(*self._call("join", member, list(staged.welcome), author, staged.claims, facts, roster))

    def _call(self, name: str, *args: object) -> Any:
        return self._page.evaluate("([name, args]) => bench[name](...args)", [name, args])


_BEGIN = """
async () => {
  const core = await import("/core.js");
  await core.default({ module_or_path: "/core_bg.wasm" });
  const groups = [];
  const bytes = (text) => new TextEncoder().encode(text);
  const timed = (call) => {
    const began = performance.now();
    const value = call();
    return [value, performance.now() - began];
  };
  globalThis.bench = {
    prepare: (trust, sitting) => groups.push(core.SittingGroup.prepare(trust, sitting)) - 1,
    leafKey: (member) => groups[member].leaf_key(),
    found: (member, chain, facts) => groups[member].found(chain, facts),
    knock: (member, chain, at) => [...groups[member].knock(chain, at)],
    commit: (member, plan, facts, heads) => {
      const [draft, took] = timed(() => groups[member].commit(plan, facts, heads));
      const { claims, welcome } = draft;
      return [{ claims, welcome: welcome ? [...welcome] : null }, took];
    },
    process: (member, author, claims, facts) => timed(() => groups[member].process(author, bytes(claims), facts)),
    join: (member, welcome, author, claims, facts, roster) => {
      const octets = Uint8Array.from(welcome);
      return timed(() => groups[member].join(octets, author, bytes(claims), facts, roster));
    },
  };
}
"""


def _serve(route: Route) -> None:
    name = route.request.url.removeprefix(ORIGIN).strip("/")
    if not name:
        route.fulfill(body="<!doctype html><title>bench</title>", content_type="text/html")
        return
    kind = "application/wasm" if name.endswith(".wasm") else "text/javascript"
    route.fulfill(path=WASM / name, content_type=kind)


def _timed(call: Callable[[], T]) -> Timed:
    began = time.perf_counter()
    value = call()
    return Timed(value, (time.perf_counter() - began) * 1000)


@dataclass
class Chamber:
    """A group under measurement, and the facts that its members' folds would have."""

    core: Core
    group: GroupId = field(default_factory=Group.new_id)
    now_ms: int = field(default_factory=SystemClock().now_ms)
    admitted: dict[Thumbprint, frozenset[Hash]] = field(default_factory=dict)
    knocks: dict[Hash, Knock] = field(default_factory=dict)
    due: tuple[Due, ...] = ()
    roster: dict[int, RosterLeaf] = field(default_factory=dict)
    devices: dict[int, SigningKey] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._authority = _key("authority")
        self.trust = Trust(self._authority.thumbprint, self._authority.public, MEETING, frozenset({CHARTER}), None)
        self._acts = 0

    @property
    def facts(self) -> str:
        """As the core reads them."""
        return Facts(
            at_ms=self.now_ms, admitted=self.admitted, knocks=self.knocks, due=self.due, revoked=frozenset()
        ).json()

    def act(self) -> Hash:
        """The hash of some act."""
        self._acts += 1
        return sha256(str(self._acts).encode())

    def arrive(self) -> int:
        """A new device's leaf."""
        member = self.core.prepare(self.trust.json())
        self.devices[member] = _key(f"device {member}")
        return member

    def device(self, member: int) -> Thumbprint:
        """Its name."""
        return self.devices[member].thumbprint

    def open(self) -> int:
        """The founder."""
        first = self.arrive()
        self.admitted[self.device(first)] = frozenset()
        self.core.found(first, self._chain(first), self.facts)
        self.roster[0] = RosterLeaf(0, self.device(first), self.now_ms)
        return first

    def knock(self, member: int) -> PlannedAdd:
        """It knocks, and is admitted."""
        chain = self._chain(member)
        package = self.core.knock(member, chain, self.now_ms)
        knock, admit = self.act(), self.act()
        self.knocks[knock] = Knock(self.device(member), chain, b64u(package))
        self.admitted[self.device(member)] = frozenset({admit})
        return PlannedAdd(self.device(member), knock, admit)

    def settle(self, staged: Staged) -> None:
        """The facts after a commit that stands."""
        claims = json.loads(staged.claims)
        for remove in claims["removes"]:
            del self.roster[remove["leaf"]]
        for add in claims["adds"]:
            self.roster[add["leaf"]] = RosterLeaf(add["leaf"], Thumbprint(add["device"]), self.now_ms)
        self.knocks, self.due = {}, ()

    def _chain(self, member: int) -> str:
        device, name = self.devices[member], DelegationId(f"d{member}")
        delegation, seat = _key(f"delegation {member}"), _key(f"seat {member}")
        leaf = public_key(unb64u(self.core.leaf_key(member)) or b"")
        assert isinstance(leaf, PublicKey)
        period = Period(self.now_ms, self.now_ms - HOUR_MS, self.now_ms + 12 * HOUR_MS)
        place, chair = SeatId(f"d{member}-head"), self._authority
        first = DelegationStatement(
            meeting=MEETING,
            issuer=chair.thumbprint,
            period=period,
            delegation=name,
            key=delegation.public,
            charter=CHARTER,
        )
        second = SeatStatement(
            meeting=MEETING,
            issuer=delegation.thumbprint,
            period=period,
            delegation=name,
            seat=place,
            key=seat.public,
        )
        third = DeviceStatement(
            meeting=MEETING, issuer=seat.thumbprint, period=period, delegation=name, seat=place, key=device.public
        )
        fourth = LeafStatement(
            meeting=MEETING, issuer=device.thumbprint, period=period, sitting=SITTING, group=self.group, key=leaf
        )
        return join((issue(chair, first), issue(delegation, second), issue(seat, third), issue(device, fourth)))


def by_python(sizes: Sequence[int], times: int) -> list[Figure]:
    """The native core."""
    return [figure for size in sizes for figure in measure(Native(), size, times)]


def by_chromium(sizes: Sequence[int], times: int) -> list[Figure]:
    """The page's core."""
    if not (WASM / "core_bg.wasm").exists():
        raise NotMeasurable("The page's core is not built: make setup")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            return [figure for size in sizes for figure in measure(Browser(browser.new_page()), size, times)]
        finally:
            browser.close()


def measure(core: Core, members: int, times: int) -> list[Figure]:
    """Add one to make it so many, and remove it again, so many times; before that, all come in at once."""
    chamber = Chamber(core)
    committer = chamber.open()
    witness = chamber.arrive()
    gathered = _gather(chamber, committer, witness, members - 1)
    found: dict[tuple[str, str], list[float]] = {key: [value] for key, value in gathered.items()}

    def note(what: str, value: float, unit: str = "ms") -> None:
        found.setdefault((what, unit), []).append(value)

    author = chamber.device(committer)
    for _ in range(times):
        newcomer = chamber.arrive()
        plan = Plan(adds=(chamber.knock(newcomer),))
        added = core.commit(committer, plan.json(), chamber.facts)
        note("add one: stage the commit", added.milliseconds)
        core.process(committer, author, added.value.claims, chamber.facts)
        note("add one: process it", core.process(witness, author, added.value.claims, chamber.facts).milliseconds)
        facts = chamber.facts
        chamber.settle(added.value)
        roster = roster_text(tuple(chamber.roster.values()))
        note("welcome: join", core.join(newcomer, added.value, author, facts, roster).milliseconds)
        note("welcome: its size", len(added.value.welcome or b"") / 1000, "kB")
        due = Due(chamber.device(newcomer), "excluded", chamber.act())
        chamber.due = (due,)
        del chamber.admitted[due.device]
        plan = Plan(removes=(PlannedRemove(due.device, due.because, due.cites),))
        removed = core.commit(committer, plan.json(), chamber.facts)
        note("remove one: stage the commit", removed.milliseconds)
        core.process(committer, author, removed.value.claims, chamber.facts)
        note("remove one: process it", core.process(witness, author, removed.value.claims, chamber.facts).milliseconds)
        chamber.settle(removed.value)
    where = f"{core.name}, {members} members"
    return [Figure("groups", f"{where}: {what}", unit, tuple(values)) for (what, unit), values in found.items()]


def _gather(chamber: Chamber, committer: int, witness: int, members: int) -> dict[tuple[str, str], float]:
    """All but the last come in, as many a commit as may; the witness joins by the first Welcome."""
    core, author = chamber.core, chamber.device(committer)
    waiting = [witness, *(chamber.arrive() for _ in range(members - 2))]
    figures: dict[tuple[str, str], float] = {}
    while waiting:
        batch, waiting = waiting[: int(COMMIT_ADDS)], waiting[int(COMMIT_ADDS) :]
        plan = Plan(adds=tuple(chamber.knock(member) for member in batch))
        staged = core.commit(committer, plan.json(), chamber.facts)
        core.process(committer, author, staged.value.claims, chamber.facts)
        facts, is_first = chamber.facts, witness in batch
        if not is_first:
            core.process(witness, author, staged.value.claims, facts)
        chamber.settle(staged.value)
        if is_first:
            roster = roster_text(tuple(chamber.roster.values()))
            joined = core.join(witness, staged.value, author, facts, roster)
            what = f"{len(batch)} at once"
            figures[f"{what}: stage the commit", "ms"] = staged.milliseconds
            figures[f"{what}: welcome, join", "ms"] = joined.milliseconds
            figures[f"{what}: the commit's size", "kB"] = len(staged.value.claims) / 1000
    return figures


def _key(name: str) -> SigningKey:
    return SigningKey(unb64u(sha256(f"bench {name}".encode())) or b"")
