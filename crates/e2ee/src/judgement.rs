//! A commit against the act that carries it: does it do what it says, and is that allowed? Pure.
//!
//! All members judge by the entry's place in the record: the facts are folded up to it, never up to what the author had seen.
//! The checks CLAIM-1 to CLAIM-16 have numbers, which tests and reports name; a breach names the author too. A commit that
//! lacks a removal that became due before its place is *stale* (CLAIM-14): nobody merges it, and it may be an honest race.
use std::collections::BTreeMap;

use crate::chain::{self, Credential, LeafPlace, Trust};
use crate::claims::{Because, Claims, Due, Facts, breach};
use crate::error::{Code, Error, Result};
use crate::heads::Heads;
use crate::strict::{Thumbprint, unb64u};

/// MLS lifetimes are so much wider than the leaf's statement, since the library checks them by the system's clock; seconds.
const LIFETIME_MARGIN_S: u64 = 3600;

/// What a staged commit does, taken from the library.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effect {
    /// The leaf that sent it.
    pub sender: u32,
    /// Its authenticated data.
    pub aad: Vec<u8>,
    /// Key packages added, in order.
    pub adds: Vec<AddedLeaf>,
    /// Leaves removed, in order.
    pub removes: Vec<u32>,
    /// Whether it holds a proposal of another kind, or one by reference.
    pub has_other: bool,
    /// The path's leaf: identity and signature key.
    pub path: Option<(Vec<u8>, Vec<u8>)>,
}

/// An added key package.
#[derive(Clone, Debug)]
pub(crate) struct AddedLeaf {
    /// As an MLSMessage.
    pub key_package: Vec<u8>,
    pub identity: Vec<u8>,
    pub signature_key: Vec<u8>,
    /// `not_before` and `not_after`, seconds.
    pub lifetime: (u64, u64),
    /// Whether it has extensions, or is of last resort.
    pub has_extensions: bool,
}

/// A member: its device's credential, and the identity that its leaf holds.
#[derive(Clone, Debug)]
pub(crate) struct Seated {
    pub credential: Credential,
    pub identity: Vec<u8>,
    pub signature_key: Vec<u8>,
}

/// The members by leaf.
pub(crate) type Roster = BTreeMap<u32, Seated>;

fn demand(is_so: bool, rule: &'static str, reason: &str) -> Result<()> {
    if is_so { Ok(()) } else { Err(breach(rule, reason)) }
}

/// The roster after a commit, if the commit does what its act says and that is allowed at its place; else the first check
/// that it fails.
pub(crate) fn judge(
    roster: &Roster,
    author: &Thumbprint,
    effect: &Effect,
    claims: &Claims,
    facts: &Facts,
    trust: &Trust,
    place: LeafPlace,
) -> Result<Roster> {
    demand(claims.group == place.group, "CLAIM-2", "the act names another group")?;
    let sender = roster.get(&effect.sender).map(|seated| seated.credential.device);
    demand(sender == Some(*author), "CLAIM-3", "the commit's sender is not the act's author")?;
    demand(!effect.has_other, "CLAIM-4", "it holds a proposal that is no Add or Remove by value")?;
    check_path(roster, effect)?;
    demand(Heads::from_aad(&effect.aad).is_some(), "CLAIM-6", "its authenticated data is not two heads")?;
    demand(
        claims.welcome.is_some() != claims.adds.is_empty(),
        "CLAIM-7",
        "a Welcome goes with adds, and with nothing else",
    )?;
    let mut after = roster.clone();
    check_removes(roster, effect, claims, facts)?;
    for leaf in &effect.removes {
        after.remove(leaf);
    }
    check_adds(&mut after, effect, claims, facts, trust, place)?;
    let remains = |due: &&Due| {
        after.values().any(|seated| seated.credential.device == due.device) && !was_added(claims, &due.device)
    };
    if let Some(due) = facts.due.iter().find(remains) {
        let reason = format!("it leaves {} in the group, whose removal was due", due.device);
        return Err(Error::rule(Code::CommitStale, "CLAIM-14", reason));
    }
    for (leaf, seated) in &after {
        let device = seated.credential.device;
        let is_once = after.iter().all(|(other, theirs)| other == leaf || theirs.credential.device != device);
        demand(is_once, "CLAIM-15", "a device has two leaves")?;
        let holds =
            facts.admitted.contains_key(&device) && seated.credential.hold(trust, &facts.expected(place)).is_ok();
        if !holds {
            let reason = format!(
                "it leaves {device} in the group, which is not admitted, or whose chain does not hold any more"
            );
            return Err(Error::rule(Code::CommitStale, "CLAIM-16", reason));
        }
    }
    Ok(after)
}

fn was_added(claims: &Claims, device: &Thumbprint) -> bool {
    claims.adds.iter().any(|add| add.device == *device)
}

fn check_path(roster: &Roster, effect: &Effect) -> Result<()> {
    let Some((identity, key)) = &effect.path else { return Err(breach("CLAIM-5", "it has no path")) };
    let keeps = |seated: &Seated| seated.identity == *identity && seated.signature_key == *key;
    demand(roster.get(&effect.sender).is_some_and(keeps), "CLAIM-5", "its path changes its author's credential or key")
}

fn check_removes(roster: &Roster, effect: &Effect, claims: &Claims, facts: &Facts) -> Result<()> {
    // Their order means nothing: OpenMLS 0.9.2 keeps removals in a hash map.
    let mut removed = effect.removes.clone();
    let mut claimed: Vec<u32> = claims.removes.iter().map(|remove| remove.leaf).collect();
    removed.sort_unstable();
    claimed.sort_unstable();
    demand(removed == claimed, "CLAIM-8", "it removes other leaves than its act says")?;
    for remove in &claims.removes {
        let device = roster.get(&remove.leaf).map(|seated| seated.credential.device);
        demand(device == Some(remove.device), "CLAIM-8", "its act names another device at a leaf that it removes")?;
        let is_due = || {
            facts.due.iter().any(|due| {
                due.device == remove.device && due.because == remove.because && Some(due.cites) == remove.cites
            })
        };
        let is_replaced =
            || claims.adds.iter().any(|add| add.device == remove.device && Some(add.knock) == remove.cites);
        let stands = match remove.because {
            Because::Excluded | Because::Left | Because::Revoked => is_due(),
            Because::Replaced => is_replaced(),
            // Nobody can prove it: it is accepted, and shown with its author.
            Because::Silent => remove.cites.is_none() && remove.leaf != effect.sender,
        };
        demand(stands, "CLAIM-9", "a removal's reason does not stand at this place")?;
    }
    Ok(())
}

fn check_adds(
    after: &mut Roster,
    effect: &Effect,
    claims: &Claims,
    facts: &Facts,
    trust: &Trust,
    place: LeafPlace,
) -> Result<()> {
    demand(effect.adds.len() == claims.adds.len(), "CLAIM-10", "it adds another number of leaves than its act says")?;
    for (added, add) in effect.adds.iter().zip(&claims.adds) {
        // RFC 9420 12.1.1: the new leaf is placed at the leftmost empty one.
        let leaf = (0..).find(|leaf| !after.contains_key(leaf)).unwrap_or(u32::MAX);
        demand(leaf == add.leaf, "CLAIM-10", "its act names another leaf for a device that it adds")?;
        let Some(knock) = facts.knocks.get(&add.knock).filter(|knock| knock.device == add.device) else {
            return Err(breach("CLAIM-11", "no such knock of this device stands at this place"));
        };
        let is_the_knock = unb64u(&knock.key_package).is_some_and(|package| package == added.key_package);
        demand(
            is_the_knock && knock.chain.as_bytes() == added.identity,
            "CLAIM-11",
            "its key package is not the knock's",
        )?;
        let credential = chain_of(&added.identity, &added.signature_key, trust, place, facts)?;
        demand(credential.device == add.device, "CLAIM-12", "the added leaf's chain is another device's")?;
        demand(
            facts.admitted.get(&add.device).is_some_and(|admits| admits.contains(&add.admit)),
            "CLAIM-13",
            "no such admission of this device stands at this place",
        )?;
        demand(fits(added, &credential), "CLAIM-12", "its key package outlives its statement, or has extensions")?;
        after.insert(
            leaf,
            Seated { credential, identity: added.identity.clone(), signature_key: added.signature_key.clone() },
        );
    }
    Ok(())
}

/// The credential that a leaf's identity proves: a valid chain of an enrolled device, with the leaf's own key at its end.
pub(crate) fn chain_of(
    identity: &[u8],
    key: &[u8],
    trust: &Trust,
    place: LeafPlace,
    facts: &Facts,
) -> Result<Credential> {
    let text = std::str::from_utf8(identity).map_err(|_| breach("CLAIM-12", "a leaf's identity is no chain"))?;
    let credential = chain::validate(text, trust, &facts.expected(place), facts.at).map_err(|error| {
        breach("CLAIM-12", format!("an added leaf's chain is refused by {}", error.rule.unwrap_or("the validator")))
    })?;
    demand(
        credential.leaf_octets().is_some_and(|octets| octets[..] == *key),
        "CLAIM-12",
        "the leaf's key is not its statement's",
    )?;
    Ok(credential)
}

pub(crate) fn fits(added: &AddedLeaf, credential: &Credential) -> bool {
    let Some((from, until)) = credential.leaf_period else { return false };
    added.lifetime == lifetime(from, until) && !added.has_extensions
}

/// The MLS lifetime for a leaf's statement (ms): an hour wider on both sides, in seconds.
pub(crate) fn lifetime(from: u64, until: u64) -> (u64, u64) {
    ((from / 1000).saturating_sub(LIFETIME_MARGIN_S), until.div_ceil(1000) + LIFETIME_MARGIN_S)
}
