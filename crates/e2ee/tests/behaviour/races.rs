use incamera_e2ee::Code;
use incamera_e2ee::claims::Because;
use incamera_e2ee::commit::Plan;
use incamera_e2ee::group::Phase;

use crate::forge::{Chamber, adds, assert_agree, removes};

#[test]
fn the_loser_of_a_race_takes_the_winner_s_commit_and_makes_its_own_again() {
    let (mut chamber, mut members) = Chamber::with(3);
    let mut newcomer = chamber.newcomer("late");
    let posted = chamber.knock(&mut newcomer);
    let plan = adds(&[posted]);
    let heads = chamber.heads();
    let winner = members[0].group.commit(&plan, &chamber.facts, &heads).unwrap();
    let loser = members[1].group.commit(&Plan::default(), &chamber.facts, &heads).unwrap();
    assert_eq!(members[1].group.commit(&plan, &chamber.facts, &heads).unwrap_err().code, Code::CommitPending);
    let author = members[0].device.id();
    let advances: Vec<_> = members
        .iter_mut()
        .map(|member| member.group.process(&author, winner.claims.as_bytes(), &chamber.facts).unwrap())
        .collect();
    assert_eq!(
        advances.iter().map(|advance| (advance.own, advance.lost)).collect::<Vec<_>>(),
        [(true, false), (false, true), (false, false)]
    );
    chamber.fold(&winner);
    chamber.join(&mut newcomer, author, &winner).unwrap();
    members.push(newcomer);
    // The loser's own commit, should it ever come, is of an epoch that is over.
    let second = members[1].device.id();
    let late = members[2].group.process(&second, loser.claims.as_bytes(), &chamber.facts);
    assert_eq!(late.unwrap_err().code, Code::EpochPast);
    let again = members[1].group.commit(&Plan::default(), &chamber.facts, &heads).unwrap();
    let author = members[1].device.id();
    for member in &mut members {
        member.group.process(&author, again.claims.as_bytes(), &chamber.facts).unwrap();
    }
    assert_agree(&members);
}

#[test]
fn a_take_over_after_the_committer_died_before_its_commit_was_posted() {
    let (mut chamber, mut members) = Chamber::with(3);
    let mut newcomer = chamber.newcomer("late");
    let posted = chamber.knock(&mut newcomer);
    let plan = adds(&[posted]);
    members[0].group.commit(&plan, &chamber.facts, &chamber.heads()).unwrap();
    let draft = members[1].group.commit(&plan, &chamber.facts, &chamber.heads()).unwrap();
    let author = members[1].device.id();
    for member in &mut members {
        member.group.process(&author, draft.claims.as_bytes(), &chamber.facts).unwrap();
    }
    chamber.fold(&draft);
    chamber.join(&mut newcomer, author, &draft).unwrap();
    members.push(newcomer);
    assert_agree(&members);
}

#[test]
fn a_commit_that_the_server_refused_is_dropped_and_nothing_else_changes() {
    let (chamber, mut members) = Chamber::with(2);
    members[0].group.commit(&Plan::default(), &chamber.facts, &chamber.heads()).unwrap();
    members[0].group.discard().unwrap();
    assert_eq!((members[0].group.epoch(), members[0].group.pending()), (Ok(1), None));
    let message = members[0].group.encrypt(b"still here", &chamber.heads()).unwrap();
    assert_eq!(members[1].group.decrypt(&message).unwrap().content.as_slice(), b"still here");
}

#[test]
fn a_revocation_before_a_commit_s_place_makes_it_stale_for_all_its_author_too() {
    let (mut chamber, mut members) = Chamber::with(3);
    let draft = members[0].group.commit(&Plan::default(), &chamber.facts, &chamber.heads()).unwrap();
    let due = chamber.due(members[2].device.id(), Because::Revoked);
    let author = members[0].device.id();
    for member in &mut members {
        let error = member.group.process(&author, draft.claims.as_bytes(), &chamber.facts).unwrap_err();
        assert_eq!((error.code, error.rule, error.author), (Code::CommitStale, Some("CLAIM-14"), Some(author)));
        assert_eq!(member.group.phase(), Phase::Blocked);
        assert_eq!(member.group.epoch(), Ok(1));
    }
    assert_eq!(
        members[0].group.commit(&removes(&[due]), &chamber.facts, &chamber.heads()).unwrap_err().code,
        Code::Blocked
    );
}
