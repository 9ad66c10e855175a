//! ICE candidates: what clients are told of where media is received, and the one address under which all transports see it.

use std::net::SocketAddr;

use crate::event::Protocol;

/// What clients are told of where media is received.
#[derive(Clone, Debug, Default)]
pub struct Candidates {
    /// UDP addresses, best first.
    pub udp: Vec<SocketAddr>,
    /// TCP addresses (passive), best first.
    pub tcp: Vec<SocketAddr>,
}

/// Every transport sees its own end of the path under one address: what is bound, announced or translated by a NAT is
/// the shell's and the candidates' business.
pub(crate) fn canonical(protocol: Protocol) -> SocketAddr {
    match protocol {
        Protocol::Udp => SocketAddr::from(([192, 0, 2, 1], 7882)),
        Protocol::Tcp => SocketAddr::from(([192, 0, 2, 1], 7881)),
    }
}

pub(crate) fn label(protocol: Protocol) -> str0m::net::Protocol {
    match protocol {
        Protocol::Udp => str0m::net::Protocol::Udp,
        Protocol::Tcp => str0m::net::Protocol::Tcp,
    }
}

pub(crate) fn protocol(label: str0m::net::Protocol) -> Protocol {
    match label {
        str0m::net::Protocol::Udp => Protocol::Udp,
        _ => Protocol::Tcp,
    }
}

/// Our candidates as SDP has them (RFC 8839, 5.1; RFC 6544, 4.5): UDP before TCP, in the order given.
pub(crate) fn lines(candidates: &Candidates) -> Vec<String> {
    let line = |place: usize, address: &SocketAddr, transport: &str, preference: u32, suffix: &str| {
        // RFC 8445, 5.1.2.1: type host (126), local preference, component 1.
        let priority = (126 << 24) + ((preference - place as u32) << 8) + 255;
        let foundation = if transport == "udp" { 1 } else { 101 } + place;
        format!("candidate:{foundation} 1 {transport} {priority} {} {} typ host{suffix}", address.ip(), address.port())
    };
    let udp =
        candidates.udp.iter().take(16).enumerate().map(|(place, address)| line(place, address, "udp", 65_535, ""));
    // RFC 6544, 4.2: passive is the direction preference 4 of 7, below UDP.
    let tcp = candidates
        .tcp
        .iter()
        .take(16)
        .enumerate()
        .map(|(place, address)| line(place, address, "tcp", 32_767, " tcptype passive"));
    udp.chain(tcp).collect()
}
