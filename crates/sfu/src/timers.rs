//! When each transport wants to be woken: a heap with lazy deletion, since deadlines move at every packet.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// Deadlines by transport index. An entry is good only while it equals the transport's own `armed` mark.
#[derive(Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Instant, u32)>>,
}

impl Timers {
    /// Note `deadline` unless an earlier wake-up is armed already (that one re-arms when it comes).
    pub(crate) fn arm(&mut self, armed: &mut Option<Instant>, deadline: Instant, index: u32) {
        if armed.is_none_or(|at| deadline < at) {
            *armed = Some(deadline);
            self.heap.push(Reverse((deadline, index)));
        }
    }

    /// The next wake-up, perhaps a stale one.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Take one entry that is due.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<(Instant, u32)> {
        match self.heap.peek() {
            Some(Reverse((at, _))) if *at <= now => self.heap.pop().map(|Reverse(entry)| entry),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[allow(clippy::disallowed_methods)] // a moment to count from
    #[test]
    fn a_later_deadline_does_not_grow_the_heap() {
        let start = Instant::now();
        let (mut timers, mut armed) = (Timers::default(), None);
        timers.arm(&mut armed, start + Duration::from_millis(5), 1);
        timers.arm(&mut armed, start + Duration::from_millis(9), 1);
        assert_eq!(timers.heap.len(), 1);
        timers.arm(&mut armed, start + Duration::from_millis(2), 1);
        assert_eq!(timers.next(), Some(start + Duration::from_millis(2)));
        assert_eq!(timers.pop_due(start), None);
    }
}
