//! Counters since the start: what `Core.statistics()` and `incamera sfu top` show.

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Counters since the start.
        #[derive(Clone, Debug, Default)]
        pub struct Statistics { $($(#[$doc])* pub $name: u64),* }

        impl Statistics {
            /// Every counter by its name.
            pub fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name)),*]
            }
        }
    };
}

counters! {
    /// Datagrams that came in.
    datagrams_in,
    /// Their bytes.
    bytes_in,
    /// Datagrams that went out.
    datagrams_out,
    /// Their bytes.
    bytes_out,
    /// Turns that str0m took to send what was queued.
    turns_sending,
    /// Turns that str0m took because a deadline came.
    turns_timed,
    /// RTP packets of publications.
    packets_in,
    /// RTP packets handed to subscribers' senders.
    packets_out,
    /// Packets sent again, since a subscriber missed them.
    packets_repeated,
    /// Key frames asked of publishers.
    key_frames_requested,
    /// Dropped: empty, truncated or of no known kind.
    dropped_malformed,
    /// Dropped: a STUN message for no transport of ours.
    dropped_unknown_ufrag,
    /// Dropped: a STUN message whose integrity or names are wrong, SRTCP, or SRTP of a new stream, that is not authentic.
    dropped_unauthenticated,
    /// Dropped: DTLS, SRTP or SRTCP from an address without a completed ICE check.
    dropped_unvalidated,
    /// Dropped: an address that another live connection holds.
    dropped_address_held,
    /// Dropped: a check from yet another address, when a connection came from too many.
    dropped_addresses,
    /// Checks of ours that were not sent: to an address that answered none.
    checks_withheld,
    /// Dropped: more handshake bytes or more time than a connection may use.
    dropped_handshake,
    /// Dropped: str0m refused it (a DTLS error, most of all).
    dropped_refused,
    /// Dropped: RTP of which str0m made nothing: not authentic, a repeat, or padding of a stream of repairs.
    dropped_unused,
    /// Dropped: RTP of a section that nobody published.
    dropped_unpublished,
    /// Dropped: RTP of a muted publication.
    dropped_muted,
    /// Dropped: packets that hold padding only.
    dropped_padding,
    /// Dropped: a late packet whose place in the subscriber's numbering is gone.
    dropped_late,
    /// Dropped: the subscriber has no payload type for the codec.
    dropped_codec,
    /// Dropped: data for a channel that is full or not open.
    dropped_data,
    /// Transports that ended by a fault inside the media library.
    faults,
    /// Connections that came to stand.
    connected,
}
