//! The few primitives beside MLS, all from the provider that MLS runs on: no second library for one job.
use std::sync::LazyLock;

use openmls_rust_crypto::RustCrypto;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::random::OpenMlsRand;
use openmls_traits::types::{AeadType, HashType, SignatureScheme};
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// Its hash, signature check and AEAD have no state; its generator is seeded once, from the system.
static PROVIDER: LazyLock<RustCrypto> = LazyLock::new(RustCrypto::default);

/// AES-256-GCM: nonce and tag, bytes.
pub(crate) const NONCE: usize = 12;
pub(crate) const TAG: usize = 16;

/// SHA-256.
pub(crate) fn sha256(data: &[u8]) -> [u8; 32] {
    PROVIDER
        .hash(HashType::Sha2_256, data)
        .ok()
        .and_then(|hash| hash.try_into().ok())
        .expect("the provider has SHA-256 of 32 bytes")
}

/// Whether an Ed25519 signature is by a key over these bytes; strict (RFC 8032, and no point of small order).
pub(crate) fn verify_ed25519(key: &[u8; 32], data: &[u8], signature: &[u8]) -> bool {
    PROVIDER.verify_signature(SignatureScheme::ED25519, data, key, signature).is_ok()
}

/// `nonce ‖ ciphertext ‖ tag`.
pub(crate) fn seal(rand: &impl OpenMlsRand, key: &[u8; 32], aad: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    let nonce: [u8; NONCE] = rand.random_array().map_err(|_| Error::internal("the random source failed"))?;
    let mut sealed = nonce.to_vec();
    let body = PROVIDER
        .aead_encrypt(AeadType::Aes256Gcm, key, plain, &nonce, aad)
        .map_err(|_| Error::internal("AES-256-GCM failed"))?;
    sealed.extend_from_slice(&body);
    Ok(sealed)
}

/// What `seal` sealed, or none.
pub(crate) fn open(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if sealed.len() < NONCE + TAG {
        return None;
    }
    let (nonce, body) = sealed.split_at(NONCE);
    PROVIDER.aead_decrypt(AeadType::Aes256Gcm, key, body, nonce, aad).ok().map(Zeroizing::new)
}
