//! What the owner asks of the core. Python's `incamera.sfu.core` has the same words.

/// One peer connection. Chosen by the owner, never used twice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TransportId(pub u64);

/// One track that a transport sends. Chosen by the owner, never used twice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct PublicationId(pub u64);

/// A publication forwarded into one section of a transport. Chosen by the owner, never used twice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SubscriptionId(pub u64);

/// A request that is answered by an event.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct RequestId(pub u64);

/// What a track carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Sound.
    Audio,
    /// Picture.
    Video,
}

/// LiveKit's two data channels, by their labels `_reliable` and `_lossy`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Channel {
    /// Ordered, retransmitted.
    Reliable,
    /// Unordered, sent once.
    Lossy,
}

impl Channel {
    /// The label by which LiveKit's clients know it.
    pub const fn label(self) -> &'static str {
        match self {
            Channel::Reliable => "_reliable",
            Channel::Lossy => "_lossy",
        }
    }

    /// The channel that carries this label, if it is one of the two.
    pub fn from_label(label: &str) -> Option<Channel> {
        [Channel::Reliable, Channel::Lossy].into_iter().find(|channel| channel.label() == label)
    }
}

/// A section that the core adds to its own offer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OfferedSection {
    /// Who will be forwarded there.
    pub subscription: SubscriptionId,
    /// Sound or picture.
    pub kind: Kind,
    /// First half of the section's msid.
    pub stream: String,
    /// Second half of the section's msid.
    pub track: String,
}

/// What a subscriber wants of a subscription: the core may send less, never more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tuning {
    /// Nothing is forwarded.
    pub paused: bool,
    /// Highest spatial layer, 0 (lowest) to 2.
    pub max_layer: u8,
    /// Frames a second at most; whole temporal layers are left out to reach it.
    pub max_fps: Option<u32>,
    /// Higher is kept longer when bandwidth is short.
    pub priority: i32,
}

impl Default for Tuning {
    fn default() -> Self {
        Tuning { paused: false, max_layer: 2, max_fps: None, priority: 0 }
    }
}

/// A request to the core.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// A new connection with credentials of its own.
    OpenTransport {
        /// Its name.
        transport: TransportId,
        /// Answer checks only (RFC 8445, 2.5), or be a full agent.
        ice_lite: bool,
    },
    /// The client's offer; a new ufrag in it restarts ICE.
    AcceptOffer {
        /// Whose.
        transport: TransportId,
        /// Named in `Answered` or `Declined`.
        request: RequestId,
        /// The description.
        sdp: String,
    },
    /// An offer by the core.
    MakeOffer {
        /// To whom.
        transport: TransportId,
        /// Named in `Offered` or `Declined`.
        request: RequestId,
        /// Sections to add.
        add: Vec<OfferedSection>,
        /// mids that become inactive.
        remove: Vec<String>,
        /// New ICE credentials.
        ice_restart: bool,
    },
    /// The client's answer to the last `Offered`.
    AcceptAnswer {
        /// Whose.
        transport: TransportId,
        /// Named in `Settled` or `Declined`.
        request: RequestId,
        /// The description.
        sdp: String,
    },
    /// A candidate of the client's; needed only where the core is a full agent.
    AddCandidate {
        /// Whose.
        transport: TransportId,
        /// The `candidate:` line.
        candidate: String,
    },
    /// Forget the connection, its publications and its subscriptions.
    CloseTransport {
        /// Which.
        transport: TransportId,
    },
    /// What arrives in this section belongs to this publication from now on.
    Publish {
        /// Its name.
        publication: PublicationId,
        /// Who sends it.
        transport: TransportId,
        /// In which section.
        mid: String,
        /// Sound or picture.
        kind: Kind,
    },
    /// A muted publication's packets are dropped.
    SetMuted {
        /// Which.
        publication: PublicationId,
        /// On or off.
        muted: bool,
    },
    /// Ends the publication and all subscriptions to it.
    Unpublish {
        /// Which.
        publication: PublicationId,
    },
    /// Forward a publication into a section, with an SSRC pair that nobody had before.
    Subscribe {
        /// Its name.
        subscription: SubscriptionId,
        /// What.
        publication: PublicationId,
        /// To whom.
        transport: TransportId,
        /// Into which section.
        mid: String,
    },
    /// What a subscriber wants of a subscription.
    Tune {
        /// Which.
        subscription: SubscriptionId,
        /// What is wanted.
        tuning: Tuning,
    },
    /// Stop forwarding.
    Unsubscribe {
        /// Which.
        subscription: SubscriptionId,
    },
    /// Ask a publisher for a key frame.
    RequestKeyFrame {
        /// Of which publication.
        publication: PublicationId,
    },
    /// A frame on one data channel of each of these transports.
    SendData {
        /// To whom.
        transports: Vec<TransportId>,
        /// On which channel.
        channel: Channel,
        /// The frame.
        payload: Vec<u8>,
    },
}
