use incamera_e2ee::commit::Plan;
use incamera_e2ee::group::{Group, Phase};
use incamera_e2ee::{Code, Result};

use crate::forge::{Attendee, Authority, Chamber, SITTING, adds, assert_agree};

fn reload(chamber: &Chamber, member: Attendee) -> Attendee {
    let blob = member.group.save(b"note").unwrap();
    drop(member.group);
    let (group, note) = Group::load(&blob, chamber.authority.trust(), SITTING).unwrap();
    assert_eq!(note, b"note");
    Attendee { device: member.device, group }
}

fn all_process(chamber: &Chamber, members: &mut [Attendee], author: usize, claims: &str) -> Result<()> {
    let author = members[author].device.id();
    members
        .iter_mut()
        .try_for_each(|member| member.group.process(&author, claims.as_bytes(), &chamber.facts).map(|_| ()))
}

#[test]
fn after_a_reload_a_member_commits_before_it_sends() {
    let (chamber, mut members) = Chamber::with(3);
    let third = members.pop().unwrap();
    let mut third = reload(&chamber, third);
    assert!(third.group.must_update());
    assert_eq!(third.group.encrypt(b"x", &chamber.heads()).unwrap_err().code, Code::UpdateFirst);
    members.push(third);
    let draft = members[2].group.commit(&Plan::default(), &chamber.facts, &chamber.heads()).unwrap();
    all_process(&chamber, &mut members, 2, &draft.claims).unwrap();
    assert!(!members[2].group.must_update());
    let message = members[2].group.encrypt(b"x", &chamber.heads()).unwrap();
    assert_eq!(members[0].group.decrypt(&message).unwrap().leaf, 2);
    assert_agree(&members);
}

#[test]
fn a_pending_commit_survives_a_reload_and_merges_when_it_was_accepted() {
    let (mut chamber, mut members) = Chamber::with(2);
    let mut newcomer = chamber.newcomer("late");
    let posted = chamber.knock(&mut newcomer);
    let draft = members[0].group.commit(&adds(&[posted]), &chamber.facts, &chamber.heads()).unwrap();
    let first = members.remove(0);
    members.insert(0, reload(&chamber, first));
    assert_eq!(members[0].group.pending_claims(), Some(draft.claims.as_str()));
    all_process(&chamber, &mut members, 0, &draft.claims).unwrap();
    chamber.fold(&draft);
    chamber.join(&mut newcomer, members[0].device.id(), &draft).unwrap();
    members.push(newcomer);
    assert_agree(&members);
}

#[test]
fn a_pending_commit_is_dropped_after_a_reload_when_another_s_was_accepted() {
    let (chamber, mut members) = Chamber::with(2);
    members[0].group.commit(&Plan::default(), &chamber.facts, &chamber.heads()).unwrap();
    let winner = members[1].group.commit(&Plan::default(), &chamber.facts, &chamber.heads()).unwrap();
    let first = members.remove(0);
    members.insert(0, reload(&chamber, first));
    all_process(&chamber, &mut members, 1, &winner.claims).unwrap();
    assert_eq!(members[0].group.pending(), None);
    assert_agree(&members);
}

#[test]
fn a_knock_survives_a_reload() {
    let (mut chamber, mut members) = Chamber::with(2);
    let mut newcomer = chamber.newcomer("late");
    let posted = chamber.knock(&mut newcomer);
    let mut newcomer = reload(&chamber, newcomer);
    assert_eq!(newcomer.group.phase(), Phase::Knocking);
    let draft = members[0].group.commit(&adds(&[posted]), &chamber.facts, &chamber.heads()).unwrap();
    all_process(&chamber, &mut members, 0, &draft.claims).unwrap();
    chamber.fold(&draft);
    chamber.join(&mut newcomer, members[0].device.id(), &draft).unwrap();
    members.push(newcomer);
    assert_agree(&members);
    assert!(!members[2].group.must_update());
}

#[test]
fn a_commit_whose_state_was_lost_is_not_ours_to_merge() {
    let (chamber, mut members) = Chamber::with(2);
    let blob = members[0].group.save(b"").unwrap();
    let draft = members[0].group.commit(&Plan::default(), &chamber.facts, &chamber.heads()).unwrap();
    let (mut old, _) = Group::load(&blob, chamber.authority.trust(), SITTING).unwrap();
    let error = old.process(&members[0].device.id(), draft.claims.as_bytes(), &chamber.facts).unwrap_err();
    assert_eq!(error.code, Code::CommitLost);
}

#[test]
fn a_breach_still_blocks_after_a_reload() {
    let (chamber, mut members) = Chamber::with(2);
    let draft = members[0].group.commit(&Plan::default(), &chamber.facts, &chamber.heads()).unwrap();
    let author = members[0].device.id();
    let wrong = draft.claims.replace(r#""welcome":null"#, &format!(r#""welcome":"{}""#, chamber.authority.charter));
    members[1].group.process(&author, wrong.as_bytes(), &chamber.facts).unwrap_err();
    let second = reload(&chamber, members.pop().unwrap());
    assert_eq!(second.group.phase(), Phase::Blocked);
    assert_eq!(second.group.blocked().unwrap().author, author);
}

#[test]
fn a_state_opens_under_its_key_and_for_its_meeting_only() {
    let (chamber, members) = Chamber::with(2);
    let sealed = members[0].group.save_sealed(&[5; 32], b"note").unwrap();
    let trust = || chamber.authority.trust();
    let (group, note) = Group::load_sealed(&[5; 32], &sealed, trust(), SITTING).unwrap();
    assert_eq!((group.epoch(), note.as_slice()), (Ok(1), &b"note"[..]));
    let refused = |result: Result<(Group, Vec<u8>)>| result.err().map(|error| error.code);
    assert_eq!(refused(Group::load_sealed(&[6; 32], &sealed, trust(), SITTING)), Some(Code::StateUnreadable));
    let mut cut = sealed.clone();
    cut.pop();
    assert_eq!(refused(Group::load_sealed(&[5; 32], &cut, trust(), SITTING)), Some(Code::StateUnreadable));
    let blob = members[0].group.save(b"").unwrap();
    let other = Authority { meeting: incamera_e2ee::strict::MeetingId([9; 16]), ..Authority::new() };
    assert_eq!(refused(Group::load(&blob, other.trust(), SITTING)), Some(Code::StateUnreadable));
    for end in [0, 13, 40, blob.len() - 1] {
        assert_eq!(refused(Group::load(&blob[..end], trust(), SITTING)), Some(Code::StateUnreadable), "{end}");
    }
}
