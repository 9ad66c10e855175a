//! What a lying server and a colluding member may try: each is refused by a numbered check that names the author.
use incamera_e2ee::claims::{Because, Facts};
use incamera_e2ee::commit::{Plan, PlannedRemove};
use incamera_e2ee::group::{Group, Phase};
use incamera_e2ee::strict::{GroupId, MeetingId, Thumbprint};
use incamera_e2ee::words::Language;
use incamera_e2ee::{Code, Draft, Error};

use crate::forge::{Attendee, Authority, CHARTER, Chamber, Posted, SITTING, adds, removes};

/// The second member's refusal of a commit by the first; it stays where it was, and sends nothing any more.
fn refusal(chamber: &Chamber, members: &mut [Attendee], claims: &str) -> Error {
    let author = members[0].device.id();
    let (epoch, second) = (members[1].group.epoch(), &mut members[1].group);
    let error = second.process(&author, claims.as_bytes(), &chamber.facts).unwrap_err();
    assert_eq!(error.author, Some(author));
    assert_eq!((second.epoch(), second.phase()), (epoch, Phase::Blocked));
    assert_eq!(second.encrypt(b"x", &chamber.heads()).unwrap_err().code, Code::Blocked);
    assert_eq!(second.words(Language::En).unwrap_err().code, Code::Blocked);
    assert_eq!(second.frame_key(&format!("{author}.AAAAAAAAAAA")).unwrap_err().code, Code::Blocked);
    error
}

fn assert_breach(error: &Error, rule: &'static str) {
    assert_eq!((error.code, error.rule), (Code::CommitBreach, Some(rule)), "{error}");
}

/// Two members, and a draft of the first that adds a third and removes nobody.
fn add_draft() -> (Chamber, Vec<Attendee>, Attendee, Draft) {
    let (mut chamber, mut members) = Chamber::with(2);
    let mut newcomer = chamber.newcomer("late");
    let posted = chamber.knock(&mut newcomer);
    let draft = members[0].group.commit(&adds(&[posted]), &chamber.facts, &chamber.heads()).unwrap();
    (chamber, members, newcomer, draft)
}

#[test]
fn claims_that_differ_from_the_commit_are_refused_by_the_check_that_they_fail() {
    for (from, to, rule) in [
        (r#""leaf":2"#.to_owned(), r#""leaf":3"#.to_owned(), "CLAIM-10"),
        (r#""adds":[{"#.to_owned(), r#""added":[{"#.to_owned(), "CLAIM-1"),
        (
            r#""removes":[]"#.to_owned(),
            format!(r#""removes":[{{"device":"{}","leaf":1,"because":"silent","cites":null}}]"#, Thumbprint([0; 32])),
            "CLAIM-8",
        ),
        (r#""message":"AAEAAh"#.to_owned(), r#""message":"=AEAAh"#.to_owned(), "CLAIM-1"),
    ] {
        let (chamber, mut members, _, draft) = add_draft();
        let wrong = draft.claims.replace(&from, &to);
        assert!(wrong != draft.claims, "{from}");
        assert_breach(&refusal(&chamber, &mut members, &wrong), rule);
    }
}

#[test]
fn an_add_that_the_act_does_not_name_is_refused() {
    let (chamber, mut members, _, draft) = add_draft();
    let from = draft.claims.find(r#""adds":["#).unwrap();
    let to = draft.claims.find(r#"],"removes""#).unwrap();
    let hidden = format!(r#"{}"adds":[{}"#, &draft.claims[..from], &draft.claims[to..]);
    assert_breach(&refusal(&chamber, &mut members, &hidden), "CLAIM-7");
    let (chamber, mut members, _, draft) = add_draft();
    let from = draft.claims.find(r#""welcome":"#).unwrap();
    let to = draft.claims.find(r#"],"removes""#).unwrap();
    let hidden = format!(r#"{}"welcome":null,"adds":[{}"#, &draft.claims[..from], &draft.claims[to..]);
    assert_breach(&refusal(&chamber, &mut members, &hidden), "CLAIM-10");
}

#[test]
fn a_commit_in_another_member_s_act_is_refused() {
    let (chamber, mut members) = Chamber::with(3);
    let draft = members[2].group.commit(&Plan::default(), &chamber.facts, &chamber.heads()).unwrap();
    assert_breach(&refusal(&chamber, &mut members, &draft.claims), "CLAIM-3");
}

#[test]
fn an_application_message_in_a_commit_s_act_is_refused() {
    let (chamber, mut members) = Chamber::with(2);
    let message = incamera_e2ee::strict::b64u(&members[0].group.encrypt(b"x", &chamber.heads()).unwrap());
    let claims = format!(
        r#"{{"group":"{}","epoch":1,"message":"{message}","welcome":null,"adds":[],"removes":[],"item":null}}"#,
        chamber.group
    );
    assert_breach(&refusal(&chamber, &mut members, &claims), "CLAIM-4");
}

#[test]
fn a_removal_without_a_standing_reason_is_refused() {
    for because in [Because::Excluded, Because::Left, Because::Revoked, Because::Replaced] {
        let (mut chamber, mut members) = Chamber::with(3);
        let remove = PlannedRemove { device: members[2].device.id(), because, cites: Some(chamber.act()) };
        let plan = Plan { removes: vec![remove], ..Plan::default() };
        let error = members[0].group.commit(&plan, &chamber.facts, &chamber.heads()).unwrap_err();
        assert_breach(&error, "CLAIM-9");
        let draft = members[0].group.commit_unjudged(&plan, &chamber.facts, &chamber.heads()).unwrap();
        assert_breach(&refusal(&chamber, &mut members, &draft.claims), "CLAIM-9");
    }
}

#[test]
fn a_commit_that_lacks_a_due_removal_is_stale() {
    let (mut chamber, mut members) = Chamber::with(3);
    chamber.due(members[2].device.id(), Because::Excluded);
    assert_eq!(
        members[0].group.commit(&Plan::default(), &chamber.facts, &chamber.heads()).unwrap_err().code,
        Code::CommitStale
    );
    let draft = members[0].group.commit_unjudged(&Plan::default(), &chamber.facts, &chamber.heads()).unwrap();
    assert_eq!(refusal(&chamber, &mut members, &draft.claims).code, Code::CommitStale);
}

/// A ghost: whatever chain a colluding member gets into a key package, with the server's help in the knock and the admission.
fn ghost(chamber: &mut Chamber, authority: &Authority, group: GroupId) -> (Attendee, Posted) {
    let device = authority.device("ghost");
    let mut attendee =
        Attendee { group: Group::prepare(authority.trust(), SITTING, Default::default()).unwrap(), device };
    let chain = attendee.device.chain(group, &attendee.group.leaf_key());
    let package = attendee.group.knock(&chain, chamber.facts.at).unwrap();
    let posted = chamber.post_knock(attendee.device.id(), chain, &package);
    (attendee, posted)
}

fn assert_ghost_is_refused(chamber: &Chamber, members: &mut [Attendee], posted: Posted, chain_rule: &str) {
    let plan = adds(&[posted]);
    let error = members[0].group.commit(&plan, &chamber.facts, &chamber.heads()).unwrap_err();
    assert_eq!((error.code, error.rule), (Code::KnockRefused, Some("CLAIM-12")));
    let draft = members[0].group.commit_unjudged(&plan, &chamber.facts, &chamber.heads()).unwrap();
    let error = refusal(chamber, members, &draft.claims);
    assert_breach(&error, "CLAIM-12");
    assert!(error.reason.contains(chain_rule), "{error}");
}

#[test]
fn a_ghost_with_a_chain_of_its_own_is_refused() {
    let (mut chamber, mut members) = Chamber::with(2);
    let group = chamber.group;
    let (_, posted) = ghost(&mut chamber, &Authority::new(), group);
    assert_ghost_is_refused(&chamber, &mut members, posted, "CHAIN-5");
}

#[test]
fn a_ghost_of_another_meeting_of_the_same_authority_is_refused() {
    let (mut chamber, mut members) = Chamber::with(2);
    let group = chamber.group;
    let ours = std::mem::replace(&mut chamber.authority, Authority::new());
    let foreign = Authority { key: ours.key, meeting: MeetingId([9; 16]), charter: CHARTER };
    let (_, posted) = ghost(&mut chamber, &foreign, group);
    assert_ghost_is_refused(&chamber, &mut members, posted, "CHAIN-8");
}

#[test]
fn a_ghost_with_a_leaf_for_another_group_is_refused() {
    let (mut chamber, mut members) = Chamber::with(2);
    let authority =
        Authority { key: std::mem::replace(&mut chamber.authority.key, crate::forge::Key::new()), ..Authority::new() };
    let (_, posted) = ghost(&mut chamber, &authority, GroupId([7; 16]));
    assert_ghost_is_refused(&chamber, &mut members, posted, "CHAIN-12");
}

#[test]
fn an_expired_ghost_is_refused() {
    let (mut chamber, mut members) = Chamber::with(2);
    let mut newcomer = chamber.newcomer("ghost");
    let posted = chamber.knock(&mut newcomer);
    chamber.facts.at += 48 * crate::forge::HOUR_MS;
    assert_ghost_is_refused(&chamber, &mut members, posted, "CHAIN-11");
}

#[test]
fn a_revoked_or_unknown_ghost_is_refused() {
    for is_revoked in [true, false] {
        let (mut chamber, mut members) = Chamber::with(2);
        let mut newcomer = chamber.newcomer("ghost");
        let posted = chamber.knock(&mut newcomer);
        chamber.facts.admitted.remove(&posted.device);
        if is_revoked {
            chamber.facts.revoked.insert(posted.device);
        }
        assert_ghost_is_refused(&chamber, &mut members, posted, if is_revoked { "CHAIN-14" } else { "CHAIN-13" });
    }
}

#[test]
fn an_admission_that_does_not_stand_admits_nobody() {
    let (mut chamber, mut members, _, draft) = add_draft();
    let device = chamber.facts.knocks.values().next().unwrap().device;
    let other = chamber.act();
    chamber.facts.admitted.insert(device, [other].into());
    assert_breach(&refusal(&chamber, &mut members, &draft.claims), "CLAIM-13");
}

#[test]
fn a_swapped_key_package_is_refused() {
    let (mut chamber, mut members, _, draft) = add_draft();
    let mut other = chamber.newcomer("other");
    chamber.knock(&mut other);
    let packages: Vec<String> = chamber.facts.knocks.values().map(|knock| knock.key_package.clone()).collect();
    for (knock, package) in chamber.facts.knocks.values_mut().zip(packages.iter().rev()) {
        knock.key_package.clone_from(package);
    }
    assert_breach(&refusal(&chamber, &mut members, &draft.claims), "CLAIM-11");
}

#[test]
fn a_device_never_has_two_leaves() {
    let (mut chamber, mut members) = Chamber::with(3);
    let again = Attendee {
        group: Group::prepare(chamber.authority.trust(), SITTING, Default::default()).unwrap(),
        device: members.pop().unwrap().device,
    };
    let mut again = again;
    let posted = chamber.knock(&mut again);
    let plan = adds(&[posted]);
    let draft = members[0].group.commit_unjudged(&plan, &chamber.facts, &chamber.heads()).unwrap();
    assert_breach(&refusal(&chamber, &mut members, &draft.claims), "CLAIM-15");
}

#[test]
fn nobody_removes_itself_or_somebody_twice() {
    let (mut chamber, mut members) = Chamber::with(3);
    let due = chamber.due(members[2].device.id(), Because::Excluded);
    let twice = removes(&[due.clone(), due]);
    assert!(members[0].group.commit(&twice, &chamber.facts, &chamber.heads()).is_err());
    let itself = PlannedRemove { device: members[0].device.id(), because: Because::Silent, cites: None };
    assert!(
        members[0]
            .group
            .commit(&Plan { removes: vec![itself], ..Plan::default() }, &chamber.facts, &chamber.heads())
            .is_err()
    );
}

#[test]
fn a_welcome_is_refused_by_the_check_that_it_fails_and_the_next_one_is_looked_at() {
    let (mut chamber, mut members, mut newcomer, draft) = add_draft();
    let author = members[0].device.id();
    members[0].group.process(&author, draft.claims.as_bytes(), &chamber.facts).unwrap();
    chamber.fold(&draft);
    let rule = |chamber: &Chamber, newcomer: &mut Attendee, author, draft: &Draft| {
        let error = chamber.join(newcomer, author, draft).unwrap_err();
        assert_eq!((error.code, newcomer.group.phase()), (Code::WelcomeRefused, Phase::Knocking));
        error.rule.unwrap()
    };
    let mut cut = draft.clone();
    cut.welcome.as_mut().unwrap().pop();
    assert_eq!(rule(&chamber, &mut newcomer, author, &cut), "WELCOME-1");
    let wrong = Draft { claims: draft.claims.replace(r#""epoch":1"#, r#""epoch":2"#), ..draft.clone() };
    assert_eq!(rule(&chamber, &mut newcomer, author, &wrong), "WELCOME-2");
    assert_eq!(rule(&chamber, &mut newcomer, members[1].device.id(), &draft), "WELCOME-3");
    let wrong = Draft { claims: draft.claims.replace(r#""leaf":2"#, r#""leaf":1"#), ..draft.clone() };
    assert_eq!(rule(&chamber, &mut newcomer, author, &wrong), "WELCOME-6");
    let roster = chamber.roster.clone();
    chamber.roster.remove(&1);
    assert_eq!(rule(&chamber, &mut newcomer, author, &draft), "WELCOME-4");
    chamber.roster.clone_from(&roster);
    chamber.roster.get_mut(&1).unwrap().device = Thumbprint([1; 32]);
    assert_eq!(rule(&chamber, &mut newcomer, author, &draft), "WELCOME-4");
    chamber.roster.clone_from(&roster);
    let facts = chamber.facts.clone();
    chamber.facts = Facts {
        admitted: facts
            .admitted
            .iter()
            .filter(|(device, _)| **device != author)
            .map(|(d, a)| (*d, a.clone()))
            .collect(),
        ..facts.clone()
    };
    assert_eq!(rule(&chamber, &mut newcomer, author, &draft), "WELCOME-5");
    chamber.facts = facts;
    chamber.join(&mut newcomer, author, &draft).unwrap();
    assert_eq!(newcomer.group.words(Language::En), members[0].group.words(Language::En));
}

#[test]
fn a_group_that_a_stranger_made_is_not_joined() {
    let (mut chamber, _) = Chamber::open();
    let (mut foreign, mut stranger) = Chamber::open();
    let mut newcomer = chamber.newcomer("victim");
    let posted = chamber.knock(&mut newcomer);
    let knock = chamber.facts.knocks[&posted.knock].clone();
    foreign.facts.knocks.insert(posted.knock, knock);
    foreign.facts.admitted.insert(posted.device, [posted.admit].into());
    let draft = stranger.group.commit_unjudged(&adds(&[posted]), &foreign.facts, &foreign.heads()).unwrap();
    chamber.fold(&draft);
    let error = chamber.join(&mut newcomer, stranger.device.id(), &draft).unwrap_err();
    assert_eq!((error.code, error.rule), (Code::WelcomeRefused, Some("WELCOME-2")));
}

#[test]
fn entries_of_other_groups_and_epochs_are_no_breach() {
    let (chamber, mut members) = Chamber::with(2);
    let draft = members[0].group.commit(&Plan::default(), &chamber.facts, &chamber.heads()).unwrap();
    let author = members[0].device.id();
    let other = draft.claims.replace(&chamber.group.to_string(), &GroupId([6; 16]).to_string());
    let future = draft.claims.replace(r#""epoch":1"#, r#""epoch":2"#);
    let past = draft.claims.replace(r#""epoch":1"#, r#""epoch":0"#);
    for (claims, code) in [(other, Code::OtherGroup), (future, Code::EpochFuture), (past, Code::EpochPast)] {
        assert_eq!(members[1].group.process(&author, claims.as_bytes(), &chamber.facts).unwrap_err().code, code);
        assert_eq!(members[1].group.phase(), Phase::Member);
    }
}

#[test]
fn a_commit_that_mls_refuses_is_said_and_blocks_nobody_else() {
    let (chamber, mut members) = Chamber::with(3);
    let draft = members[0].group.commit(&Plan::default(), &chamber.facts, &chamber.heads()).unwrap();
    let mut claims: serde_json::Value = serde_json::from_str(&draft.claims).unwrap();
    let mut message = incamera_e2ee::strict::unb64u(claims["message"].as_str().unwrap()).unwrap();
    *message.last_mut().unwrap() ^= 1;
    claims["message"] = incamera_e2ee::strict::b64u(&message).into();
    let author = members[0].device.id();
    let error = members[1].group.process(&author, claims.to_string().as_bytes(), &chamber.facts).unwrap_err();
    assert_eq!((error.code, error.author), (Code::CommitUnprocessable, Some(author)));
    members[2].group.process(&author, draft.claims.as_bytes(), &chamber.facts).unwrap();
}
