//! The UDP port: batched receives (`recvmmsg`, GRO), one send a burst where GSO is there, one a datagram where not.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, UdpSocket};

use incamera_sfu::{Protocol, Route};
use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use socket2::{Domain, Socket, Type};

use crate::batch::{Plan, datagram};

/// One receive buffer: a GRO list is at most one IP datagram.
const BUFFER: usize = 65_536;
/// What we ask of the kernel's buffers: a second of 300 streams' worth; the kernel may give less.
const SOCKET_BYTES: usize = 8 * 1024 * 1024;

/// Counters of the port.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct UdpCounters {
    /// Send calls.
    pub(crate) sends: u64,
    /// Datagrams that they held.
    pub(crate) segments: u64,
    /// Datagrams that the kernel did not take: its buffer was full.
    pub(crate) full: u64,
    /// Datagrams that failed otherwise.
    pub(crate) failed: u64,
    /// Receive calls.
    pub(crate) receives: u64,
}

/// The UDP port.
pub(crate) struct UdpPort {
    socket: UdpSocket,
    state: UdpSocketState,
    buffers: Vec<u8>,
    metas: Vec<RecvMeta>,
    plan: Plan,
    scratch: Vec<u8>,
    is_v6: bool,
    gso: bool,
    pub(crate) counters: UdpCounters,
}

impl UdpPort {
    pub(crate) fn bind(address: SocketAddr, gso: bool) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
        if address.is_ipv6() {
            socket.set_only_v6(false)?;
        }
        // Best effort: the kernel caps them (`net.core.rmem_max`), and `incamera doctor` says what it should be.
        let _ = socket.set_recv_buffer_size(SOCKET_BYTES);
        let _ = socket.set_send_buffer_size(SOCKET_BYTES);
        socket.bind(&address.into())?;
        let socket: UdpSocket = socket.into();
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        Ok(UdpPort {
            socket,
            state,
            buffers: vec![0; BUFFER * BATCH_SIZE],
            metas: vec![RecvMeta::default(); BATCH_SIZE],
            plan: Plan::default(),
            scratch: Vec::new(),
            is_v6: address.is_ipv6(),
            gso,
            counters: UdpCounters::default(),
        })
    }

    pub(crate) fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// Whether bursts go out in one send.
    pub(crate) fn has_gso(&self) -> bool {
        self.gso && self.state.max_gso_segments() > 1
    }

    /// Receive one batch and hand each datagram over. False: nothing was there.
    pub(crate) fn receive(&mut self, mut take: impl FnMut(Route, &[u8])) -> io::Result<bool> {
        self.counters.receives += 1;
        let received = {
            let mut slices: Vec<IoSliceMut<'_>> = self.buffers.chunks_exact_mut(BUFFER).map(IoSliceMut::new).collect();
            self.state.recv(UdpSockRef::from(&self.socket), &mut slices, &mut self.metas)
        };
        let received = match received {
            Ok(received) => received,
            // A peer's closed port (ICMP) is no news of ours.
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::ConnectionRefused) => {
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        for (buffer, meta) in self.buffers.chunks_exact(BUFFER).zip(&self.metas[..received]) {
            let remote = SocketAddr::new(meta.addr.ip().to_canonical(), meta.addr.port());
            let route = Route { protocol: Protocol::Udp, remote, local: meta.dst_ip.map(|ip| ip.to_canonical()) };
            for chunk in buffer[..meta.len].chunks(meta.stride.max(1)) {
                take(route, chunk);
            }
        }
        Ok(received == BATCH_SIZE)
    }

    /// Send a burst to one peer.
    pub(crate) fn send(&mut self, route: &Route, bytes: &[u8], ends: &[usize]) {
        let segments = if self.gso { self.state.max_gso_segments() } else { 1 };
        let mut plan = std::mem::take(&mut self.plan);
        plan.cut(bytes, ends, segments);
        let mut start = 0;
        for end in &plan.sends {
            let places = &plan.order[start..*end];
            start = *end;
            let contiguous = places.windows(2).all(|pair| pair[1] == pair[0] + 1);
            if contiguous {
                let from = if places[0] == 0 { 0 } else { ends[places[0] - 1] };
                let size = datagram(bytes, ends, places[0]).len();
                self.transmit(route, &bytes[from..ends[places[places.len() - 1]]], size, places.len());
            } else {
                let mut scratch = std::mem::take(&mut self.scratch);
                scratch.clear();
                for place in places {
                    scratch.extend_from_slice(datagram(bytes, ends, *place));
                }
                self.transmit(route, &scratch, datagram(bytes, ends, places[0]).len(), places.len());
                self.scratch = scratch;
            }
        }
        self.plan = plan;
    }

    fn transmit(&mut self, route: &Route, contents: &[u8], size: usize, count: usize) {
        match self.try_send(route, contents, (count > 1).then_some(size)) {
            Ok(()) => {
                self.counters.sends += 1;
                self.counters.segments += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.counters.full += count as u64,
            // No GSO here after all (old kernels, some virtual NICs: EIO, EINVAL): one by one, now and from now on.
            Err(_) if count > 1 => {
                for chunk in contents.chunks(size) {
                    self.transmit(route, chunk, chunk.len(), 1);
                }
            }
            Err(_) => self.counters.failed += 1,
        }
    }

    fn try_send(&self, route: &Route, contents: &[u8], segment_size: Option<usize>) -> io::Result<()> {
        let destination = match route.remote {
            SocketAddr::V4(address) if self.is_v6 => {
                SocketAddr::new(IpAddr::V6(address.ip().to_ipv6_mapped()), address.port())
            }
            address => address,
        };
        let src_ip = route.local.map(|ip| match ip {
            IpAddr::V4(ip) if self.is_v6 => IpAddr::V6(ip.to_ipv6_mapped()),
            ip => ip,
        });
        let transmit = Transmit { destination, ecn: None, contents, segment_size, src_ip };
        self.state.try_send(UdpSockRef::from(&self.socket), &transmit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn burst_arrives(gso: bool) -> UdpCounters {
        let mut port = UdpPort::bind("127.0.0.1:0".parse().expect("address"), gso).expect("bound");
        let peer = UdpSocket::bind("127.0.0.1:0").expect("bound");
        peer.set_read_timeout(Some(Duration::from_secs(10))).expect("set");
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for number in 0..9u8 {
            let mut packet = vec![number; if number == 8 { 500 } else { 1100 }];
            packet[..12].copy_from_slice(&[0x80, 96, 0, number, 0, 0, 0, 0, 0, 0, 0, 1]);
            bytes.extend(packet);
            ends.push(bytes.len());
        }
        let route = Route { protocol: Protocol::Udp, remote: peer.local_addr().expect("address"), local: None };
        port.send(&route, &bytes, &ends);
        let mut buffer = [0; 2000];
        for number in 0..9u8 {
            let length = peer.recv(&mut buffer).expect("a datagram");
            assert_eq!((length, buffer[3]), (if number == 8 { 500 } else { 1100 }, number));
        }
        port.counters
    }

    #[test]
    fn a_burst_is_one_send_where_gso_is_there_and_the_same_datagrams_where_not() {
        let with = burst_arrives(true);
        let without = burst_arrives(false);
        assert_eq!((without.sends, without.segments), (9, 9));
        assert_eq!(with.segments, 9);
        assert!(with.sends == 1 || with.sends == 9, "GSO or its fallback: {with:?}");
    }

    #[test]
    fn a_kernel_that_refuses_the_burst_gets_its_datagrams_one_by_one() {
        let mut port = UdpPort::bind("127.0.0.1:0".parse().expect("address"), true).expect("bound");
        let peer = UdpSocket::bind("127.0.0.1:0").expect("bound");
        peer.set_read_timeout(Some(Duration::from_secs(10))).expect("set");
        let route = Route { protocol: Protocol::Udp, remote: peer.local_addr().expect("address"), local: None };
        // More segments than any kernel takes (EINVAL), as a NIC without offload would refuse a proper burst.
        let contents = vec![7u8; 200 * 10];
        port.transmit(&route, &contents, 10, 200);
        let mut buffer = [0; 100];
        for _ in 0..200 {
            assert_eq!(peer.recv(&mut buffer).expect("a datagram"), 10);
        }
        assert_eq!(port.counters.segments, 200);
        assert_eq!(port.counters.failed, 0);
    }
}
