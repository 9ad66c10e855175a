//! Right keys that sign whatever a test asks for: authorities, chains, devices; and a chamber that keeps the record's facts.
use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use incamera_e2ee::chain::Trust;
use incamera_e2ee::claims::{Facts, Knock};
use incamera_e2ee::commit::{Plan, PlannedAdd, PlannedRemove};
use incamera_e2ee::group::Group;
use incamera_e2ee::heads::{Head, Heads};
use incamera_e2ee::join::RosterLeaf;
use incamera_e2ee::signature::PublicKey;
use incamera_e2ee::strict::{GroupId, Hash, MeetingId, SittingId, Thumbprint, b64u};
use incamera_e2ee::{Advance, Draft, Due, Result};
use openmls_basic_credential::SignatureKeyPair;
use openmls_traits::signatures::Signer;
use openmls_traits::types::SignatureScheme;

pub const MEETING: MeetingId = MeetingId([1; 16]);
pub const SITTING: SittingId = SittingId([2; 16]);
pub const CHARTER: Hash = Hash([3; 32]);
pub const HOUR_MS: u64 = 3_600_000;

/// OpenMLS asks the system's clock for lifetimes: the tests live now.
pub fn now() -> u64 {
    u64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap()
}

pub struct Key(SignatureKeyPair);

impl Key {
    pub fn new() -> Self {
        Self(SignatureKeyPair::new(SignatureScheme::ED25519).unwrap())
    }
    pub fn x(&self) -> String {
        b64u(self.0.public())
    }
    pub fn thumbprint(&self) -> Thumbprint {
        PublicKey::parse(&self.x()).unwrap().thumbprint()
    }
    pub fn sign(&self, typ: &str, payload: &str) -> String {
        let signed = format!(
            "{}.{}",
            b64u(format!(r#"{{"alg":"Ed25519","typ":"{typ}"}}"#).as_bytes()),
            b64u(payload.as_bytes())
        );
        format!("{signed}.{}", b64u(&self.0.sign(signed.as_bytes()).unwrap()))
    }
}

pub struct Authority {
    pub key: Key,
    pub meeting: MeetingId,
    pub charter: Hash,
}

/// A device of a seat: its key, and the three statements above its leaves'.
pub struct Device {
    pub key: Key,
    pub statements: String,
    pub meeting: MeetingId,
}

impl Authority {
    pub fn new() -> Self {
        Self { key: Key::new(), meeting: MEETING, charter: CHARTER }
    }

    pub fn trust(&self) -> Trust {
        Trust {
            authority: self.key.thumbprint(),
            key: self.key.x(),
            meeting: self.meeting,
            charters: BTreeSet::from([self.charter]),
            seats: None,
        }
    }

    pub fn device(&self, name: &str) -> Device {
        let (delegation, seat, device) = (Key::new(), Key::new(), Key::new());
        let issuer = |key: &Key| head(self.meeting, key, now() - HOUR_MS, now() + 24 * HOUR_MS);
        let first = format!(
            r#"{{{},"delegation":"{name}",{},"charter":"{}"}}"#,
            issuer(&self.key),
            cnf(&delegation.x()),
            self.charter
        );
        let second =
            format!(r#"{{{},"delegation":"{name}","seat":"{name}-head",{}}}"#, issuer(&delegation), cnf(&seat.x()));
        let third = format!(r#"{{{},"delegation":"{name}","seat":"{name}-head",{}}}"#, issuer(&seat), cnf(&device.x()));
        let statements = [
            self.key.sign("incamera-delegation", &first),
            delegation.sign("incamera-seat", &second),
            seat.sign("incamera-device", &third),
        ];
        Device { key: device, statements: statements.join("~"), meeting: self.meeting }
    }
}

fn head(meeting: MeetingId, issuer: &Key, from: u64, until: u64) -> String {
    format!(r#""v":1,"meeting":"{meeting}","iss":"{}","iat":{from},"nbf":{from},"exp":{until}"#, issuer.thumbprint())
}

fn cnf(x: &str) -> String {
    format!(r#""cnf":{{"jwk":{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}}}"#)
}

impl Device {
    pub fn id(&self) -> Thumbprint {
        self.key.thumbprint()
    }

    pub fn chain(&self, group: GroupId, leaf: &str) -> String {
        self.chain_between(group, leaf, now() - HOUR_MS, now() + 12 * HOUR_MS)
    }

    pub fn chain_between(&self, group: GroupId, leaf: &str, from: u64, until: u64) -> String {
        let head = head(self.meeting, &self.key, from, until);
        let payload = format!(r#"{{{head},"sitting":"{SITTING}","group":"{group}",{}}}"#, cnf(leaf));
        format!("{}~{}", self.statements, self.key.sign("incamera-leaf", &payload))
    }
}

/// A sitting as its record has it: one place where facts, rosters and hashes are kept, as the members' folds would.
pub struct Chamber {
    pub authority: Authority,
    pub group: GroupId,
    pub facts: Facts,
    pub roster: BTreeMap<u32, RosterLeaf>,
    pub acts: u8,
}

/// A device and its share of the group.
pub struct Attendee {
    pub device: Device,
    pub group: Group,
}

/// A knock that was posted: its act's hash.
pub struct Posted {
    pub device: Thumbprint,
    pub knock: Hash,
    pub admit: Hash,
}

impl Chamber {
    /// A sitting that a first device opened.
    pub fn open() -> (Self, Attendee) {
        let authority = Authority::new();
        let device = authority.device("chair");
        let id = Group::new_id().unwrap();
        let facts = Facts { at: now(), admitted: BTreeMap::from([(device.id(), BTreeSet::new())]), ..Facts::default() };
        let mut group = Group::prepare(authority.trust(), SITTING, Default::default()).unwrap();
        let chain = device.chain(id, &group.leaf_key());
        group.found(&chain, &facts).unwrap();
        let leaf = RosterLeaf { leaf: 0, device: device.id(), at: facts.at };
        let chamber = Self { authority, group: id, facts, roster: BTreeMap::from([(0, leaf)]), acts: 0 };
        (chamber, Attendee { device, group })
    }

    /// A sitting with so many members; the first opened it.
    pub fn with(count: usize) -> (Self, Vec<Attendee>) {
        let (mut chamber, chair) = Self::open();
        let mut members = vec![chair];
        let names: Vec<String> = (1..count).map(|place| format!("d{place}")).collect();
        let newcomers: Vec<Attendee> = names.iter().map(|name| chamber.newcomer(name)).collect();
        chamber.add(&mut members, newcomers);
        (chamber, members)
    }

    pub fn heads(&self) -> Heads {
        Heads { main: Some(Head(1, Hash([7; 32]))), sitting: Some(Head(1 + u64::from(self.acts), Hash([8; 32]))) }
    }

    pub fn act(&mut self) -> Hash {
        self.acts += 1;
        Hash::of(&[self.acts])
    }

    pub fn newcomer(&self, name: &str) -> Attendee {
        let device = self.authority.device(name);
        Attendee { device, group: Group::prepare(self.authority.trust(), SITTING, Default::default()).unwrap() }
    }

    /// A knock and its admission, in the facts.
    pub fn knock(&mut self, attendee: &mut Attendee) -> Posted {
        let chain = attendee.device.chain(self.group, &attendee.group.leaf_key());
        let package = attendee.group.knock(&chain, self.facts.at).unwrap();
        self.post_knock(attendee.device.id(), chain, &package)
    }

    pub fn post_knock(&mut self, device: Thumbprint, chain: String, package: &[u8]) -> Posted {
        let (knock, admit) = (self.act(), self.act());
        self.facts.knocks.insert(knock, Knock { device, chain, key_package: b64u(package) });
        self.facts.admitted.entry(device).or_default().insert(admit);
        Posted { device, knock, admit }
    }

    /// One commit by the first member that adds all of these; everybody processes it, they join.
    pub fn add(&mut self, members: &mut Vec<Attendee>, mut newcomers: Vec<Attendee>) {
        let posted: Vec<Posted> = newcomers.iter_mut().map(|newcomer| self.knock(newcomer)).collect();
        let draft = members[0].group.commit(&adds(&posted), &self.facts, &self.heads()).unwrap();
        let author = members[0].device.id();
        for member in members.iter_mut() {
            member.group.process(&author, draft.claims.as_bytes(), &self.facts).unwrap();
        }
        self.fold(&draft);
        for newcomer in &mut newcomers {
            self.join(newcomer, author, &draft).unwrap();
        }
        members.append(&mut newcomers);
    }

    pub fn join(&self, newcomer: &mut Attendee, author: Thumbprint, draft: &Draft) -> Result<Advance> {
        let roster: Vec<RosterLeaf> = self.roster.values().cloned().collect();
        newcomer.group.join(draft.welcome.as_ref().unwrap(), &author, draft.claims.as_bytes(), &self.facts, &roster)
    }

    /// The roster after an accepted commit.
    pub fn fold(&mut self, draft: &Draft) {
        let claims: serde_json::Value = serde_json::from_str(&draft.claims).unwrap();
        let leaf = |claim: &serde_json::Value| u32::try_from(claim["leaf"].as_u64().unwrap()).unwrap();
        for remove in claims["removes"].as_array().unwrap() {
            self.roster.remove(&leaf(remove));
        }
        for add in claims["adds"].as_array().unwrap() {
            let device = Thumbprint::parse(add["device"].as_str().unwrap()).unwrap();
            self.roster.insert(leaf(add), RosterLeaf { leaf: leaf(add), device, at: self.facts.at });
            self.facts.knocks.retain(|_, knock| knock.device != device);
        }
        self.facts.due.retain(|due| self.roster.values().any(|leaf| leaf.device == due.device));
    }

    /// A removal becomes due.
    pub fn due(&mut self, device: Thumbprint, because: incamera_e2ee::claims::Because) -> Due {
        let due = Due { device, because, cites: self.act() };
        if because != incamera_e2ee::claims::Because::Left {
            self.facts.admitted.remove(&device);
        }
        if because == incamera_e2ee::claims::Because::Revoked {
            self.facts.revoked.insert(device);
        }
        self.facts.due.push(due.clone());
        due
    }
}

pub fn adds(posted: &[Posted]) -> Plan {
    let add = |posted: &Posted| PlannedAdd { device: posted.device, knock: posted.knock, admit: posted.admit };
    Plan { adds: posted.iter().map(add).collect(), ..Plan::default() }
}

pub fn removes(due: &[Due]) -> Plan {
    let remove = |due: &Due| PlannedRemove { device: due.device, because: due.because, cites: Some(due.cites) };
    Plan { removes: due.iter().map(remove).collect(), ..Plan::default() }
}

/// All of these are in one epoch with one roster, one list of words and one key for each participant.
pub fn assert_agree(members: &[Attendee]) {
    let first = &members[0].group;
    let identity = |device: Thumbprint| format!("{device}.AAAAAAAAAAA");
    for member in members {
        let group = &member.group;
        assert_eq!(group.epoch(), first.epoch());
        assert_eq!(group.roster(), first.roster());
        for language in [incamera_e2ee::words::Language::En, incamera_e2ee::words::Language::Fr] {
            assert_eq!(group.words(language), first.words(language));
        }
        for seat in first.roster() {
            assert_eq!(
                group.frame_key(&identity(seat.device)).unwrap(),
                first.frame_key(&identity(seat.device)).unwrap()
            );
        }
    }
}
