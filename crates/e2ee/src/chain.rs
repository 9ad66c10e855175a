//! The validator of chains: authority, delegation, seat, device, leaf (docs/reference/record.md, 2).
//!
//! The rules CHAIN-1 to CHAIN-14 are tried in that order, each over the whole chain before the next, so that this validator
//! and Python's (`incamera.accreditation.credential`) refuse a chain by the same rule (tests/vectors/chain.json).
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};
use crate::signature::{PublicKey, Unverified};
use crate::strict::{GroupId, Hash, Malformed, MeetingId, Members, SittingId, Thumbprint};

/// Four statements are about 1.9 kB; the chain stands in each leaf of the ratchet tree.
pub const CHAIN_BYTES_MAX: usize = 3 * 1024;
/// How far two clocks may be apart, milliseconds.
pub const SKEW_MS: u64 = 5 * 60 * 1000;
/// A leaf is worth one sitting of one meeting of two days.
pub const LEAF_LIFETIME_MS_MAX: u64 = 2 * 24 * 60 * 60 * 1000;

const TYPS: [&str; 4] = ["incamera-delegation", "incamera-seat", "incamera-device", "incamera-leaf"];

/// What is trusted before anybody says anything: from the link, and from charters that verify against it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// The authority's thumbprint **from the link**, never from the server.
    pub authority: Thumbprint,
    /// Its public key (b64u of 32 bytes), from the charter; refused unless it has that thumbprint.
    pub key: String,
    /// The meeting's id.
    pub meeting: MeetingId,
    /// The charter and all that it replaces: a statement stays valid under a descendant.
    pub charters: BTreeSet<Hash>,
    /// The charter's seats and their delegations; none for who does not have that part (a knocker).
    #[serde(default)]
    pub seats: Option<BTreeMap<String, String>>,
}

impl Trust {
    pub(crate) fn authority_key(&self) -> Result<PublicKey> {
        PublicKey::parse(&self.key).filter(|key| key.thumbprint() == self.authority).ok_or_else(|| {
            Error::rule(Code::ChainRefused, "CHAIN-5", "the authority's key is not the one that the link names")
        })
    }
}

/// Where a leaf must stand: the sitting and its present group.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LeafPlace {
    /// The sitting.
    pub sitting: SittingId,
    /// The group.
    pub group: GroupId,
}

/// What a chain is held to beside the trust: facts of the record, and where the leaf must stand.
#[derive(Clone, Debug, Default)]
pub struct Expected<'a> {
    /// None: the chain ends with the device, after three statements.
    pub leaf: Option<LeafPlace>,
    /// Whether a device's enrolment is in the record; none while a device enrols.
    pub enrolled: Option<&'a dyn Fact>,
    /// The devices revoked as of the main journal's head.
    pub revoked: Option<&'a dyn Fact>,
}

/// A set of devices, asked by thumbprint.
pub trait Fact: std::fmt::Debug {
    /// Whether it has the device.
    fn has(&self, device: &Thumbprint) -> bool;
}

impl Fact for BTreeSet<Thumbprint> {
    fn has(&self, device: &Thumbprint) -> bool {
        self.contains(device)
    }
}

impl<T: std::fmt::Debug> Fact for BTreeMap<Thumbprint, T> {
    fn has(&self, device: &Thumbprint) -> bool {
        self.contains_key(device)
    }
}

/// Whose device this is, as the authority signed it. Made by `validate` alone. The role is the charter's to say.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Credential {
    /// The delegation's id.
    pub delegation: String,
    /// The seat's id.
    pub seat: String,
    /// The device's thumbprint.
    pub device: Thumbprint,
    /// The device's public key, b64u.
    pub device_key: String,
    /// The key of the MLS leaf, b64u, in a chain of four.
    pub leaf_key: Option<String>,
    /// The seat's one-time key: which link was used.
    pub invitation: Thumbprint,
    /// The first end among the statements, ms.
    pub until: u64,
    /// When the leaf's statement holds, ms; the MLS lifetime is an hour wider on each side.
    #[serde(skip)]
    pub leaf_period: Option<(u64, u64)>,
    #[serde(skip)]
    levels: Vec<Level>,
}

impl Credential {
    /// The leaf's key as bytes, in a chain of four.
    pub(crate) fn leaf_octets(&self) -> Option<[u8; 32]> {
        self.levels.get(3).map(|level| *level.key.octets())
    }

    /// CHAIN-11 at a moment (ms).
    pub(crate) fn is_valid(&self, at: u64) -> Result<()> {
        check_times(&self.levels, at)
    }

    /// Where the leaf stands, in a chain of four.
    pub(crate) fn place(&self) -> Option<LeafPlace> {
        self.levels.get(3).and_then(|leaf| leaf.place)
    }

    /// The rules whose answer changes with charter and record, for a chain that was validated when its leaf was added.
    ///
    /// Not CHAIN-11: a leaf is judged by the time at which it was added, by all members alike; when it ends is said to them
    /// (`until`), and no commit is wrong because a leaf grew old.
    pub(crate) fn hold(&self, trust: &Trust, expected: &Expected<'_>) -> Result<()> {
        check_charter(&self.levels, trust)?;
        check_seat(&self.levels, trust)?;
        check_facts(&self.levels, expected)
    }
}

/// One statement, parsed.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Level {
    meeting: MeetingId,
    issuer: Thumbprint,
    from: u64,
    until: u64,
    key: PublicKey,
    delegation: Option<String>,
    seat: Option<String>,
    charter: Option<Hash>,
    place: Option<LeafPlace>,
}

impl Level {
    fn parse(payload: &[u8], place: usize) -> std::result::Result<Self, Malformed> {
        let mut members = Members::load(payload)?;
        members.version()?;
        let meeting = members.meeting("meeting")?;
        let issuer = members.thumbprint("iss")?;
        members.any_integer("iat")?;
        let (from, until) = (members.any_integer("nbf")?, members.any_integer("exp")?);
        let mut level = Self {
            meeting,
            issuer,
            from,
            until,
            key: PublicKey::confirmed(&mut members)?,
            delegation: None,
            seat: None,
            charter: None,
            place: None,
        };
        if place < 3 {
            level.delegation = Some(members.slug("delegation")?);
        }
        match place {
            0 => level.charter = Some(members.hash("charter")?),
            1 | 2 => level.seat = Some(members.slug("seat")?),
            _ => level.place = Some(LeafPlace { sitting: members.sitting("sitting")?, group: members.group("group")? }),
        }
        members.end()?;
        Ok(level)
    }
}

/// The credential that a chain (the statements joined by `~`) proves at a moment (ms), or the first rule that it breaks.
///
/// A valid chain alone never admits: who copied a link can sign device statements for ever. That the enrolment is in the
/// record (CHAIN-13) is passed in by who has folded it.
pub fn validate(chain: &str, trust: &Trust, expected: &Expected<'_>, at: u64) -> Result<Credential> {
    let count = if expected.leaf.is_some() { 4 } else { 3 };
    let credential = verify(chain, trust, count)?;
    check_charter(&credential.levels, trust)?;
    check_seat(&credential.levels, trust)?;
    check_times(&credential.levels, at)?;
    check_facts(&credential.levels, expected)?;
    Ok(credential)
}

/// The rules that need neither time nor record: CHAIN-1 to CHAIN-8.
pub(crate) fn verify(chain: &str, trust: &Trust, count: usize) -> Result<Credential> {
    let texts: Vec<&str> = chain.split('~').collect();
    if !chain.is_ascii() || chain.len() > CHAIN_BYTES_MAX || texts.len() != count {
        return refuse("CHAIN-1", "it has another number of statements, or too many bytes");
    }
    let forms = texts.iter().zip(TYPS).map(|(text, typ)| Unverified::split(text, typ)).collect::<Option<Vec<_>>>();
    let Some(forms) = forms else { return refuse("CHAIN-2", "a statement is no compact JWS of its typ") };
    let mut levels = Vec::with_capacity(count);
    for (place, form) in forms.iter().enumerate() {
        match Level::parse(&form.payload, place) {
            Ok(level) => levels.push(level),
            Err(malformed) => return refuse("CHAIN-3", malformed.to_string()),
        }
    }
    let authority = trust.authority_key()?;
    check_keys(&levels, &authority)?;
    check_issuers(&levels, &authority)?;
    let issuers = std::iter::once(&authority).chain(levels.iter().map(|level| &level.key));
    if !forms.iter().zip(issuers).all(|(form, issuer)| form.is_by(issuer)) {
        return refuse("CHAIN-7", "a signature is wrong");
    }
    if levels.iter().any(|level| level.meeting != trust.meeting) {
        return refuse("CHAIN-8", "it is of another meeting");
    }
    credential(levels)
}

fn refuse<T>(rule: &'static str, reason: impl Into<String>) -> Result<T> {
    Err(Error::rule(Code::ChainRefused, rule, reason))
}

fn check_keys(levels: &[Level], authority: &PublicKey) -> Result<()> {
    let keys: BTreeSet<Thumbprint> =
        levels.iter().map(|level| level.key.thumbprint()).chain([authority.thumbprint()]).collect();
    if keys.len() == levels.len() + 1 { Ok(()) } else { refuse("CHAIN-4", "one key stands at two levels") }
}

fn check_issuers(levels: &[Level], authority: &PublicKey) -> Result<()> {
    if levels[0].issuer != authority.thumbprint() {
        return refuse("CHAIN-5", "it was not issued by the authority of the link");
    }
    if levels.windows(2).any(|pair| pair[1].issuer != pair[0].key.thumbprint()) {
        return refuse("CHAIN-6", "a statement names another issuer than the one above it");
    }
    Ok(())
}

fn check_charter(levels: &[Level], trust: &Trust) -> Result<()> {
    match &levels[0].charter {
        Some(charter) if trust.charters.contains(charter) => Ok(()),
        _ => refuse("CHAIN-9", "its charter is none of this meeting's"),
    }
}

fn check_seat(levels: &[Level], trust: &Trust) -> Result<()> {
    let is_one_delegation = levels[..3].windows(2).all(|pair| pair[0].delegation == pair[1].delegation);
    let is_one_seat = is_one_delegation && levels[1].seat == levels[2].seat;
    let has_seat = |seats: &BTreeMap<String, String>| {
        levels[1].seat.as_ref().and_then(|seat| seats.get(seat)) == levels[1].delegation.as_ref()
    };
    if is_one_seat && trust.seats.as_ref().is_none_or(has_seat) {
        return Ok(());
    }
    refuse("CHAIN-10", "delegation and seat differ, or are not the charter's")
}

fn check_times(levels: &[Level], at: u64) -> Result<()> {
    for level in levels {
        let is_now = level.from < level.until && level.from.saturating_sub(SKEW_MS) <= at && at < level.until + SKEW_MS;
        if !is_now || (level.place.is_some() && level.until - level.from > LEAF_LIFETIME_MS_MAX) {
            return refuse("CHAIN-11", "a statement is not valid at this time, or a leaf for too long");
        }
    }
    Ok(())
}

fn check_facts(levels: &[Level], expected: &Expected<'_>) -> Result<()> {
    if levels.get(3).and_then(|leaf| leaf.place) != expected.leaf {
        return refuse("CHAIN-12", "the leaf is of another sitting or group");
    }
    let device = levels[2].key.thumbprint();
    if expected.enrolled.is_some_and(|enrolled| !enrolled.has(&device)) {
        return refuse("CHAIN-13", "the device's enrolment is not in the record");
    }
    if expected.revoked.is_some_and(|revoked| revoked.has(&device)) {
        return refuse("CHAIN-14", "the device is revoked");
    }
    Ok(())
}

fn credential(levels: Vec<Level>) -> Result<Credential> {
    let (Some(delegation), Some(seat)) = (levels[2].delegation.clone(), levels[2].seat.clone()) else {
        return Err(Error::internal("a device's statement has both"));
    };
    Ok(Credential {
        delegation,
        seat,
        device: levels[2].key.thumbprint(),
        device_key: crate::strict::b64u(levels[2].key.octets()),
        leaf_key: levels.get(3).map(|leaf| crate::strict::b64u(leaf.key.octets())),
        invitation: levels[1].key.thumbprint(),
        until: levels.iter().map(|level| level.until).min().unwrap_or(0),
        leaf_period: levels.get(3).map(|leaf| (leaf.from, leaf.until)),
        levels,
    })
}
