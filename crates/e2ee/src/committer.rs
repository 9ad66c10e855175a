//! Whose turn it is to commit, and when. Pure: every time is passed in, in milliseconds; no message is needed to agree, since
//! all members hear about the same heartbeats, and the server's compare-and-set settles what they do not agree on.
use std::collections::{BTreeMap, BTreeSet};

/// Who was heard within it may be expected to commit; up to 100 members.
pub const WINDOW_MS: u64 = 15_000;
/// The same above 100 members, whose heartbeats are rarer.
pub const WINDOW_LARGE_MS: u64 = 45_000;
/// After it the next takes over.
pub const TAKEOVER_MS: u64 = 2_000;
/// Knocks within it make one commit.
pub const BATCH_MS: u64 = 300;
/// The group commits at least so often.
pub const REKEY_MS: u64 = 300_000;
/// Each leaf updates at least so often.
pub const UPDATE_MS: u64 = 1_800_000;
/// Each leaf's first update, within so long of its join.
pub const FIRST_UPDATE_MS: u64 = 300_000;

/// When each leaf was heard.
#[derive(Debug)]
pub struct Committer {
    joined: u64,
    heard: BTreeMap<u32, u64>,
}

impl Committer {
    /// From the moment at which the member joined.
    pub fn new(now: u64) -> Self {
        Self { joined: now, heard: BTreeMap::new() }
    }

    /// A leaf's heartbeat came.
    pub fn heard(&mut self, now: u64, leaf: u32) {
        self.heard.insert(leaf, now);
    }

    /// Forget a leaf that is nobody's or somebody else's now.
    pub fn left(&mut self, leaf: u32) {
        self.heard.remove(&leaf);
    }

    /// The moment from which it is our turn to do work that became due at `since`; none while it is never ours.
    ///
    /// `leaves` is the roster, `leaving` who is to be removed: they do not count. The lowest leaf that was heard within the
    /// window begins 300 ms after `since`, each next one 2 s later. A newcomer counts everybody as heard for its first window,
    /// and whoever commits counts itself.
    pub fn turn(&self, now: u64, own: u32, leaves: &[u32], leaving: &BTreeSet<u32>, since: u64) -> Option<u64> {
        if leaving.contains(&own) || !leaves.contains(&own) {
            return None;
        }
        let window = if leaves.len() > 100 { WINDOW_LARGE_MS } else { WINDOW_MS };
        let is_newcomer = now < self.joined + window;
        let is_heard = |leaf: u32| is_newcomer || self.heard.get(&leaf).is_some_and(|at| at + window > now);
        let before = leaves.iter().filter(|leaf| **leaf < own && !leaving.contains(leaf) && is_heard(**leaf)).count();
        Some(since + BATCH_MS + TAKEOVER_MS * before as u64)
    }
}

/// When a leaf should update next, staggered by its index: within five minutes of its join, then every half hour.
///
/// `updated` is its own last commit in this group, none after the join.
pub fn next_update(leaf: u32, joined: u64, updated: Option<u64>) -> u64 {
    // 37 is prime to 240: neighbours in the tree are spread over four minutes, and one minute is left for take-overs.
    let stagger = u64::from(leaf) * 37 % 240 * 1_000;
    match updated {
        None => joined + 1_000 + stagger,
        Some(at) => at + UPDATE_MS - FIRST_UPDATE_MS + stagger,
    }
}

/// When the group is due for a commit, whoever makes it.
pub fn next_rekey(committed: u64) -> u64 {
    committed + REKEY_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(joined: u64, heard: &[(u32, u64)]) -> Committer {
        let mut committer = Committer::new(joined);
        for (leaf, at) in heard {
            committer.heard(*at, *leaf);
        }
        committer
    }
    const NOBODY: BTreeSet<u32> = BTreeSet::new();

    #[test]
    fn the_lowest_leaf_heard_commits_and_the_next_takes_over_after_2_s() {
        let committer = after(0, &[(0, 99_000), (2, 99_000)]);
        let turn = |own| committer.turn(100_000, own, &[0, 1, 2, 3], &NOBODY, 100_000);
        assert_eq!(turn(0), Some(100_300));
        assert_eq!(turn(1), Some(102_300));
        assert_eq!(turn(2), Some(102_300));
        assert_eq!(turn(3), Some(104_300));
        assert_eq!(turn(9), None);
    }

    #[test]
    fn who_is_to_be_removed_does_not_count_and_never_commits() {
        let committer = after(0, &[(0, 99_000), (1, 99_000)]);
        let leaving = BTreeSet::from([0]);
        assert_eq!(committer.turn(100_000, 1, &[0, 1, 2], &leaving, 100_000), Some(100_300));
        assert_eq!(committer.turn(100_000, 0, &[0, 1, 2], &leaving, 100_000), None);
    }

    #[test]
    fn a_committer_that_died_stops_counting_after_its_window() {
        let committer = after(0, &[(0, 80_000)]);
        assert_eq!(committer.turn(94_999, 1, &[0, 1], &NOBODY, 94_000), Some(96_300));
        assert_eq!(committer.turn(95_000, 1, &[0, 1], &NOBODY, 94_000), Some(94_300));
    }

    #[test]
    fn a_newcomer_counts_everybody_as_heard_at_first() {
        let committer = after(100_000, &[]);
        assert_eq!(committer.turn(100_000, 2, &[0, 1, 2], &NOBODY, 100_000), Some(104_300));
        assert_eq!(committer.turn(115_000, 2, &[0, 1, 2], &NOBODY, 115_000), Some(115_300));
    }

    #[test]
    fn updates_are_staggered_within_their_bounds() {
        let first: BTreeSet<u64> = (0..30).map(|leaf| next_update(leaf, 0, None)).collect();
        assert_eq!(first.len(), 30);
        assert!(first.iter().all(|at| *at <= FIRST_UPDATE_MS));
        assert!((0..500).all(|leaf| next_update(leaf, 0, Some(0)) <= UPDATE_MS));
        assert_eq!(next_rekey(5), 300_005);
    }
}
