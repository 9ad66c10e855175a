//! What a subscriber's link carries, from transport feedback (TWCC): loss, and how much longer than at best packets are on
//! their way, which is the queue that builds up before a narrow link. Read twice a second; nothing a packet.
//!
//! str0m has an estimator of libwebrtc's kind, but with it comes a pacer that walks all of a transport's streams for each
//! packet: with thirty streams more than the packet itself costs. And layers are steps: what counts is to see at once
//! that a step was too high, to go down, and to try again later, each time a little later.
//!
//! What is paused is tried, not waited for: where nothing flows there is no feedback, so an estimate that only feedback could
//! raise would stay for ever. And a link that was away (a cut) says nothing of its width: those losses are not held against it.

use std::time::{Duration, Instant};

use crate::history::Account;

/// A link that loses more than this is too full (libwebrtc's loss-based controller: 10 %).
const LOSS_HIGH: f32 = 0.10;
/// Fewer than these may be lost by chance, whatever share of few packets they are.
const LOST_LEAST: u32 = 4;
/// Below this it may carry more.
const LOSS_LOW: f32 = 0.02;
/// So much waiting before the link is too much.
const QUEUE_HIGH: Duration = Duration::from_millis(200);
/// Below this nothing waits.
const QUEUE_LOW: Duration = Duration::from_millis(60);
/// A link younger than this is not judged: while streams begin and many join, what came before a client knew its stream
/// counts as lost, everybody answers late, and what was sent so far says nothing of what the link carries.
const YOUNG: Duration = Duration::from_secs(3);
/// After a step down: let the queue run empty before it is judged again.
const SETTLE: Duration = Duration::from_millis(1200);
/// A queue that is ours shrinks by more than this while it settles. One that does not, though we send a third, is somebody
/// else's waiting (a client or a server short of processor time, a detour): sending less does not mend it, so it becomes
/// the new base.
const SHRINKS: Duration = Duration::from_millis(60);
/// The delay without a queue is the least one of the last minute or so.
const BASE_WINDOW: Duration = Duration::from_secs(30);
/// Growth a second while all is well: twice as much after five seconds.
const GROWTH_PERCENT: u64 = 15;
/// First and longest wait before more is tried than what failed: a picture that is paused comes back within it.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(4), Duration::from_secs(20));
/// What was sent is judged by the best of so many readings: in a single half second a starved sender sends next to nothing.
const READINGS: usize = 4;
/// Clients are heard from every two to three seconds whatever they receive (ICE's checks, RTCP): one that was silent for longer was away.
const SILENCE: Duration = Duration::from_secs(4);
/// An estimate below this helps nobody: audio alone takes as much.
const LEAST_BPS: u64 = 30_000;
/// An estimate above this limits nobody.
const MOST_BPS: u64 = 200_000_000;

/// What half a second showed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub(crate) sent_bps: u64,
    /// What feedback said.
    pub(crate) account: Account,
    /// The least estimate with which one of the paused pictures would be sent again; None: none is paused.
    pub(crate) resume_bps: Option<u64>,
}

/// One link. Until it shows a limit there is none: a meeting starts with its pictures, not with a ramp.
#[derive(Debug)]
pub(crate) struct Estimator {
    bps: Option<u64>,
    base_us: [Option<i64>; 2],
    base_since: Instant,
    born: Instant,
    heard: Instant,
    read: Instant,
    lowered: Option<Instant>,
    /// The queue for which the estimate was lowered last, if nothing was lost.
    blamed: Option<Duration>,
    /// Nothing was sent at the last reading.
    rested: bool,
    patience: Duration,
    sent_bps: [u64; READINGS],
    /// What was sent when the limit was first seen.
    origin_bps: u64,
}

impl Estimator {
    pub(crate) fn new(now: Instant) -> Self {
        Estimator {
            bps: None,
            base_us: [None; 2],
            base_since: now,
            born: now,
            heard: now,
            read: now,
            lowered: None,
            blamed: None,
            rested: false,
            patience: PATIENCE.0,
            sent_bps: [0; READINGS],
            origin_bps: 0,
        }
    }

    /// Bits a second; None: no limit was seen.
    pub(crate) fn bps(&self) -> Option<u64> {
        self.bps
    }

    /// The link is new, or was away: for a while nothing is held against it, and what it could not carry is tried again at once.
    pub(crate) fn renew(&mut self, now: Instant) {
        self.born = now;
        self.lowered = None;
        self.blamed = None;
        self.patience = PATIENCE.0;
    }

    /// The client was heard.
    pub(crate) fn heard(&mut self, now: Instant) {
        if now.saturating_duration_since(self.heard) >= SILENCE {
            self.renew(now);
        }
        self.heard = now;
    }

    /// Take a reading.
    pub(crate) fn read(&mut self, reading: Reading, now: Instant) {
        let elapsed = now.saturating_duration_since(self.read);
        self.read = now;
        self.sent_bps.rotate_right(1);
        self.sent_bps[0] = reading.sent_bps;
        let Account { sent, loss, reported, lost, delay_us, outage } = reading.account;
        let mut queue = self.queue(delay_us, now);
        if delay_us.is_none() && loss.is_none() {
            // Nothing was reported. If nothing was sent either, nothing ever will be: try.
            if sent == 0 {
                self.rested = true;
                self.blamed = None;
                self.raise(Duration::ZERO, reading.resume_bps, now);
            }
            return;
        }
        // Of what we send nothing waited: what waits now is not ours.
        if std::mem::take(&mut self.rested) && queue > QUEUE_HIGH {
            self.rebase(delay_us, now);
            queue = Duration::ZERO;
        }
        if outage > 0 && queue <= QUEUE_HIGH {
            self.renew(now);
        }
        let losing = loss.filter(|loss| *loss > LOSS_HIGH && lost >= LOST_LEAST);
        if losing.is_some() || queue > QUEUE_HIGH {
            let young = now.saturating_duration_since(self.born) < YOUNG;
            let settled = self.lowered.is_none_or(|at| now.saturating_duration_since(at) >= SETTLE);
            if young || !settled {
                return;
            }
            // Some clients say nothing of what they did not get.
            let is_told = (reported + outage) * 10 >= sent * 9;
            if is_told && lost + outage < LOST_LEAST && loss.unwrap_or(0.0) < LOSS_LOW && self.is_foreign(queue) {
                // The waiting is not ours: judge from here on, without a limit.
                self.rebase(delay_us, now);
                self.bps = None;
            } else {
                self.blamed = losing.is_none().then_some(queue);
                // An outage with a queue before it is a link that carries next to nothing.
                let gone = (lost + outage) as f32 / (reported + outage).max(1) as f32;
                self.lower(gone, now);
            }
        } else if loss.is_some_and(|loss| loss < LOSS_LOW) && queue < QUEUE_LOW {
            self.blamed = None;
            self.raise(elapsed, reading.resume_bps, now);
        }
    }

    /// All is well, or nothing flows: a little more after a while, and what a paused picture takes.
    fn raise(&mut self, elapsed: Duration, resume_bps: Option<u64>, now: Instant) {
        let Some(bps) = self.bps else { return };
        if self.lowered.is_some_and(|at| now.saturating_duration_since(at) < self.patience) {
            return;
        }
        let more = bps / 100 * GROWTH_PERCENT * elapsed.as_millis() as u64 / 1000;
        self.bps = Some((bps + more).max(resume_bps.unwrap_or(0))).filter(|bps| *bps < MOST_BPS);
    }

    fn lower(&mut self, loss: f32, now: Instant) {
        // What came through, and a little less, so that the queue runs empty; at most by half at once.
        let sent_bps = self.sent_bps.iter().max().copied().unwrap_or(0);
        let through = (sent_bps as f64 * f64::from(1.0 - loss) * 0.85) as u64;
        if self.bps.is_none() {
            self.origin_bps = sent_bps;
        }
        self.bps = Some(self.bps.map_or(through, |known| through.clamp(known / 2, known)).max(LEAST_BPS));
        let again = self.lowered.is_some_and(|at| now.saturating_duration_since(at) < self.patience * 3);
        self.patience = if again { (self.patience * 2).min(PATIENCE.1) } else { PATIENCE.0 };
        self.lowered = Some(now);
    }

    /// Whether the queue stayed although less is sent.
    fn is_foreign(&self, queue: Duration) -> bool {
        let sent_bps = self.sent_bps.iter().max().copied().unwrap_or(0);
        sent_bps <= self.origin_bps / 3 && self.blamed.is_some_and(|before| queue + SHRINKS > before)
    }

    fn rebase(&mut self, delay_us: Option<i64>, now: Instant) {
        self.base_us = [delay_us, delay_us];
        self.base_since = now;
        self.blamed = None;
    }

    /// How much of the delay is waiting.
    fn queue(&mut self, delay_us: Option<i64>, now: Instant) -> Duration {
        if now.saturating_duration_since(self.base_since) >= BASE_WINDOW {
            self.base_us = [None, self.base_us[0]];
            self.base_since = now;
        }
        let Some(delay_us) = delay_us else { return Duration::ZERO };
        self.base_us[0] = Some(self.base_us[0].map_or(delay_us, |least| least.min(delay_us)));
        let least = self.base_us.iter().flatten().min().copied().unwrap_or(delay_us);
        Duration::from_micros((delay_us - least) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: Duration = Duration::from_millis(500);

    #[allow(clippy::disallowed_methods)]
    fn start() -> Instant {
        Instant::now()
    }

    fn reading(sent_bps: u64, loss: f32, delay_ms: u64) -> Reading {
        let delay_us = Some(delay_ms as i64 * 1000);
        let lost = (loss * sent_bps as f32 / 16_000.0).round() as u32;
        let reported = (sent_bps / 16_000) as u32;
        let account = Account { sent: reported, loss: Some(loss), reported, lost, delay_us, outage: 0 };
        Reading { sent_bps, account, resume_bps: None }
    }

    /// A link of this rate with a queue of 300 ms, and a sender that sends what it may, up to what it has.
    fn drive(estimator: &mut Estimator, now: &mut Instant, link_bps: u64, wanted_bps: u64, steps: u32) -> u64 {
        let mut queued_ms = 0.0f64;
        let mut sent = 0;
        for _ in 0..steps {
            *now += HALF;
            sent = wanted_bps.min(estimator.bps().unwrap_or(u64::MAX));
            queued_ms = (queued_ms + 500.0 * (sent as f64 / link_bps as f64 - 1.0)).max(0.0);
            let overflow = (queued_ms - 300.0).max(0.0);
            let loss = (overflow / 500.0 * link_bps as f64 / sent as f64) as f32;
            queued_ms = queued_ms.min(300.0);
            estimator.read(reading(sent, loss, 20 + queued_ms as u64), *now);
        }
        sent
    }

    #[test]
    fn a_wide_link_has_no_limit() {
        let mut now = start();
        let mut estimator = Estimator::new(now);
        drive(&mut estimator, &mut now, 100_000_000, 8_000_000, 120);
        assert_eq!(estimator.bps(), None);
    }

    #[test]
    fn a_narrow_link_is_found_within_seconds_and_used_without_a_queue() {
        let mut now = start();
        let mut estimator = Estimator::new(now);
        drive(&mut estimator, &mut now, 500_000, 3_000_000, 12);
        let bps = estimator.bps().expect("a limit");
        assert!((250_000..=600_000).contains(&bps), "{bps}");
        let sent = drive(&mut estimator, &mut now, 500_000, 3_000_000, 200);
        assert!((200_000..=700_000).contains(&sent), "{sent}");
    }

    #[test]
    fn a_link_that_widens_is_used_again() {
        let mut now = start();
        let mut estimator = Estimator::new(now);
        drive(&mut estimator, &mut now, 500_000, 3_000_000, 20);
        let sent = drive(&mut estimator, &mut now, 50_000_000, 3_000_000, 180);
        assert_eq!(sent, 3_000_000);
    }

    #[test]
    fn a_delay_that_stays_long_is_not_blamed_on_what_is_sent() {
        let mut now = start();
        let mut estimator = Estimator::new(now);
        let read = |estimator: &mut Estimator, now: &mut Instant, delay_ms, steps| {
            for _ in 0..steps {
                *now += HALF;
                let sent_bps = 800_000.min(estimator.bps().unwrap_or(u64::MAX));
                estimator.read(reading(sent_bps, 0.0, delay_ms), *now);
            }
        };
        read(&mut estimator, &mut now, 5, 20);
        read(&mut estimator, &mut now, 600, 50);
        assert_eq!(estimator.bps(), None);
    }

    #[test]
    fn the_rush_in_which_a_link_begins_is_not_held_against_it() {
        let mut now = start();
        let mut estimator = Estimator::new(now);
        for (loss, delay_ms) in [(0.6, 20), (0.4, 600), (0.2, 500), (0.0, 300), (0.0, 20), (0.0, 20), (0.0, 20)] {
            now += HALF;
            estimator.read(reading(200_000, loss, delay_ms), now);
        }
        assert_eq!(estimator.bps(), None);
    }

    #[test]
    fn a_little_random_loss_is_no_limit() {
        let mut now = start();
        let mut estimator = Estimator::new(now);
        for _ in 0..100 {
            now += HALF;
            estimator.read(reading(2_000_000, 0.05, 30), now);
        }
        assert_eq!(estimator.bps(), None);
    }
}
