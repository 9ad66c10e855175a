//! Media over TCP for closed networks: ICE passive candidates (RFC 6544), datagrams framed by their length (RFC 4571).
//! Everything is bounded: connections, in all and of one address, what one may leave half-sent, what waits for a slow reader.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use incamera_sfu::{Protocol, Route};
use rustix::event::epoll;
use socket2::{Domain, Socket, Type};

/// Connections at a time.
const CONNECTIONS: usize = 1024;
/// A frame holds one datagram.
const FRAME: usize = 2048;
/// What waits for a reader; who is slower is cut off (2 s of 2 Mbit/s).
const OUTBOUND: usize = 512 * 1024;
/// A connection on which nothing came for so long is closed (ICE consent is renewed every few seconds).
const IDLE: Duration = Duration::from_secs(30);
/// Token of the listener; connections count up from 1.
const LISTENER: u64 = 0;

/// Counters of the port.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TcpCounters {
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    pub(crate) refused_crowded: u64,
    pub(crate) cut_slow: u64,
    pub(crate) cut_malformed: u64,
}

struct Connection {
    stream: TcpStream,
    remote: SocketAddr,
    inbound: Vec<u8>,
    outbound: Vec<u8>,
    heard: Instant,
    writable: bool,
}

/// The TCP port.
pub(crate) struct TcpPort {
    listener: TcpListener,
    epoll: OwnedFd,
    connections: HashMap<u64, Connection>,
    by_remote: HashMap<SocketAddr, u64>,
    by_origin: HashMap<IpAddr, usize>,
    per_origin: usize,
    next: u64,
    swept: Instant,
    scratch: Vec<u8>,
    pub(crate) counters: TcpCounters,
}

impl TcpPort {
    /// `per_origin`: connections that one address may have at a time.
    pub(crate) fn bind(address: SocketAddr, per_origin: usize, now: Instant) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        if address.is_ipv6() {
            socket.set_only_v6(false)?;
        }
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(256)?;
        socket.set_nonblocking(true)?;
        let listener: TcpListener = socket.into();
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, epoll::EventData::new_u64(LISTENER), epoll::EventFlags::IN)?;
        Ok(TcpPort {
            listener,
            epoll,
            connections: HashMap::new(),
            by_remote: HashMap::new(),
            by_origin: HashMap::new(),
            per_origin,
            next: LISTENER + 1,
            swept: now,
            scratch: vec![0; 64 * 1024],
            counters: TcpCounters::default(),
        })
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Readable while any connection wants attention.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }

    /// Accept, read, write what is ready; hand each datagram over.
    pub(crate) fn serve(&mut self, now: Instant, mut take: impl FnMut(Route, &[u8])) -> io::Result<()> {
        let mut ready = [const { std::mem::MaybeUninit::<epoll::Event>::uninit() }; 64];
        let zero = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        let (events, _) = epoll::wait(&self.epoll, &mut ready, Some(&zero))?;
        for event in events {
            let (token, flags) = (event.data.u64(), event.flags);
            if token == LISTENER {
                self.accept(now);
                continue;
            }
            if flags.contains(epoll::EventFlags::OUT) {
                self.write_waiting(token);
            }
            if flags.intersects(epoll::EventFlags::IN | epoll::EventFlags::HUP | epoll::EventFlags::ERR) {
                self.read(token, now, &mut take);
            }
        }
        if now.saturating_duration_since(self.swept) >= Duration::from_secs(1) {
            self.swept = now;
            let idle: Vec<u64> = self
                .connections
                .iter()
                .filter(|(_, connection)| now.saturating_duration_since(connection.heard) > IDLE)
                .map(|(token, _)| *token)
                .collect();
            for token in idle {
                self.close(token);
            }
        }
        Ok(())
    }

    fn accept(&mut self, now: Instant) {
        while let Ok((stream, remote)) = self.listener.accept() {
            let remote = SocketAddr::new(remote.ip().to_canonical(), remote.port());
            let origin = origin(remote.ip());
            if self.by_origin.get(&origin).is_some_and(|count| *count >= self.per_origin) {
                self.counters.refused_crowded += 1;
                continue;
            }
            let token = self.next;
            let registered = self.connections.len() < CONNECTIONS
                && stream.set_nonblocking(true).is_ok()
                && stream.set_nodelay(true).is_ok()
                && epoll::add(&self.epoll, &stream, epoll::EventData::new_u64(token), epoll::EventFlags::IN).is_ok();
            if !registered {
                self.counters.refused += 1;
                continue;
            }
            self.next += 1;
            self.counters.accepted += 1;
            *self.by_origin.entry(origin).or_default() += 1;
            self.by_remote.insert(remote, token);
            let connection =
                Connection { stream, remote, inbound: Vec::new(), outbound: Vec::new(), heard: now, writable: true };
            self.connections.insert(token, connection);
        }
    }

    fn read(&mut self, token: u64, now: Instant, take: &mut impl FnMut(Route, &[u8])) {
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut open = false;
        if let Some(connection) = self.connections.get_mut(&token) {
            open = match connection.stream.read(&mut scratch) {
                Ok(0) => false,
                Ok(length) => {
                    connection.heard = now;
                    let local = connection.stream.local_addr().ok().map(|address| address.ip().to_canonical());
                    let route = Route { protocol: Protocol::Tcp, remote: connection.remote, local };
                    match unframe(&mut connection.inbound, &scratch[..length], |datagram| take(route, datagram)) {
                        Ok(()) => true,
                        Err(TooLong) => {
                            self.counters.cut_malformed += 1;
                            false
                        }
                    }
                }
                Err(error) => matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
            };
        }
        self.scratch = scratch;
        if !open {
            self.close(token);
        }
    }

    /// Send a burst to one peer; a connection that is gone, or too slow, loses it.
    pub(crate) fn send(&mut self, route: &Route, bytes: &[u8], ends: &[usize]) {
        let Some(token) = self.by_remote.get(&route.remote).copied() else { return };
        let Some(connection) = self.connections.get_mut(&token) else { return };
        let mut start = 0;
        for end in ends {
            let datagram = &bytes[start..*end];
            start = *end;
            let Ok(length) = u16::try_from(datagram.len()) else { continue };
            connection.outbound.extend_from_slice(&length.to_be_bytes());
            connection.outbound.extend_from_slice(datagram);
        }
        if connection.outbound.len() > OUTBOUND {
            self.counters.cut_slow += 1;
            self.close(token);
            return;
        }
        if connection.writable {
            self.write_waiting(token);
        }
    }

    fn write_waiting(&mut self, token: u64) {
        let Some(connection) = self.connections.get_mut(&token) else { return };
        let mut written = 0;
        let open = loop {
            if written == connection.outbound.len() {
                break true;
            }
            match connection.stream.write(&connection.outbound[written..]) {
                Ok(0) => break false,
                Ok(length) => written += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break error.kind() == io::ErrorKind::WouldBlock,
            }
        };
        connection.outbound.drain(..written);
        let writable = connection.outbound.is_empty();
        let mut watched = true;
        if writable != connection.writable {
            connection.writable = writable;
            let flags = if writable { epoll::EventFlags::IN } else { epoll::EventFlags::IN | epoll::EventFlags::OUT };
            watched = epoll::modify(&self.epoll, &connection.stream, epoll::EventData::new_u64(token), flags).is_ok();
        }
        if !open || !watched {
            self.close(token);
        }
    }

    fn close(&mut self, token: u64) {
        let Some(connection) = self.connections.remove(&token) else { return };
        let origin = origin(connection.remote.ip());
        if let Some(count) = self.by_origin.get_mut(&origin) {
            *count -= 1;
            if *count == 0 {
                self.by_origin.remove(&origin);
            }
        }
        if self.by_remote.get(&connection.remote) == Some(&token) {
            self.by_remote.remove(&connection.remote);
        }
        let _ = epoll::delete(&self.epoll, &connection.stream);
    }
}

/// Who counts as one: an IPv4 address, or the network of 64 bits that one subscriber of IPv6 is given to choose from.
fn origin(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

/// A frame longer than any datagram of ours: not a client of ours.
#[derive(Debug, PartialEq, Eq)]
struct TooLong;

/// Cut a stream into datagrams; what is left of one waits in `pending`.
fn unframe(pending: &mut Vec<u8>, received: &[u8], mut take: impl FnMut(&[u8])) -> Result<(), TooLong> {
    pending.extend_from_slice(received);
    let mut at = 0;
    while let Some(header) = pending.get(at..at + 2) {
        let length = usize::from(u16::from_be_bytes([header[0], header[1]]));
        if length > FRAME {
            return Err(TooLong);
        }
        let Some(datagram) = pending.get(at + 2..at + 2 + length) else { break };
        take(datagram);
        at += 2 + length;
    }
    pending.drain(..at);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_survive_any_cut_of_the_stream() {
        let frames: Vec<Vec<u8>> = (0..5u8).map(|number| vec![number; usize::from(number) * 37]).collect();
        let mut stream = Vec::new();
        for frame in &frames {
            stream.extend_from_slice(&(frame.len() as u16).to_be_bytes());
            stream.extend_from_slice(frame);
        }
        for piece in 1..stream.len() {
            let (mut pending, mut seen) = (Vec::new(), Vec::new());
            for part in stream.chunks(piece) {
                unframe(&mut pending, part, |datagram| seen.push(datagram.to_vec())).expect("well framed");
            }
            assert_eq!(seen, frames);
            assert!(pending.is_empty());
        }
    }

    #[test]
    fn a_frame_that_no_datagram_needs_ends_the_connection() {
        assert_eq!(unframe(&mut Vec::new(), &[0xff, 0xff, 0], |_| ()), Err(TooLong));
    }

    fn port(per_origin: usize) -> TcpPort {
        TcpPort::bind("127.0.0.1:0".parse().expect("address"), per_origin, Instant::now()).expect("bound")
    }

    /// Serve until so many were accepted and so many turned away, from the start.
    fn serve_until(port: &mut TcpPort, accepted: u64, crowded: u64) {
        while (port.counters.accepted, port.counters.refused_crowded) != (accepted, crowded) {
            assert!(port.counters.accepted <= accepted && port.counters.refused_crowded <= crowded);
            port.serve(Instant::now(), |_, _| ()).expect("served");
        }
    }

    #[test]
    fn one_address_has_so_many_connections_and_no_more_until_one_ends() {
        let mut port = port(3);
        let target = port.local_addr().expect("address");
        let from = |host: [u8; 4]| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
            socket.bind(&SocketAddr::from((host, 0)).into()).expect("bound");
            socket.connect(&target.into()).expect("connected");
            TcpStream::from(socket)
        };
        let mut office: Vec<TcpStream> = (0..3).map(|_| from([127, 0, 0, 1])).collect();
        serve_until(&mut port, 3, 0);
        let mut fourth = from([127, 0, 0, 1]);
        serve_until(&mut port, 3, 1);
        assert!(!matches!(fourth.read(&mut [0]), Ok(1..)), "it was closed");
        let _elsewhere = from([127, 0, 0, 2]);
        serve_until(&mut port, 4, 1);
        drop(office.pop());
        while port.connections.len() == 4 {
            port.serve(Instant::now(), |_, _| ()).expect("served");
        }
        office.push(from([127, 0, 0, 1]));
        serve_until(&mut port, 5, 1);
        for token in port.connections.keys().copied().collect::<Vec<_>>() {
            port.close(token);
        }
        assert!(port.by_origin.is_empty(), "nothing is remembered of who is gone");
    }

    #[test]
    fn addresses_of_one_network_of_ipv6_count_as_one() {
        let of = |text: &str| origin(text.parse().expect("address"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("192.0.2.7"), of("192.0.2.8"));
    }

    #[test]
    fn a_reader_that_does_not_read_is_cut_off() {
        let mut port = port(1);
        let client = TcpStream::connect(port.local_addr().expect("address")).expect("connected");
        let remote = client.local_addr().expect("address");
        serve_until(&mut port, 1, 0);
        let route = Route { protocol: Protocol::Tcp, remote, local: None };
        let datagram = vec![0; 1200];
        for _ in 0..1_000_000 {
            port.send(&route, &datagram, &[datagram.len()]);
            if port.counters.cut_slow == 1 {
                assert!(port.connections.is_empty() && port.by_remote.is_empty());
                return;
            }
        }
        panic!("the buffer grew without end");
    }
}
