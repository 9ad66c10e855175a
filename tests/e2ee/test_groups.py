"""Groups through the typed face of the member's core: what crates/e2ee proves in depth, once through in Python."""

import json
import threading

from incamera.accreditation.strict import ItemId, b64u
from incamera.e2ee import heartbeat, messages
from incamera.e2ee.facts import Due, Plan, PlannedRemove
from incamera.e2ee.group import Breach, Group
from incamera.e2ee.heartbeat import Heartbeat, Track
from incamera.refusal import Code, Refusal
from tests.e2ee.chamber import HEADS, SITTING, STATE_KEY, Attendee, Chamber, got, key, trust


def assert_agree(members: list[Attendee]) -> None:
    identities = [f"{member.device}.{b64u(bytes(8))}" for member in members]
    states = [member.group.state() for member in members]
    assert {state.epoch for state in states} == {states[0].epoch}
    assert {state.roster for state in states} == {states[0].roster}
    assert len({got(member.group.words("en")) for member in members}) == 1
    assert len({got(member.group.words("fr")) for member in members}) == 1
    for identity in identities:
        assert len({got(member.group.frame_key(identity)) for member in members}) == 1


def test_five_members_agree_on_roster_words_and_keys() -> None:
    members = Chamber().gather(5)
    assert_agree(members)
    state = members[4].group.state()
    assert (state.phase, state.leaf, state.epoch) == ("member", 4, 1)
    assert [seat.seat for seat in state.roster] == ["chair-head", "d1-head", "d2-head", "d3-head", "d4-head"]
    assert len(got(members[0].group.words("fr"))) == 8


def test_where_a_group_stands_is_read_again_after_a_change_only() -> None:
    chamber = Chamber()
    members = chamber.gather(2)
    before = [member.group.state() for member in members]
    assert all(member.group.state() is state for member, state in zip(members, before, strict=True))
    draft = got(members[0].group.commit(Plan(), chamber.facts(), HEADS))
    assert members[0].group.state().pending is not None
    assert members[1].group.state() is before[1]
    chamber.accept(members, members[0], draft)
    assert [member.group.state().epoch for member in members] == [(before[0].epoch or 0) + 1] * 2
    assert members[0].group.state().pending is None


def test_an_excluded_member_is_out_and_the_others_go_on() -> None:
    chamber = Chamber()
    members = chamber.gather(3)
    excluded = members[2]
    due = Due(excluded.device, "excluded", chamber.act())
    chamber.due.append(due)
    del chamber.admitted[excluded.device]
    plan = Plan(removes=(PlannedRemove(due.device, due.because, due.cites),))
    draft = got(members[1].group.commit(plan, chamber.facts(), HEADS))
    advances = chamber.accept(members, members[1], draft)
    assert [advance.is_removed for advance in advances] == [False, False, True]
    assert advances[0].removes[0].because == "excluded"
    assert_agree(members[:2])
    assert excluded.group.state().phase == "removed"
    refusal = excluded.group.words("en")
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.GROUP_WRONG_PHASE


def test_a_commit_that_does_not_do_what_its_act_says_blocks_and_names_its_author() -> None:
    chamber = Chamber()
    members = chamber.gather(3)
    draft = got(members[0].group.commit(Plan(), chamber.facts(), HEADS))
    claim = {"device": members[2].device, "leaf": 2, "because": "silent", "cites": None}
    body = json.loads(draft.body) | {"removes": [claim]}
    outcome = members[1].group.process(members[0].device, json.dumps(body).encode(), chamber.facts())
    assert isinstance(outcome, Breach)
    assert (outcome.rule, outcome.author, outcome.is_stale) == ("CLAIM-8", members[0].device, False)
    state = members[1].group.state()
    assert state.phase == "blocked"
    assert state.blocked is not None
    assert state.blocked.author == members[0].device
    sent = members[1].group.encrypt(b"x", HEADS)
    assert isinstance(sent, Refusal)
    assert sent.code is Code.GROUP_BLOCKED


def test_a_ghost_with_a_chain_of_its_own_is_refused_by_committer_and_members() -> None:
    chamber = Chamber()
    members = chamber.gather(2)
    ghost = chamber.attendee("ghost", key("another authority"))
    plan = Plan(adds=(chamber.knock(ghost),))
    refusal = members[0].group.commit(plan, chamber.facts(), HEADS)
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.KNOCK_REFUSED
    draft = got(members[0].group.commit(plan, chamber.facts(), HEADS, judged=False))
    outcome = members[1].group.process(members[0].device, draft.body.encode(), chamber.facts())
    assert isinstance(outcome, Breach)
    assert outcome.rule == "CLAIM-12"
    assert "CHAIN-5" in outcome.reason


def test_a_saved_group_commits_before_it_sends_and_its_pending_commit_still_merges() -> None:
    chamber = Chamber()
    members = chamber.gather(3)
    draft = got(members[0].group.commit(Plan(), chamber.facts(), HEADS))
    sealed = got(members[0].group.save(STATE_KEY, b"the act that is about to be posted"))
    group, note = got(Group.load(STATE_KEY, sealed, trust(), SITTING))
    members[0].group = group
    assert note == b"the act that is about to be posted"
    assert group.pending_body() == draft.body
    refusal = group.encrypt(b"x", HEADS)
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.GROUP_UPDATE_FIRST
    advances = chamber.accept(members, members[0], draft)
    assert advances[0].is_own
    assert_agree(members)
    message = got(group.encrypt(b"after the update", HEADS))
    assert got(members[1].group.decrypt(message)).content == b"after the update"
    wrong = Group.load(bytes(32), sealed, trust(), SITTING)
    assert isinstance(wrong, Refusal)
    assert wrong.code is Code.STATE_UNREADABLE


def test_the_loser_of_a_race_is_told_to_make_its_commit_again() -> None:
    chamber = Chamber()
    members = chamber.gather(3)
    winner = got(members[0].group.commit(Plan(), chamber.facts(), HEADS))
    got(members[1].group.commit(Plan(), chamber.facts(), HEADS))
    assert [advance.has_lost for advance in chamber.accept(members, members[0], winner)] == [False, True, False]
    assert_agree(members)


def test_heartbeats_and_item_keys_go_round() -> None:
    members = Chamber().gather(3)
    beat = Heartbeat(
        heads=HEADS,
        round=2,
        sends_under=1,
        nonce=b64u(b"nonce-01"),
        echoes=(b64u(bytes(8)), b64u(b"nonce-00")),
        hears=(1, 2),
        tracks=(Track("TR_x", "video", "camera", (1, 2)),),
    )
    heard = got(heartbeat.read(members[1].group, got(heartbeat.send(members[0].group, beat))))
    assert heard.beat == beat
    assert (heard.by.device, heard.by.heads) == (members[0].device, HEADS)
    item = ItemId("item-3")
    signal = got(messages.send_item_key(members[0].group, item, HEADS))
    body = got(messages.seal_body(members[0].group, item, "agenda.title", "Leçons"))
    assert isinstance(messages.open_body(members[1].group, "agenda.title", body.encode()), Refusal)
    assert got(messages.read_item_key(members[1].group, signal)).item == item
    assert messages.items(members[1].group) == (item,)
    assert got(messages.open_body(members[1].group, "agenda.title", body.encode())) == "Leçons"


def test_a_second_group_of_a_sitting_keeps_the_item_keys() -> None:
    chamber = Chamber()
    members = chamber.gather(2)
    item = ItemId("item-3")
    got(messages.send_item_key(members[0].group, item, HEADS))
    chamber.group = Group.new_id()
    again = got(Group.prepare(trust(), SITTING, members[0].group))
    members[0].group = again
    assert again.found(members[0].chain(chamber.group), chamber.facts()) is None
    assert messages.items(again) == (item,)


def test_what_is_out_of_form_is_a_refusal_and_never_an_exception() -> None:
    chamber = Chamber()
    members = chamber.gather(2)
    for body in (b"", b"{}", b"[]", b"\xff", b'{"group":1}'):
        outcome = chamber.gather(2)[1].group.process(members[0].device, body, chamber.facts())
        assert isinstance(outcome, Breach), body
    assert isinstance(members[1].group.decrypt(b"rubbish"), Refusal)
    assert isinstance(members[1].group.frame_key("nobody"), Refusal)


def test_threads_may_share_a_group() -> None:
    chamber = Chamber()
    members = chamber.gather(2)
    sent: list[bytes] = []

    def send() -> None:
        sent.extend(got(members[0].group.encrypt(b"x", HEADS)) for _ in range(50))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(sent)) == 200
    assert got(members[1].group.decrypt(sent[-1])).content == b"x"
