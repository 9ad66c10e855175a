//! Item keys and sealed bodies: what the record holds of restricted items, opaque for the server (docs/reference/record.md, 3).
//!
//! An item's key travels to members in a stored MLS message; bodies sealed under it stand in acts. Keys are kept beside the
//! group's state and survive a regroup.
use std::collections::BTreeMap;

use openmls_traits::random::OpenMlsRand;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::crypto;
use crate::error::{Code, Error, Result};
use crate::strict::{Hash, Members, b64u, is_slug};
use crate::strict::{MeetingId, SittingId};

/// A sealed body, bytes.
pub const SEALED_BYTES_MAX: usize = 4 * 1024;

/// Keys kept of one item: the first is the one that is used; more only so that nobody can take an item's place beforehand
/// with a key of its own.
const KEYS_MAX: usize = 4;

/// The keys of a sitting's items that are here.
#[derive(Clone, Default)]
pub struct ItemKeys {
    pub(crate) keys: BTreeMap<String, Vec<Zeroizing<[u8; 32]>>>,
}

/// Where a sealed body stands: its additional data, so that none can be moved.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The meeting.
    pub meeting: MeetingId,
    /// The sitting.
    pub sitting: SittingId,
    /// The act's kind: `agenda.title`.
    pub kind: &'a str,
}

impl Place<'_> {
    fn aad(&self, item: &str) -> Vec<u8> {
        format!("{}\0{}\0{}\0{}", self.meeting, self.sitting, item, self.kind).into_bytes()
    }
}

#[derive(Serialize)]
struct Sealed<'a> {
    item: &'a str,
    key: Hash,
    sealed: String,
}

#[derive(Serialize)]
struct Content<'a> {
    v: u8,
    item: &'a str,
    key: &'a str,
}

impl ItemKeys {
    /// Make the key of an item, unless it is here.
    pub(crate) fn make(&mut self, item: &str, rand: &impl OpenMlsRand) -> Result<()> {
        if !is_slug(item) {
            return Err(Error::new(Code::Malformed, "not an item's id"));
        }
        if !self.keys.contains_key(item) {
            let key = rand.random_array().map_err(|_| Error::internal("the random source failed"))?;
            self.keys.insert(item.to_owned(), vec![Zeroizing::new(key)]);
        }
        Ok(())
    }

    /// The items whose keys are here.
    pub fn items(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }

    /// The content of the message that carries an item's key: `{v, item, key}`. The first key, or the one of this hash.
    pub(crate) fn content(&self, item: &str, hash: Option<Hash>) -> Result<Zeroizing<Vec<u8>>> {
        let key = Zeroizing::new(b64u(self.key(item, hash)?));
        serde_json::to_vec(&Content { v: 1, item, key: &key })
            .map(Zeroizing::new)
            .map_err(|_| Error::internal("a key's content is JSON"))
    }

    /// Take an item's key from such a content; returns the item.
    pub(crate) fn learn(&mut self, content: &[u8]) -> Result<String> {
        let mut members = Members::load(content)?;
        members.version()?;
        let item = members.slug("item")?;
        let key = Zeroizing::new(members.octets("key", 32, 32)?);
        members.end()?;
        let mut fixed = Zeroizing::new([0; 32]);
        fixed.copy_from_slice(&key);
        let keys = self.keys.entry(item.clone()).or_default();
        if !keys.contains(&fixed) {
            if keys.len() == KEYS_MAX {
                return Err(Error::new(Code::LimitReached, "too many keys of one item"));
            }
            keys.push(fixed);
        }
        Ok(item)
    }

    /// A sealed body in JSON: `{item, key, sealed}`.
    pub(crate) fn seal(&self, place: Place<'_>, item: &str, plain: &[u8], rand: &impl OpenMlsRand) -> Result<String> {
        let key = self.key(item, None)?;
        if plain.len() + crypto::NONCE + crypto::TAG > SEALED_BYTES_MAX {
            return Err(Error::new(Code::LimitReached, "a sealed body is at most 4 KiB"));
        }
        let sealed = crypto::seal(rand, key, &place.aad(item), plain)?;
        serde_json::to_string(&Sealed { item, key: Hash::of(key), sealed: b64u(&sealed) })
            .map_err(|_| Error::internal("a sealed body is JSON"))
    }

    /// What such a body says.
    pub(crate) fn open(&self, place: Place<'_>, body: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let mut members = Members::load(body)?;
        let (item, named) = (members.slug("item")?, members.hash("key")?);
        let sealed = members.octets("sealed", crypto::NONCE + crypto::TAG, SEALED_BYTES_MAX)?;
        members.end()?;
        let key = self.key(&item, Some(named))?;
        crypto::open(key, &place.aad(&item), &sealed)
            .ok_or_else(|| Error::new(Code::SealBroken, "its key does not open it"))
    }

    fn key(&self, item: &str, hash: Option<Hash>) -> Result<&[u8; 32]> {
        let keys = self.keys.get(item).map_or(&[][..], Vec::as_slice);
        let found = keys.iter().map(|key| &**key).find(|key| hash.is_none_or(|hash| Hash::of(&key[..]) == hash));
        found.ok_or_else(|| Error::new(Code::ItemKeyUnknown, "the key of this item is not here"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use openmls_rust_crypto::RustCrypto;

    const PLACE: Place<'_> = Place { meeting: MeetingId([1; 16]), sitting: SittingId([2; 16]), kind: "agenda.title" };

    #[test]
    fn a_body_opens_at_its_place_and_nowhere_else() {
        let rand = RustCrypto::default();
        let mut ours = ItemKeys::default();
        ours.make("item-1", &rand).unwrap();
        let body = ours.seal(PLACE, "item-1", b"the title", &rand).unwrap();
        let mut theirs = ItemKeys::default();
        assert_eq!(theirs.open(PLACE, body.as_bytes()).unwrap_err().code, Code::ItemKeyUnknown);
        assert_eq!(theirs.learn(&ours.content("item-1", None).unwrap()).unwrap(), "item-1");
        assert_eq!(theirs.open(PLACE, body.as_bytes()).unwrap().as_slice(), b"the title");
        let moved = Place { kind: "agenda.open", ..PLACE };
        assert_eq!(theirs.open(moved, body.as_bytes()).unwrap_err().code, Code::SealBroken);
    }

    #[test]
    fn who_sends_a_key_first_does_not_take_the_items_place() {
        let rand = RustCrypto::default();
        let (mut ours, mut theirs, mut reader) = (ItemKeys::default(), ItemKeys::default(), ItemKeys::default());
        ours.make("item-1", &rand).unwrap();
        theirs.make("item-1", &rand).unwrap();
        reader.learn(&theirs.content("item-1", None).unwrap()).unwrap();
        reader.learn(&ours.content("item-1", None).unwrap()).unwrap();
        let body = ours.seal(PLACE, "item-1", b"the title", &rand).unwrap();
        assert_eq!(reader.open(PLACE, body.as_bytes()).unwrap().as_slice(), b"the title");
    }
}
