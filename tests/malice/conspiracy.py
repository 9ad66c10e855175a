"""A meeting whose server lies, a member that colludes with it, and the ghosts that they would bring in."""

import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from incamera.accreditation.charter import Charter, open_charter
from incamera.accreditation.credential import LeafPlace, join
from incamera.accreditation.enrolment import enrol, vouch
from incamera.accreditation.invitation import Invitation, parse_link
from incamera.accreditation.signature import Signed, SigningKey, public_key
from incamera.accreditation.statements import DelegationStatement, DeviceStatement, Period, SeatStatement, issue
from incamera.accreditation.strict import DelegationId, GroupId, Hash, MeetingId, SeatId, SittingId, Thumbprint, b64u
from incamera.accreditation.strict import read as read_strict
from incamera.clock import SystemClock, instant
from incamera.demo.founding import Founded, found
from incamera.e2ee.facts import Knock, Plan, Trust
from incamera.e2ee.group import Draft, Group
from incamera.meeting.acts import Act, Body, Commit, RevokeDevice, wire_form
from incamera.meeting_plane import registrar_key
from incamera.member.client import Posted
from incamera.member.sitting import Sitting
from incamera.record.entry import JournalId
from incamera.refusal import Refusal
from tests.malice.liar import History, Liar, body_of, claims_of, kind_of
from tests.support.private import Chamber, chamber, reached

HOUR_MS = 3_600_000


@asynccontextmanager
async def lied_to(folder: Path, *, delegations: int = 4) -> AsyncIterator[tuple[Chamber, Liar]]:
    """A meeting behind a liar that tells the truth until a test says otherwise; commits are those that it waits for."""
    liar = Liar()
    async with chamber(folder, delegations=delegations, around=liar.around, updates=False) as meeting:
        key = registrar_key(meeting.data, make=False)
        made: dict[Thumbprint, History] = {}
        liar.histories = lambda device: made.setdefault(device, History(key, meeting.founded.meeting))
        yield meeting, liar


class Ahead(SystemClock):
    """A clock that a test moves on, or stops: deadlines pass when it says so, whatever the machine's load."""

    ahead_s = 0.0
    _stands_at_s: float | None = None

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s if self._stands_at_s is None else self._stands_at_s

    def stand_still(self) -> None:
        """No time passes."""
        self._stands_at_s = self.monotonic()

    def move(self, later_s: float) -> None:
        """It stands so much later."""
        assert self._stands_at_s is not None, "it stands"
        self._stands_at_s += later_s

    def go_on(self, later_s: float) -> None:
        """Time passes again, from so much later on."""
        assert self._stands_at_s is not None, "it stands"
        self.ahead_s = self._stands_at_s + later_s - super().monotonic()
        self._stands_at_s = None


def now_ms() -> int:
    return SystemClock().now_ms()


def hours(start: float, end: float) -> Period:
    """From and until so many hours from now."""
    now = now_ms()
    return Period(now + int(start * HOUR_MS), now + int(start * HOUR_MS), now + int(end * HOUR_MS))


TODAY = (-1, 12)


async def revoke(by: Sitting, device: Thumbprint) -> None:
    """A device of the secretariat revokes another."""
    answer = await by._client.post(by.deeds._sign(RevokeDevice(device), None))
    assert isinstance(answer, Posted), answer


def commits(sitting: Sitting) -> list[tuple[Thumbprint, dict[str, Any]]]:
    """Each commit of the sitting's journal as this member reads it: its author, and its claims."""
    journal = sitting._reader.entries[JournalId(sitting.id)]
    return [(claims_of(entry.body)["by"], body_of(entry)) for entry in journal if kind_of(entry) == "mls.commit"]


def additions(sitting: Sitting, device: Thumbprint) -> list[Thumbprint]:
    """Who added a device, as often as the record says that it was added."""
    return [by for by, body in commits(sitting) if any(add["device"] == device for add in body["adds"])]


def removals(sitting: Sitting, device: Thumbprint) -> list[str]:
    """Why a device was removed, as often as the record says that it was."""
    return [one["because"] for _, body in commits(sitting) for one in body["removes"] if one["device"] == device]


def assert_one_commit_an_epoch(sitting: Sitting) -> None:
    """As this member reads the record."""
    epochs = [body["epoch"] for _, body in commits(sitting)]
    assert epochs == list(range(len(epochs)))


async def hears(one: Sitting, other: Sitting) -> None:
    """Until one has heard the other's next words, and so all that it was told before."""
    heard: list[Thumbprint] = []
    one.membership.on_heard.append(lambda beat: heard.append(beat.by.device))
    other.hurry()
    await reached(one, lambda _: other.me in heard)


@dataclass(frozen=True)
class Ghost:
    """A device with a key of its own, a chain that somebody made for it, and whom its own core trusts."""

    key: SigningKey
    chain: str
    meeting: MeetingId
    trust: Trust

    @property
    def device(self) -> Thumbprint:
        return self.key.thumbprint

    def knock(self, sitting: SittingId, group: GroupId) -> Knock:
        """A key package with its chain of four, for a group of which it should not be."""
        share = Group.prepare(self.trust, sitting)
        assert isinstance(share, Group), share
        leaf = public_key(share.leaf_key())
        assert not isinstance(leaf, Refusal), leaf
        chain = vouch(self.chain, self.key, self.meeting, LeafPlace(sitting, group), leaf, hours(*TODAY))
        package = share.knock(chain, now_ms() - 2 * 60_000)
        assert isinstance(package, bytes), package
        return Knock(self.device, chain, b64u(package))

    def sign(self, body: Body, sitting: SittingId | None) -> str:
        """An act of its own."""
        from incamera.accreditation.signature import Typ, sign

        nonce = b64u(secrets.token_bytes(16))
        act = Act(self.meeting, self.device, sitting, None, None, now_ms(), nonce, body)
        return sign(self.key, Typ.ACT, wire_form(act))  # type: ignore[arg-type]


def _charter(founded: Founded) -> Signed[Charter]:
    charter = open_charter(founded.bundle.charter, authorities={founded.authority})
    assert not isinstance(charter, Refusal), charter
    return charter


def _enrolled(founded: Founded, seat: str, period: Period) -> Ghost:
    """A device by a seat's link, as whoever copied the link makes one."""
    invitation = parse_link(founded.invited[SeatId(seat)].link)
    assert isinstance(invitation, Invitation), invitation
    key, charter = SigningKey(secrets.token_bytes(32)), _charter(founded)
    chain = enrol(invitation, charter, founded.bundle.statements, key.public, period)
    assert isinstance(chain, str), chain
    authority = charter.payload.authority
    trust = Trust(authority.thumbprint, authority, founded.meeting, frozenset({charter.hash}), None)
    return Ghost(key, chain, founded.meeting, trust)


def own(meeting: Chamber) -> Ghost:
    """A chain that hangs from an authority of its own, and is in order otherwise."""
    authority, delegation, seat, device = (SigningKey(secrets.token_bytes(32)) for _ in range(4))
    name, charter = meeting.founded.meeting, _charter(meeting.founded).hash
    period, of, at = hours(*TODAY), DelegationId("fin"), SeatId("fin-head")
    chain = join(
        (
            issue(
                authority,
                DelegationStatement(
                    meeting=name,
                    issuer=authority.thumbprint,
                    period=period,
                    delegation=of,
                    key=delegation.public,
                    charter=charter,
                ),
            ),
            issue(
                delegation,
                SeatStatement(
                    meeting=name, issuer=delegation.thumbprint, period=period, delegation=of, seat=at, key=seat.public
                ),
            ),
            issue(
                seat,
                DeviceStatement(
                    meeting=name, issuer=seat.thumbprint, period=period, delegation=of, seat=at, key=device.public
                ),
            ),
        )
    )
    trust = Trust(authority.thumbprint, authority.public, name, frozenset({charter}), None)
    return Ghost(device, chain, name, trust)


def expired(meeting: Chamber) -> Ghost:
    """By a real seat's link, and its time was over a minute ago, the skew of five included."""
    return _enrolled(meeting.founded, "fin-head", hours(-2, -0.1))


def foreign(meeting: Chamber) -> Ghost:
    """Of another meeting of the same authority, signed for this one where its own keys can."""
    now = now_ms()
    other = found(
        meeting.authority,
        meeting.running.origin,
        secrets.token_bytes,
        now,
        first_day=instant(now).date(),
        delegations=4,
        is_automatic=True,
    )
    return _enrolled(other, "fin-head", hours(*TODAY))


def unknown(meeting: Chamber) -> Ghost:
    """By a real seat's link, in order and in time; but no enrolment of it is in the record."""
    return _enrolled(meeting.founded, "fin-head", hours(*TODAY))


def device_of(meeting: Chamber, seat: str) -> Ghost:
    """A device that did enrol: its own key and chain."""
    attendee = meeting.present[seat].attendee
    assert attendee.identity is not None
    charter = _charter(meeting.founded)
    authority = charter.payload.authority
    trust = Trust(authority.thumbprint, authority, meeting.founded.meeting, frozenset({charter.hash}), None)
    return Ghost(attendee.identity.key, attendee.identity.chain, meeting.founded.meeting, trust)


Wicked = Callable[[Group, Plan], tuple[Draft, dict[str, object]]]
"""The commit that is made of a plan, and what its act says of it beside the truth."""


def collude(sitting: Sitting, wicked: Wicked) -> list[Hash]:
    """This member's client is patched: the next commit that falls to it is `wicked`'s. Gives its act, once posted."""
    deeds = sitting.deeds
    honest, posted = deeds._commit, list[Hash]()

    async def commit(plan: Plan) -> None:
        group = sitting.membership.share.group
        assert group is not None, "it commits as a member"
        deeds._commit = honest  # type: ignore[method-assign]
        draft, lies = wicked(group, plan)
        told = json.dumps({**json.loads(draft.body), **lies}, separators=(",", ":"))
        body = read_strict(told.encode(), Commit.read, what="commit")
        assert not isinstance(body, Refusal), body
        if draft.welcome is not None and body.welcome is not None:
            uploaded = await deeds._client.upload(deeds._identity.key, draft.welcome)
            assert not isinstance(uploaded, Refusal), uploaded
        answer = await deeds.act(body)
        assert isinstance(answer, Posted), f"the server can't see into it, and takes it: {answer}"
        posted.append(answer.entry.header.body)

    deeds._commit = commit  # type: ignore[method-assign]
    return posted


def bringing(sitting: Sitting, ghost: Ghost) -> Wicked:
    """The planned commit, with the ghost's key package in the place of each knock's."""

    def wicked(group: Group, plan: Plan) -> tuple[Draft, dict[str, object]]:
        state = group.state()
        assert state.group is not None
        knock, facts = ghost.knock(sitting.id, state.group), sitting.deeds.facts()
        false = replace(facts, knocks={add.knock: knock for add in plan.adds})
        draft = group.commit(plan, false, sitting._reader.heads(sitting.id), judged=False)
        assert isinstance(draft, Draft), draft
        return draft, {}

    return wicked
