//! The shell around the media core: sockets, clock, one thread. No Python here, so that it is benched without it.

#![forbid(unsafe_code)]

mod batch;
mod failure;
mod mailbox;
mod run;
mod snapshot;
mod tcp;
mod udp;

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use incamera_sfu::{Candidates, Command, Event, Sfu};
use rustix::event::{EventfdFlags, eventfd};

pub use failure::{Cause, Failure};
pub use snapshot::Snapshot;

use mailbox::{Bounds, Mailbox};
use run::{Ports, Shared, locked, run, signal};
use tcp::TcpPort;
use udp::UdpPort;

/// Events that wait for a reader who does not come, whatever their bytes.
const EVENTS: usize = 65_536;

/// Where the core listens, and what it tells clients.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where UDP is received; port 0 lets the system choose.
    pub udp: SocketAddr,
    /// Where TCP is accepted.
    pub tcp: Option<SocketAddr>,
    /// UDP addresses that clients are told in place of the machine's own.
    pub announce_udp: Vec<SocketAddr>,
    /// TCP addresses that clients are told in place of the machine's own.
    pub announce_tcp: Vec<SocketAddr>,
    /// False: clients are told no UDP address.
    pub udp_candidates: bool,
    /// How long a frame that lacks its last packets is gathered.
    pub gather: Duration,
    /// False: no segmentation offload, whatever the kernel can.
    pub gso: bool,
    /// TCP connections that one address may have at a time (IPv6: one network of 64 bits).
    pub tcp_per_address: usize,
    /// Bytes of events that may wait for the owner; beyond them data frames are dropped, and counted.
    pub event_bytes: usize,
}

/// A port that can't be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {protocol} {address}: {source}")]
pub struct Unbound {
    /// `UDP` or `TCP`.
    pub protocol: &'static str,
    /// Which address.
    pub address: SocketAddr,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// The running core.
pub struct Core {
    commands: Option<Sender<Command>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    udp_port: u16,
    tcp_port: Option<u16>,
}

impl Core {
    /// Bind the sockets and start the thread.
    pub fn start(config: &Config) -> Result<Core, Unbound> {
        let unbound = |protocol, address| move |source| Unbound { protocol, address, source };
        let now = Instant::now();
        let udp = UdpPort::bind(config.udp, config.gso).map_err(unbound("UDP", config.udp))?;
        let udp_bound = udp.socket().local_addr().map_err(unbound("UDP", config.udp))?;
        let tcp = match config.tcp {
            Some(address) => {
                Some(TcpPort::bind(address, config.tcp_per_address, now).map_err(unbound("TCP", address))?)
            }
            None => None,
        };
        let tcp_bound = match (&tcp, config.tcp) {
            (Some(tcp), Some(address)) => Some(tcp.local_addr().map_err(unbound("TCP", address))?),
            _ => None,
        };
        let told = |announced: &[SocketAddr], bound: SocketAddr| {
            if announced.is_empty() { own_addresses(bound) } else { announced.to_vec() }
        };
        let candidates = Candidates {
            udp: if config.udp_candidates { told(&config.announce_udp, udp_bound) } else { Vec::new() },
            tcp: tcp_bound.map(|bound| told(&config.announce_tcp, bound)).unwrap_or_default(),
        };
        let event = || eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(io::Error::from);
        let shared = Arc::new(Shared {
            wake: event().map_err(unbound("UDP", config.udp))?,
            news: event().map_err(unbound("UDP", config.udp))?,
            mailbox: Mutex::new(Mailbox::new(Bounds { events: EVENTS, bytes: config.event_bytes })),
            snapshot: Mutex::new(Snapshot::default()),
            faults: Mutex::new(Vec::new()),
            failure: Mutex::new(None),
        });
        let (commands, receiver) = channel();
        let (theirs, gather) = (shared.clone(), config.gather.min(Duration::from_millis(5)));
        let thread = std::thread::Builder::new()
            .name("incamera-media".to_owned())
            .spawn(move || {
                let sfu = Sfu::new(candidates, Instant::now());
                let ended = failure::watched(|| run(sfu, Ports { udp, tcp }, &receiver, &theirs, gather));
                *locked(&theirs.failure) = ended.err();
                signal(&theirs.news);
            })
            .map_err(unbound("UDP", config.udp))?;
        Ok(Core {
            commands: Some(commands),
            shared,
            thread: Some(thread),
            udp_port: udp_bound.port(),
            tcp_port: tcp_bound.map(|bound| bound.port()),
        })
    }

    /// The UDP port that is really bound.
    pub fn udp_port(&self) -> u16 {
        self.udp_port
    }

    /// The TCP port that is really bound.
    pub fn tcp_port(&self) -> Option<u16> {
        self.tcp_port
    }

    /// Queue a command. False: the core is closed.
    pub fn send(&self, command: Command) -> bool {
        let sent = self.commands.as_ref().is_some_and(|commands| commands.send(command).is_ok());
        signal(&self.shared.wake);
        sent
    }

    /// A descriptor that is readable while events wait.
    pub fn descriptor(&self) -> RawFd {
        self.shared.news.as_raw_fd()
    }

    /// All events that wait, in order.
    pub fn events(&self) -> VecDeque<Event> {
        let mut count = [0; 8];
        let _ = rustix::io::read(&self.shared.news, &mut count);
        locked(&self.shared.mailbox).take()
    }

    /// Where the thread panicked without ending, since this was asked before; each ended one connection (`faults`).
    pub fn faults(&self) -> Vec<String> {
        std::mem::take(&mut *locked(&self.shared.faults))
    }

    /// Why the thread has ended, if nobody asked it to. The descriptor becomes readable with it.
    pub fn failure(&self) -> Option<Failure> {
        locked(&self.shared.failure).clone()
    }

    /// Counters since the start, at most 100 ms old.
    pub fn statistics(&self) -> Snapshot {
        locked(&self.shared.snapshot).clone()
    }

    /// End all connections and the thread; idempotent.
    pub fn close(&mut self) {
        self.commands = None;
        signal(&self.shared.wake);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.close();
    }
}

/// The addresses at which a bound socket can be reached: itself, or, where it listens on all, the one by which this
/// machine reaches others, and else the loopback.
fn own_addresses(bound: SocketAddr) -> Vec<SocketAddr> {
    if !bound.ip().is_unspecified() {
        return vec![bound];
    }
    let mut addresses: Vec<IpAddr> = Vec::new();
    // No packet is sent: connecting a datagram socket asks the routing table. The targets are documentation addresses (RFC 5737, RFC 3849).
    let targets: [(IpAddr, IpAddr); 2] = [
        (Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into()),
        (Ipv6Addr::UNSPECIFIED.into(), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into()),
    ];
    for (any, target) in targets {
        if target.is_ipv6() && bound.is_ipv4() {
            continue;
        }
        let own = UdpSocket::bind((any, 0)).and_then(|socket| {
            socket.connect((target, 9))?;
            socket.local_addr()
        });
        if let Ok(own) = own
            && !own.ip().is_unspecified()
        {
            addresses.push(own.ip());
        }
    }
    if addresses.is_empty() {
        addresses.push(Ipv4Addr::LOCALHOST.into());
    }
    addresses.into_iter().map(|ip| SocketAddr::new(ip, bound.port())).collect()
}
