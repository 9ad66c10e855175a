use incamera_e2ee::Code;
use incamera_e2ee::claims::Because;
use incamera_e2ee::commit::Plan;
use incamera_e2ee::heartbeat::Heartbeat;

use crate::forge::{Attendee, Chamber, removes};

fn update(chamber: &Chamber, members: &mut [Attendee], plan: &Plan) {
    let draft = members[0].group.commit(plan, &chamber.facts, &chamber.heads()).unwrap();
    let author = members[0].device.id();
    for member in members {
        member.group.process(&author, draft.claims.as_bytes(), &chamber.facts).unwrap();
    }
}

fn beat(chamber: &Chamber) -> Heartbeat {
    Heartbeat {
        heads: chamber.heads(),
        round: 1,
        sends_under: 1,
        nonce: [4; 8],
        echoes: vec![[0; 8]; 3],
        hears: vec![1, 2],
        tracks: vec![],
    }
}

#[test]
fn a_heartbeat_reaches_all_with_its_author_and_heads() {
    let (chamber, mut members) = Chamber::with(3);
    let message = members[0].group.heartbeat(&beat(&chamber)).unwrap();
    for member in &mut members[1..] {
        let (received, heard) = member.group.read_heartbeat(&message).unwrap();
        assert_eq!((received.leaf, received.epoch, received.heads), (0, 1, chamber.heads()));
        assert_eq!(heard, beat(&chamber));
    }
    assert_eq!(members[1].group.decrypt(&message).unwrap_err().code, Code::MessageUnreadable);
    assert_eq!(members[0].group.decrypt(&message).unwrap_err().code, Code::MessageUnreadable);
}

#[test]
fn messages_of_different_lengths_look_alike() {
    let (chamber, mut members) = Chamber::with(2);
    let sizes: std::collections::BTreeSet<usize> =
        (1..100).map(|length| members[0].group.encrypt(&vec![1; length], &chamber.heads()).unwrap().len()).collect();
    assert_eq!(sizes.len(), 1);
}

#[test]
fn a_stored_message_opens_after_sixty_newer_heartbeats() {
    let (chamber, mut members) = Chamber::with(2);
    let stored = members[0].group.encrypt(b"stored", &chamber.heads()).unwrap();
    for _ in 0..60 {
        let signal = members[0].group.heartbeat(&beat(&chamber)).unwrap();
        members[1].group.read_heartbeat(&signal).unwrap();
    }
    assert_eq!(members[1].group.decrypt(&stored).unwrap().content.as_slice(), b"stored");
}

#[test]
fn a_late_message_of_the_epoch_before_opens_and_one_of_the_future_waits() {
    let (chamber, mut members) = Chamber::with(2);
    let late = members[0].group.encrypt(b"late", &chamber.heads()).unwrap();
    let later = members[0].group.encrypt(b"later", &chamber.heads()).unwrap();
    update(&chamber, &mut members, &Plan::default());
    assert_eq!(members[1].group.decrypt(&late).unwrap().content.as_slice(), b"late");
    update(&chamber, &mut members, &Plan::default());
    assert_eq!(members[1].group.decrypt(&later).unwrap_err().code, Code::MessageUnreadable);
    let draft = members[0].group.commit(&Plan::default(), &chamber.facts, &chamber.heads()).unwrap();
    let author = members[0].device.id();
    members[0].group.process(&author, draft.claims.as_bytes(), &chamber.facts).unwrap();
    let early = members[0].group.encrypt(b"early", &chamber.heads()).unwrap();
    assert_eq!(members[1].group.decrypt(&early).unwrap_err().code, Code::EpochFuture);
    members[1].group.process(&author, draft.claims.as_bytes(), &chamber.facts).unwrap();
    assert_eq!(members[1].group.decrypt(&early).unwrap().content.as_slice(), b"early");
}

#[test]
fn what_a_removed_member_still_sends_is_nobody_s() {
    let (mut chamber, mut members) = Chamber::with(3);
    let last = members[2].group.encrypt(b"last words", &chamber.heads()).unwrap();
    let due = chamber.due(members[2].device.id(), Because::Excluded);
    update(&chamber, &mut members, &removes(&[due]));
    let error = members[1].group.decrypt(&last).unwrap_err();
    assert_eq!((error.code, error.reason.as_str()), (Code::MessageUnreadable, "its author is not on the roster"));
}

#[test]
fn an_item_key_opens_a_sealed_title_for_members_alone() {
    let (chamber, mut members) = Chamber::with(3);
    let message = members[0].group.send_item_key("item-2", &chamber.heads()).unwrap();
    let body = members[0].group.seal("item-2", "agenda.title", b"the title").unwrap();
    let (item, received) = members[1].group.read_item_key(&message).unwrap();
    assert_eq!((item.as_str(), received.leaf), ("item-2", 0));
    assert_eq!(members[1].group.open("agenda.title", body.as_bytes()).unwrap().as_slice(), b"the title");
    assert_eq!(members[2].group.open("agenda.title", body.as_bytes()).unwrap_err().code, Code::ItemKeyUnknown);
    assert!(!body.contains("the title"));
}

#[test]
fn rubbish_is_refused_and_harms_nothing() {
    let (chamber, mut members) = Chamber::with(2);
    let good = members[0].group.encrypt(b"good", &chamber.heads()).unwrap();
    for place in (0..good.len()).step_by(7) {
        let mut wrong = good.clone();
        wrong[place] ^= 1;
        assert!(members[1].group.decrypt(&wrong).is_err(), "{place}");
    }
    for rubbish in [&b""[..], b"\0\x01", &[0xff; 300]] {
        assert!(members[1].group.decrypt(rubbish).is_err());
    }
    assert_eq!(members[1].group.decrypt(&good).unwrap().content.as_slice(), b"good");
}
