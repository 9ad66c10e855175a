//! What waits for the owner's thread: bounded by number and by bytes, since the owner may be busy and senders are not.

use std::collections::VecDeque;

use incamera_sfu::Event;

/// How much may wait; beyond either bound, what can be missed is dropped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
}

/// Events that wait, in order.
#[derive(Debug)]
pub(crate) struct Mailbox {
    bounds: Bounds,
    events: VecDeque<Event>,
    bytes: usize,
}

impl Mailbox {
    pub(crate) fn new(bounds: Bounds) -> Mailbox {
        Mailbox { bounds, events: VecDeque::new(), bytes: 0 }
    }

    /// Put one in. False: it was dropped, since too much waits and it is one that can be missed.
    pub(crate) fn put(&mut self, event: Event) -> bool {
        let weight = weight(&event);
        let is_full = self.events.len() >= self.bounds.events || self.bytes + weight > self.bounds.bytes;
        if is_full && can_be_missed(&event) {
            return false;
        }
        self.bytes += weight;
        self.events.push_back(event);
        true
    }

    /// All that wait.
    pub(crate) fn take(&mut self) -> VecDeque<Event> {
        self.bytes = 0;
        std::mem::take(&mut self.events)
    }
}

/// Bytes that an event holds beyond its own size, where they can be many.
fn weight(event: &Event) -> usize {
    match event {
        Event::DataReceived { payload, .. } => payload.len(),
        Event::Answered { sdp, .. } | Event::Offered { sdp, .. } => sdp.len(),
        _ => 0,
    }
}

/// The others say what is so from now on: each is small, or an answer to what the owner asked.
fn can_be_missed(event: &Event) -> bool {
    matches!(event, Event::DataReceived { .. } | Event::AudioLevels { .. } | Event::LinkQuality { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use incamera_sfu::{Channel, RequestId, TransportId};

    const BOUNDS: Bounds = Bounds { events: 4, bytes: 100 };

    fn data(length: usize) -> Event {
        Event::DataReceived { transport: TransportId(1), channel: Channel::Reliable, payload: vec![0; length] }
    }

    #[test]
    fn large_frames_fill_it_before_they_are_many() {
        let mut mailbox = Mailbox::new(BOUNDS);
        assert!(mailbox.put(data(60)));
        assert!(!mailbox.put(data(60)), "120 of 100 bytes");
        assert!(mailbox.put(data(40)), "what still has room comes in");
        assert!(!mailbox.put(data(1)));
        assert_eq!(mailbox.take(), [data(60), data(40)]);
        assert!(mailbox.put(data(100)), "who takes them makes room");
    }

    #[test]
    fn small_frames_fill_it_by_number() {
        let mut mailbox = Mailbox::new(BOUNDS);
        let kept = (0..6).filter(|_| mailbox.put(data(1))).count();
        assert_eq!(kept, 4);
    }

    #[test]
    fn what_must_be_known_is_never_dropped() {
        let mut mailbox = Mailbox::new(BOUNDS);
        assert!(mailbox.put(data(100)));
        let settled = |number| Event::Settled { transport: TransportId(1), request: RequestId(number) };
        assert!((0..10).all(|number| mailbox.put(settled(number))));
        assert_eq!(mailbox.take().len(), 11);
    }
}
