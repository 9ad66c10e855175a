//! What a subscriber says of what it gets (SRTCP): repeat what it misses, ask for the key frame that it waits for, learn
//! what its link loses.

use std::time::Instant;

use crate::Sfu;
use crate::rtcp::{self, Feedback};

/// RTCP by its packet type (RFC 5761, 4).
pub(crate) fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.get(1).is_some_and(|kind| (192..=223).contains(kind))
}

impl Sfu {
    /// Take an opened compound packet. Whether str0m must see it as well, since it is about what the client sends.
    pub(crate) fn on_feedback(&mut self, index: u32, compound: &[u8], now: Instant) -> bool {
        let Some(transport) = self.transports.get_mut(index) else { return false };
        let Some(route) = transport.route else { return true };
        let (mut repeated, mut key_frames) = (0, Vec::new());
        let (sender, outbox) = (&mut transport.sender, &mut transport.outbox);
        let of_client = rtcp::parse(compound, |feedback| match feedback {
            Feedback::Missing { ssrc, first, mask } => repeated += sender.repeat(outbox, route, ssrc, first, mask, now),
            Feedback::KeyFrame { ssrc } => key_frames.extend(sender.section(ssrc)),
            Feedback::Arrivals(body) => sender.history().arrivals(body, now),
        });
        self.statistics.packets_repeated += repeated;
        if repeated > 0 {
            crate::touch(&mut self.touched, transport, index, false);
        }
        for mid in key_frames {
            self.on_key_frame_request(index, mid, now);
        }
        of_client
    }
}
