//! What the act that carries a commit says of it, and what the record says at the entry's place. Judged in `judgement.rs`.
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::chain::{Expected, Fact, LeafPlace};
use crate::error::{Code, Error, Result};
use crate::strict::{GroupId, Hash, Json, Malformed, Members, Thumbprint, b64u};

/// Adds in one commit.
pub const ADDS_MAX: usize = 30;
/// A commit's MLS message, bytes: what an act of 512 KiB can carry.
pub const COMMIT_BYTES_MAX: usize = 288 * 1024;
/// A key package with its chain, bytes.
pub const KEY_PACKAGE_BYTES_MAX: usize = 8 * 1024;
const REMOVES_MAX: usize = 2000;

/// Why a leaf is removed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Because {
    /// An exclude act.
    Excluded,
    /// A leave act of its own.
    Left,
    /// A revoke act, in the main journal.
    Revoked,
    /// Not heard for ten minutes: the author's word.
    Silent,
    /// It knocked again, and the same commit adds its new leaf.
    Replaced,
}

impl Because {
    fn parse(word: &str) -> Option<Self> {
        serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
    }
}

/// A claim: this device is added at this leaf, as these two acts allow.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Add {
    /// The device.
    pub device: Thumbprint,
    /// The leaf's index.
    pub leaf: u32,
    /// The knock's hash.
    pub knock: Hash,
    /// The admit act's hash.
    pub admit: Hash,
}

/// A claim: this device's leaf is removed, for this reason, by this act.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Remove {
    /// The device.
    pub device: Thumbprint,
    /// The leaf's index.
    pub leaf: u32,
    /// The reason.
    pub because: Because,
    /// The act, or none for a silent one.
    pub cites: Option<Hash>,
}

/// The body of an `mls.commit` act.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Claims {
    /// The group.
    pub group: GroupId,
    /// The epoch that it leaves.
    pub epoch: u64,
    /// The commit, an MLSMessage.
    #[serde(serialize_with = "as_b64u")]
    pub message: Vec<u8>,
    /// The hash of the Welcome.
    pub welcome: Option<Hash>,
    /// What it adds, in the order of its proposals.
    pub adds: Vec<Add>,
    /// What it removes, in the order of its proposals.
    pub removes: Vec<Remove>,
    /// The item that it opens.
    pub item: Option<String>,
}

fn as_b64u<S: serde::Serializer>(bytes: &[u8], serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(&b64u(bytes))
}

impl Claims {
    /// The body as an act carries it: compact JSON, members in the order of the format.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|_| Error::internal("claims are JSON"))
    }

    /// The body of an act, strictly: CLAIM-1.
    pub fn parse(body: &[u8]) -> Result<Self> {
        Self::read(body).map_err(|malformed| breach("CLAIM-1", malformed.to_string()))
    }

    fn read(body: &[u8]) -> std::result::Result<Self, Malformed> {
        let mut members = Members::load(body)?;
        let claims = Self {
            group: members.group("group")?,
            epoch: members.any_integer("epoch")?,
            message: members.octets("message", 1, COMMIT_BYTES_MAX)?,
            welcome: members.optional("welcome", Members::hash)?,
            adds: members.array("adds", ADDS_MAX)?.into_iter().map(add).collect::<std::result::Result<_, _>>()?,
            removes: members
                .array("removes", REMOVES_MAX)?
                .into_iter()
                .map(remove)
                .collect::<std::result::Result<_, _>>()?,
            item: members.optional("item", Members::slug)?,
        };
        members.end()?;
        Ok(claims)
    }
}

fn add(value: Json) -> std::result::Result<Add, Malformed> {
    let mut members = Members::new(value, "adds")?;
    let add = Add {
        device: members.thumbprint("device")?,
        leaf: members.leaf("leaf")?,
        knock: members.hash("knock")?,
        admit: members.hash("admit")?,
    };
    members.end()?;
    Ok(add)
}

fn remove(value: Json) -> std::result::Result<Remove, Malformed> {
    let mut members = Members::new(value, "removes")?;
    let because = members.text("because", 16)?;
    let remove = Remove {
        device: members.thumbprint("device")?,
        leaf: members.leaf("leaf")?,
        because: Because::parse(&because).ok_or_else(|| Malformed::new("because", "not one of the reasons"))?,
        cites: members.optional("cites", Members::hash)?,
    };
    members.end()?;
    Ok(remove)
}

/// A knock that stands at the entry's place: what its act carried.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Knock {
    /// Its author.
    pub device: Thumbprint,
    /// The four statements, joined by `~`.
    pub chain: String,
    /// The key package (an MLSMessage), b64u.
    pub key_package: String,
}

/// A removal that is due at the entry's place.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Due {
    /// Who is to be removed.
    pub device: Thumbprint,
    /// Why: excluded, left or revoked.
    pub because: Because,
    /// By which act.
    pub cites: Hash,
}

/// What the record says at an entry's place, folded by who calls.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// The entry's time, ms.
    pub at: u64,
    /// Devices admitted to this sitting, enrolled, and neither excluded nor revoked: each with the admit acts that stand.
    pub admitted: BTreeMap<Thumbprint, BTreeSet<Hash>>,
    /// Knocks for this group that stand, by their act's hash.
    #[serde(default)]
    pub knocks: BTreeMap<Hash, Knock>,
    /// Removals due.
    #[serde(default)]
    pub due: Vec<Due>,
    /// Devices revoked in the main journal: for the reason given, `admitted` holds none of them.
    #[serde(default)]
    pub revoked: BTreeSet<Thumbprint>,
}

impl Facts {
    pub(crate) fn expected(&self, place: LeafPlace) -> Expected<'_> {
        Expected { leaf: Some(place), enrolled: Some(self), revoked: Some(&self.revoked) }
    }
}

/// Who is enrolled, as far as the group is concerned: the admitted, and the revoked, which were enrolled once.
impl Fact for Facts {
    fn has(&self, device: &Thumbprint) -> bool {
        self.admitted.contains_key(device) || self.revoked.contains(device)
    }
}

pub(crate) fn breach(rule: &'static str, reason: impl Into<String>) -> Error {
    Error::rule(Code::CommitBreach, rule, reason)
}
