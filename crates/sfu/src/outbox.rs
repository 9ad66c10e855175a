//! What one transport has to send, in one arena: packets of a burst lie side by side, as one GSO send wants them.

use std::net::{IpAddr, SocketAddr};

use crate::event::Protocol;

/// Capacity that is kept between bursts.
const KEPT_BYTES: usize = 64 * 1024;

/// Where a datagram comes from or goes to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Route {
    /// By which way.
    pub protocol: Protocol,
    /// The peer's address.
    pub remote: SocketAddr,
    /// Our own address that it used: the answer leaves from there.
    pub local: Option<IpAddr>,
}

/// Takes what the core sends: the shell's sockets, or a test's simulated link.
pub trait Sink {
    /// Datagrams for one peer, in order: the first ends at `ends[0]`, the next at `ends[1]`, …
    fn send(&mut self, route: &Route, bytes: &[u8], ends: &[usize]);
}

#[derive(Default)]
pub(crate) struct Outbox {
    route: Option<Route>,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Bursts to other addresses than the last one: rare (ICE checks of several candidates).
    earlier: Vec<(Route, Vec<u8>, Vec<usize>)>,
}

impl Outbox {
    pub(crate) fn push(&mut self, route: Route, datagram: &[u8]) {
        self.append(route, |bytes| {
            bytes.extend_from_slice(datagram);
            true
        });
    }

    /// Let a datagram be written at the end of the arena. Its length; None: it was not, and what was written is taken back.
    pub(crate) fn append(&mut self, route: Route, write: impl FnOnce(&mut Vec<u8>) -> bool) -> Option<usize> {
        if self.route != Some(route) {
            if let Some(previous) = self.route.filter(|_| !self.ends.is_empty()) {
                self.earlier.push((previous, std::mem::take(&mut self.bytes), std::mem::take(&mut self.ends)));
            }
            self.route = Some(route);
        }
        let start = self.bytes.len();
        if !write(&mut self.bytes) {
            self.bytes.truncate(start);
            return None;
        }
        self.ends.push(self.bytes.len());
        Some(self.bytes.len() - start)
    }

    /// Hand everything over. Returns datagrams and bytes.
    pub(crate) fn flush(&mut self, sink: &mut impl Sink) -> (u64, u64) {
        let mut sent = (0, 0);
        for (route, bytes, ends) in self.earlier.drain(..) {
            sink.send(&route, &bytes, &ends);
            sent = (sent.0 + ends.len() as u64, sent.1 + bytes.len() as u64);
        }
        if let Some(route) = self.route.filter(|_| !self.ends.is_empty()) {
            sink.send(&route, &self.bytes, &self.ends);
            sent = (sent.0 + self.ends.len() as u64, sent.1 + self.bytes.len() as u64);
            self.bytes.clear();
            self.bytes.shrink_to(KEPT_BYTES);
            self.ends.clear();
        }
        sent
    }
}
