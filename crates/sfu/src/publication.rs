//! One track that a transport sends: its encodings, and who gets it.

use std::time::{Duration, Instant};

use str0m::format::{Codec, PayloadParams};
use str0m::media::Rid;
use str0m::rtp::Ssrc;

use crate::command::{Kind, PublicationId};
use crate::layers;
use crate::speakers::Meter;
use crate::subscription::Subscription;

/// An encoding that sent nothing for so long does not flow.
const STALE: Duration = Duration::from_millis(1500);
/// Between two requests for a key frame of one encoding.
const KEY_FRAME_INTERVAL: Duration = Duration::from_millis(300);
/// Over which an encoding's bitrate is measured.
const RATE_WINDOW: Duration = Duration::from_millis(500);

/// One encoding of a track: one SSRC.
pub(crate) struct Encoding {
    pub(crate) ssrc: Ssrc,
    pub(crate) layer: u8,
    pub(crate) params: PayloadParams,
    /// Its frame lacks its last packets in this batch.
    pub(crate) open: bool,
    last_packet: Instant,
    key_frame_wanted: bool,
    key_frame_requested: Option<Instant>,
    rate: Rate,
}

impl Encoding {
    pub(crate) fn new(ssrc: Ssrc, layer: u8, params: PayloadParams, now: Instant) -> Self {
        Encoding {
            ssrc,
            layer,
            params,
            open: false,
            last_packet: now,
            key_frame_wanted: false,
            key_frame_requested: None,
            rate: Rate { since: now, bytes: 0, bits_per_second: 0 },
        }
    }

    pub(crate) fn heard(&mut self, bytes: usize, key: bool, now: Instant) {
        self.last_packet = now;
        self.rate.add(bytes, now);
        if key {
            self.key_frame_wanted = false;
        }
    }

    pub(crate) fn flows(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last_packet) < STALE
    }

    pub(crate) fn bits_per_second(&self) -> u64 {
        self.rate.bits_per_second
    }

    pub(crate) fn want_key_frame(&mut self) {
        self.key_frame_wanted = true;
    }

    /// Whether to ask the publisher now; repeated until a key frame came.
    pub(crate) fn take_key_frame_request(&mut self, now: Instant) -> bool {
        let due = self.key_frame_requested.is_none_or(|at| now.saturating_duration_since(at) >= KEY_FRAME_INTERVAL);
        let ask = self.key_frame_wanted && due;
        if ask {
            self.key_frame_requested = Some(now);
        }
        ask
    }
}

struct Rate {
    since: Instant,
    bytes: u64,
    bits_per_second: u64,
}

impl Rate {
    fn add(&mut self, bytes: usize, now: Instant) {
        self.bytes += bytes as u64;
        let window = now.saturating_duration_since(self.since);
        if window >= RATE_WINDOW {
            let measured = self.bytes * 8 * 1000 / window.as_millis().max(1) as u64;
            self.bits_per_second =
                if self.bits_per_second == 0 { measured } else { (self.bits_per_second + measured) / 2 };
            self.bytes = 0;
            self.since = now;
        }
    }
}

/// One track.
pub(crate) struct Publication {
    pub(crate) id: PublicationId,
    pub(crate) owner: u32,
    pub(crate) kind: Kind,
    pub(crate) muted: bool,
    pub(crate) simulcast: bool,
    /// Restriction ids in the client's order.
    pub(crate) rids: Vec<String>,
    pub(crate) encodings: Vec<Encoding>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) meter: Meter,
}

impl Publication {
    pub(crate) fn subscription(&mut self, id: crate::command::SubscriptionId) -> Option<&mut Subscription> {
        self.subscriptions.iter_mut().find(|subscription| subscription.id == id)
    }

    /// What is forwarded next comes after a gap.
    pub(crate) fn restart(&mut self) {
        for subscription in &mut self.subscriptions {
            subscription.selector.stop();
        }
    }

    /// Place of an encoding, new or known: a new SSRC with a known rid takes the old one's place.
    pub(crate) fn encoding(&mut self, ssrc: Ssrc, rid: Option<Rid>, params: PayloadParams, now: Instant) -> usize {
        let layer = layers::number(rid.as_deref(), &self.rids);
        let encoding = Encoding::new(ssrc, layer, params, now);
        match self.encodings.iter().position(|known| known.layer == layer) {
            Some(place) => {
                self.encodings[place] = encoding;
                // The new source has its own numbering.
                for subscription in &mut self.subscriptions {
                    if subscription.selector.current() == Some(layer) {
                        subscription.selector.stop();
                    }
                }
                place
            }
            None => {
                self.encodings.push(encoding);
                self.encodings.len() - 1
            }
        }
    }

    /// The layer that a subscriber should get now.
    pub(crate) fn target(&self, max: u8, now: Instant) -> Option<u8> {
        layers::target(self.encodings.iter().filter(|e| e.flows(now)).map(|e| e.layer), max)
    }

    /// Mark the encoding from which a key frame is wanted: the target, or the lowest known.
    pub(crate) fn want_key_frame(&mut self, layer: Option<u8>) {
        let layer = layer.or_else(|| self.encodings.iter().map(|e| e.layer).min());
        for encoding in self.encodings.iter_mut().filter(|e| Some(e.layer) == layer) {
            encoding.want_key_frame();
        }
    }
}

/// LiveKit's name of a codec (`TrackInfo.mime_type`).
pub(crate) fn mime(codec: Codec, red: bool) -> &'static str {
    match codec {
        Codec::Opus if red => "audio/red",
        Codec::Opus => "audio/opus",
        Codec::PCMU => "audio/PCMU",
        Codec::PCMA => "audio/PCMA",
        Codec::Vp8 => "video/VP8",
        Codec::Vp9 => "video/VP9",
        Codec::H264 => "video/H264",
        Codec::H265 => "video/H265",
        Codec::Av1 => "video/AV1",
        _ => "application/unknown",
    }
}
