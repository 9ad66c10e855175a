//! SRTP (RFC 3711, RFC 7714) of the media that we send, and SRTCP of what is said about it. The primitives are the crypto
//! provider's; the layout is here.
//!
//! str0m seals with the same session keys: its receiver reports and feedback. That is safe since a nonce is made of SSRC
//! and index, and **each SSRC has one owner, for RTP and RTCP**: the SSRCs of subscriptions are `sender.rs`'s alone
//! (`announcement.rs` takes them out of str0m), and str0m's own one is no subscription's.

use std::collections::{HashSet, VecDeque};

use str0m::crypto::dtls::SrtpProfile;
use str0m::crypto::{
    AeadAes128GcmCipher, AeadAes256Gcm, AeadAes256GcmCipher, Aes128CmSha1_80, Aes128CmSha1_80Cipher, CryptoError,
    CryptoProvider,
};
use zeroize::Zeroizing;

use crate::keys::Material;

/// RFC 3711, 4.3.2: what a derived key is for.
const RTP: Labels = Labels { key: 0, tag: 1, salt: 2 };
const RTCP: Labels = Labels { key: 3, tag: 4, salt: 5 };
/// SRTCP: E flag and index.
const INDEX: usize = 4;
/// RTCP: first header and SSRC, always clear.
const CLEAR: usize = 8;
/// RTP: the fixed header.
const HEAD: usize = 12;
/// AEAD_AES_*_GCM (RFC 7714, 12).
const AEAD_TAG: usize = 16;
/// What the provider's counter mode writes behind its output.
const COUNTER_SCRATCH: usize = 15;
/// SSRCs that are remembered as a client's own; each packet of one beyond is proved anew, as a stream that has not rolled over.
const STREAMS: usize = 4096;
/// SSRCs whose SRTCP indexes are remembered against replay.
const WINDOWS: usize = 8;

struct Labels {
    key: u8,
    tag: u8,
    salt: u8,
}

/// A derived key or salt: wiped when it is dropped, and in a box, so that nothing stays behind where its owner was moved from.
type Derived<const LENGTH: usize> = Box<Zeroizing<[u8; LENGTH]>>;

/// One direction's cipher, for RTP or for RTCP.
enum Cipher {
    Counter { tag_key: Derived<20>, salt: Derived<14>, cipher: Box<dyn Aes128CmSha1_80Cipher> },
    Short { salt: Derived<12>, cipher: Box<dyn AeadAes128GcmCipher> },
    Long { salt: Derived<12>, cipher: Box<dyn AeadAes256GcmCipher> },
}

/// One direction's master key and salt.
struct Master<'a> {
    crypto: &'a CryptoProvider,
    profile: SrtpProfile,
    key: &'a [u8],
    salt: &'a [u8],
}

impl<'a> Master<'a> {
    /// `first`: the DTLS client's half of the material.
    fn of(crypto: &'a CryptoProvider, material: &'a Material, first: bool) -> Option<Master<'a>> {
        let (key, salt) = match material.profile {
            SrtpProfile::AES128_CM_SHA1_80 => (16, 14),
            SrtpProfile::AEAD_AES_128_GCM => (16, 12),
            SrtpProfile::AEAD_AES_256_GCM => (32, 12),
            _ => return None,
        };
        let half = |start: usize, length: usize| {
            let start = if first { start } else { start + length };
            material.bytes.get(start..start + length)
        };
        Some(Master { crypto, profile: material.profile, key: half(0, key)?, salt: half(key * 2, salt)? })
    }

    /// RFC 3711, 4.3.3: AES in counter mode over the salt and the label.
    fn derive<const LENGTH: usize>(&self, label: u8) -> Derived<LENGTH> {
        let mut out = Box::new(Zeroizing::new([0; LENGTH]));
        let mut input = Zeroizing::new([0; 16]);
        input[..self.salt.len()].copy_from_slice(self.salt);
        input[7] ^= label;
        for (round, chunk) in out.chunks_mut(16).enumerate() {
            input[14..].copy_from_slice(&(round as u16).to_be_bytes());
            let mut block = Zeroizing::new([0; 32]);
            match self.key.len() {
                32 => self.crypto.srtp_provider.srtp_aes_256_ecb_round(self.key, &input[..], &mut block[..]),
                _ => self.crypto.srtp_provider.srtp_aes_128_ecb_round(self.key, &input[..], &mut block[..]),
            }
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
        out
    }

    fn cipher(&self, labels: &Labels, seal: bool) -> Cipher {
        let srtp = self.crypto.srtp_provider;
        match self.profile {
            SrtpProfile::AEAD_AES_256_GCM => Cipher::Long {
                salt: self.derive(labels.salt),
                cipher: srtp.aead_aes_256_gcm().create_cipher(**self.derive(labels.key), seal),
            },
            SrtpProfile::AEAD_AES_128_GCM => Cipher::Short {
                salt: self.derive(labels.salt),
                cipher: srtp.aead_aes_128_gcm().create_cipher(**self.derive(labels.key), seal),
            },
            _ => Cipher::Counter {
                tag_key: self.derive(labels.tag),
                salt: self.derive(labels.salt),
                cipher: srtp.aes_128_cm_sha1_80().create_cipher(**self.derive(labels.key), seal),
            },
        }
    }
}

/// Seals what we send.
pub(crate) struct Outbound {
    crypto: &'static CryptoProvider,
    rtp: Cipher,
    rtcp: Cipher,
    rtcp_index: u32,
}

impl Outbound {
    pub(crate) fn new(crypto: &'static CryptoProvider, material: &Material) -> Option<Outbound> {
        let master = Master::of(crypto, material, material.client)?;
        Some(Outbound { crypto, rtp: master.cipher(&RTP, true), rtcp: master.cipher(&RTCP, true), rtcp_index: 0 })
    }

    /// Append a sealed payload to a packet whose header stands in `packet[start..]`. `index`: the extended sequence number;
    /// never one that this SSRC had before.
    pub(crate) fn seal_rtp(
        &mut self,
        packet: &mut Vec<u8>,
        start: usize,
        payload: &[u8],
        ssrc: u32,
        index: u64,
    ) -> Result<(), CryptoError> {
        let body = packet.len();
        match &mut self.rtp {
            Cipher::Counter { tag_key, salt, cipher } => {
                packet.resize(body + payload.len() + COUNTER_SCRATCH, 0);
                let iv = Aes128CmSha1_80::rtp_iv(***salt, ssrc, index);
                cipher.encrypt(&iv, payload, &mut packet[body..])?;
                let end = body + payload.len();
                let hmac = |key: &[u8], parts: &[&[u8]]| self.crypto.sha1_hmac_provider.sha1_hmac(key, parts);
                Aes128CmSha1_80::rtp_hmac(hmac, &tag_key[..], &mut packet[start..], index, end - start);
                packet.truncate(end + Aes128CmSha1_80::HMAC_TAG_LEN);
                Ok(())
            }
            aead => {
                packet.resize(body + payload.len() + AEAD_TAG, 0);
                let (head, tail) = packet.split_at_mut(body);
                aead.encrypt_aead(
                    |salt| AeadAes256Gcm::rtp_iv(salt, ssrc, (index >> 16) as u32, index as u16),
                    &head[start..],
                    payload,
                    tail,
                )
            }
        }
    }

    /// Append a sealed compound RTCP packet to `datagram`.
    pub(crate) fn seal_rtcp(&mut self, datagram: &mut Vec<u8>, compound: &[u8]) -> Result<(), CryptoError> {
        let index = self.rtcp_index;
        self.rtcp_index = (index + 1) & 0x7fff_ffff;
        let ssrc = u32::from_be_bytes([compound[4], compound[5], compound[6], compound[7]]);
        let flagged = (0x8000_0000 | index).to_be_bytes();
        let start = datagram.len();
        datagram.extend_from_slice(&compound[..CLEAR]);
        let body = datagram.len();
        let plain = &compound[CLEAR..];
        match &mut self.rtcp {
            Cipher::Counter { tag_key, salt, cipher } => {
                datagram.resize(body + plain.len() + COUNTER_SCRATCH, 0);
                cipher.encrypt(
                    &Aes128CmSha1_80::rtp_iv(***salt, ssrc, u64::from(index)),
                    plain,
                    &mut datagram[body..],
                )?;
                datagram.truncate(body + plain.len());
                datagram.extend_from_slice(&flagged);
                let end = datagram.len();
                datagram.resize(end + Aes128CmSha1_80::HMAC_TAG_LEN, 0);
                let hmac = |key: &[u8], parts: &[&[u8]]| self.crypto.sha1_hmac_provider.sha1_hmac(key, parts);
                Aes128CmSha1_80::rtcp_hmac(hmac, &tag_key[..], &mut datagram[start..], end - start);
            }
            aead => {
                datagram.resize(body + plain.len() + AEAD_TAG, 0);
                let mut clear = [0; CLEAR + INDEX];
                clear[..CLEAR].copy_from_slice(&compound[..CLEAR]);
                clear[CLEAR..].copy_from_slice(&flagged);
                aead.encrypt_aead(
                    |salt| AeadAes256Gcm::rtcp_iv(salt, ssrc, index),
                    &clear,
                    plain,
                    &mut datagram[body..],
                )?;
                datagram.extend_from_slice(&flagged);
            }
        }
        Ok(())
    }
}

impl Cipher {
    fn encrypt_aead(
        &mut self,
        iv: impl FnOnce([u8; 12]) -> [u8; 12],
        clear: &[u8],
        plain: &[u8],
        out: &mut [u8],
    ) -> Result<(), CryptoError> {
        match self {
            Cipher::Short { salt, cipher } => cipher.encrypt(&iv(***salt), clear, plain, out),
            Cipher::Long { salt, cipher } => cipher.encrypt(&iv(***salt), clear, plain, out),
            Cipher::Counter { .. } => Err(CryptoError::Other("no AEAD".to_owned())),
        }
    }

    fn decrypt_aead(
        &mut self,
        iv: impl FnOnce([u8; 12]) -> [u8; 12],
        clear: &[u8],
        sealed: &[u8],
        out: &mut [u8],
    ) -> Result<usize, CryptoError> {
        match self {
            Cipher::Short { salt, cipher } => cipher.decrypt(&iv(***salt), &[clear], sealed, out),
            Cipher::Long { salt, cipher } => cipher.decrypt(&iv(***salt), &[clear], sealed, out),
            Cipher::Counter { .. } => Err(CryptoError::Other("no AEAD".to_owned())),
        }
    }
}

/// Opens what a client says about the media that it gets, and the first packet of each of its own streams.
pub(crate) struct Inbound {
    crypto: &'static CryptoProvider,
    rtp: Cipher,
    rtcp: Cipher,
    /// SSRCs of which something authentic came.
    streams: HashSet<u32>,
    windows: VecDeque<Window>,
}

impl Inbound {
    pub(crate) fn new(crypto: &'static CryptoProvider, material: &Material) -> Option<Inbound> {
        let master = Master::of(crypto, material, !material.client)?;
        Some(Inbound {
            crypto,
            rtp: master.cipher(&RTP, false),
            rtcp: master.cipher(&RTCP, false),
            streams: HashSet::new(),
            windows: VecDeque::new(),
        })
    }

    /// Whether an RTP packet may be looked into: its stream is known, or it is itself authentic, as the first of a stream (RFC 3711,
    /// 3.3.1: no rollover yet). str0m gives a section to an SSRC before it opens the packet that asks for it.
    pub(crate) fn admits_rtp(&mut self, datagram: &[u8]) -> bool {
        let Some(head) = datagram.get(..HEAD) else { return false };
        let ssrc = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
        if self.streams.contains(&ssrc) {
            return true;
        }
        let authentic = self.is_authentic(datagram, ssrc, u16::from_be_bytes([head[2], head[3]])).is_some();
        if authentic && self.streams.len() < STREAMS {
            self.streams.insert(ssrc);
        }
        authentic
    }

    fn is_authentic(&mut self, datagram: &[u8], ssrc: u32, sequence: u16) -> Option<()> {
        match &mut self.rtp {
            Cipher::Counter { tag_key, .. } => {
                let end = datagram.len().checked_sub(Aes128CmSha1_80::HMAC_TAG_LEN)?;
                let hmac = |key: &[u8], parts: &[&[u8]]| self.crypto.sha1_hmac_provider.sha1_hmac(key, parts);
                Aes128CmSha1_80::rtp_verify(hmac, &tag_key[..], &datagram[..end], u64::from(sequence), &datagram[end..])
                    .then_some(())
            }
            aead => {
                let (clear, sealed) = datagram.split_at_checked(clear_length(datagram)?)?;
                sealed.len().checked_sub(AEAD_TAG)?;
                let mut plain = vec![0; sealed.len()];
                aead.decrypt_aead(|salt| AeadAes256Gcm::rtp_iv(salt, ssrc, 0, sequence), clear, sealed, &mut plain)
                    .ok()?;
                Some(())
            }
        }
    }

    /// The compound packet; None: forged, clear, truncated, or heard before.
    pub(crate) fn open_rtcp(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        let tag = if matches!(self.rtcp, Cipher::Counter { .. }) { Aes128CmSha1_80::HMAC_TAG_LEN } else { 0 };
        let flagged_at = datagram.len().checked_sub(INDEX + tag).filter(|at| *at >= CLEAR)?;
        let flagged: [u8; INDEX] = datagram[flagged_at..flagged_at + INDEX].try_into().ok()?;
        let word = u32::from_be_bytes(flagged);
        if word & 0x8000_0000 == 0 {
            return None;
        }
        let index = word & 0x7fff_ffff;
        let ssrc = u32::from_be_bytes(datagram[4..8].try_into().ok()?);
        let sealed = &datagram[CLEAR..flagged_at];
        let mut plain = vec![0; CLEAR + sealed.len() + COUNTER_SCRATCH];
        plain[..CLEAR].copy_from_slice(&datagram[..CLEAR]);
        let length = match &mut self.rtcp {
            Cipher::Counter { tag_key, salt, cipher } => {
                let end = datagram.len() - tag;
                let hmac = |key: &[u8], parts: &[&[u8]]| self.crypto.sha1_hmac_provider.sha1_hmac(key, parts);
                if !Aes128CmSha1_80::rtcp_verify(hmac, &tag_key[..], &datagram[..end], &datagram[end..]) {
                    return None;
                }
                cipher
                    .decrypt(&Aes128CmSha1_80::rtp_iv(***salt, ssrc, u64::from(index)), sealed, &mut plain[CLEAR..])
                    .ok()?;
                sealed.len()
            }
            aead => {
                sealed.len().checked_sub(AEAD_TAG)?;
                let mut clear = [0; CLEAR + INDEX];
                clear[..CLEAR].copy_from_slice(&datagram[..CLEAR]);
                clear[CLEAR..].copy_from_slice(&flagged);
                aead.decrypt_aead(|salt| AeadAes256Gcm::rtcp_iv(salt, ssrc, index), &clear, sealed, &mut plain[CLEAR..])
                    .ok()?
            }
        };
        plain.truncate(CLEAR + length);
        self.is_new(ssrc, index).then_some(plain)
    }

    /// Replay protection (RFC 3711, 3.3.2), noted only for what was authentic.
    fn is_new(&mut self, ssrc: u32, index: u32) -> bool {
        if let Some(window) = self.windows.iter_mut().find(|window| window.ssrc == ssrc) {
            return window.take(index);
        }
        if self.windows.len() >= WINDOWS {
            self.windows.pop_front();
        }
        self.windows.push_back(Window { ssrc, newest: index, seen: 1 });
        true
    }
}

/// How long an RTP packet's header is, with its sources and extensions (RFC 3550, 5.1 and 5.3.1).
fn clear_length(datagram: &[u8]) -> Option<usize> {
    let length = HEAD + 4 * usize::from(datagram.first()? & 0x0f);
    if datagram[0] & 0x10 == 0 {
        return Some(length);
    }
    let words = datagram.get(length + 2..length + 4)?;
    Some(length + 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]])))
}

struct Window {
    ssrc: u32,
    newest: u32,
    seen: u64,
}

impl Window {
    fn take(&mut self, index: u32) -> bool {
        if index > self.newest {
            self.seen = self.seen.checked_shl(index - self.newest).unwrap_or(0) | 1;
            self.newest = index;
            return true;
        }
        let bit = 1u64.checked_shl(self.newest - index).unwrap_or(0);
        let new = bit != 0 && self.seen & bit == 0;
        self.seen |= bit;
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::plain;
    use zeroize::ZeroizeOnDrop;

    fn material(profile: SrtpProfile, client: bool) -> Material {
        Material { profile, bytes: Zeroizing::new((0..88).collect()), client }
    }

    /// RFC 3711, B.3.
    #[test]
    fn keys_are_derived_as_the_rfc_shows() {
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
        };
        let (key, salt) = (hex("E1F97A0D3E018BE0D64FA32C06DE4139"), hex("0EC675AD498AFEEBB6960B3AABE6"));
        let master = Master { crypto: plain(), profile: SrtpProfile::AES128_CM_SHA1_80, key: &key, salt: &salt };
        assert_eq!(master.derive::<16>(0).to_vec(), hex("C61E7A93744F39EE10734AFE3FF7A087"));
        assert_eq!(master.derive::<14>(2).to_vec(), hex("30CBBC08863D8C85D49DB34A9AE1"));
        assert_eq!(master.derive::<20>(1).to_vec(), hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
    }

    /// A type that is not wiped does not compile here.
    fn is_wiped(_: &impl ZeroizeOnDrop) {}

    #[test]
    fn what_we_hold_of_keys_is_wiped_when_it_is_dropped() {
        for profile in [SrtpProfile::AES128_CM_SHA1_80, SrtpProfile::AEAD_AES_128_GCM, SrtpProfile::AEAD_AES_256_GCM] {
            let material = material(profile, true);
            is_wiped(&material.bytes);
            match Outbound::new(plain(), &material).expect("keys").rtp {
                Cipher::Counter { tag_key, salt, .. } => {
                    is_wiped(&*tag_key);
                    is_wiped(&*salt);
                }
                Cipher::Short { salt, .. } | Cipher::Long { salt, .. } => is_wiped(&*salt),
            }
        }
    }

    #[test]
    fn a_stream_is_admitted_with_its_first_authentic_packet_and_no_other() {
        for profile in [SrtpProfile::AES128_CM_SHA1_80, SrtpProfile::AEAD_AES_128_GCM, SrtpProfile::AEAD_AES_256_GCM] {
            let mut ours = Outbound::new(plain(), &material(profile, true)).expect("keys");
            let mut theirs = Inbound::new(plain(), &material(profile, false)).expect("keys");
            // One source, and one word of extensions.
            let mut packet =
                vec![0x91, 96, 0, 5, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, 9, 0xbe, 0xde, 0, 1, 0x10, b'0', 0, 0];
            ours.seal_rtp(&mut packet, 0, &[3; 50], 7, 5).expect("sealed");
            for place in 0..packet.len() {
                let mut forged = packet.clone();
                forged[place] ^= 1;
                assert!(!theirs.admits_rtp(&forged), "{profile:?}, byte {place}");
                assert!(!theirs.admits_rtp(&packet[..place]), "{profile:?}, cut to {place}");
            }
            assert!(theirs.admits_rtp(&packet), "{profile:?}");
            packet[30] ^= 1;
            assert!(theirs.admits_rtp(&packet), "{profile:?}: of a known stream: str0m opens it");
        }
    }

    #[test]
    fn rtcp_is_opened_once_and_only_as_it_was_sealed() {
        for profile in [SrtpProfile::AES128_CM_SHA1_80, SrtpProfile::AEAD_AES_128_GCM, SrtpProfile::AEAD_AES_256_GCM] {
            let mut ours = Outbound::new(plain(), &material(profile, true)).expect("keys");
            let mut theirs = Inbound::new(plain(), &material(profile, false)).expect("keys");
            let compound: Vec<u8> = [0x80, 201, 0, 1, 0, 0, 0, 7, 0x81, 202, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8].to_vec();
            let seal = |ours: &mut Outbound| {
                let mut datagram = Vec::new();
                ours.seal_rtcp(&mut datagram, &compound).expect("sealed");
                datagram
            };
            let (first, second) = (seal(&mut ours), seal(&mut ours));
            for place in 0..first.len() {
                let mut forged = first.clone();
                forged[place] ^= 1;
                assert_eq!(theirs.open_rtcp(&forged), None, "{profile:?}, byte {place}");
                assert_eq!(theirs.open_rtcp(&first[..place]), None);
            }
            assert_eq!(theirs.open_rtcp(&second).as_deref(), Some(&compound[..]));
            assert_eq!(theirs.open_rtcp(&first).as_deref(), Some(&compound[..]));
            assert_eq!(theirs.open_rtcp(&first), None, "a replay");
            assert_eq!(theirs.open_rtcp(&second), None, "a replay");
        }
    }
}
