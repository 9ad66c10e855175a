//! A simulated network: str0m clients around the core, a clock that jumps, links that lose by a seed.
#![allow(dead_code)] // Each test uses its part.

use std::collections::{BinaryHeap, HashMap};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use incamera_sfu::{
    Candidates, Command, Event, Kind, Protocol, PublicationId, RequestId, Route, Section, Sfu, Sink, SubscriptionId,
    TransportId,
};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::channel::{ChannelConfig, ChannelId};
use str0m::media::{Direction, MediaKind, Mid, Pt, Rid, Simulcast, SimulcastLayer};
use str0m::net::Receive;
use str0m::rtp::{RtpPacket, RtpWrite};
use str0m::{Candidate, Input, Output, Rtc};

/// Where the core is.
pub fn core_address() -> SocketAddr {
    "198.51.100.1:7882".parse().expect("address")
}

/// A small generator: the same seed, the same network.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// One client.
pub struct Client {
    pub rtc: Rtc,
    pub address: SocketAddr,
    pub id: TransportId,
    pub pending: Option<SdpPendingOffer>,
    pub received: Vec<RtpPacket>,
    pub data: Vec<(ChannelId, Vec<u8>)>,
    pub channels: HashMap<String, ChannelId>,
    pub key_frames_asked: usize,
    pub connected: bool,
    /// Share of what it sends, and of what is sent to it, that is lost, in thousandths.
    pub loss: (u64, u64),
    /// What the link to it carries, bit/s, with a queue of 300 ms; None: all.
    pub rate_bps: Option<u64>,
    free_at: Instant,
    due: Instant,
    sections: Vec<Section>,
    sequence: HashMap<(Mid, Option<Rid>), u64>,
}

#[derive(PartialEq, Eq)]
struct Flight {
    at: Instant,
    order: u64,
    to_core: bool,
    client: usize,
    bytes: Vec<u8>,
}

impl Ord for Flight {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl PartialOrd for Flight {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// What the core sends, until it is put on links.
#[derive(Default)]
pub struct Sent(pub Vec<(Route, Vec<u8>)>);

impl Sink for Sent {
    fn send(&mut self, route: &Route, bytes: &[u8], ends: &[usize]) {
        let mut start = 0;
        for end in ends {
            self.0.push((*route, bytes[start..*end].to_vec()));
            start = *end;
        }
    }
}

/// The core, its clients, the network and the clock.
pub struct World {
    pub now: Instant,
    pub sfu: Sfu,
    pub clients: Vec<Client>,
    pub events: Vec<Event>,
    /// Everything that came to the core, if asked for.
    pub tape: Option<Vec<(SocketAddr, Vec<u8>)>>,
    /// Reads the thread's CPU clock: what the core spends is summed up in `spent`.
    pub meter: Option<fn() -> Duration>,
    pub spent: Duration,
    /// The sizes of what the core sent to addresses of nobody here.
    pub elsewhere: Vec<usize>,
    random: Random,
    air: BinaryHeap<Flight>,
    order: u64,
    next_id: u64,
}

/// One way.
pub const DELAY: Duration = Duration::from_millis(10);

impl World {
    #[allow(clippy::disallowed_methods)] // The one reading of the clock: where simulated time starts.
    pub fn new(seed: u64) -> Self {
        let now = Instant::now();
        let candidates = Candidates { udp: vec![core_address()], tcp: vec![] };
        World {
            now,
            sfu: Sfu::new(candidates, now),
            clients: Vec::new(),
            events: Vec::new(),
            tape: None,
            meter: None,
            spent: Duration::ZERO,
            elsewhere: Vec::new(),
            random: Random::new(seed),
            air: BinaryHeap::new(),
            order: 0,
            next_id: 1,
        }
    }

    pub fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// A client, and a transport for it at the core.
    pub fn join(&mut self, ice_lite: bool) -> usize {
        let number = self.clients.len();
        let address: SocketAddr = format!("203.0.113.{}:{}", number % 250 + 1, 5000 + number).parse().expect("address");
        let mut rtc = Rtc::builder().set_rtp_mode(true).enable_bwe(None).build(self.now);
        rtc.add_local_candidate(Candidate::host(address, "udp").expect("candidate"));
        let id = TransportId(self.id());
        self.sfu.handle_command(self.now, Command::OpenTransport { transport: id, ice_lite });
        self.clients.push(Client {
            rtc,
            address,
            id,
            pending: None,
            received: Vec::new(),
            data: Vec::new(),
            channels: HashMap::new(),
            key_frames_asked: 0,
            connected: false,
            loss: (0, 0),
            rate_bps: None,
            free_at: self.now,
            due: self.now,
            sections: Vec::new(),
            sequence: HashMap::new(),
        });
        number
    }

    /// The client offers: so many sections of each kind to receive in, and what it sends.
    pub fn offer(&mut self, client: usize, receive: (usize, usize), send: &[(Kind, bool)]) -> Vec<Mid> {
        let mut sending = Vec::new();
        let who = &mut self.clients[client];
        let first = who.sections.is_empty();
        let mut api = who.rtc.sdp_api();
        if first {
            for label in ["_reliable", "_lossy"] {
                api.add_channel_with_config(ChannelConfig { label: label.into(), ..Default::default() });
            }
        }
        for (kind, simulcast) in send {
            let simulcast = simulcast.then(|| Simulcast {
                send: ["q", "h", "f"].map(|rid| SimulcastLayer { rid: Rid::from(rid), attributes: None }).to_vec(),
                recv: vec![],
            });
            sending.push(api.add_media(media(*kind), Direction::SendOnly, None, None, simulcast));
        }
        for (kind, count) in [(Kind::Audio, receive.0), (Kind::Video, receive.1)] {
            for _ in 0..count {
                sending.push(api.add_media(media(kind), Direction::RecvOnly, None, None, None));
            }
        }
        let (offer, pending) = api.apply().expect("something to offer");
        who.pending = Some(pending);
        let sdp = offer.to_sdp_string();
        self.send_offer(client, sdp);
        sending
    }

    pub fn send_offer(&mut self, client: usize, sdp: String) {
        let request = RequestId(self.id());
        let transport = self.clients[client].id;
        self.sfu.handle_command(self.now, Command::AcceptOffer { transport, request, sdp });
        self.settle();
    }

    /// Commands' consequences, without letting time pass.
    pub fn settle(&mut self) {
        while let Some(event) = self.sfu.poll_event() {
            match &event {
                Event::Answered { transport, sdp, sections, .. } => {
                    let client = self.clients.iter().position(|client| client.id == *transport).expect("a client");
                    let answer = SdpAnswer::from_sdp_string(sdp).expect("an answer");
                    let who = &mut self.clients[client];
                    who.sections.clone_from(sections);
                    let pending = who.pending.take().expect("an offer");
                    who.rtc.sdp_api().accept_answer(pending, answer).expect("accepted");
                    self.drain(client);
                }
                Event::Offered { transport, sdp, .. } => {
                    let client = self.clients.iter().position(|client| client.id == *transport).expect("a client");
                    let offer = SdpOffer::from_sdp_string(sdp).expect("an offer");
                    let answer = self.clients[client].rtc.sdp_api().accept_offer(offer).expect("answered");
                    self.drain(client);
                    let request = RequestId(self.id());
                    self.sfu.handle_command(
                        self.now,
                        Command::AcceptAnswer { transport: *transport, request, sdp: answer.to_sdp_string() },
                    );
                }
                _ => {}
            }
            self.events.push(event);
        }
        self.flush();
    }

    pub fn command(&mut self, command: Command) {
        self.sfu.handle_command(self.now, command);
        self.settle();
    }

    pub fn publish(&mut self, client: usize, mid: Mid, kind: Kind) -> PublicationId {
        let publication = PublicationId(self.id());
        let transport = self.clients[client].id;
        self.command(Command::Publish { publication, transport, mid: mid.to_string(), kind });
        publication
    }

    /// Subscribe into a section, and negotiate (as a client does when it is told of a track).
    pub fn subscribe(&mut self, client: usize, publication: PublicationId, mid: Mid) -> SubscriptionId {
        let subscription = SubscriptionId(self.id());
        let transport = self.clients[client].id;
        self.command(Command::Subscribe { subscription, publication, transport, mid: mid.to_string() });
        subscription
    }

    /// The same sections again, as when a client is asked for another offer.
    pub fn reoffer(&mut self, client: usize) {
        self.offer(client, (0, 1), &[]);
    }

    pub fn section(&self, client: usize, mid: Mid) -> &Section {
        self.clients[client].sections.iter().find(|section| section.mid == *mid).expect("a section")
    }

    /// Send one RTP packet of a client's track, now.
    pub fn send(&mut self, client: usize, mid: Mid, rid: Option<&str>, timestamp: u32, marker: bool, payload: &[u8]) {
        let now = self.now;
        let who = &mut self.clients[client];
        let rid = rid.map(Rid::from);
        let is_audio = who.rtc.media(mid).expect("media").kind().is_audio();
        let pt = payload_type(&who.rtc, mid);
        let sequence = who.sequence.entry((mid, rid)).or_insert(100);
        *sequence += 1;
        let mut api = who.rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, rid).expect("a stream");
        let mut write =
            RtpWrite::new(pt, (*sequence).into(), timestamp, now, payload).marker(marker).nackable(!is_audio);
        if is_audio {
            write = write.ext_vals(str0m::rtp::ExtensionValues {
                audio_level: Some(-20),
                voice_activity: Some(true),
                ..Default::default()
            });
        }
        stream.write_rtp(write);
        self.wake(client);
    }

    fn wake(&mut self, client: usize) {
        for _ in 0..300 {
            self.clients[client].rtc.handle_input(Input::Timeout(self.now)).expect("woken");
            self.drain(client);
            if self.clients[client].due > self.now {
                return;
            }
        }
    }

    fn drain(&mut self, client: usize) {
        loop {
            let who = &mut self.clients[client];
            match who.rtc.poll_output().expect("polled") {
                Output::Timeout(at) => {
                    who.due = at;
                    return;
                }
                Output::Transmit(transmit) => {
                    let lost = self.random.below(1000) < who.loss.0;
                    if !lost {
                        self.order += 1;
                        let flight = Flight {
                            at: self.now + DELAY,
                            order: self.order,
                            to_core: true,
                            client,
                            bytes: transmit.contents.to_vec(),
                        };
                        self.air.push(flight);
                    }
                }
                Output::Event(event) => match event {
                    str0m::Event::Connected => who.connected = true,
                    str0m::Event::RtpPacket(packet) => who.received.push(packet),
                    str0m::Event::KeyframeRequest(_) => who.key_frames_asked += 1,
                    str0m::Event::ChannelOpen(id, label) => {
                        who.channels.insert(label, id);
                    }
                    str0m::Event::ChannelData(data) => who.data.push((data.id, data.data)),
                    _ => {}
                },
            }
        }
    }

    /// Put what the core has to send on the links.
    pub fn flush(&mut self) {
        let mut sent = Sent::default();
        let started = self.meter.map(|read| read());
        while self.sfu.wants_flush() {
            self.sfu.flush(self.now, &mut sent);
        }
        self.stop(started);
        for (route, bytes) in sent.0 {
            let Some(client) = self.clients.iter().position(|client| client.address == route.remote) else {
                self.elsewhere.push(bytes.len());
                continue;
            };
            let who = &mut self.clients[client];
            if self.random.below(1000) < who.loss.1 {
                continue;
            }
            let mut at = self.now + DELAY;
            if let Some(rate) = who.rate_bps {
                let starts = who.free_at.max(self.now);
                if starts > self.now + Duration::from_millis(300) {
                    continue;
                }
                who.free_at = starts + Duration::from_micros(bytes.len() as u64 * 8 * 1_000_000 / rate);
                at = who.free_at + DELAY;
            }
            self.order += 1;
            self.air.push(Flight { at, order: self.order, to_core: false, client, bytes });
        }
    }

    /// Let time pass, event by event.
    pub fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            let flight = self.air.peek().map(|flight| flight.at);
            let client = self.clients.iter().map(|client| client.due).min();
            let next = [flight, client, Some(self.sfu.poll_timeout())].into_iter().flatten().min().expect("a deadline");
            if next > end {
                break;
            }
            self.now = self.now.max(next);
            while self.air.peek().is_some_and(|flight| flight.at <= self.now) {
                let flight = self.air.pop().expect("peeked");
                if flight.to_core {
                    let source = self.clients[flight.client].address;
                    self.arrive(source, &flight.bytes);
                } else {
                    let who = &mut self.clients[flight.client];
                    let Ok(receive) =
                        Receive::new(str0m::net::Protocol::Udp, core_address(), who.address, &flight.bytes)
                    else {
                        continue;
                    };
                    let input = Input::Receive(self.now, receive);
                    if who.rtc.accepts(&input) {
                        who.rtc.handle_input(input).expect("taken");
                        self.drain(flight.client);
                    }
                }
            }
            for client in 0..self.clients.len() {
                if self.clients[client].due <= self.now {
                    self.wake(client);
                    if self.clients[client].due <= self.now {
                        self.clients[client].due = self.now + Duration::from_millis(1);
                    }
                }
            }
            let started = self.meter.map(|read| read());
            self.sfu.handle_timeout(self.now);
            self.stop(started);
            self.settle();
        }
        self.now = end;
    }

    fn stop(&mut self, started: Option<Duration>) {
        if let (Some(read), Some(started)) = (self.meter, started) {
            self.spent += read() - started;
        }
    }

    /// A datagram reaches the core.
    pub fn arrive(&mut self, source: SocketAddr, bytes: &[u8]) {
        if let Some(tape) = &mut self.tape {
            tape.push((source, bytes.to_vec()));
        }
        let route = Route { protocol: Protocol::Udp, remote: source, local: None };
        let started = self.meter.map(|read| read());
        self.sfu.handle_datagram(self.now, route, bytes);
        self.stop(started);
    }

    pub fn counter(&self, name: &str) -> u64 {
        self.sfu.statistics().named().into_iter().find(|(known, _)| *known == name).expect("a counter").1
    }

    /// Packets that a client received in one section.
    pub fn received(&mut self, client: usize, mid: Mid) -> Vec<&RtpPacket> {
        let Client { rtc, received, .. } = &mut self.clients[client];
        let mut api = rtc.direct_api();
        received
            .iter()
            .filter(|packet| api.stream_rx(&packet.header.ssrc).is_some_and(|stream| stream.mid() == mid))
            .collect()
    }
}

fn media(kind: Kind) -> MediaKind {
    match kind {
        Kind::Audio => MediaKind::Audio,
        Kind::Video => MediaKind::Video,
    }
}

fn payload_type(rtc: &Rtc, mid: Mid) -> Pt {
    let media = rtc.media(mid).expect("media");
    let codec = if media.kind().is_audio() { str0m::format::Codec::Opus } else { str0m::format::Codec::Vp8 };
    rtc.codec_config().find(|params| params.spec().codec == codec).expect("configured").pt()
}

/// A VP8 payload: descriptor with a 15-bit picture id, and one clear byte of the frame header, as encrypted frames have.
pub fn vp8(picture_id: u16, key: bool, begins: bool, size: usize) -> Vec<u8> {
    let mut payload = vec![0xaa; size.max(16)];
    payload[0] = 0x80 | if begins { 0x10 } else { 0 };
    payload[1] = 0xe0;
    payload[2] = 0x80 | (picture_id >> 8) as u8;
    payload[3] = picture_id as u8;
    payload[4] = picture_id as u8;
    payload[5] = 0x20;
    payload[6] = u8::from(!key);
    payload
}
