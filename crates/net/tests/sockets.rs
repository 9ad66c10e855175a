//! The core on real sockets, with str0m as the client: datagrams, and the same framed over TCP.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use incamera_net::{Config, Core};
use incamera_sfu::{Command, Event, Protocol, RequestId, TransportId};
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::net::{Receive, TcpType};
use str0m::{Candidate, Input, Output, Rtc};

/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

fn config() -> Config {
    let loopback: SocketAddr = "127.0.0.1:0".parse().expect("address");
    Config {
        udp: loopback,
        tcp: Some(loopback),
        announce_udp: vec![],
        announce_tcp: vec![],
        udp_candidates: true,
        gather: Duration::from_micros(100),
        gso: true,
        tcp_per_address: 8,
        event_bytes: 1024 * 1024,
    }
}

enum Link {
    Udp(UdpSocket),
    Tcp(TcpStream, Vec<u8>),
}

impl Link {
    fn send(&mut self, to: SocketAddr, datagram: &[u8]) {
        match self {
            Link::Udp(socket) => {
                socket.send_to(datagram, to).expect("sent");
            }
            Link::Tcp(stream, _) => {
                let mut frame = (datagram.len() as u16).to_be_bytes().to_vec();
                frame.extend_from_slice(datagram);
                stream.write_all(&frame).expect("sent");
            }
        }
    }

    fn receive(&mut self) -> Vec<Vec<u8>> {
        let mut buffer = [0; 65_536];
        match self {
            Link::Udp(socket) => {
                socket.recv(&mut buffer).map(|length| vec![buffer[..length].to_vec()]).unwrap_or_default()
            }
            Link::Tcp(stream, pending) => {
                if let Ok(length) = stream.read(&mut buffer) {
                    pending.extend_from_slice(&buffer[..length]);
                }
                let mut datagrams = Vec::new();
                while pending.len() >= 2 {
                    let length = usize::from(u16::from_be_bytes([pending[0], pending[1]]));
                    if pending.len() < 2 + length {
                        break;
                    }
                    datagrams.push(pending[2..2 + length].to_vec());
                    pending.drain(..2 + length);
                }
                datagrams
            }
        }
    }
}

/// Connect one client; returns which way the core says it came, and the frame that came back on the data channel.
fn call(core: &Core, over_tcp: bool) -> (Protocol, Vec<u8>) {
    let (mut link, own, label, target) = if over_tcp {
        let target = SocketAddr::from(([127, 0, 0, 1], core.tcp_port().expect("TCP")));
        let stream = TcpStream::connect(target).expect("connected");
        stream.set_read_timeout(Some(Duration::from_millis(5))).expect("set");
        stream.set_nodelay(true).expect("set");
        let own = stream.local_addr().expect("address");
        (Link::Tcp(stream, Vec::new()), own, str0m::net::Protocol::Tcp, target)
    } else {
        let target = SocketAddr::from(([127, 0, 0, 1], core.udp_port()));
        let socket = UdpSocket::bind("127.0.0.1:0").expect("bound");
        socket.set_read_timeout(Some(Duration::from_millis(5))).expect("set");
        let own = socket.local_addr().expect("address");
        (Link::Udp(socket), own, str0m::net::Protocol::Udp, target)
    };
    let started = Instant::now();
    let mut rtc = Rtc::builder().set_rtp_mode(true).build(started);
    let candidate = if over_tcp {
        Candidate::builder().tcp().host(own).tcptype(TcpType::Active).build()
    } else {
        Candidate::host(own, "udp")
    };
    rtc.add_local_candidate(candidate.expect("candidate"));
    let mut api = rtc.sdp_api();
    let channel = api.add_channel("_reliable".into());
    let (offer, pending) = api.apply().expect("an offer");
    let mut pending: Option<SdpPendingOffer> = Some(pending);
    let transport = TransportId(u64::from(over_tcp) + 1);
    core.send(Command::OpenTransport { transport, ice_lite: true });
    core.send(Command::AcceptOffer { transport, request: RequestId(1), sdp: offer.to_sdp_string() });
    let (mut protocol, mut frames) = (None, Vec::new());
    loop {
        assert!(started.elapsed() < PATIENCE, "no connection: {protocol:?}");
        for event in core.events() {
            match event {
                Event::Answered { sdp, .. } => {
                    let answer = SdpAnswer::from_sdp_string(&sdp).expect("an answer");
                    rtc.sdp_api().accept_answer(pending.take().expect("an offer"), answer).expect("accepted");
                }
                Event::Connected { protocol: way, .. } => protocol = Some(way),
                Event::DataReceived { channel, payload, .. } => {
                    core.send(Command::SendData { transports: vec![transport], channel, payload });
                }
                _ => {}
            }
        }
        let now = Instant::now();
        rtc.handle_input(Input::Timeout(now)).expect("woken");
        loop {
            match rtc.poll_output().expect("polled") {
                Output::Timeout(_) => break,
                Output::Transmit(transmit) if transmit.proto == label && transmit.destination == target => {
                    link.send(target, &transmit.contents);
                }
                Output::Event(str0m::Event::ChannelOpen(..)) => {
                    assert!(rtc.channel(channel).expect("open").write(true, b"hear, hear").expect("written"));
                }
                Output::Event(str0m::Event::ChannelData(data)) => frames.push(data.data),
                _ => {}
            }
        }
        if let (Some(protocol), Some(frame)) = (protocol, frames.pop()) {
            return (protocol, frame);
        }
        for datagram in link.receive() {
            if let Ok(receive) = Receive::new(label, target, own, &datagram) {
                rtc.handle_input(Input::Receive(Instant::now(), receive)).expect("taken");
            }
        }
    }
}

#[test]
fn a_client_connects_by_udp_and_another_by_tcp() {
    let mut core = Core::start(&config()).expect("started");
    assert_eq!(call(&core, false), (Protocol::Udp, b"hear, hear".to_vec()));
    assert_eq!(call(&core, true), (Protocol::Tcp, b"hear, hear".to_vec()));
    core.close();
    core.close();
}

#[test]
fn without_udp_candidates_the_client_is_told_tcp_alone_and_announced_addresses_replace_our_own() {
    let announced: SocketAddr = "198.51.100.7:40000".parse().expect("address");
    let config = Config { udp_candidates: false, announce_tcp: vec![announced], ..config() };
    let core = Core::start(&config).expect("started");
    let mut rtc = Rtc::builder().build(Instant::now());
    let mut api = rtc.sdp_api();
    api.add_channel("_reliable".into());
    let sdp = api.apply().expect("an offer").0.to_sdp_string();
    core.send(Command::OpenTransport { transport: TransportId(1), ice_lite: true });
    core.send(Command::AcceptOffer { transport: TransportId(1), request: RequestId(1), sdp });
    let started = Instant::now();
    let answer = loop {
        assert!(started.elapsed() < PATIENCE, "no answer");
        let answered = core.events().into_iter().find_map(|event| match event {
            Event::Answered { sdp, .. } => Some(sdp),
            _ => None,
        });
        match answered {
            Some(sdp) => break sdp,
            None => std::thread::yield_now(),
        }
    };
    let candidates: Vec<&str> = answer.lines().filter(|line| line.starts_with("a=candidate:")).collect();
    assert_eq!(candidates.len(), 1);
    assert!(
        candidates[0].contains(" tcp ") && candidates[0].ends_with("198.51.100.7 40000 typ host tcptype passive"),
        "{candidates:?}"
    );
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = UdpSocket::bind("127.0.0.1:0").expect("bound");
    let address = taken.local_addr().expect("address");
    let error = Core::start(&Config { udp: address, ..config() }).err().expect("taken");
    assert!(error.to_string().contains(&address.to_string()));
}
