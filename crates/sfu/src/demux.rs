//! Whose datagram is it: by source address, and for STUN by ufrag. Constant time, whatever the number of transports.
//!
//! The rule that keeps strangers out: an address is bound to a transport only by a STUN message that the transport's
//! ICE agent verified (names and MESSAGE-INTEGRITY); DTLS, SRTP and SRTCP from any other address are dropped before
//! anything looks into them (the ClientHello race of Asterisk, RTPEngine and FreeSWITCH, 2024).

use std::collections::HashMap;
use std::net::SocketAddr;

use crate::event::Protocol;

/// Addresses that one transport may hold: interfaces times candidates, and old ones after a roam.
const ADDRESSES: usize = 16;
/// ICE generations whose ufrag is still known.
const GENERATIONS: usize = 4;

/// What a datagram is, by its first byte (RFC 7983).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    Stun,
    Dtls,
    Media,
}

impl Class {
    pub(crate) fn of(datagram: &[u8]) -> Option<Class> {
        match datagram.first()? {
            0..=3 if datagram.len() >= 20 => Some(Class::Stun),
            20..=63 if datagram.len() >= 13 => Some(Class::Dtls),
            128..=191 if datagram.len() >= 12 || datagram.len() >= 8 && matches!(datagram[1] & 0x7f, 64..=95) => {
                Some(Class::Media)
            }
            _ => None,
        }
    }
}

type Source = (Protocol, SocketAddr);

/// The maps, and what each transport holds in them, so that closing it leaves nothing behind.
#[derive(Default)]
pub(crate) struct Demux {
    by_address: HashMap<Source, u32>,
    by_ufrag: HashMap<String, u32>,
}

/// What one transport holds.
#[derive(Default)]
pub(crate) struct Held {
    addresses: Vec<Source>,
    ufrags: Vec<String>,
}

impl Demux {
    pub(crate) fn by_address(&self, source: &Source) -> Option<u32> {
        self.by_address.get(source).copied()
    }

    pub(crate) fn by_ufrag(&self, ufrag: &str) -> Option<u32> {
        self.by_ufrag.get(ufrag).copied()
    }

    /// The transport answers to this ufrag from now on.
    pub(crate) fn name(&mut self, held: &mut Held, index: u32, ufrag: &str) {
        if held.ufrags.iter().any(|known| known == ufrag) {
            return;
        }
        if held.ufrags.len() >= GENERATIONS {
            self.by_ufrag.remove(&held.ufrags.remove(0));
        }
        held.ufrags.push(ufrag.to_owned());
        self.by_ufrag.insert(ufrag.to_owned(), index);
    }

    /// The address completed a check with this transport.
    pub(crate) fn bind(&mut self, held: &mut Held, index: u32, source: Source) {
        if held.addresses.contains(&source) {
            self.by_address.insert(source, index);
            return;
        }
        if held.addresses.len() >= ADDRESSES {
            self.by_address.remove(&held.addresses.remove(0));
        }
        held.addresses.push(source);
        self.by_address.insert(source, index);
    }

    /// Forget what a transport holds (unless another took it over meanwhile).
    pub(crate) fn release(&mut self, held: &Held, index: u32) {
        for source in &held.addresses {
            if self.by_address.get(source) == Some(&index) {
                self.by_address.remove(source);
            }
        }
        for ufrag in &held.ufrags {
            self.by_ufrag.remove(ufrag);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_are_told_apart() {
        assert_eq!(Class::of(&[0; 20]), Some(Class::Stun));
        assert_eq!(Class::of(&[0; 19]), None);
        assert_eq!(Class::of(&[22; 13]), Some(Class::Dtls));
        assert_eq!(Class::of(&[0x80; 12]), Some(Class::Media));
        assert_eq!(Class::of(&[0x80, 200, 0, 1, 0, 0, 0, 0]), Some(Class::Media));
        assert_eq!(Class::of(&[]), None);
        assert_eq!(Class::of(&[255; 40]), None);
    }

    #[test]
    fn closing_a_transport_leaves_nothing_behind() {
        let (mut demux, mut held) = (Demux::default(), Held::default());
        for port in 1..=40u16 {
            let source = (Protocol::Udp, SocketAddr::from(([192, 0, 2, 1], port)));
            demux.bind(&mut held, 7, source);
            demux.name(&mut held, 7, &format!("ufrag{port}"));
        }
        assert_eq!((demux.by_address.len(), demux.by_ufrag.len()), (ADDRESSES, GENERATIONS));
        demux.release(&held, 7);
        assert_eq!((demux.by_address.len(), demux.by_ufrag.len()), (0, 0));
    }
}
