//! When each packet left, and what became of it: transport-wide congestion control
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01), as far as loss and round trip need it.

use std::time::{Duration, Instant};

/// Packets that are remembered: two seconds of 500 a second.
const REMEMBERED: usize = 1024;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Unknown,
    Lost,
    Arrived,
}

/// What one transport sent lately.
#[derive(Default)]
pub(crate) struct History {
    next: u64,
    sent: Vec<(Instant, Fate)>,
    reported: u32,
    lost: u32,
    round_trip: Option<Duration>,
}

impl History {
    /// The number of the next packet, which leaves now.
    pub(crate) fn number(&mut self, now: Instant) -> u16 {
        let number = self.next;
        self.next += 1;
        let place = number as usize % REMEMBERED;
        match self.sent.get_mut(place) {
            Some(record) => *record = (now, Fate::Unknown),
            None => self.sent.push((now, Fate::Unknown)),
        }
        number as u16
    }

    /// Take a feedback message's body: base number, count, reference time, chunks.
    pub(crate) fn arrivals(&mut self, body: &[u8], now: Instant) {
        let Some((head, mut chunks)) = body.split_at_checked(8) else { return };
        let base = u16::from_be_bytes([head[0], head[1]]);
        let count = u64::from(u16::from_be_bytes([head[2], head[3]]));
        // Numbers are extended to the one that is nearest to what we sent last.
        let behind = (self.next as u16).wrapping_sub(base) as i16;
        let Some(first) = self.next.checked_add_signed(-i64::from(behind)) else { return };
        let (mut number, end) = (first, first + count);
        let mut newest = None;
        while number < end {
            let Some((chunk, rest)) = chunks.split_at_checked(2) else { break };
            chunks = rest;
            let chunk = u16::from_be_bytes([chunk[0], chunk[1]]);
            let (length, status): (u16, fn(u16, u16) -> bool) = match chunk >> 14 {
                0 | 1 => (chunk & 0x1fff, |chunk, _| matches!(chunk >> 13 & 3, 1 | 2)),
                2 => (14, |chunk, place| chunk >> (13 - place) & 1 == 1),
                _ => (7, |chunk, place| matches!(chunk >> (12 - place * 2) & 3, 1 | 2)),
            };
            for place in 0..length {
                if number >= end.min(self.next) {
                    break;
                }
                if status(chunk, place) {
                    newest = self.mark(number, Fate::Arrived).or(newest);
                } else {
                    self.mark(number, Fate::Lost);
                }
                number += 1;
            }
            if length == 0 || number >= self.next {
                break;
            }
        }
        if let Some(at) = newest {
            self.round_trip = Some(now.saturating_duration_since(at));
        }
    }

    /// When it was sent, if it is remembered.
    fn mark(&mut self, number: u64, fate: Fate) -> Option<Instant> {
        if number + REMEMBERED as u64 <= self.next {
            return None;
        }
        let (at, known) = self.sent.get_mut(number as usize % REMEMBERED)?;
        match (*known, fate) {
            (Fate::Unknown, Fate::Lost) => {
                self.reported += 1;
                self.lost += 1;
            }
            (Fate::Unknown, Fate::Arrived) => self.reported += 1,
            // It was late, not lost.
            (Fate::Lost, Fate::Arrived) => self.lost = self.lost.saturating_sub(1),
            _ => return Some(*at),
        }
        *known = fate;
        Some(*at)
    }

    /// Share of packets lost since the last reading; None: nothing was reported.
    pub(crate) fn read_loss(&mut self) -> Option<f32> {
        let (reported, lost) = (std::mem::take(&mut self.reported), std::mem::take(&mut self.lost));
        (reported > 0).then(|| lost as f32 / reported as f32)
    }

    /// From a packet's leaving to the report that it arrived.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::disallowed_methods)]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn loss_and_round_trip_are_read_from_chunks() {
        let now = start();
        let mut history = History::default();
        for _ in 0..30 {
            history.number(now);
        }
        // 10 arrived (a run), then a vector of 14: every second one lost.
        let run = (1u16 << 13 | 10).to_be_bytes();
        let vector = (0b10 << 14 | 0b10_1010_1010_1010u16).to_be_bytes();
        let body = [[0, 0], [0, 24], [0, 0], [0, 0], run, vector].concat();
        history.arrivals(&body, now + Duration::from_millis(40));
        assert_eq!(history.read_loss(), Some(7.0 / 24.0));
        assert_eq!(history.read_loss(), None);
        assert_eq!(history.round_trip(), Some(Duration::from_millis(40)));
    }

    #[test]
    fn numbers_wrap_and_what_was_never_sent_is_not_believed() {
        let now = start();
        let mut history = History::default();
        for _ in 0..65_540u32 {
            history.number(now);
        }
        let run = (1u16 << 13 | 200).to_be_bytes();
        history.arrivals(&[65_530u16.to_be_bytes(), [0, 200], [0, 0], [0, 0], run].concat(), now);
        assert_eq!(history.reported, 10);
        history.arrivals(&[100u16.to_be_bytes(), [0, 200], [0, 0], [0, 0], run].concat(), now);
        assert_eq!(history.reported, 10);
    }

    #[test]
    fn no_body_is_too_odd() {
        let now = start();
        for fill in 0..=255u8 {
            for length in 0..16 {
                let mut history = History::default();
                history.number(now);
                history.arrivals(&vec![fill; length], now);
            }
        }
    }
}
