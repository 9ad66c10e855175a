//! Whose datagram is it: by source address, and for STUN by ufrag. Constant time, whatever the number of transports.
//!
//! The rule that keeps strangers out: an address is bound to a transport only by a STUN message that the transport's
//! ICE agent verified (names and MESSAGE-INTEGRITY); DTLS, SRTP and SRTCP from any other address are dropped before
//! anything looks into them (the ClientHello race of Asterisk, RTPEngine and FreeSWITCH, 2024).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::event::Protocol;

/// Addresses that one transport may hold: interfaces times candidates, and old ones after a roam.
const ADDRESSES: usize = 16;
/// ICE generations whose ufrag is still known.
const GENERATIONS: usize = 4;
/// Addresses that a transport may come from for the first time at once, and how long until there may be one more: a check can be
/// replayed from any forged address, and str0m keeps each.
const FRESH: u32 = 16;
const FRESH_AGAIN: Duration = Duration::from_secs(1);
/// Checks that an address which answered none is worth for each of its own: with the answer three datagrams for one, QUIC's measure
/// (RFC 9000, 8.1). Else a check from a forged address would have its owner checked for half a minute.
const CHECKS: u8 = 2;
/// How many of them it may save up.
const SAVED: u8 = 8;

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
    addresses: Vec<Address>,
    ufrags: Vec<String>,
    /// New addresses lately, and when that was counted.
    fresh: u32,
    counted: Option<Instant>,
}

/// An address from which a valid check came.
struct Address {
    source: Source,
    /// It answered a check of ours: what is sent there arrives, with the client.
    answered: bool,
    /// Checks that it may still be sent without an answer.
    checks: u8,
}

impl Held {
    /// Whether the transport may be heard from there: it was before, or it did not come from too many addresses lately.
    pub(crate) fn admits(&mut self, source: &Source, now: Instant) -> bool {
        if self.addresses.iter().any(|known| known.source == *source) {
            return true;
        }
        let counted = *self.counted.get_or_insert(now);
        let again = (now.saturating_duration_since(counted).as_secs() / FRESH_AGAIN.as_secs()) as u32;
        self.fresh = self.fresh.saturating_sub(again);
        self.counted = Some(counted + FRESH_AGAIN * again);
        let admitted = self.fresh < FRESH;
        self.fresh += u32::from(admitted);
        admitted
    }

    /// An answer to our check came from there.
    pub(crate) fn answered(&mut self, source: &Source) {
        if let Some(known) = self.addresses.iter_mut().find(|known| known.source == *source) {
            known.answered = true;
        }
    }

    /// Whether a check may go there now.
    pub(crate) fn may_check(&mut self, source: &Source) -> bool {
        match self.addresses.iter_mut().find(|known| known.source == *source) {
            Some(known) if known.answered => true,
            Some(known) if known.checks > 0 => {
                known.checks -= 1;
                true
            }
            _ => false,
        }
    }
}

/// A STUN binding request (RFC 8489, 5).
pub(crate) fn is_check(datagram: &[u8]) -> bool {
    datagram.starts_with(&[0, 1])
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

    /// A valid check of this transport came from the address.
    pub(crate) fn bind(&mut self, held: &mut Held, index: u32, source: Source) {
        self.by_address.insert(source, index);
        if let Some(known) = held.addresses.iter_mut().find(|known| known.source == source) {
            known.checks = (known.checks + CHECKS).min(SAVED);
            return;
        }
        if held.addresses.len() >= ADDRESSES {
            let oldest = held.addresses.remove(0).source;
            if self.by_address.get(&oldest) == Some(&index) {
                self.by_address.remove(&oldest);
            }
        }
        held.addresses.push(Address { source, answered: false, checks: CHECKS });
    }

    /// Forget what a transport holds (unless another took it over meanwhile).
    pub(crate) fn release(&mut self, held: &Held, index: u32) {
        for Address { source, .. } in &held.addresses {
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

    fn source(port: u16) -> Source {
        (Protocol::Udp, SocketAddr::from(([192, 0, 2, 1], port)))
    }

    #[test]
    fn an_address_is_worth_two_checks_for_each_of_its_own_until_it_answers() {
        let (mut demux, mut held) = (Demux::default(), Held::default());
        assert!(!held.may_check(&source(1)), "an address that never came");
        demux.bind(&mut held, 7, source(1));
        assert_eq!([(); 4].map(|()| held.may_check(&source(1))), [true, true, false, false]);
        demux.bind(&mut held, 7, source(1));
        assert_eq!([(); 4].map(|()| held.may_check(&source(1))), [true, true, false, false]);
        held.answered(&source(1));
        assert_eq!([(); 4].map(|()| held.may_check(&source(1))), [true; 4]);
    }

    #[allow(clippy::disallowed_methods)] // a moment to count from
    #[test]
    fn new_addresses_are_admitted_one_a_second_once_there_were_many() {
        let (mut demux, mut held, now) = (Demux::default(), Held::default(), Instant::now());
        let mut come = |port: u16, now| {
            let admitted = held.admits(&source(port), now);
            if admitted {
                demux.bind(&mut held, 7, source(port));
            }
            admitted
        };
        let admitted = (1..=1000u16).filter(|port| come(*port, now)).count();
        assert_eq!(admitted as u32, FRESH);
        assert!(come(1, now), "it was there before");
        let later = now + Duration::from_millis(3_500);
        assert_eq!((2000..=2100u16).filter(|port| come(*port, later)).count(), 3);
        assert!(!come(2200, later + Duration::from_millis(400)));
        assert!(come(2200, later + Duration::from_millis(600)));
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
