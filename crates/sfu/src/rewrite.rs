//! A subscriber's own numbering: sequence, timestamp, VP8 picture id, so that a switch of layers, a pause or a dropped
//! packet leaves no trace in what it receives.
//!
//! A *segment* says by how much numbers are shifted from one incoming sequence number on; late packets find the
//! segment that was theirs. Sequence numbers are extended (64 bits): outgoing ones start at `FIRST`, below 65,536, since
//! a receiver's roll-over counter starts at 0 (RFC 3711, 3.3.1), and never restart on one SSRC: a number used twice
//! would repeat an SRTP key stream.

use std::collections::VecDeque;
use std::time::Instant;

/// The first outgoing sequence number.
const FIRST: u64 = 1;
/// Segments kept: a late packet that is older than all of them is dropped.
const SEGMENTS: usize = 64;
/// VP8 picture ids have 15 bits (RFC 7741, 4.2).
const PICTURE_ID_MASK: u16 = 0x7fff;

/// What identifies a packet in its sender's numbering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Incoming {
    pub(crate) sequence: u64,
    pub(crate) timestamp: u32,
    pub(crate) picture_id: Option<u16>,
    pub(crate) tl0_pic_idx: Option<u8>,
}

/// What identifies it in the subscriber's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) sequence: u64,
    pub(crate) timestamp: u32,
    /// Only where it differs from the sender's.
    pub(crate) picture_id: Option<u16>,
    /// Only where it differs from the sender's.
    pub(crate) tl0_pic_idx: Option<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    from: u64,
    sequence: u64,
    timestamp: u32,
    picture_id: u16,
    tl0_pic_idx: u8,
}

/// One subscription's numbering.
#[derive(Debug)]
pub(crate) struct Rewriter {
    segments: VecDeque<Segment>,
    next: u64,
    newest: Option<u64>,
    last: Option<Last>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    at: Instant,
    timestamp: u32,
    picture_id: u16,
    tl0_pic_idx: u8,
}

impl Rewriter {
    pub(crate) fn new() -> Self {
        Rewriter { segments: VecDeque::new(), next: FIRST, newest: None, last: None }
    }

    /// Numbers go on from here with another source, or with the same one after a pause: `first` is its first packet.
    pub(crate) fn switch(&mut self, first: &Incoming, clock_hz: u32, now: Instant) {
        let (timestamp, picture_id, tl0_pic_idx) = match self.last {
            None => (0, 0, 0),
            Some(last) => {
                let elapsed = now.saturating_duration_since(last.at).as_micros() as u64;
                let ticks = (elapsed * u64::from(clock_hz) / 1_000_000).max(1) as u32;
                (
                    first.timestamp.wrapping_sub(last.timestamp.wrapping_add(ticks)),
                    first.picture_id.unwrap_or(0).wrapping_sub(last.picture_id.wrapping_add(1)),
                    first.tl0_pic_idx.unwrap_or(0).wrapping_sub(last.tl0_pic_idx.wrapping_add(1)),
                )
            }
        };
        self.segments.clear();
        let sequence = first.sequence.wrapping_sub(self.next);
        self.segments.push_back(Segment { from: first.sequence, sequence, timestamp, picture_id, tl0_pic_idx });
        self.newest = None;
    }

    /// The subscriber's numbers for a packet that is forwarded; None: it is older than what we remember.
    pub(crate) fn place(&mut self, packet: &Incoming, now: Instant) -> Option<Placed> {
        let index = self.segments.iter().rposition(|segment| segment.from <= packet.sequence)?;
        let segment = self.segments[index];
        let sequence = packet.sequence.wrapping_sub(segment.sequence);
        if self.segments.get(index + 1).is_some_and(|next| sequence >= next.from.wrapping_sub(next.sequence)) {
            return None; // It was skipped before: its number is another packet's now.
        }
        let timestamp = packet.timestamp.wrapping_sub(segment.timestamp);
        let picture_id = packet.picture_id.map(|id| id.wrapping_sub(segment.picture_id) & PICTURE_ID_MASK);
        let tl0_pic_idx = packet.tl0_pic_idx.map(|idx| idx.wrapping_sub(segment.tl0_pic_idx));
        if self.newest.is_none_or(|newest| packet.sequence > newest) {
            self.newest = Some(packet.sequence);
            self.next = self.next.max(sequence + 1);
            self.last = Some(Last {
                at: now,
                timestamp,
                picture_id: picture_id.unwrap_or(0),
                tl0_pic_idx: tl0_pic_idx.unwrap_or(0),
            });
        }
        Some(Placed {
            sequence,
            timestamp,
            picture_id: picture_id.filter(|_| segment.picture_id & PICTURE_ID_MASK != 0),
            tl0_pic_idx: tl0_pic_idx.filter(|_| segment.tl0_pic_idx != 0),
        })
    }

    /// A packet that is not forwarded: the gap that it would leave is closed. `ends_picture`: its picture id is left out too.
    pub(crate) fn skip(&mut self, sequence: u64, ends_picture: bool) {
        if self.newest.is_some_and(|newest| sequence <= newest) {
            return; // Late: what came after it has its numbers already, so the gap stays.
        }
        let Some(last) = self.segments.back().copied() else { return };
        let shifted = Segment {
            from: sequence + 1,
            sequence: last.sequence.wrapping_add(1),
            picture_id: last.picture_id.wrapping_add(u16::from(ends_picture)),
            ..last
        };
        self.newest = Some(sequence);
        match self.segments.back_mut() {
            // Nothing was placed in the last segment: it is moved, so a run of padding keeps one segment.
            Some(back) if back.from == sequence => *back = shifted,
            _ => self.segments.push_back(shifted),
        }
        if self.segments.len() > SEGMENTS {
            self.segments.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn video(sequence: u64, timestamp: u32, picture_id: u16) -> Incoming {
        Incoming { sequence, timestamp, picture_id: Some(picture_id), tl0_pic_idx: Some(picture_id as u8) }
    }

    #[allow(clippy::disallowed_methods)]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn numbers_start_below_the_roll_over_and_keep_the_senders_picture_ids() {
        let (now, mut rewriter) = (start(), Rewriter::new());
        let first = video(9_000_000, 77, 5);
        rewriter.switch(&first, 90_000, now);
        let placed = rewriter.place(&first, now).expect("placed");
        assert_eq!(placed, Placed { sequence: FIRST, timestamp: 77, picture_id: None, tl0_pic_idx: None });
    }

    #[test]
    fn a_switch_goes_on_where_the_old_layer_ended() {
        let (now, mut rewriter) = (start(), Rewriter::new());
        rewriter.switch(&video(10, 1000, 100), 90_000, now);
        rewriter.place(&video(10, 1000, 100), now);
        rewriter.place(&video(11, 1000, 100), now);
        let later = now + Duration::from_millis(100);
        let first = video(70_000, 5, 32_000);
        rewriter.switch(&first, 90_000, later);
        let placed = rewriter.place(&first, later).expect("placed");
        assert_eq!(placed.sequence, FIRST + 2);
        assert_eq!(placed.timestamp, 1000 + 9000);
        assert_eq!(placed.picture_id, Some(101));
        assert_eq!(placed.tl0_pic_idx, Some(101));
    }

    #[test]
    fn padding_leaves_no_gap_and_late_packets_keep_their_place() {
        let (now, mut rewriter) = (start(), Rewriter::new());
        rewriter.switch(&video(10, 0, 0), 90_000, now);
        let sequence =
            |rewriter: &mut Rewriter, number| rewriter.place(&video(number, 0, 0), now).expect("placed").sequence;
        assert_eq!(sequence(&mut rewriter, 10), 1);
        assert_eq!(sequence(&mut rewriter, 12), 3); // 11 is late
        rewriter.skip(13, false);
        rewriter.skip(14, false);
        assert_eq!(sequence(&mut rewriter, 15), 4);
        assert_eq!(sequence(&mut rewriter, 11), 2);
        assert_eq!(rewriter.segments.len(), 2);
    }

    #[test]
    fn a_dropped_picture_leaves_no_gap_in_picture_ids() {
        let (now, mut rewriter) = (start(), Rewriter::new());
        rewriter.switch(&video(10, 0, 50), 90_000, now);
        rewriter.place(&video(10, 0, 50), now);
        rewriter.skip(11, true);
        let placed = rewriter.place(&video(12, 6000, 52), now).expect("placed");
        assert_eq!((placed.sequence, placed.picture_id), (2, Some(51)));
    }

    #[test]
    fn what_is_older_than_the_switch_is_not_forwarded() {
        let (now, mut rewriter) = (start(), Rewriter::new());
        rewriter.switch(&video(10, 0, 0), 90_000, now);
        assert_eq!(rewriter.place(&video(9, 0, 0), now), None);
    }
}
