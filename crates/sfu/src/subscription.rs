//! A publication forwarded into one section of a subscriber's transport.

use str0m::format::PayloadParams;
use str0m::media::{Mid, Pt};

use crate::command::{SubscriptionId, Tuning};
use crate::layers::Selector;
use crate::rewrite::Rewriter;

/// The subscriber's payload types for one codec of the publisher's.
#[derive(Clone, Copy)]
pub(crate) struct Mapped {
    /// The publisher's parameters that this was looked up for.
    pub(crate) incoming: PayloadParams,
    pub(crate) media: Pt,
    pub(crate) red: Option<Pt>,
    pub(crate) repair: Option<Pt>,
}

/// One subscription.
pub(crate) struct Subscription {
    pub(crate) id: SubscriptionId,
    pub(crate) transport: u32,
    pub(crate) mid: Mid,
    /// The sender's stream; known, and told to the subscriber, after the next negotiation.
    pub(crate) stream: Option<u32>,
    /// The subscriber's connection stands.
    pub(crate) connected: bool,
    pub(crate) tuning: Tuning,
    /// The highest layer that the subscriber's link carries; None: not even the lowest.
    pub(crate) affordable: Option<u8>,
    pub(crate) selector: Selector,
    pub(crate) rewriter: Rewriter,
    pub(crate) mapped: Option<Mapped>,
    /// Highest temporal layer that is forwarded now (`Tuning::max_fps`).
    pub(crate) temporal: u8,
}

/// Above every layer: no limit.
pub(crate) const UNLIMITED: u8 = u8::MAX;

impl Subscription {
    pub(crate) fn new(id: SubscriptionId, transport: u32, mid: Mid) -> Self {
        Subscription {
            id,
            transport,
            mid,
            stream: None,
            connected: false,
            tuning: Tuning::default(),
            affordable: Some(UNLIMITED),
            selector: Selector::default(),
            rewriter: Rewriter::new(),
            mapped: None,
            temporal: UNLIMITED,
        }
    }

    /// The stream to send on, if anything may flow now.
    pub(crate) fn active(&self) -> Option<u32> {
        self.stream.filter(|_| self.connected && !self.tuning.paused && self.affordable.is_some())
    }

    /// The highest layer that is wanted and affordable.
    pub(crate) fn max_layer(&self) -> u8 {
        self.tuning.max_layer.min(self.affordable.unwrap_or(0))
    }

    /// Temporal layers that `max_fps` leaves, of a source of three that runs at about 30 frames a second.
    pub(crate) fn max_temporal(&self) -> u8 {
        match self.tuning.max_fps {
            Some(fps) if fps <= 8 => 0,
            Some(fps) if fps <= 15 => 1,
            _ => UNLIMITED,
        }
    }
}
