use incamera_e2ee::claims::Because;
use incamera_e2ee::commit::{Plan, PlannedAdd, PlannedRemove};
use incamera_e2ee::group::{Group, Phase};
use incamera_e2ee::words::Language;
use incamera_e2ee::{Code, Facts};

use crate::forge::{Attendee, Chamber, SITTING, adds, assert_agree, removes};

#[test]
fn who_opens_a_sitting_is_alone_at_epoch_0() {
    let (_, chair) = Chamber::open();
    assert_eq!((chair.group.epoch(), chair.group.leaf(), chair.group.phase()), (Ok(0), Ok(0), Phase::Member));
    assert_eq!(chair.group.roster().len(), 1);
    assert_eq!(chair.group.roster()[0].seat, "chair-head");
}

#[test]
fn thirty_knocks_make_one_commit_and_all_agree() {
    let (_, members) = Chamber::with(31);
    assert_agree(&members);
    assert_eq!(members[30].group.epoch(), Ok(1));
}

#[test]
fn a_thirty_first_add_is_refused() {
    let (mut chamber, mut chair) = Chamber::open();
    let mut newcomer = chamber.newcomer("one");
    let posted = chamber.knock(&mut newcomer);
    let add = PlannedAdd { device: posted.device, knock: posted.knock, admit: posted.admit };
    let plan = Plan { adds: vec![add; 31], ..Plan::default() };
    assert_eq!(chair.group.commit(&plan, &chamber.facts, &chamber.heads()).unwrap_err().code, Code::LimitReached);
}

#[test]
fn an_update_alone_begins_an_epoch_with_other_words_and_keys() {
    let (chamber, mut members) = Chamber::with(3);
    let words = members[0].group.words(Language::En);
    let identity = format!("{}.AAAAAAAAAAA", members[1].device.id());
    let key = members[0].group.frame_key(&identity).unwrap();
    let draft = members[2].group.commit(&Plan::default(), &chamber.facts, &chamber.heads()).unwrap();
    assert_eq!(draft.welcome, None);
    let author = members[2].device.id();
    for member in &mut members {
        let advance = member.group.process(&author, draft.claims.as_bytes(), &chamber.facts).unwrap();
        assert_eq!((advance.epoch, advance.author, advance.heads), (2, author, Some(chamber.heads())));
    }
    assert_agree(&members);
    assert_ne!(members[0].group.words(Language::En), words);
    assert_ne!(members[0].group.frame_key(&identity).unwrap(), key);
}

#[test]
fn a_removed_member_learns_that_and_reads_nothing_any_more() {
    for because in [Because::Excluded, Because::Left, Because::Revoked] {
        let (mut chamber, mut members) = Chamber::with(3);
        let due = chamber.due(members[2].device.id(), because);
        let draft = members[1].group.commit(&removes(&[due]), &chamber.facts, &chamber.heads()).unwrap();
        let author = members[1].device.id();
        for member in &mut members {
            let advance = member.group.process(&author, draft.claims.as_bytes(), &chamber.facts).unwrap();
            assert_eq!(advance.removed, member.group.phase() == Phase::Removed);
            assert_eq!(advance.removes[0].because, because);
        }
        assert_agree(&members[..2]);
        let mut removed = members.pop().unwrap();
        let message = members[0].group.encrypt(b"after", &chamber.heads()).unwrap();
        assert_eq!(removed.group.decrypt(&message).unwrap_err().code, Code::WrongPhase);
        assert_eq!(removed.group.words(Language::En).unwrap_err().code, Code::WrongPhase);
        let identity = format!("{}.AAAAAAAAAAA", members[0].device.id());
        assert_eq!(removed.group.frame_key(&identity).unwrap_err().code, Code::WrongPhase);
        let gone = format!("{}.AAAAAAAAAAA", removed.device.id());
        assert_eq!(members[0].group.frame_key(&gone).unwrap_err().code, Code::NotOnRoster);
    }
}

#[test]
fn a_silent_member_is_removed_on_its_author_s_word() {
    let (chamber, mut members) = Chamber::with(3);
    let remove = PlannedRemove { device: members[2].device.id(), because: Because::Silent, cites: None };
    let plan = Plan { removes: vec![remove], ..Plan::default() };
    let draft = members[0].group.commit(&plan, &chamber.facts, &chamber.heads()).unwrap();
    let author = members[0].device.id();
    for member in &mut members {
        member.group.process(&author, draft.claims.as_bytes(), &chamber.facts).unwrap();
    }
    assert_agree(&members[..2]);
}

/// The device comes back with a new leaf; the old one goes in the same commit.
fn replace(chamber: &mut Chamber, members: &mut Vec<Attendee>, place: usize) {
    let lost = members.remove(place);
    let group = Group::prepare(chamber.authority.trust(), SITTING, Default::default()).unwrap();
    let mut again = Attendee { device: lost.device, group };
    let posted = chamber.knock(&mut again);
    let remove = PlannedRemove { device: posted.device, because: Because::Replaced, cites: Some(posted.knock) };
    let plan = Plan { removes: vec![remove], ..adds(&[posted]) };
    let draft = members[0].group.commit(&plan, &chamber.facts, &chamber.heads()).unwrap();
    let author = members[0].device.id();
    for member in members.iter_mut() {
        member.group.process(&author, draft.claims.as_bytes(), &chamber.facts).unwrap();
    }
    chamber.fold(&draft);
    chamber.join(&mut again, author, &draft).unwrap();
    members.push(again);
}

#[test]
fn who_lost_its_state_is_replaced_in_one_commit() {
    let (mut chamber, mut members) = Chamber::with(4);
    for place in [1, 2, 1] {
        replace(&mut chamber, &mut members, place);
        assert_agree(&members);
        assert_eq!(members[0].group.roster().len(), 4);
    }
}

#[test]
fn leaves_are_filled_from_the_left_over_joins_and_removals() {
    let (mut chamber, mut members) = Chamber::with(5);
    let dues = [1, 3].map(|place| chamber.due(members[place].device.id(), Because::Excluded));
    let mut newcomer = chamber.newcomer("late");
    let posted = chamber.knock(&mut newcomer);
    let plan = Plan { removes: removes(&dues).removes, ..adds(&[posted]) };
    let draft = members[4].group.commit(&plan, &chamber.facts, &chamber.heads()).unwrap();
    let author = members[4].device.id();
    for member in &mut members {
        member.group.process(&author, draft.claims.as_bytes(), &chamber.facts).unwrap();
    }
    chamber.fold(&draft);
    chamber.join(&mut newcomer, author, &draft).unwrap();
    members.remove(3);
    members.remove(1);
    members.push(newcomer);
    assert_agree(&members);
    assert_eq!(members.last().unwrap().group.leaf(), Ok(1));
}

#[test]
fn a_regroup_is_a_new_group_that_keeps_the_items_keys() {
    let (mut chamber, mut members) = Chamber::with(2);
    let message = members[0].group.send_item_key("item-1", &chamber.heads()).unwrap();
    members[1].group.read_item_key(&message).unwrap();
    let body = members[0].group.seal("item-1", "agenda.title", b"title").unwrap();
    chamber.group = Group::new_id().unwrap();
    let regroup = |old: &Attendee, authority: &crate::forge::Authority| {
        Group::prepare(authority.trust(), SITTING, old.group.items().clone()).unwrap()
    };
    let mut second = regroup(&members[1], &chamber.authority);
    let chain = members[1].device.chain(chamber.group, &second.leaf_key());
    second.found(&chain, &chamber.facts).unwrap();
    assert_eq!((second.epoch(), second.roster().len()), (Ok(0), 1));
    assert_eq!(second.open("agenda.title", body.as_bytes()).unwrap().as_slice(), b"title");
}

#[test]
fn a_chain_for_another_leaf_or_group_founds_and_knocks_nothing() {
    let (chamber, _) = Chamber::open();
    let mut other = chamber.newcomer("other");
    let foreign = other.device.chain(chamber.group, &crate::forge::Key::new().x());
    assert_eq!(other.group.knock(&foreign, chamber.facts.at).unwrap_err().rule, Some("CHAIN-12"));
    let expired = other.device.chain_between(chamber.group, &other.group.leaf_key(), 1, 2);
    assert_eq!(other.group.knock(&expired, chamber.facts.at).unwrap_err().rule, Some("CHAIN-11"));
    let chain = other.device.chain(chamber.group, &other.group.leaf_key());
    let error = other.group.found(&chain, &Facts { at: chamber.facts.at, ..Facts::default() }).unwrap_err();
    assert_eq!(error.rule, Some("CHAIN-13"));
    other.group.knock(&chain, chamber.facts.at).unwrap();
    assert_eq!(other.group.knock(&chain, chamber.facts.at).unwrap_err().code, Code::WrongPhase);
}
