//! A member's whole state as one blob: what the MLS library stores, and our few values beside it.
//!
//! `"incamera e2ee" 0x00 ‖ 0x01 ‖ header (u32 length, JSON) ‖ note (u32 length) ‖ entries (u32 count, each two lengths and two
//! values, sorted by key)`. The header names meeting, sitting and leaf; the note is the caller's (the act that it is about to
//! post, the places of both journals). Sealed by whoever holds a key: `seal` and `open` for those whose key is bytes; a page
//! seals with its non-extractable key. **Never two processes with one blob**: both would use one ratchet.
use std::collections::{BTreeMap, HashMap};

use openmls_rust_crypto::MemoryStorage;
use openmls_traits::random::OpenMlsRand;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::crypto;
use crate::error::{Code, Error, Result};
use crate::messages::ItemKeys;
use crate::strict::{GroupId, Hash, MeetingId, SittingId, Thumbprint};

const MAGIC: &[u8] = b"incamera e2ee\0\x01";
const SEAL_LABEL: &[u8] = b"incamera e2ee state v1";

/// Our values beside the library's.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    pub meeting: MeetingId,
    pub sitting: SittingId,
    /// The leaf's public key, b64u.
    pub leaf: String,
    /// The chain, once the device signed its leaf statement.
    pub chain: Option<String>,
    pub group: Option<GroupId>,
    pub is_member: bool,
    /// The hash of the pending commit's message, and its claims.
    pub pending: Option<(Hash, String)>,
    pub blocked: Option<Blocked>,
}

/// A breach that was seen.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Blocked {
    /// The check that fired.
    pub rule: String,
    /// Who sent it.
    pub author: Thumbprint,
    /// The epoch that it was to leave.
    pub epoch: u64,
}

/// The blob's parts.
pub(crate) struct Parts {
    pub header: Header,
    pub note: Vec<u8>,
    pub values: HashMap<Vec<u8>, Vec<u8>>,
    pub items: ItemKeys,
}

const ITEM: &[u8] = b"incamera item key\0";

pub(crate) fn encode(
    header: &Header,
    note: &[u8],
    storage: &MemoryStorage,
    items: &ItemKeys,
) -> Result<Zeroizing<Vec<u8>>> {
    let values = storage.values.read().map_err(|_| Error::internal("the store's lock is poisoned"))?;
    let mut entries: BTreeMap<Vec<u8>, &[u8]> =
        values.iter().map(|(key, value)| (key.clone(), value.as_slice())).collect();
    let keys: Vec<(Vec<u8>, Zeroizing<Vec<u8>>)> = items
        .keys
        .iter()
        .map(|(item, keys)| {
            (
                [ITEM, item.as_bytes()].concat(),
                Zeroizing::new(keys.iter().flat_map(|key| key.iter().copied()).collect()),
            )
        })
        .collect();
    for (item, keys) in &keys {
        entries.insert(item.clone(), keys);
    }
    let header = serde_json::to_vec(header).map_err(|_| Error::internal("a header is JSON"))?;
    let size = MAGIC.len()
        + header.len()
        + note.len()
        + 12
        + entries.iter().map(|(key, value)| key.len() + value.len() + 8).sum::<usize>();
    // Exactly so long: a vector that grew would leave copies of secrets behind.
    let mut blob = Zeroizing::new(Vec::with_capacity(size));
    blob.extend_from_slice(MAGIC);
    put(&mut blob, &header)?;
    put(&mut blob, note)?;
    blob.extend_from_slice(&length(entries.len())?);
    for (key, value) in entries {
        put(&mut blob, &key)?;
        put(&mut blob, value)?;
    }
    Ok(blob)
}

pub(crate) fn decode(blob: &[u8]) -> Result<Parts> {
    parts(blob).ok_or_else(|| Error::new(Code::StateUnreadable, "it is no saved state of this version"))
}

fn parts(blob: &[u8]) -> Option<Parts> {
    let mut rest = blob.strip_prefix(MAGIC)?;
    let header = serde_json::from_slice(take(&mut rest)?).ok()?;
    let note = take(&mut rest)?.to_vec();
    let count = u32::from_be_bytes(rest.split_off(..4)?.try_into().ok()?);
    let (mut values, mut items) = (HashMap::new(), ItemKeys::default());
    for _ in 0..count {
        let (key, value) = (take(&mut rest)?, take(&mut rest)?);
        match key.strip_prefix(ITEM) {
            Some(item) => {
                let (keys, rest) = value.as_chunks::<32>();
                if !rest.is_empty() {
                    return None;
                }
                items.keys.insert(
                    String::from_utf8(item.to_vec()).ok()?,
                    keys.iter().map(|key| Zeroizing::new(*key)).collect(),
                );
            }
            None => {
                values.insert(key.to_vec(), value.to_vec());
            }
        }
    }
    rest.is_empty().then_some(Parts { header, note, values, items })
}

fn length(bytes: usize) -> Result<[u8; 4]> {
    u32::try_from(bytes).map(u32::to_be_bytes).map_err(|_| Error::new(Code::LimitReached, "a state of more than 4 GiB"))
}

fn put(blob: &mut Vec<u8>, value: &[u8]) -> Result<()> {
    blob.extend_from_slice(&length(value.len())?);
    blob.extend_from_slice(value);
    Ok(())
}

fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let bytes = u32::from_be_bytes(rest.split_off(..4)?.try_into().ok()?);
    rest.split_off(..usize::try_from(bytes).ok()?)
}

/// The blob sealed under a key: AES-256-GCM.
pub(crate) fn seal(rand: &impl OpenMlsRand, key: &[u8; 32], blob: &[u8]) -> Result<Vec<u8>> {
    crypto::seal(rand, key, SEAL_LABEL, blob)
}

/// The blob that `seal` sealed.
pub(crate) fn open(key: &[u8; 32], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    crypto::open(key, SEAL_LABEL, sealed).ok_or_else(|| Error::new(Code::StateUnreadable, "the key does not open it"))
}
