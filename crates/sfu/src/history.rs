//! When each packet left, and what became of it: transport-wide congestion control
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01): loss, delay on the way out, and round trip.

use std::time::{Duration, Instant};

/// Packets that are remembered: three seconds of 1,350 a second, nine large pictures.
const REMEMBERED: usize = 4096;
/// So many packets in a row, over so long a time, of which none arrived: the link was away. A link that is too full goes on
/// delivering what it can, so that its losses have arrivals between them.
const OUTAGE: (u32, Duration) = (8, Duration::from_millis(250));
/// A share of losses is told of so many packets at least: among ten, two that are lost by chance would look like a full link.
const EVIDENCE: u32 = 20;
/// What was sent before a rest of so long says nothing of what comes after it.
const REST: Duration = Duration::from_millis(1500);
/// Units of a feedback message's reference time and of its deltas (3.1): microseconds.
const REFERENCE_US: i64 = 64_000;
const DELTA_US: i64 = 250;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Unknown,
    Lost,
    Arrived,
}

#[derive(Clone, Copy)]
struct Record {
    /// Microseconds since the first packet, the lowest 32 bits: an hour.
    sent_us: u32,
    fate: Fate,
}

/// Packets in a row that did not arrive, up to the next one that does.
#[derive(Clone, Copy)]
struct Run {
    since_us: u32,
    until_us: u32,
    packets: u32,
}

/// What was learnt since the last reading.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Account {
    /// Packets sent that feedback can be about.
    pub(crate) sent: u32,
    /// Share of packets lost, outages not counted; None: too little was reported to say.
    pub(crate) loss: Option<f32>,
    /// Packets that were reported, outages not counted, and how many of them were lost.
    pub(crate) reported: u32,
    pub(crate) lost: u32,
    /// The least time that a packet was on its way, in microseconds. The clocks are two: only differences count.
    pub(crate) delay_us: Option<i64>,
    /// Packets of which none came through for a while, since the link was away or is next to nothing.
    pub(crate) outage: u32,
}

/// What one transport sent lately.
#[derive(Default)]
pub(crate) struct History {
    next: u64,
    /// The first number after the last rest.
    first: u64,
    begun: Option<Instant>,
    last: Option<Instant>,
    records: Vec<Record>,
    run: Option<Run>,
    reported: u32,
    lost: u32,
    account: Account,
    round_trip: Option<Duration>,
}

impl History {
    /// The number of the next packet, which leaves now.
    pub(crate) fn number(&mut self, now: Instant) -> u16 {
        let number = self.next;
        self.next += 1;
        let sent_us = self.since_begin_us(now) as u32;
        self.account.sent += 1;
        if self.last.replace(now).is_some_and(|last| now.saturating_duration_since(last) >= REST) {
            self.first = number;
            self.run = None;
            (self.reported, self.lost) = (0, 0);
        }
        let place = number as usize % REMEMBERED;
        let fresh = Record { sent_us, fate: Fate::Unknown };
        match self.records.get_mut(place) {
            Some(record) => *record = fresh,
            None => self.records.push(fresh),
        }
        number as u16
    }

    fn since_begin_us(&mut self, now: Instant) -> u64 {
        now.saturating_duration_since(*self.begun.get_or_insert(now)).as_micros() as u64
    }

    /// Take a feedback message's body: base number, count, reference time, chunks, deltas.
    pub(crate) fn arrivals(&mut self, body: &[u8], now: Instant) {
        let Some((head, rest)) = body.split_at_checked(8) else { return };
        let base = u16::from_be_bytes([head[0], head[1]]);
        let count = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let reference = i32::from_be_bytes([head[4], head[5], head[6], 0]) >> 8;
        // Numbers are extended to the one that is nearest to what we sent last.
        let behind = (self.next as u16).wrapping_sub(base) as i16;
        let Some(first) = self.next.checked_add_signed(-i64::from(behind)) else { return };
        let (symbols, mut deltas) = symbols(rest, count);
        let mut arrival_us = Some(i64::from(reference) * REFERENCE_US);
        let now_us = self.since_begin_us(now);
        let mut newest = None;
        for (number, symbol) in (first..self.next).zip(symbols) {
            if is_arrival(symbol) {
                arrival_us = arrival_us.zip(delta_us(&mut deltas, symbol)).map(|(at, delta)| at + delta);
                newest = self.arrived(number, arrival_us, now_us).or(newest);
            } else {
                self.missed(number);
            }
        }
        if let Some(run) = self.run {
            self.end_run(run.until_us);
        }
        self.round_trip = newest.or(self.round_trip);
    }

    fn record(&mut self, number: u64) -> Option<&mut Record> {
        if number < self.first || number + REMEMBERED as u64 <= self.next {
            return None;
        }
        self.records.get_mut(number as usize % REMEMBERED)
    }

    /// How long ago it was sent, if it is remembered.
    fn arrived(&mut self, number: u64, arrival_us: Option<i64>, now_us: u64) -> Option<Duration> {
        let record = self.record(number)?;
        let Record { sent_us, fate } = std::mem::replace(record, Record { fate: Fate::Arrived, ..*record });
        let ago_us = (now_us as u32).wrapping_sub(sent_us);
        let ago = Some(Duration::from_micros(ago_us.into()));
        match fate {
            Fate::Unknown => {
                self.reported += 1;
                self.end_run(sent_us);
            }
            // It was late, not lost.
            Fate::Lost => self.lost = self.lost.saturating_sub(1),
            Fate::Arrived => return ago,
        }
        if let Some(arrival_us) = arrival_us {
            let delay_us = arrival_us - now_us as i64 + i64::from(ago_us);
            self.account.delay_us = Some(self.account.delay_us.map_or(delay_us, |least| least.min(delay_us)));
        }
        ago
    }

    fn missed(&mut self, number: u64) {
        let Some(record) = self.record(number).filter(|record| record.fate == Fate::Unknown) else { return };
        record.fate = Fate::Lost;
        let sent_us = record.sent_us;
        let run = self.run.get_or_insert(Run { since_us: sent_us, until_us: sent_us, packets: 0 });
        run.until_us = sent_us;
        run.packets += 1;
    }

    /// Losses before what was sent at this moment count, unless nothing at all came through for a while.
    fn end_run(&mut self, at_us: u32) {
        let Some(run) = self.run.take() else { return };
        let length = Duration::from_micros(at_us.wrapping_sub(run.since_us).into());
        if run.packets >= OUTAGE.0 && length >= OUTAGE.1 {
            self.account.outage += run.packets;
        } else {
            self.reported += run.packets;
            self.lost += run.packets;
        }
    }

    /// What was learnt since the last reading.
    pub(crate) fn read(&mut self) -> Account {
        let is_told = self.reported >= EVIDENCE || self.reported > 0 && self.lost == 0;
        // A single one may be lost by chance.
        let lost = if self.lost == 1 { 0 } else { self.lost };
        let loss = is_told.then(|| lost as f32 / self.reported as f32);
        let reported = self.reported;
        if is_told {
            (self.reported, self.lost) = (0, 0);
        }
        Account { loss, reported, lost, ..std::mem::take(&mut self.account) }
    }

    /// From a packet's leaving to the report that it arrived.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }
}

fn is_arrival(symbol: u16) -> bool {
    matches!(symbol, 1 | 2)
}

/// What is said of each packet (3.1.1 to 3.1.4), and what follows: the deltas.
fn symbols(mut chunks: &[u8], count: usize) -> (Vec<u16>, &[u8]) {
    let mut symbols = Vec::new();
    while symbols.len() < count {
        let Some((chunk, rest)) = chunks.split_at_checked(2) else { break };
        chunks = rest;
        let chunk = u16::from_be_bytes([chunk[0], chunk[1]]);
        match chunk >> 14 {
            0 | 1 => symbols.extend(std::iter::repeat_n(chunk >> 13 & 3, usize::from(chunk & 0x1fff))),
            2 => symbols.extend((0..14).map(|place| chunk >> (13 - place) & 1)),
            _ => symbols.extend((0..7).map(|place| chunk >> (12 - place * 2) & 3)),
        }
    }
    symbols.truncate(count);
    (symbols, chunks)
}

/// From the arrival before it to this one's (3.1.5): one byte, or two with a sign.
fn delta_us(deltas: &mut &[u8], symbol: u16) -> Option<i64> {
    let (delta, rest) = deltas.split_at_checked(usize::from(symbol))?;
    *deltas = rest;
    let units = match *delta {
        [small] => i64::from(small),
        [high, low] => i64::from(i16::from_be_bytes([high, low])),
        _ => return None,
    };
    Some(units * DELTA_US)
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
        assert_eq!(history.read().loss, Some(7.0 / 24.0));
        assert_eq!(history.read().loss, None);
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
