//! Whether the others are still there: a nonce of ours that comes back shows that a message reached somebody, and that the
//! answer reached us, since then. Pure: times (milliseconds, any origin) are passed in.
use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use crate::heartbeat::{Heartbeat, NONCE};

/// No echo for so long: the feed is stalled, the screen says so.
pub const STALL_MS: u64 = 30_000;
/// No echo for so long: sending stops.
pub const STOP_MS: u64 = 100_000;
/// Who was not heard for so long is silent: the committer removes it, and it knocks by itself on waking.
pub const SILENT_MS: u64 = 600_000;

/// What the echoes say.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Feed {
    /// Nobody else is in the group: nothing to be heard, no alarm.
    Alone,
    /// A nonce of the last 30 s came back.
    Live,
    /// None came back for 30 s: say so.
    Stalled,
    /// None came back for 100 s: stop sending.
    Stopped,
}

impl Feed {
    /// Its name: `alone`, `live`, `stalled`, `stopped`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Live => "live",
            Self::Stalled => "stalled",
            Self::Stopped => "stopped",
        }
    }
}

/// Nonces sent, echoes heard, and when each leaf was heard last.
#[derive(Debug)]
pub struct Liveness {
    since: u64,
    sent: VecDeque<(u64, [u8; NONCE])>,
    echoed: u64,
    heard: BTreeMap<u32, (u64, [u8; NONCE])>,
}

impl Liveness {
    /// From the moment at which the member joined: nobody is late yet.
    pub fn new(now: u64) -> Self {
        Self { since: now, sent: VecDeque::new(), echoed: now, heard: BTreeMap::new() }
    }

    /// A heartbeat with this nonce was sent.
    pub fn sent(&mut self, now: u64, nonce: [u8; NONCE]) {
        self.sent.retain(|(at, _)| at + STOP_MS > now);
        self.sent.push_back((now, nonce));
    }

    /// A leaf's heartbeat came; `own` is our leaf.
    pub fn heard(&mut self, now: u64, own: u32, leaf: u32, beat: &Heartbeat) {
        self.heard.insert(leaf, (now, beat.nonce));
        let echo = beat.echoes.get(own as usize);
        if let Some((at, _)) = self.sent.iter().find(|(_, nonce)| Some(nonce) == echo) {
            self.echoed = self.echoed.max(*at);
        }
    }

    /// Forget leaves that are nobody's or somebody else's now.
    pub fn left(&mut self, leaf: u32) {
        self.heard.remove(&leaf);
    }

    /// The state of the feed, for a roster of so many (ourselves too).
    pub fn feed(&self, now: u64, members: usize) -> Feed {
        if members <= 1 {
            return Feed::Alone;
        }
        match now.saturating_sub(self.echoed) {
            late if late >= STOP_MS => Feed::Stopped,
            late if late >= STALL_MS => Feed::Stalled,
            _ => Feed::Live,
        }
    }

    /// Somebody joined us who were alone: the time of being alone does not count as silence.
    pub fn accompanied(&mut self, now: u64) {
        self.echoed = self.echoed.max(now);
    }

    /// The last nonce heard of each leaf, by leaf index, for `Heartbeat::echoes`.
    pub fn echoes(&self) -> Vec<[u8; NONCE]> {
        let top = self.heard.keys().max().map_or(0, |leaf| *leaf as usize + 1);
        (0..top).map(|leaf| self.heard.get(&(leaf as u32)).map_or([0; NONCE], |(_, nonce)| *nonce)).collect()
    }

    /// Who was heard within a window, ascending.
    pub fn hears(&self, now: u64, window: u64) -> Vec<u32> {
        self.heard.iter().filter(|(_, (at, _))| at + window > now).map(|(leaf, _)| *leaf).collect()
    }

    /// Of these leaves, those not heard for ten minutes, nor since we came.
    pub fn silent(&self, now: u64, leaves: &[u32]) -> Vec<u32> {
        let last = |leaf: &u32| self.heard.get(leaf).map_or(self.since, |(at, _)| *at);
        leaves.iter().filter(|leaf| last(leaf) + SILENT_MS <= now).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heads::Heads;

    fn beat(echo: [u8; NONCE]) -> Heartbeat {
        Heartbeat {
            heads: Heads::default(),
            round: 1,
            sends_under: 1,
            nonce: [5; 8],
            echoes: vec![echo],
            hears: vec![],
            tracks: vec![],
        }
    }

    #[test]
    fn a_stalled_feed_is_seen_after_30_s_and_stops_sending_after_100() {
        let mut liveness = Liveness::new(0);
        liveness.sent(10_000, [1; 8]);
        liveness.heard(11_000, 0, 1, &beat([1; 8]));
        assert_eq!(liveness.feed(39_999, 2), Feed::Live);
        assert_eq!(liveness.feed(40_000, 2), Feed::Stalled);
        assert_eq!(liveness.feed(110_000, 2), Feed::Stopped);
        assert_eq!(liveness.feed(999_999, 1), Feed::Alone);
    }

    #[test]
    fn an_old_nonce_played_again_is_no_sign_of_life() {
        let mut liveness = Liveness::new(0);
        liveness.sent(0, [1; 8]);
        for now in [10_000, 20_000, 30_000] {
            liveness.heard(now, 0, 1, &beat([1; 8]));
        }
        assert_eq!(liveness.feed(30_000, 2), Feed::Stalled);
    }

    #[test]
    fn who_is_heard_is_echoed_and_who_is_silent_is_named() {
        let mut liveness = Liveness::new(0);
        liveness.heard(1_000, 0, 2, &beat([0; 8]));
        assert_eq!(liveness.echoes(), [[0; 8], [0; 8], [5; 8]]);
        assert_eq!(liveness.hears(2_000, 15_000), [2]);
        assert_eq!(liveness.hears(16_000, 15_000), [0u32; 0]);
        assert_eq!(liveness.silent(600_000, &[1, 2]), [1]);
        liveness.left(2);
        assert!(liveness.echoes().is_empty());
    }
}
