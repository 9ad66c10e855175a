//! The media core: a sans-I/O selective forwarding unit on str0m.
//!
//! | Contract |
//! | --- |
//! | Datagrams, commands and the time go in by `handle_*`; after a batch of them, [`Sfu::flush`] once; then drain [`Sfu::poll_event`] and wake again at [`Sfu::poll_timeout`]. The core asks no clock, opens no socket, starts no thread. One `now` a batch is enough. |
//!
//! A packet's way: `demux` (whose is it) → `transport` (str0m opens it) → `forward` (its publication, and from there the
//! subscriptions) → `layers`, `rewrite` (a subscriber's layer and numbers) → `sender` (`header`, and `srtp` seals it) →
//! `outbox` → [`Sink`].
//! Back come `feedback` and `rtcp`: what a subscriber misses, which key frame it waits for, what of its link is lost.

#![forbid(unsafe_code)]

mod announcement;
mod arena;
mod candidates;
mod command;
mod congestion;
mod connection;
mod data;
mod demux;
mod dependency;
mod estimator;
mod event;
mod feedback;
mod forward;
mod header;
mod history;
mod housekeeping;
mod keyframe;
mod keys;
mod layers;
#[cfg(test)]
mod link;
mod negotiation;
mod outbox;
mod publication;
mod red;
mod rewrite;
mod rtcp;
mod sdp;
mod sender;
mod speakers;
mod srtp;
mod statistics;
mod subscription;
mod timers;
mod transport;

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use str0m::config::{CryptoProvider, DtlsCert};
use str0m::ice::StunMessage;
use str0m::net::Receive;
use str0m::{Event as RtcEvent, IceConnectionState, Input, Output};

pub use candidates::Candidates;
pub use command::*;
pub use event::*;
pub use outbox::{Route, Sink};
pub use statistics::Statistics;

use arena::Arena;
use demux::{Class, Demux};
use housekeeping::Ticks;
use outbox::Outbox;
use publication::Publication;
use timers::Timers;
use transport::{HANDSHAKE_BYTES, State, Transport};

/// A described connection must stand after this long.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// An address that a live connection was heard from within this time can't be taken over by another.
const ADDRESS_HOLD: Duration = Duration::from_secs(10);
/// Turns that a transport may take at one moment: str0m's pacer may ask for one a packet.
const TURNS: usize = 512;

/// The core.
pub struct Sfu {
    candidates: Candidates,
    certificate: DtlsCert,
    crypto: std::sync::Arc<CryptoProvider>,
    transports: Arena<Box<Transport>>,
    transport_ids: HashMap<TransportId, u32>,
    publications: Arena<Publication>,
    publication_ids: HashMap<PublicationId, u32>,
    /// Subscription → publication.
    subscription_ids: HashMap<SubscriptionId, u32>,
    demux: Demux,
    timers: Timers,
    ticks: Ticks,
    touched: Vec<u32>,
    /// Encodings whose frame lacks its last packets in this batch.
    open_frames: Vec<(u32, usize)>,
    events: VecDeque<Event>,
    statistics: Statistics,
    /// What closed transports still have to say.
    farewell: Vec<Outbox>,
}

impl Sfu {
    /// A core that tells clients these candidates. One DTLS certificate serves all its connections: making one costs
    /// as much as a handshake.
    pub fn new(candidates: Candidates, now: Instant) -> Self {
        let crypto = keys::provider();
        let certificate = crypto.dtls_provider.generate_certificate().expect("the crypto provider makes certificates");
        Sfu {
            candidates,
            certificate,
            crypto: std::sync::Arc::new(crypto),
            transports: Arena::default(),
            transport_ids: HashMap::new(),
            publications: Arena::default(),
            publication_ids: HashMap::new(),
            subscription_ids: HashMap::new(),
            demux: Demux::default(),
            timers: Timers::default(),
            ticks: Ticks::new(now),
            touched: Vec::new(),
            open_frames: Vec::new(),
            events: VecDeque::new(),
            statistics: Statistics::default(),
            farewell: Vec::new(),
        }
    }

    /// Counters since the start.
    pub fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// Connections, publications and subscriptions that there are now.
    pub fn population(&self) -> (usize, usize, usize) {
        (self.transport_ids.len(), self.publication_ids.len(), self.subscription_ids.len())
    }

    /// The next event, if any.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`Sfu::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Instant {
        let tick = self.ticks.next();
        self.timers.next().map_or(tick, |at| at.min(tick))
    }

    /// Whether a frame lacks its last packets: the shell may wait a little for them before it flushes.
    pub fn has_open_frames(&self) -> bool {
        !self.open_frames.is_empty()
    }

    /// Carry out a command; what comes of it shows in events.
    pub fn handle_command(&mut self, now: Instant, command: Command) {
        match command {
            Command::OpenTransport { transport, ice_lite } => self.open_transport(now, transport, ice_lite),
            Command::AcceptOffer { transport, request, sdp } => self.accept_offer(now, transport, request, &sdp),
            Command::MakeOffer { transport, request, add, remove, ice_restart } => {
                self.make_offer(now, transport, request, &add, &remove, ice_restart);
            }
            Command::AcceptAnswer { transport, request, sdp } => self.accept_answer(now, transport, request, &sdp),
            // The core sends to no address that has not come to it with a valid check (`sdp::without_candidates`).
            Command::AddCandidate { .. } => {}
            Command::CloseTransport { transport } => self.close_transport(now, transport),
            Command::Publish { publication, transport, mid, kind } => self.publish(publication, transport, &mid, kind),
            Command::SetMuted { publication, muted } => self.set_muted(publication, muted),
            Command::Unpublish { publication } => self.unpublish(publication),
            Command::Subscribe { subscription, publication, transport, mid } => {
                self.subscribe(subscription, publication, transport, &mid);
            }
            Command::Tune { subscription, tuning } => self.tune(now, subscription, tuning),
            Command::Unsubscribe { subscription } => self.unsubscribe(subscription),
            Command::RequestKeyFrame { publication } => self.request_key_frame(now, publication),
            Command::SendData { transports, channel, payload } => self.send_data(&transports, channel, &payload),
        }
    }

    /// Take a datagram. Whatever it holds: it has its effect or is counted as dropped, nothing else.
    pub fn handle_datagram(&mut self, now: Instant, route: Route, datagram: &[u8]) {
        self.statistics.datagrams_in += 1;
        self.statistics.bytes_in += datagram.len() as u64;
        let Some(class) = Class::of(datagram) else {
            self.statistics.dropped_malformed += 1;
            return;
        };
        let source = (route.protocol, route.remote);
        let index = match class {
            Class::Stun => {
                let Ok(message) = StunMessage::parse(datagram) else {
                    self.statistics.dropped_malformed += 1;
                    return;
                };
                let index = if message.is_binding_request() {
                    message.split_username().and_then(|(local, _)| self.demux.by_ufrag(local))
                } else {
                    self.demux.by_address(&source)
                };
                let Some(index) = index else {
                    self.statistics.dropped_unknown_ufrag += 1;
                    return;
                };
                index
            }
            Class::Dtls | Class::Media => {
                let Some(index) = self.demux.by_address(&source) else {
                    self.statistics.dropped_unvalidated += 1;
                    return;
                };
                index
            }
        };
        let holder = self.demux.by_address(&source).filter(|holder| *holder != index);
        if holder
            .and_then(|holder| self.transports.get(holder))
            .is_some_and(|holder| holder.is_connected() && now.saturating_duration_since(holder.heard) < ADDRESS_HOLD)
        {
            self.statistics.dropped_address_held += 1;
            return;
        }
        let Some(transport) = self.transports.get_mut(index) else { return };
        if class != Class::Stun
            && let State::Handshaking { bytes, .. } = &mut transport.state
        {
            *bytes += datagram.len();
            if *bytes > HANDSHAKE_BYTES {
                self.statistics.dropped_handshake += 1;
                return;
            }
        }
        let is_rtp = class == Class::Media && !feedback::is_rtcp(datagram);
        if is_rtp && !transport.sender.admits_rtp(datagram) {
            self.statistics.dropped_unauthenticated += 1;
            return;
        }
        if class == Class::Media && transport.is_connected() && !is_rtp {
            let Some(compound) = transport.sender.open_rtcp(datagram) else {
                self.statistics.dropped_unauthenticated += 1;
                return;
            };
            transport.hear(now);
            if !self.on_feedback(index, &compound, now) {
                return;
            }
        }
        let Some(transport) = self.transports.get_mut(index) else { return };
        let local = candidates::canonical(route.protocol);
        let Ok(receive) = Receive::new(candidates::label(route.protocol), route.remote, local, datagram) else {
            self.statistics.dropped_malformed += 1;
            return;
        };
        let input = Input::Receive(now, receive);
        if class == Class::Stun {
            if !transport.rtc.accepts(&input) {
                self.statistics.dropped_unauthenticated += 1;
                return;
            }
            if !transport.held.admits(&source, now) {
                self.statistics.dropped_addresses += 1;
                return;
            }
            self.demux.bind(&mut transport.held, index, source);
            if !demux::is_check(datagram) {
                transport.held.answered(&source);
            }
            transport.hear(now);
            if transport.route.is_none_or(|known| known.remote == route.remote) {
                transport.route = Some(route);
            }
        }
        if let Err(reason) = transport.input(input) {
            self.statistics.dropped_refused += 1;
            if !transport.rtc.is_alive() {
                self.lose(index, reason);
                return;
            }
        }
        let opened = self.statistics.packets_in + self.statistics.dropped_unpublished;
        self.drain(index, now);
        if is_rtp && opened == self.statistics.packets_in + self.statistics.dropped_unpublished {
            self.statistics.dropped_unused += 1;
        }
        // What follows of a check follows at once, behind its answer: our own check (RFC 8445, 7.3.1.4), and the use of a pair
        // that the client nominated (7.3.1.5). str0m's agent would do either at its next time-out, 50 ms later.
        if class == Class::Stun {
            self.turn(index, now);
        }
    }

    /// The time has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((at, index)) = self.timers.pop_due(now) {
            let Some(transport) = self.transports.get_mut(index) else { continue };
            if transport.armed != Some(at) {
                continue;
            }
            transport.armed = None;
            if transport.due <= now {
                self.statistics.turns_timed += 1;
                self.turn(index, now);
            } else {
                self.timers.arm(&mut transport.armed, transport.due, index);
            }
        }
        self.housekeep(now);
    }

    /// Send what the batch left to send: each transport that was touched takes one turn, and its datagrams go out side by side.
    pub fn flush(&mut self, now: Instant, sink: &mut impl Sink) {
        for (publication, place) in self.open_frames.drain(..) {
            if let Some(encoding) = self.publications.get_mut(publication).and_then(|p| p.encodings.get_mut(place)) {
                encoding.open = false;
            }
        }
        for mut outbox in self.farewell.drain(..) {
            let (datagrams, bytes) = outbox.flush(sink);
            self.statistics.datagrams_out += datagrams;
            self.statistics.bytes_out += bytes;
        }
        let mut touched = std::mem::take(&mut self.touched);
        for index in touched.drain(..) {
            let Some(transport) = self.transports.get_mut(index) else { continue };
            transport.touched = false;
            if std::mem::take(&mut transport.queued) {
                self.statistics.turns_sending += 1;
                self.turn(index, now);
            }
            let Some(transport) = self.transports.get_mut(index) else { continue };
            let (datagrams, bytes) = transport.outbox.flush(sink);
            self.statistics.datagrams_out += datagrams;
            self.statistics.bytes_out += bytes;
        }
        // What was touched meanwhile (an event of one transport that concerns another) waits for the next flush: keep the list.
        if self.touched.is_empty() {
            self.touched = touched;
        }
    }

    /// Whether a flush would find something to do.
    pub fn wants_flush(&self) -> bool {
        !self.touched.is_empty() || !self.farewell.is_empty()
    }

    fn index(&self, transport: TransportId) -> Option<u32> {
        self.transport_ids.get(&transport).copied()
    }

    fn touch(&mut self, index: u32, queued: bool) {
        if let Some(transport) = self.transports.get_mut(index) {
            touch(&mut self.touched, transport, index, queued);
        }
    }

    /// Let str0m do what is due now.
    fn turn(&mut self, index: u32, now: Instant) {
        for _ in 0..TURNS {
            let Some(transport) = self.transports.get_mut(index) else { return };
            if let Err(reason) = transport.input(Input::Timeout(now)) {
                self.lose(index, reason);
                return;
            }
            self.drain(index, now);
            if self.transports.get(index).is_none_or(|transport| transport.due > now) {
                return;
            }
        }
        // A deadline that never moves: go on a little later rather than spin.
        if let Some(transport) = self.transports.get_mut(index) {
            transport.due = now + Duration::from_millis(1);
            self.timers.arm(&mut transport.armed, transport.due, index);
        }
    }

    /// Take all of str0m's output, to its next deadline.
    fn drain(&mut self, index: u32, now: Instant) {
        loop {
            let Some(transport) = self.transports.get_mut(index) else { return };
            match transport.poll() {
                Ok(Output::Timeout(at)) => {
                    transport.due = at;
                    if transport.rtc.is_alive() {
                        self.timers.arm(&mut transport.armed, at, index);
                    }
                    return;
                }
                Ok(Output::Transmit(transmit)) => {
                    let protocol = candidates::protocol(transmit.proto);
                    if demux::is_check(&transmit.contents)
                        && !transport.held.may_check(&(protocol, transmit.destination))
                    {
                        self.statistics.checks_withheld += 1;
                        continue;
                    }
                    let known = transport.route.filter(|route| route.remote == transmit.destination);
                    let route =
                        Route { protocol, remote: transmit.destination, local: known.and_then(|route| route.local) };
                    if known.is_none()
                        && (transport.route.is_none() || Class::of(&transmit.contents) != Some(Class::Stun))
                    {
                        transport.route = Some(route);
                    }
                    transport.outbox.push(route, &transmit.contents);
                    touch(&mut self.touched, transport, index, false);
                }
                Ok(Output::Event(event)) => self.on_event(index, event, now),
                Err(reason) => {
                    self.lose(index, reason);
                    return;
                }
            }
        }
    }

    fn on_event(&mut self, index: u32, event: RtcEvent, now: Instant) {
        match event {
            RtcEvent::RtpPacket(packet) => self.forward(index, &packet, now),
            RtcEvent::Connected => self.on_connected(index, now),
            RtcEvent::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                let reason = "no ICE check came through any more".to_owned();
                self.set_lost(index, reason);
            }
            RtcEvent::IceConnectionStateChange(state) if state.is_connected() => self.on_ice_back(index, now),
            RtcEvent::Closed => self.set_lost(index, "the client closed the connection".to_owned()),
            RtcEvent::ChannelOpen(id, label) => self.on_channel_open(index, id, &label),
            RtcEvent::ChannelData(data) => self.on_channel_data(index, data),
            RtcEvent::ChannelBufferedAmountLow(id) => self.on_channel_free(index, id),
            RtcEvent::ChannelClose(id) => self.on_channel_close(index, id),
            RtcEvent::PeerStats(stats) => self.on_stats(index, &stats, now),
            _ => {}
        }
    }

    /// The connection is gone, and str0m's state with it or not.
    fn lose(&mut self, index: u32, reason: String) {
        self.statistics.faults += u64::from(reason.starts_with("fault"));
        if let Some(transport) = self.transports.get_mut(index) {
            transport.rtc.disconnect();
            transport.due = Instant::far(transport.due);
        }
        self.set_lost(index, reason);
    }
}

fn touch(touched: &mut Vec<u32>, transport: &mut Transport, index: u32, queued: bool) {
    transport.queued |= queued;
    if !transport.touched {
        transport.touched = true;
        touched.push(index);
    }
}

/// A deadline that does not come.
trait Far {
    fn far(from: Self) -> Self;
}

impl Far for Instant {
    fn far(from: Instant) -> Instant {
        from + Duration::from_secs(365 * 86_400)
    }
}
