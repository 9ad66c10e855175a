//! One peer connection: str0m's `Rtc`, what it sends and receives, and what waits to go out.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use str0m::change::SdpPendingOffer;
use str0m::channel::ChannelId;
use str0m::media::Mid;
use str0m::{Input, Output, Rtc};

use crate::command::{Channel, Kind, SubscriptionId, TransportId};
use crate::demux::Held;
use crate::estimator::Estimator;
use crate::event::Protocol;
use crate::keys::Tap;
use crate::outbox::{Outbox, Route};
use crate::sender::{Sender, SsrcPair};

/// Handshake bytes before a connection stands: a DTLS flight with a certificate is about 2 kB.
pub(crate) const HANDSHAKE_BYTES: usize = 64 * 1024;
/// Frames and bytes that wait for a data channel that is not open or full.
pub(crate) const QUEUED_FRAMES: usize = 256;
/// Bytes of them.
pub(crate) const QUEUED_BYTES: usize = 1024 * 1024;

/// How far a connection is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// No description yet.
    Idle,
    /// Described; the handshake must end before a deadline.
    Handshaking { since: Instant, bytes: usize },
    /// ICE and DTLS stand.
    Connected,
    /// ICE timed out, DTLS closed or failed, or the handshake took too long.
    Lost,
}

/// A section in which this transport receives a subscription.
#[derive(Clone, Copy)]
pub(crate) struct Egress {
    pub(crate) mid: Mid,
    pub(crate) subscription: SubscriptionId,
    pub(crate) publication: u32,
}

/// Our own offer, until its answer comes.
pub(crate) struct Offer {
    pub(crate) pending: SdpPendingOffer,
    pub(crate) restarts_ice: bool,
}

/// What was read of a link since it was told last.
#[derive(Default)]
pub(crate) struct Quality {
    pub(crate) readings: u32,
    pub(crate) loss_up: f32,
    pub(crate) loss_down: f32,
    /// Bytes sent at the last reading.
    pub(crate) sent_bytes: u64,
    pub(crate) read: Option<Instant>,
}

/// One peer connection.
pub(crate) struct Transport {
    pub(crate) id: TransportId,
    pub(crate) rtc: Rtc,
    /// Where DTLS' keys arrive.
    pub(crate) tap: Tap,
    pub(crate) sender: Sender,
    pub(crate) state: State,
    pub(crate) held: Held,
    /// When str0m wants to be woken, and which wake-up is in the heap.
    pub(crate) due: Instant,
    pub(crate) armed: Option<Instant>,
    pub(crate) outbox: Outbox,
    /// In the list of those that have something to send.
    pub(crate) touched: bool,
    /// Something was queued in str0m since its last turn.
    pub(crate) queued: bool,
    /// Streams that arrive: SSRC → publication and place of the encoding.
    pub(crate) ingress: HashMap<u32, (u32, usize)>,
    /// Sections that are published.
    pub(crate) published: Vec<(Mid, u32)>,
    pub(crate) egress: Vec<Egress>,
    pub(crate) channels: [Option<ChannelId>; 2],
    pub(crate) waiting: VecDeque<Vec<u8>>,
    pub(crate) waiting_bytes: usize,
    pub(crate) offer: Option<Offer>,
    /// A description of the client's was taken.
    pub(crate) described: bool,
    /// The streams that the client was told of, by section: each for one subscription.
    pub(crate) announced: Vec<(Mid, SsrcPair)>,
    /// Sections that our own offer adds, until its answer comes.
    pub(crate) offered: Vec<Mid>,
    /// Every section that there ever was.
    pub(crate) sections: Vec<Mid>,
    /// Sections of our own offers that are free again.
    pub(crate) idle: Vec<(Mid, Kind)>,
    /// Restriction ids by section, as the client announced them.
    pub(crate) rids: Vec<(Mid, Vec<String>)>,
    /// Where media goes, and when something authentic came from there.
    pub(crate) route: Option<Route>,
    pub(crate) heard: Instant,
    pub(crate) estimator: Estimator,
    /// Its pictures were cut to the estimate.
    pub(crate) limited: bool,
    /// The least estimate with which one of its paused pictures would be sent again.
    pub(crate) resume_bps: Option<u64>,
    pub(crate) quality: Quality,
}

impl Transport {
    pub(crate) fn new(id: TransportId, rtc: Rtc, tap: Tap, now: Instant) -> Self {
        Transport {
            id,
            rtc,
            tap,
            sender: Sender::new(now),
            state: State::Idle,
            held: Held::default(),
            due: now,
            armed: None,
            outbox: Outbox::default(),
            touched: false,
            queued: false,
            ingress: HashMap::new(),
            published: Vec::new(),
            egress: Vec::new(),
            channels: [None; 2],
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            offer: None,
            described: false,
            announced: Vec::new(),
            offered: Vec::new(),
            sections: Vec::new(),
            idle: Vec::new(),
            rids: Vec::new(),
            route: None,
            heard: now,
            estimator: Estimator::new(now),
            limited: false,
            resume_bps: None,
            quality: Quality::default(),
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.state == State::Connected
    }

    /// Something authentic came from the client.
    pub(crate) fn hear(&mut self, now: Instant) {
        self.heard = now;
        self.estimator.heard(now);
    }

    /// Give str0m an input. A panic inside it ends this transport, not the others' call.
    pub(crate) fn input(&mut self, input: Input<'_>) -> Result<(), String> {
        match catch_unwind(AssertUnwindSafe(|| self.rtc.handle_input(input))) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => {
                self.rtc.disconnect();
                Err("fault in the media library".to_owned())
            }
        }
    }

    /// One step of str0m's output, or why it broke.
    pub(crate) fn poll(&mut self) -> Result<Output, String> {
        match catch_unwind(AssertUnwindSafe(|| self.rtc.poll_output())) {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => {
                self.rtc.disconnect();
                Err("fault in the media library".to_owned())
            }
        }
    }

    pub(crate) fn channel(&mut self, channel: Channel) -> &mut Option<ChannelId> {
        &mut self.channels[channel as usize]
    }

    /// Which of the two channels an id is.
    pub(crate) fn channel_of(&self, id: ChannelId) -> Option<Channel> {
        [Channel::Reliable, Channel::Lossy].into_iter().find(|channel| self.channels[*channel as usize] == Some(id))
    }

    pub(crate) fn protocol(&self) -> Protocol {
        self.route.map_or(Protocol::Udp, |route| route.protocol)
    }
}
