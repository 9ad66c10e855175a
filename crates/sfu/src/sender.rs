//! The one door through which media leaves. Today str0m's own queue is behind it; an SRTP sender of ours can take its
//! place without the rest noticing (it then owns its SSRCs' RTP *and* RTCP: two senders on one key repeat nonces).

use std::sync::Arc;
use std::time::Instant;

use str0m::Rtc;
use str0m::media::{Mid, Pt};
use str0m::rtp::{ExtensionValues, RtpWrite, Ssrc, Vp8Descriptor};

use crate::rewrite::Placed;

/// A subscription's stream of media and, for video, of retransmissions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SsrcPair {
    pub(crate) media: Ssrc,
    pub(crate) repair: Option<Ssrc>,
}

/// One packet for one subscriber; the payload is shared by all of them.
pub(crate) struct Outgoing<'a> {
    pub(crate) stream: Ssrc,
    pub(crate) payload_type: Pt,
    pub(crate) placed: Placed,
    pub(crate) marker: bool,
    pub(crate) repairable: bool,
    pub(crate) arrived: Instant,
    pub(crate) extensions: &'a ExtensionValues,
    pub(crate) payload: &'a Arc<[u8]>,
    pub(crate) vp8: Option<&'a Vp8Descriptor>,
}

/// Sends media streams to one peer.
pub(crate) trait MediaSender {
    /// The stream of a section, if it has one.
    fn stream(&mut self, mid: Mid) -> Option<SsrcPair>;
    /// A new stream for a section that exists, with numbers that nobody had.
    fn open(&mut self, mid: Mid, repair: bool) -> SsrcPair;
    /// End a stream: its SSRC is not used again.
    fn end(&mut self, stream: Ssrc);
    /// Let a stream go out as it comes: pacing would tear a frame's burst apart.
    fn ready(&mut self, stream: Ssrc);
    /// Queue a packet; it leaves with the next turn. False: there is no such stream.
    fn send(&mut self, packet: &Outgoing<'_>) -> bool;
}

impl MediaSender for Rtc {
    fn stream(&mut self, mid: Mid) -> Option<SsrcPair> {
        let mut api = self.direct_api();
        let stream = api.stream_tx_by_mid(mid, None)?;
        Some(SsrcPair { media: stream.ssrc(), repair: stream.rtx() })
    }

    fn open(&mut self, mid: Mid, repair: bool) -> SsrcPair {
        let mut api = self.direct_api();
        let media = api.new_ssrc();
        let mut rtx = repair.then(|| api.new_ssrc());
        while rtx == Some(media) {
            rtx = Some(api.new_ssrc());
        }
        api.declare_stream_tx(media, rtx, mid, None);
        SsrcPair { media, repair: rtx }
    }

    fn end(&mut self, stream: Ssrc) {
        self.direct_api().remove_stream_tx(stream);
    }

    fn ready(&mut self, stream: Ssrc) {
        if let Some(stream) = self.direct_api().stream_tx(&stream) {
            stream.set_unpaced(true);
        }
    }

    fn send(&mut self, packet: &Outgoing<'_>) -> bool {
        let mut api = self.direct_api();
        let Some(stream) = api.stream_tx(&packet.stream) else { return false };
        let placed = &packet.placed;
        let mut write = RtpWrite::new(
            packet.payload_type,
            placed.sequence.into(),
            placed.timestamp,
            packet.arrived,
            packet.payload.clone(),
        )
        .marker(packet.marker)
        .nackable(packet.repairable)
        .ext_vals(packet.extensions.clone());
        if let Some(patch) = packet.vp8.and_then(|vp8| patch(vp8, placed)) {
            write = write.vp8_patch(patch);
        }
        stream.write_rtp(write);
        true
    }
}

fn patch(vp8: &Vp8Descriptor, placed: &Placed) -> Option<str0m::rtp::Vp8Patch> {
    if placed.picture_id.is_none() && placed.tl0_pic_idx.is_none() {
        return None;
    }
    let mut patch = vp8.patch();
    if let Some(id) = placed.picture_id {
        patch = patch.picture_id(id);
    }
    if let Some(idx) = placed.tl0_pic_idx {
        patch = patch.tl0_pic_idx(idx);
    }
    patch.build().ok()
}
