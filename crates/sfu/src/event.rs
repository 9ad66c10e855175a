//! What the core tells its owner. Python's `incamera.sfu.core` has the same words.

use crate::command::{Channel, PublicationId, RequestId, SubscriptionId, TransportId};

/// What a section carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SectionKind {
    /// Sound.
    Audio,
    /// Picture.
    Video,
    /// Data channels.
    Application,
}

/// Which way a section flows, seen from the core.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    /// The core sends.
    SendOnly,
    /// The core receives.
    RecvOnly,
    /// Nothing flows.
    Inactive,
}

/// One m-line of a description as the core sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Section {
    /// Its name.
    pub mid: String,
    /// What it carries.
    pub kind: SectionKind,
    /// Which way.
    pub direction: Flow,
    /// Where the core sends: the media stream.
    pub ssrc: Option<u32>,
    /// Where the core sends: the stream of retransmissions.
    pub rtx_ssrc: Option<u32>,
    /// Where the client sends simulcast: its restriction ids, in its order.
    pub rids: Vec<String>,
    /// Where the client sends: the track ids of its `a=msid` lines.
    pub cids: Vec<String>,
}

/// Which way packets of a connection take.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Protocol {
    /// Datagrams.
    Udp,
    /// A stream, framed by RFC 4571.
    Tcp,
}

/// News from the core.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// The core's answer.
    Answered {
        /// Whose.
        transport: TransportId,
        /// To which request.
        request: RequestId,
        /// The description, candidates included.
        sdp: String,
        /// Its sections.
        sections: Vec<Section>,
    },
    /// The core's offer.
    Offered {
        /// Whose.
        transport: TransportId,
        /// To which request.
        request: RequestId,
        /// The description, candidates included.
        sdp: String,
        /// Its sections.
        sections: Vec<Section>,
        /// Which subscription stands in which section.
        mids: Vec<(SubscriptionId, String)>,
    },
    /// The client's answer was taken.
    Settled {
        /// Whose.
        transport: TransportId,
        /// To which request.
        request: RequestId,
    },
    /// A request that can't be carried out; nothing changed.
    Declined {
        /// Whose.
        transport: TransportId,
        /// Which request.
        request: RequestId,
        /// Stable.
        code: &'static str,
        /// For a person.
        reason: String,
    },
    /// ICE and DTLS stand.
    Connected {
        /// Which.
        transport: TransportId,
        /// By which way.
        protocol: Protocol,
    },
    /// The connection is lost; ICE may be restarted.
    Disconnected {
        /// Which.
        transport: TransportId,
        /// For a log.
        reason: String,
    },
    /// The first packet of one encoding of a publication.
    StreamStarted {
        /// Of which.
        publication: PublicationId,
        /// Spatial layer.
        layer: u8,
        /// Its restriction id, if simulcast.
        rid: Option<String>,
        /// Its SSRC.
        ssrc: u32,
        /// `video/VP8`, `audio/opus`, …
        mime: &'static str,
    },
    /// Every 400 ms while anything is heard: loudest level (RFC 6464: 0 loudest, 127 silence), share of the interval above -35 dBov.
    AudioLevels {
        /// One line a publication.
        levels: Vec<(PublicationId, u8, f32)>,
    },
    /// A frame arrived on a data channel.
    DataReceived {
        /// From whom.
        transport: TransportId,
        /// On which channel.
        channel: Channel,
        /// The frame.
        payload: Vec<u8>,
    },
    /// A subscription's picture was paused for want of bandwidth, or goes on.
    Congestion {
        /// Which.
        subscription: SubscriptionId,
        /// Paused, or not.
        paused: bool,
    },
    /// Every 5 s for each connected transport.
    LinkQuality {
        /// Which.
        transport: TransportId,
        /// Share of packets lost towards the core.
        loss_up: f32,
        /// Share of packets lost from the core.
        loss_down: f32,
        /// Round trip, ms.
        rtt_ms: Option<f32>,
        /// What its link is estimated to carry, bit/s.
        estimate_bps: Option<u64>,
    },
}
