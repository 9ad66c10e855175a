//! Keys for media: one for each epoch and participant of the room, from the group's exporter (docs/reference/record.md, 6).
use openmls::group::MlsGroup;
use openmls_traits::crypto::OpenMlsCrypto;
use zeroize::Zeroizing;

use crate::error::{Code, Error, Result};
use crate::strict::{Thumbprint, unb64u};

/// The exporter's label; part of the format.
pub const LABEL: &str = "incamera media key v1";
/// A base key's length, bytes; LiveKit's frame encryption derives AES-128 from it by HKDF.
pub const BYTES: usize = 32;
/// LiveKit's key ring: the index is round mod 16.
pub const RING: u64 = 16;
const INSTANCE_BYTES: usize = 8;

/// A participant of the room: `<device>.<instance>`, the instance being 8 random bytes a page load, b64u.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// The device.
    pub device: Thumbprint,
    text: String,
}

impl Identity {
    /// From its text.
    pub fn parse(text: &str) -> Option<Self> {
        let (device, instance) = text.split_once('.')?;
        let device = Thumbprint::parse(device)?;
        (unb64u(instance)?.len() == INSTANCE_BYTES).then(|| Self { device, text: text.to_owned() })
    }
}

/// `MLS-Exporter("incamera media key v1", utf8(identity), 32)` of the group's present epoch.
pub(crate) fn export(
    group: &MlsGroup,
    crypto: &impl OpenMlsCrypto,
    identity: &Identity,
) -> Result<Zeroizing<[u8; BYTES]>> {
    let key = group
        .export_secret(crypto, LABEL, identity.text.as_bytes(), BYTES)
        .map(Zeroizing::new)
        .map_err(|_| Error::new(Code::WrongPhase, "the group exports nothing: we were removed from it"))?;
    let mut base = Zeroizing::new([0; BYTES]);
    base.copy_from_slice(&key);
    Ok(base)
}

/// The index of a round's key in the ring.
pub fn index(round: u64) -> u8 {
    (round % RING) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_a_device_and_eight_bytes() {
        let device = Thumbprint([3; 32]);
        assert_eq!(Identity::parse(&format!("{device}.AAAAAAAAAAA")).map(|identity| identity.device), Some(device));
        for text in [
            "",
            "x",
            &format!("{device}"),
            &format!("{device}."),
            &format!("{device}.AAAA"),
            &format!("{device}.AAAAAAAAAAB"),
        ] {
            assert_eq!(Identity::parse(text), None, "{text}");
        }
        assert_eq!(index(33), 1);
    }
}
