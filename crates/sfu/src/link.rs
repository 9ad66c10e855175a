//! For tests: a simulated link between a sender that shares its estimate among pictures and a client that answers with transport
//! feedback as libwebrtc does. Cuts, losses, a narrow stretch, a client that is short of processor time; all by a seed.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::congestion::{Wish, resumption, share};
use crate::estimator::{Estimator, Reading};
use crate::history::History;

const STEP: Duration = Duration::from_millis(5);
const FEEDBACK: Duration = Duration::from_millis(100);
const CARE: Duration = Duration::from_millis(100);
/// ICE's checks of a connection that stands.
const CHECK: Duration = Duration::from_millis(2_500);
const READ: Duration = Duration::from_millis(500);
const PACKET: u64 = 1_000;
/// What waits before a link is at most so long.
const QUEUE: Duration = Duration::from_millis(300);
const LAYERS: [(u8, u64); 3] = [(0, 150_000), (1, 400_000), (2, 1_200_000)];

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// How the link is now.
#[derive(Clone, Copy)]
pub(crate) struct Weather {
    pub(crate) rate_bps: u64,
    pub(crate) delay: Duration,
    pub(crate) jitter_ms: u64,
    pub(crate) loss_permille: u64,
    /// Nothing passes: down, up.
    pub(crate) cut: (bool, bool),
    /// In thousandths, at each feedback: the client is busy for up to a second; what comes meanwhile is answered, and perhaps
    /// read from its socket, only then.
    pub(crate) busy_permille: u64,
    pub(crate) reads_late: bool,
}

pub(crate) struct Link {
    pub(crate) now: Instant,
    pub(crate) weather: Weather,
    pub(crate) estimator: Estimator,
    begun: Instant,
    random: Random,
    history: History,
    wishes: Vec<Wish>,
    given: Vec<Option<u8>>,
    debt_bits: Vec<u64>,
    next: u64,
    sent_bits: u64,
    free_at: Instant,
    newest_at: Instant,
    /// On their way: number, arrival.
    air: Vec<(u64, Instant)>,
    /// The client's: number and arrival of what it did not answer yet, the next number it speaks of, when it has time again.
    unanswered: Vec<(u64, Instant)>,
    expected: u64,
    busy_until: Instant,
    /// Feedback on its way back.
    back: VecDeque<(Instant, Vec<u8>)>,
    feedback_at: Instant,
    care_at: Instant,
    read_at: Instant,
    check_at: Instant,
}

impl Link {
    #[allow(clippy::disallowed_methods)] // Where simulated time starts.
    pub(crate) fn new(seed: u64, pictures: usize, weather: Weather) -> Link {
        let now = Instant::now();
        let wish = Wish { priority: 0, max_layer: 2, layers: LAYERS.to_vec() };
        Link {
            now,
            weather,
            estimator: Estimator::new(now),
            begun: now,
            random: Random::new(seed),
            history: History::default(),
            wishes: vec![wish; pictures],
            given: vec![Some(2); pictures],
            debt_bits: vec![0; pictures],
            next: 0,
            sent_bits: 0,
            free_at: now,
            newest_at: now,
            air: Vec::new(),
            unanswered: Vec::new(),
            expected: 0,
            busy_until: now,
            back: VecDeque::new(),
            feedback_at: now,
            care_at: now,
            read_at: now,
            check_at: now,
        }
    }

    /// Pictures that are paused.
    pub(crate) fn paused(&self) -> usize {
        self.given.iter().filter(|layer| layer.is_none()).count()
    }

    /// Let time pass; the longest that any picture was paused at a stretch.
    pub(crate) fn run(&mut self, duration: Duration) -> Duration {
        let end = self.now + duration;
        let (mut stretch, mut longest) = (Duration::ZERO, Duration::ZERO);
        while self.now < end {
            self.step();
            stretch = if self.paused() > 0 { stretch + STEP } else { Duration::ZERO };
            longest = longest.max(stretch);
        }
        longest
    }

    /// Let time pass until no picture is paused; None: it took longer.
    pub(crate) fn until_all_flow(&mut self, patience: Duration) -> Option<Duration> {
        let begun = self.now;
        while self.now - begun < patience {
            self.step();
            if self.paused() == 0 && !self.weather.cut.0 {
                return Some(self.now - begun);
            }
        }
        None
    }

    fn step(&mut self) {
        self.now += STEP;
        for place in 0..self.given.len() {
            let Some(layer) = self.given[place] else { continue };
            self.debt_bits[place] += LAYERS[usize::from(layer)].1 * STEP.as_millis() as u64 / 1000;
            while self.debt_bits[place] >= PACKET * 8 {
                self.debt_bits[place] -= PACKET * 8;
                self.send();
            }
        }
        let now = self.now;
        self.air.retain(|(number, at)| {
            let arrived = *at <= now;
            if arrived {
                self.unanswered.push((*number, *at));
            }
            !arrived
        });
        if self.feedback_at <= now {
            self.feedback_at = now + FEEDBACK;
            self.answer();
        }
        while self.back.front().is_some_and(|(at, _)| *at <= now) {
            let (_, body) = self.back.pop_front().expect("peeked");
            self.history.arrivals(&body, now);
        }
        if self.check_at <= now {
            self.check_at = now + CHECK;
            if !self.weather.cut.1 {
                self.estimator.heard(now);
            }
        }
        if self.read_at <= now {
            self.read_at = now + READ;
            let sent_bps = std::mem::take(&mut self.sent_bits) * 1000 / READ.as_millis() as u64;
            let account = self.history.read();
            let resume_bps = self.resume_bps();
            self.estimator.read(Reading { sent_bps, account, resume_bps }, now);
        }
        if self.care_at <= now {
            self.care_at = now + CARE;
            let usable = self.estimator.bps().map_or(u64::MAX, |bps| bps * 9 / 10);
            let (given, spared) = (share(usable, &self.wishes), share(usable / 10 * 9, &self.wishes));
            for (place, (layer, spared)) in given.into_iter().zip(spared).enumerate() {
                self.given[place] = layer.min(spared.max(self.given[place]));
            }
        }
    }

    fn resume_bps(&self) -> Option<u64> {
        let by = |paused: bool| -> Vec<&Wish> {
            self.wishes.iter().zip(&self.given).filter(|(_, g)| g.is_none() == paused).map(|(w, _)| w).collect()
        };
        resumption(&by(false), &by(true)).map(|bps| bps * 10 / 9 * 10 / 9 + 100)
    }

    fn send(&mut self) {
        let (now, weather) = (self.now, self.weather);
        self.history.number(now);
        self.sent_bits += PACKET * 8;
        let number = self.next;
        self.next += 1;
        if weather.cut.0 || self.random.below(1000) < weather.loss_permille {
            return;
        }
        let starts = self.free_at.max(now);
        if starts > now + QUEUE {
            return;
        }
        self.free_at = starts + Duration::from_micros(PACKET * 8 * 1_000_000 / weather.rate_bps);
        let jitter = Duration::from_millis(self.random.below(weather.jitter_ms + 1));
        // Links waver, but keep the order.
        let at = (self.free_at + weather.delay + jitter).max(self.newest_at);
        self.newest_at = at;
        self.air.push((number, at));
    }

    fn answer(&mut self) {
        if self.busy_until > self.now {
            return;
        }
        if self.random.below(1000) < self.weather.busy_permille {
            self.busy_until = self.now + Duration::from_millis(self.random.below(1000));
            if self.weather.reads_late {
                let until = self.busy_until;
                self.air.iter_mut().for_each(|(_, at)| *at = (*at).max(until));
            }
            return;
        }
        let mut answered = std::mem::take(&mut self.unanswered);
        answered.sort_unstable();
        let Some((last, first_at)) = answered.last().map(|(last, _)| *last).zip(answered.first().map(|(_, at)| *at))
        else {
            return;
        };
        let base = std::mem::replace(&mut self.expected, last + 1);
        let body = feedback(base, last, &answered, first_at.saturating_duration_since(self.begun), self.begun);
        if !self.weather.cut.1 {
            self.back.push_back((self.now + self.weather.delay, body));
        }
    }
}

/// A message on the packets from `base` to `last`, of which `arrived` came: two-bit vectors and large deltas.
fn feedback(base: u64, last: u64, arrived: &[(u64, Instant)], first: Duration, begun: Instant) -> Vec<u8> {
    let reference = first.as_millis() as u64 / 64;
    let count = (last - base + 1) as u16;
    let mut body = [(base as u16).to_be_bytes(), count.to_be_bytes()].concat();
    body.extend_from_slice(&(reference as u32).to_be_bytes()[1..]);
    body.push(0);
    let mut came = arrived.iter().peekable();
    let symbols: Vec<u16> =
        (base..=last).map(|number| if came.next_if(|(one, _)| *one == number).is_some() { 2 } else { 0 }).collect();
    for seven in symbols.chunks(7) {
        let bits = seven.iter().enumerate().fold(0b11 << 14, |bits, (place, symbol)| bits | symbol << (12 - place * 2));
        body.extend_from_slice(&bits.to_be_bytes());
    }
    let mut before = reference as i64 * 256;
    for (_, at) in arrived {
        let units = at.saturating_duration_since(begun).as_micros() as i64 / 250;
        body.extend_from_slice(&((units - before) as i16).to_be_bytes());
        before = units;
    }
    body
}

mod tests {
    use super::*;

    const SEEDS: u64 = 300;

    fn weather(random: &mut Random) -> Weather {
        Weather {
            rate_bps: 50_000_000,
            delay: Duration::from_millis(2 + random.below(150)),
            jitter_ms: random.below(30),
            loss_permille: random.below(15),
            cut: (false, false),
            busy_permille: 0,
            reads_late: false,
        }
    }

    fn milliseconds(random: &mut Random, least: u64, most: u64) -> Duration {
        Duration::from_millis(least + random.below(most - least))
    }

    #[test]
    fn no_picture_is_paused_after_a_cut_of_a_wide_link() {
        for seed in 0..SEEDS {
            let mut random = Random::new(seed);
            let fine = weather(&mut random);
            let mut link = Link::new(seed, 1 + random.below(9) as usize, fine);
            link.run(milliseconds(&mut random, 4_000, 12_000));
            let cut = [(true, true), (true, true), (true, false), (false, true)][random.below(4) as usize];
            link.weather = Weather { cut, ..fine };
            link.run(milliseconds(&mut random, 100, 8_000));
            link.weather = fine;
            let paused = link.run(Duration::from_secs(12));
            assert!(paused.is_zero(), "seed {seed}: paused for {paused:?}");
        }
    }

    #[test]
    fn a_link_that_got_worse_before_it_was_cut_is_tried_again_at_once() {
        for seed in 0..SEEDS {
            let mut random = Random::new(seed);
            let fine = weather(&mut random);
            let pictures = 1 + random.below(9);
            let mut link = Link::new(seed, pictures as usize, fine);
            link.run(milliseconds(&mut random, 4_000, 8_000));
            link.weather = Weather { loss_permille: 300 + random.below(600), ..fine };
            link.run(milliseconds(&mut random, 500, 10_000));
            link.weather = Weather { cut: (true, true), ..fine };
            link.run(milliseconds(&mut random, 7_000, 20_000));
            link.weather = fine;
            // The next check, and a reading or two a picture.
            let all = link.until_all_flow(Duration::from_secs(60));
            assert!(
                all.is_some_and(|all| all < Duration::from_millis(4_000 + 1_000 * pictures)),
                "seed {seed}: {all:?}"
            );
        }
    }

    #[test]
    fn pictures_that_were_paused_come_back_although_nothing_else_flows() {
        for seed in 0..SEEDS {
            let mut random = Random::new(seed);
            let fine = weather(&mut random);
            let pictures = 1 + random.below(9);
            let mut link = Link::new(seed, pictures as usize, fine);
            link.run(milliseconds(&mut random, 4_000, 8_000));
            link.weather = Weather { rate_bps: 50_000 + random.below(60_000), ..fine };
            let paused = link.run(milliseconds(&mut random, 10_000, 60_000));
            assert!(paused > Duration::from_secs(3), "seed {seed}: paused for no more than {paused:?}");
            link.weather = fine;
            // The longest patience, and a reading or two a picture.
            let all = link.until_all_flow(Duration::from_secs(120));
            assert!(
                all.is_some_and(|all| all < Duration::from_millis(22_000 + 1_000 * pictures)),
                "seed {seed}: {all:?}"
            );
        }
    }

    #[test]
    fn a_client_that_is_short_of_processor_time_keeps_its_pictures() {
        for seed in 0..SEEDS {
            let mut random = Random::new(seed);
            let busy = Weather {
                busy_permille: 50 + random.below(250),
                reads_late: random.below(2) == 0,
                loss_permille: random.below(5),
                ..weather(&mut random)
            };
            let mut link = Link::new(seed, 1 + random.below(9) as usize, busy);
            let paused = link.run(Duration::from_secs(60));
            assert!(paused < Duration::from_secs(3), "seed {seed}: paused for {paused:?}");
        }
    }
}
