//! The library's calls with our parameters, and nothing else: suite, ratchet window, padding, lifetimes, wire forms.
//!
//! OpenMLS 0.9.2 checks lifetimes of key packages and of leaves that never updated by the **system's clock**: that is the only
//! clock that anything here asks, and why lifetimes are an hour wider than the leaf's statement on both sides.
use openmls::credentials::{BasicCredential, Credential, CredentialType};
use openmls::group::{
    GroupId as MlsGroupId, MlsGroup, MlsGroupJoinConfig, PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, StagedCommit,
    WireFormatPolicy,
};
use openmls::key_packages::{KeyPackage, Lifetime};
use openmls::messages::Welcome;
use openmls::messages::proposals::{Proposal, ProposalOrRefType};
use openmls::prelude::tls_codec::{DeserializeBytes, Serialize as _};
use openmls::prelude::{
    Capabilities, Ciphersuite, CredentialWithKey, KeyPackageIn, MlsMessageBodyIn, MlsMessageIn, MlsMessageOut,
    OpenMlsProvider, ProtocolMessage, ProtocolVersion, SenderRatchetConfiguration,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;

use crate::error::{Error, Result};
use crate::judgement::{AddedLeaf, Effect, lifetime};
use crate::strict::GroupId;

/// `MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519` (draft-ietf-mls-pq-ciphersuites-06, TBD2), by OpenMLS's provisional number.
pub const SUITE: u16 = 0x004E;
const CIPHERSUITE: Ciphersuite = Ciphersuite::MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519;
/// Handshakes are encrypted: what a commit does stands in its act.
const WIRE: WireFormatPolicy = PURE_CIPHERTEXT_WIRE_FORMAT_POLICY;
/// Private messages are multiples of so many bytes.
const PADDING: usize = 256;
/// Heartbeats and stored messages share a ratchet and travel by two ways: with the default of 5 a stored message that is read
/// after 7 newer heartbeats is lost.
const OUT_OF_ORDER: u32 = 64;
const FORWARD: u32 = 1000;
/// A late message of the epoch before opens; each further epoch would keep its whole member list in the state.
const PAST_EPOCHS: usize = 1;

fn capabilities() -> Capabilities {
    Capabilities::new(None, Some(&[CIPHERSUITE]), None, None, Some(&[CredentialType::Basic]))
}

pub(crate) fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(WIRE)
        .padding_size(PADDING)
        .max_past_epochs(PAST_EPOCHS)
        .number_of_resumption_psks(0)
        .use_ratchet_tree_extension(true)
        .sender_ratchet_configuration(SenderRatchetConfiguration::new(OUT_OF_ORDER, FORWARD))
        .build()
}

/// A group of one, at epoch 0.
pub(crate) fn found(
    provider: &OpenMlsRustCrypto,
    signer: &SignatureKeyPair,
    credential: CredentialWithKey,
    id: GroupId,
    (from, until): (u64, u64),
) -> Result<MlsGroup> {
    let (not_before, not_after) = lifetime(from, until);
    MlsGroup::builder()
        .with_group_id(MlsGroupId::from_slice(&id.0))
        .ciphersuite(CIPHERSUITE)
        .with_wire_format_policy(WIRE)
        .padding_size(PADDING)
        .max_past_epochs(PAST_EPOCHS)
        .number_of_resumption_psks(0)
        .use_ratchet_tree_extension(true)
        .sender_ratchet_configuration(SenderRatchetConfiguration::new(OUT_OF_ORDER, FORWARD))
        .with_capabilities(capabilities())
        .lifetime(Lifetime::init(not_before, not_after))
        .build(provider, signer, credential)
        .map_err(|_| Error::internal("the group could not be made"))
}

/// A key package of single use, as an MLSMessage.
pub(crate) fn key_package(
    provider: &OpenMlsRustCrypto,
    signer: &SignatureKeyPair,
    credential: CredentialWithKey,
    (from, until): (u64, u64),
) -> Result<Vec<u8>> {
    let (not_before, not_after) = lifetime(from, until);
    let bundle = KeyPackage::builder()
        .key_package_lifetime(Lifetime::init(not_before, not_after))
        .leaf_node_capabilities(capabilities())
        .build(CIPHERSUITE, provider, signer, credential)
        .map_err(|_| Error::internal("the key package could not be made"))?;
    bytes(&MlsMessageOut::from(bundle.key_package().clone()))
}

/// A knock's key package, checked as RFC 9420 10.1 asks, the system's clock included.
pub(crate) fn read_key_package(provider: &OpenMlsRustCrypto, message: &[u8]) -> Option<KeyPackage> {
    let MlsMessageBodyIn::KeyPackage(package) = MlsMessageIn::tls_deserialize_exact_bytes(message).ok()?.extract()
    else {
        return None;
    };
    let package: KeyPackageIn = package;
    package
        .validate(provider.crypto(), ProtocolVersion::Mls10)
        .ok()
        .filter(|package| package.ciphersuite() == CIPHERSUITE)
}

pub(crate) fn read_welcome(message: &[u8]) -> Option<Welcome> {
    match MlsMessageIn::tls_deserialize_exact_bytes(message).ok()?.extract() {
        MlsMessageBodyIn::Welcome(welcome) => Some(welcome),
        _ => None,
    }
}

/// A PrivateMessage; anything else is none of ours.
pub(crate) fn read_private(message: &[u8]) -> Option<ProtocolMessage> {
    match MlsMessageIn::tls_deserialize_exact_bytes(message).ok()?.extract() {
        MlsMessageBodyIn::PrivateMessage(message) => Some(ProtocolMessage::from(message)),
        _ => None,
    }
}

pub(crate) fn bytes(message: &MlsMessageOut) -> Result<Vec<u8>> {
    message.tls_serialize_detached().map_err(|_| Error::internal("a message could not be written"))
}

/// The identity of a basic credential.
pub(crate) fn identity(credential: &Credential) -> Option<Vec<u8>> {
    BasicCredential::try_from(credential.clone()).ok().map(|basic| basic.identity().to_vec())
}

/// What a staged commit does: the same for one's own and for others'.
pub(crate) fn effect(staged: &StagedCommit, sender: u32, aad: &[u8]) -> Result<Effect> {
    let is_ours = |proposal: &Proposal| matches!(proposal, Proposal::Add(_) | Proposal::Remove(_));
    let mut effect = Effect {
        sender,
        aad: aad.to_vec(),
        has_other: staged
            .queued_proposals()
            .any(|queued| queued.proposal_or_ref_type() != ProposalOrRefType::Proposal || !is_ours(queued.proposal())),
        removes: staged.remove_proposals().map(|queued| queued.remove_proposal().removed().u32()).collect(),
        adds: Vec::new(),
        path: None,
    };
    for queued in staged.add_proposals() {
        effect.adds.push(added(queued.add_proposal().key_package())?);
    }
    if let Some(leaf) = staged.update_path_leaf_node() {
        effect.path = identity(leaf.credential()).map(|identity| (identity, leaf.signature_key().as_slice().to_vec()));
    }
    Ok(effect)
}

/// What of a key package is judged.
pub(crate) fn added(package: &KeyPackage) -> Result<AddedLeaf> {
    let leaf = package.leaf_node();
    Ok(AddedLeaf {
        key_package: bytes(&MlsMessageOut::from(package.clone()))?,
        identity: identity(leaf.credential()).unwrap_or_default(),
        signature_key: leaf.signature_key().as_slice().to_vec(),
        lifetime: (package.life_time().not_before(), package.life_time().not_after()),
        has_extensions: package.last_resort()
            || package.extensions().iter().next().is_some()
            || leaf.extensions().iter().next().is_some(),
    })
}
