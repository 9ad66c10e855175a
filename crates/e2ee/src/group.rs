//! A device's share of one sitting's MLS group: one leaf, from its key to its removal. Sans-I/O.
//!
//! Contract:
//! 1. `prepare` makes the leaf's key; the device signs its `leaf` statement; then `found` (sitting.open, sitting.regroup), or
//!    `knock` and, when a commit added us, `join`.
//! 2. Every accepted `mls.commit` of the group goes to `process`, one's own too, in the order of the journal. A commit of one's
//!    own is made by `commit`, **saved**, posted, and merged by `process` when it comes back as an entry, never before.
//! 3. `save` after each of these, and before anything made by `commit` or `knock` is posted. One blob, one process.
//! 4. A refusal of an accepted commit blocks: nothing is sent or exported any more; the way on is a new group.
use openmls::group::{GroupId as MlsGroupId, MlsGroup};
use openmls::prelude::{BasicCredential, CredentialWithKey, LeafNodeIndex, Member, OpenMlsProvider};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::random::OpenMlsRand;
use openmls_traits::types::SignatureScheme;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::chain::{self, Credential, Expected, LeafPlace, Trust};
use crate::claims::{Add, Claims, Facts, Remove};
use crate::error::{Code, Error, Result};
use crate::frame_keys::{self, Identity};
use crate::heads::Heads;
use crate::judgement::{Roster, Seated};
use crate::messages::ItemKeys;
use crate::mls;
use crate::storage::{self, Blocked, Header};
use crate::strict::{GroupId, Hash, SittingId, Thumbprint, b64u, unb64u};
use crate::words::{self, Language};

/// A leaf, its group, and what is kept beside them. It has no `Debug`: it is made of secrets.
pub struct Group {
    pub(crate) provider: OpenMlsRustCrypto,
    pub(crate) signer: SignatureKeyPair,
    pub(crate) trust: Trust,
    pub(crate) sitting: SittingId,
    pub(crate) chain: Option<String>,
    pub(crate) place: Option<LeafPlace>,
    pub(crate) device: Option<Thumbprint>,
    pub(crate) group: Option<MlsGroup>,
    pub(crate) roster: Roster,
    pub(crate) pending: Option<(Hash, String)>,
    pub(crate) blocked: Option<Blocked>,
    pub(crate) is_loaded: bool,
    pub(crate) items: ItemKeys,
}

/// A member as the screens show it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Seat {
    /// The leaf's index.
    pub leaf: u32,
    /// The device.
    pub device: Thumbprint,
    /// Its delegation, as the authority signed it.
    pub delegation: String,
    /// Its seat, as the authority signed it.
    pub seat: String,
    /// When its chain ends, ms: it should have knocked again before.
    pub until: u64,
}

/// Where a group stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The leaf's key is made; its statement is awaited.
    Leaf,
    /// A key package is out.
    Knocking,
    /// In the group.
    Member,
    /// Removed from the group.
    Removed,
    /// In the group, and a breach was seen: nothing is sent.
    Blocked,
}

/// A step from one epoch to the next.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Advance {
    /// The epoch that it led to.
    pub epoch: u64,
    /// Who committed.
    pub author: Thumbprint,
    /// Whether that was us.
    pub own: bool,
    /// Whether a commit of ours lost the race: make it again.
    pub lost: bool,
    /// Who came.
    pub adds: Vec<Add>,
    /// Who went, and why.
    pub removes: Vec<Remove>,
    /// The item that it opened.
    pub item: Option<String>,
    /// Whether we were removed.
    pub removed: bool,
    /// The author's heads.
    pub heads: Option<Heads>,
}

impl Group {
    /// A new leaf for a sitting. `items` are the keys of an earlier group of the same sitting, after a regroup.
    pub fn prepare(trust: Trust, sitting: SittingId, items: ItemKeys) -> Result<Self> {
        trust.authority_key()?;
        let provider = OpenMlsRustCrypto::default();
        let signer =
            SignatureKeyPair::new(SignatureScheme::ED25519).map_err(|_| Error::internal("no key could be made"))?;
        signer.store(provider.storage()).map_err(|_| Error::internal("the leaf's key could not be stored"))?;
        Ok(Self {
            provider,
            signer,
            trust,
            sitting,
            chain: None,
            place: None,
            device: None,
            group: None,
            roster: Roster::new(),
            pending: None,
            blocked: None,
            is_loaded: false,
            items,
        })
    }

    /// A new group's id: for the leaf statement of who founds it.
    pub fn new_id() -> Result<GroupId> {
        let random = OpenMlsRustCrypto::default().rand().random_array();
        random.map(GroupId).map_err(|_| Error::internal("the random source failed"))
    }

    /// The leaf's public key, b64u: `cnf.jwk.x` of the statement that the device signs for it.
    pub fn leaf_key(&self) -> String {
        b64u(self.signer.public())
    }

    /// Found the group that the chain's leaf statement names: epoch 0, alone.
    pub fn found(&mut self, chain: &str, facts: &Facts) -> Result<()> {
        let credential = self.prove(chain, Some(facts), facts.at)?;
        let place = self.place()?;
        let period = credential.leaf_period.ok_or_else(|| Error::internal("a chain of four has a leaf"))?;
        let group = mls::found(&self.provider, &self.signer, self.credential_with_key(chain), place.group, period)?;
        let leaf = group.own_leaf_index().u32();
        let seated =
            Seated { credential, identity: chain.as_bytes().to_vec(), signature_key: self.signer.public().to_vec() };
        self.roster = Roster::from([(leaf, seated)]);
        self.group = Some(group);
        Ok(())
    }

    /// The key package of a knock, an MLSMessage: single use. `at` is now, ms.
    pub fn knock(&mut self, chain: &str, at: u64) -> Result<Vec<u8>> {
        let credential = self.prove(chain, None, at)?;
        let period = credential.leaf_period.ok_or_else(|| Error::internal("a chain of four has a leaf"))?;
        mls::key_package(&self.provider, &self.signer, self.credential_with_key(chain), period)
    }

    /// Take the chain: valid at this moment, for this sitting, with our leaf's key at its end.
    fn prove(&mut self, chain: &str, facts: Option<&Facts>, at: u64) -> Result<Credential> {
        if self.chain.is_some() {
            return Err(Error::new(Code::WrongPhase, "this leaf has a statement already: one leaf, one group"));
        }
        let credential = chain::verify(chain, &self.trust, 4)?;
        let refuse = |rule, reason: &str| Error::rule(Code::ChainRefused, rule, reason);
        let place = credential.place().filter(|place| place.sitting == self.sitting);
        let place = place.ok_or_else(|| refuse("CHAIN-12", "the leaf is of another sitting"))?;
        let expected = match facts {
            Some(facts) => facts.expected(place),
            None => Expected { leaf: Some(place), ..Expected::default() },
        };
        chain::validate(chain, &self.trust, &expected, at)?;
        if credential.leaf_octets().is_none_or(|key| key[..] != *self.signer.public()) {
            return Err(refuse("CHAIN-12", "the statement is of another leaf's key"));
        }
        self.chain = Some(chain.to_owned());
        self.place = Some(place);
        self.device = Some(credential.device);
        Ok(credential)
    }

    pub(crate) fn credential_with_key(&self, chain: &str) -> CredentialWithKey {
        CredentialWithKey {
            credential: BasicCredential::new(chain.as_bytes().to_vec()).into(),
            signature_key: self.signer.public().into(),
        }
    }

    /// The charter was amended: the same authority and meeting, other charters and seats.
    pub fn trust(&mut self, trust: Trust) -> Result<()> {
        if trust.authority != self.trust.authority || trust.meeting != self.trust.meeting {
            return Err(Error::new(Code::Malformed, "another authority or meeting"));
        }
        trust.authority_key()?;
        self.trust = trust;
        Ok(())
    }

    /// Where the group stands.
    pub fn phase(&self) -> Phase {
        match &self.group {
            None if self.chain.is_none() => Phase::Leaf,
            None => Phase::Knocking,
            Some(group) if !group.is_active() => Phase::Removed,
            Some(_) if self.blocked.is_some() => Phase::Blocked,
            Some(_) => Phase::Member,
        }
    }

    /// The breach that blocks the group.
    pub fn blocked(&self) -> Option<&Blocked> {
        self.blocked.as_ref()
    }

    /// The group's id, once a chain named it.
    pub fn id(&self) -> Option<GroupId> {
        self.place.map(|place| place.group)
    }

    /// The epoch.
    pub fn epoch(&self) -> Result<u64> {
        self.member().map(|group| group.epoch().as_u64())
    }

    /// Our leaf's index.
    pub fn leaf(&self) -> Result<u32> {
        self.member().map(|group| group.own_leaf_index().u32())
    }

    /// The roster that the authority signed, by leaf.
    pub fn roster(&self) -> Vec<Seat> {
        let seat = |(leaf, seated): (&u32, &Seated)| Seat {
            leaf: *leaf,
            device: seated.credential.device,
            delegation: seated.credential.delegation.clone(),
            seat: seated.credential.seat.clone(),
            until: seated.credential.until,
        };
        self.roster.iter().map(seat).collect()
    }

    /// Whether a commit must begin a new epoch before anything is sent: after a reload.
    pub fn must_update(&self) -> bool {
        self.is_loaded
    }

    /// The hash of the pending commit's message, while its verdict is awaited.
    pub fn pending(&self) -> Option<Hash> {
        self.pending.as_ref().map(|(hash, _)| *hash)
    }

    /// The claims of the pending commit, as its act carries them: to be posted again after a reload.
    pub fn pending_claims(&self) -> Option<&str> {
        self.pending.as_ref().map(|(_, claims)| claims.as_str())
    }

    /// The eight words of the epoch.
    pub fn words(&self, language: Language) -> Result<Vec<String>> {
        // After our removal the library keeps showing the last authenticator.
        Ok(words::words(self.sound()?.epoch_authenticator().as_slice(), language))
    }

    /// The base key of a participant of the room, for the present epoch; only of devices on the roster.
    pub fn frame_key(&self, identity: &str) -> Result<Zeroizing<[u8; frame_keys::BYTES]>> {
        let group = self.sound()?;
        let identity =
            Identity::parse(identity).ok_or_else(|| Error::new(Code::Malformed, "not <device>.<instance>"))?;
        if !self.roster.values().any(|seated| seated.credential.device == identity.device) {
            return Err(Error::new(Code::NotOnRoster, "the device is not on the roster"));
        }
        frame_keys::export(group, self.provider.crypto(), &identity)
    }

    /// The whole state, for `load`; `note` is the caller's (the act to be posted, the places of both journals). Seal it.
    pub fn save(&self, note: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let header = Header {
            meeting: self.trust.meeting,
            sitting: self.sitting,
            leaf: self.leaf_key(),
            chain: self.chain.clone(),
            group: self.place.map(|place| place.group),
            is_member: self.group.is_some(),
            pending: self.pending.clone(),
            blocked: self.blocked.clone(),
        };
        storage::encode(&header, note, self.provider.storage(), &self.items)
    }

    /// `save`, sealed under a key: AES-256-GCM.
    pub fn save_sealed(&self, key: &[u8; 32], note: &[u8]) -> Result<Vec<u8>> {
        storage::seal(self.provider.rand(), key, &self.save(note)?)
    }

    /// What `save_sealed` made.
    pub fn load_sealed(key: &[u8; 32], sealed: &[u8], trust: Trust, sitting: SittingId) -> Result<(Self, Vec<u8>)> {
        Self::load(&storage::open(key, sealed)?, trust, sitting)
    }

    /// What `save` made, and its note. Nothing is sent in the loaded epoch: a commit comes first.
    pub fn load(blob: &[u8], trust: Trust, sitting: SittingId) -> Result<(Self, Vec<u8>)> {
        let unreadable = |what: &'static str| Error::new(Code::StateUnreadable, what);
        let parts = storage::decode(blob)?;
        let header = parts.header;
        if header.meeting != trust.meeting || header.sitting != sitting {
            return Err(unreadable("it is the state of another meeting or sitting"));
        }
        let provider = OpenMlsRustCrypto::default();
        *provider.storage().values.write().map_err(|_| Error::internal("the store's lock is poisoned"))? = parts.values;
        let public = unb64u(&header.leaf).ok_or_else(|| unreadable("the leaf's key has no form"))?;
        let signer = SignatureKeyPair::read(provider.storage(), &public, SignatureScheme::ED25519)
            .ok_or_else(|| unreadable("the leaf's key is not in it"))?;
        let group = match header.group.filter(|_| header.is_member) {
            Some(id) => MlsGroup::load(provider.storage(), &MlsGroupId::from_slice(&id.0))
                .ok()
                .flatten()
                .map(Some)
                .ok_or_else(|| unreadable("the group is not in it"))?,
            None => None,
        };
        let own = header.chain.as_deref().map(|chain| chain::verify(chain, &trust, 4)).transpose()?;
        let mut roster = Roster::new();
        for member in group.iter().flat_map(MlsGroup::members) {
            roster.insert(member.index.u32(), seated(&member, &trust)?);
        }
        let loaded = Self {
            place: header.group.map(|group| LeafPlace { sitting, group }),
            device: own.map(|credential| credential.device),
            is_loaded: group.is_some(),
            provider,
            signer,
            trust,
            sitting,
            chain: header.chain,
            group,
            roster,
            pending: header.pending,
            blocked: header.blocked,
            items: parts.items,
        };
        Ok((loaded, parts.note))
    }

    pub(crate) fn place(&self) -> Result<LeafPlace> {
        self.place.ok_or_else(|| Error::new(Code::WrongPhase, "the leaf has no statement yet"))
    }

    /// The group, whether blocked or not, as long as we are in it.
    pub(crate) fn member(&self) -> Result<&MlsGroup> {
        let group = self.group.as_ref().filter(|group| group.is_active());
        group.ok_or_else(|| Error::new(Code::WrongPhase, "we are not in the group"))
    }

    /// The group, if nothing blocks it.
    pub(crate) fn sound(&self) -> Result<&MlsGroup> {
        match &self.blocked {
            Some(blocked) => {
                Err(Error::new(Code::Blocked, format!("a breach was seen ({})", blocked.rule)).by(&blocked.author))
            }
            None => self.member(),
        }
    }

    /// The leaf of a device on the roster.
    pub(crate) fn leaf_of(&self, device: &Thumbprint) -> Option<u32> {
        self.roster.iter().find(|(_, seated)| seated.credential.device == *device).map(|(leaf, _)| *leaf)
    }
}

/// A member of the tree with the credential that its chain proves: the rules that need neither time nor record.
pub(crate) fn seated(member: &Member, trust: &Trust) -> Result<Seated> {
    let identity = mls::identity(&member.credential).unwrap_or_default();
    let chain = std::str::from_utf8(&identity).unwrap_or_default();
    let credential = chain::verify(chain, trust, 4)?;
    Ok(Seated { credential, identity, signature_key: member.signature_key.clone() })
}

/// A leaf's index as the library types it.
pub(crate) fn index(leaf: u32) -> LeafNodeIndex {
    LeafNodeIndex::new(leaf)
}

impl Claims {
    /// The hash that recognises a commit of one's own when it comes back.
    pub(crate) fn hash(&self) -> Hash {
        Hash::of(&self.message)
    }
}
