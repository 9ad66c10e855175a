//! A transport's life: opened, connected, lost, back again, closed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use str0m::config::DtlsVersion;
use str0m::{Candidate, Input, Rtc};

use crate::candidates::canonical;
use crate::command::TransportId;
use crate::dependency::dependency_extension;
use crate::event::{Event, Protocol};
use crate::keys::Tap;
use crate::transport::{State, Transport};
use crate::{HANDSHAKE, Sfu};

/// What a data channel frame may hold (LiveKit's clients agree on the same).
const MESSAGE_BYTES: u32 = 65_535;
/// How often loss and round trip are read.
const STATS: Duration = Duration::from_millis(500);

impl Sfu {
    pub(crate) fn open_transport(&mut self, now: Instant, id: TransportId, ice_lite: bool) {
        if self.transport_ids.contains_key(&id) {
            return;
        }
        let mut config = Rtc::builder()
            .set_crypto_provider(self.crypto.clone())
            .set_dtls_cert(self.certificate.clone())
            .set_dtls_version(DtlsVersion::Dtls12)
            .set_ice_lite(ice_lite)
            .set_rtp_mode(true)
            .enable_opus(true, true)
            .set_stats_interval(Some(STATS))
            .set_sctp_max_message_size(MESSAGE_BYTES)
            .set_extension(12, dependency_extension());
        config.set_initial_stun_rto(Duration::from_millis(100));
        let mut rtc = config.build(now);
        let tap = Tap::newest();
        for protocol in [Protocol::Udp, Protocol::Tcp] {
            let candidate = match protocol {
                Protocol::Udp => Candidate::host(canonical(protocol), "udp"),
                Protocol::Tcp => {
                    Candidate::builder().tcp().host(canonical(protocol)).tcptype(str0m::net::TcpType::Passive).build()
                }
            };
            rtc.add_local_candidate(candidate.expect("a valid address"));
        }
        let ufrag = rtc.direct_api().local_ice_credentials().ufrag;
        let mut transport = Box::new(Transport::new(id, rtc, tap, now));
        let broken = transport.input(Input::Timeout(now)).err();
        let index = self.transports.insert(transport);
        self.transport_ids.insert(id, index);
        if let Some(transport) = self.transports.get_mut(index) {
            self.demux.name(&mut transport.held, index, &ufrag);
        }
        match broken {
            Some(reason) => self.lose(index, reason),
            None => self.drain(index, now),
        }
    }

    pub(crate) fn close_transport(&mut self, now: Instant, id: TransportId) {
        let Some(index) = self.transport_ids.remove(&id) else { return };
        let Some(transport) = self.transports.get_mut(index) else { return };
        let published: Vec<u32> = transport.published.iter().map(|(_, publication)| *publication).collect();
        let subscriptions: Vec<_> = transport.egress.iter().map(|egress| egress.subscription).collect();
        for publication in published {
            self.remove_publication(publication);
        }
        for subscription in subscriptions {
            self.unsubscribe(subscription);
        }
        // Say good-bye, so that the client need not wait for a time-out; what it leaves in the outbox goes with the next flush.
        if let Some(transport) = self.transports.get_mut(index)
            && transport.is_connected()
        {
            let _ = catch_unwind(AssertUnwindSafe(|| transport.rtc.close()));
            self.drain(index, now);
        }
        let Some(mut transport) = self.transports.take(index) else { return };
        self.demux.release(&transport.held, index);
        self.farewell.push(std::mem::take(&mut transport.outbox));
    }

    pub(crate) fn end_slow_handshakes(&mut self, now: Instant) {
        let slow: Vec<u32> = self
            .transports
            .iter()
            .filter(|(_, t)| matches!(t.state, State::Handshaking { since, .. } if now.saturating_duration_since(since) > HANDSHAKE))
            .map(|(index, _)| index)
            .collect();
        for index in slow {
            self.statistics.dropped_handshake += 1;
            self.set_lost(index, "the handshake took too long".to_owned());
        }
    }

    pub(crate) fn on_connected(&mut self, index: u32, now: Instant) {
        let Some(transport) = self.transports.get_mut(index) else { return };
        if transport.state == State::Connected {
            return;
        }
        if let Some(material) = transport.tap.take()
            && !transport.sender.key(&material)
        {
            return self.lose(index, "the client agreed on a cipher that is not known here".to_owned());
        }
        transport.state = State::Connected;
        transport.hear(now);
        transport.estimator.renew(now);
        self.statistics.connected += 1;
        let protocol = transport.protocol();
        self.events.push_back(Event::Connected { transport: transport.id, protocol });
        self.set_subscriptions_connected(index, true);
        self.request_wanted_key_frames(now);
    }

    /// ICE came back after a restart; DTLS stood all the while.
    pub(crate) fn on_ice_back(&mut self, index: u32, now: Instant) {
        let Some(transport) = self.transports.get(index) else { return };
        if transport.rtc.is_connected() && transport.state != State::Connected {
            self.on_connected(index, now);
        }
    }

    pub(crate) fn set_lost(&mut self, index: u32, reason: String) {
        let Some(transport) = self.transports.get_mut(index) else { return };
        if transport.state == State::Lost {
            return;
        }
        transport.state = State::Lost;
        self.events.push_back(Event::Disconnected { transport: transport.id, reason });
        self.set_subscriptions_connected(index, false);
    }

    fn set_subscriptions_connected(&mut self, index: u32, connected: bool) {
        let Some(transport) = self.transports.get(index) else { return };
        for egress in &transport.egress {
            if let Some(subscription) =
                self.publications.get_mut(egress.publication).and_then(|p| p.subscription(egress.subscription))
            {
                subscription.connected = connected;
                if !connected {
                    subscription.selector.stop();
                }
            }
        }
    }
}
