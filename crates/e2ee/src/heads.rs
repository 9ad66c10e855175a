//! Heads of the two journals that a member reads, and how a fork is found by name.
//!
//! Every MLS message carries its author's heads as authenticated data, every heartbeat too. The ledger keeps the hashes of
//! the journals as this member was shown them; whoever names another hash for a place was shown another record.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::strict::{Hash, Json, Malformed, Members, Thumbprint};

/// A journal's last entry: its number and its hash. In JSON `[seq, hash]`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Head(pub u64, pub Hash);

/// Both heads that a member has read up to. None before the first entry of a journal that it reads.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Heads {
    /// Of the main journal.
    pub main: Option<Head>,
    /// Of the sitting's.
    pub sitting: Option<Head>,
}

const VERSION: u8 = 1;
const AAD_BYTES: usize = 1 + 2 * (8 + 32);

impl Heads {
    /// `0x01 ‖ main seq (u64) ‖ main hash ‖ sitting seq (u64) ‖ sitting hash`; 0 and zeros for none.
    pub fn to_aad(&self) -> Vec<u8> {
        let mut aad = Vec::with_capacity(AAD_BYTES);
        aad.push(VERSION);
        for head in [self.main, self.sitting] {
            let Head(seq, hash) = head.unwrap_or(Head(0, Hash([0; 32])));
            aad.extend_from_slice(&seq.to_be_bytes());
            aad.extend_from_slice(&hash.0);
        }
        aad
    }

    /// The heads in a message's authenticated data, or none where they are not of that form.
    pub fn from_aad(aad: &[u8]) -> Option<Self> {
        if aad.len() != AAD_BYTES || aad[0] != VERSION {
            return None;
        }
        let head = |at: usize| -> Option<Option<Head>> {
            let seq = u64::from_be_bytes(aad[at..at + 8].try_into().ok()?);
            let hash = Hash(aad[at + 8..at + 40].try_into().ok()?);
            match seq {
                0 => (hash.0 == [0; 32]).then_some(None),
                seq => Some(Some(Head(seq, hash))),
            }
        };
        Some(Self { main: head(1)?, sitting: head(41)? })
    }

    pub(crate) fn read(members: &mut Members, name: &str) -> Result<Self, Malformed> {
        let mut object = members.object(name)?;
        let heads = Self { main: object.optional("main", head)?, sitting: object.optional("sitting", head)? };
        object.end()?;
        Ok(heads)
    }
}

fn head(members: &mut Members, name: &str) -> Result<Head, Malformed> {
    let malformed = || Malformed::new(name, "not [seq, hash]");
    match members.array(name, 2)?.as_slice() {
        [Json::Integer(seq), Json::Text(hash)] if *seq > 0 => Ok(Head(*seq, Hash::parse(hash).ok_or_else(malformed)?)),
        _ => Err(malformed()),
    }
}

/// Which of the two journals.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Journal {
    /// The meeting's.
    Main,
    /// The sitting's.
    Sitting,
}

/// Two members were shown different entries at one place: what both saw, and who the other is.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Fork {
    /// In which journal.
    pub journal: Journal,
    /// At which number.
    pub seq: u64,
    /// The hash that we were shown.
    pub ours: Hash,
    /// The hash that the other testifies to.
    pub theirs: Hash,
    /// The other device.
    pub by: Thumbprint,
}

/// The hashes of one journal as we were shown it, and what others said of places that we have not reached.
#[derive(Debug, Default)]
struct Chain {
    first: u64,
    hashes: Vec<Hash>,
    claimed: BTreeMap<Thumbprint, Head>,
}

impl Chain {
    fn at(&self, seq: u64) -> Option<Hash> {
        self.hashes.get(usize::try_from(seq.checked_sub(self.first)?).ok()?).copied()
    }

    fn next(&self) -> u64 {
        self.first + self.hashes.len() as u64
    }
}

/// Both journals.
#[derive(Debug, Default)]
pub struct Ledger {
    main: Chain,
    sitting: Chain,
}

impl Ledger {
    /// An entry as we were shown it, in order. Returns the forks that it makes visible: others had named another hash for it.
    ///
    /// A number out of order is not taken (false in the pair): the caller's journal has already refused it.
    pub fn extend(&mut self, journal: Journal, seq: u64, hash: Hash) -> (bool, Vec<Fork>) {
        let chain = self.chain(journal);
        if chain.hashes.is_empty() {
            chain.first = seq;
        } else if seq != chain.next() {
            return (false, Vec::new());
        }
        chain.hashes.push(hash);
        let reached: Vec<(Thumbprint, Head)> =
            chain.claimed.iter().filter(|(_, head)| head.0 == seq).map(|(by, head)| (*by, *head)).collect();
        let mut forks = Vec::new();
        for (by, Head(_, theirs)) in reached {
            chain.claimed.remove(&by);
            if theirs != hash {
                forks.push(Fork { journal, seq, ours: hash, theirs, by });
            }
        }
        (true, forks)
    }

    /// What a member testifies to have seen: compared at once where we have that place, else when we reach it.
    pub fn testify(&mut self, by: Thumbprint, heads: &Heads) -> Vec<Fork> {
        [(Journal::Main, heads.main), (Journal::Sitting, heads.sitting)]
            .into_iter()
            .filter_map(|(journal, head)| self.compare(journal, by, head?))
            .collect()
    }

    fn compare(&mut self, journal: Journal, by: Thumbprint, head: Head) -> Option<Fork> {
        let chain = self.chain(journal);
        let Head(seq, theirs) = head;
        match chain.at(seq) {
            Some(ours) => (ours != theirs).then_some(Fork { journal, seq, ours, theirs, by }),
            // Before our first entry nobody can be compared; ahead of our last one a later claim of the same device is on
            // the same chain, so one a device is enough.
            None => {
                if seq >= chain.next() {
                    chain.claimed.insert(by, head);
                }
                None
            }
        }
    }

    fn chain(&mut self, journal: Journal) -> &mut Chain {
        match journal {
            Journal::Main => &mut self.main,
            Journal::Sitting => &mut self.sitting,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BY: Thumbprint = Thumbprint([9; 32]);
    fn hash(byte: u8) -> Hash {
        Hash([byte; 32])
    }

    #[test]
    fn heads_survive_authenticated_data_and_anything_else_is_refused() {
        let heads = Heads { main: Some(Head(7, hash(1))), sitting: None };
        assert_eq!(Heads::from_aad(&heads.to_aad()), Some(heads));
        assert_eq!(heads.to_aad().len(), 81);
        assert_eq!(Heads::from_aad(&[]), None);
        assert_eq!(Heads::from_aad(&[1; 80]), None);
        let mut wrong = heads.to_aad();
        wrong[0] = 2;
        assert_eq!(Heads::from_aad(&wrong), None);
    }

    #[test]
    fn a_fork_behind_us_is_seen_at_once() {
        let mut ledger = Ledger::default();
        ledger.extend(Journal::Main, 3, hash(3));
        ledger.extend(Journal::Main, 4, hash(4));
        let heads = Heads { main: Some(Head(3, hash(9))), sitting: None };
        let forks = ledger.testify(BY, &heads);
        assert_eq!(forks, [Fork { journal: Journal::Main, seq: 3, ours: hash(3), theirs: hash(9), by: BY }]);
        assert!(ledger.testify(BY, &Heads { main: Some(Head(4, hash(4))), sitting: None }).is_empty());
        assert!(ledger.testify(BY, &Heads { main: Some(Head(2, hash(9))), sitting: None }).is_empty());
    }

    #[test]
    fn a_fork_ahead_of_us_is_seen_when_we_reach_it() {
        let mut ledger = Ledger::default();
        ledger.extend(Journal::Sitting, 1, hash(1));
        assert!(ledger.testify(BY, &Heads { main: None, sitting: Some(Head(2, hash(9))) }).is_empty());
        let (is_taken, forks) = ledger.extend(Journal::Sitting, 2, hash(2));
        assert!(is_taken);
        assert_eq!(forks.len(), 1);
        assert!(!ledger.extend(Journal::Sitting, 9, hash(2)).0);
    }
}
