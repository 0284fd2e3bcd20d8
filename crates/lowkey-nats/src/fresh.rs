//! How fresh a registry is that lies elsewhere.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Knows until when what was followed was all there is.
///
/// A gateway writes a beat among the changes of the registry. When that comes back to it, it has seen every change from
/// before the beat was sent, and so what it has was all there was at that moment. That anything else came says nothing:
/// it may have waited in a buffer for as long as we were frozen.
#[derive(Debug, Default)]
pub(crate) struct Fresh {
    sent: VecDeque<(u64, Instant)>,
    since: Option<Instant>,
}

impl Fresh {
    /// A beat of this number leaves now.
    pub(crate) fn sends(&mut self, n: u64, now: Instant) {
        if self.sent.len() == MOST {
            self.sent.pop_front();
        }
        self.sent.push_back((n, now));
    }

    /// It has come back, behind all changes from before it. Gives when it was sent.
    pub(crate) fn returned(&mut self, n: u64) -> Option<Instant> {
        // One that is not among them is from an earlier run, or forged.
        let found = self.sent.iter().position(|(sent, _)| *sent == n)?;
        self.since = self.sent.drain(..=found).next_back().map(|(_, at)| at);
        self.since
    }

    /// How long ago what is in force was surely all there was; `None`: never yet.
    pub(crate) fn age(&self, now: Instant) -> Option<Duration> {
        self.since.map(|since| now.saturating_duration_since(since))
    }
}

/// Beats on their way.
const MOST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freshness_is_that_of_the_moment_in_which_a_beat_was_sent() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut fresh = Fresh::default();
        assert_eq!(fresh.age(at(9)), None);
        fresh.sends(1, at(0));
        fresh.sends(2, at(5));
        assert_eq!(fresh.returned(1), Some(at(0)));
        // Frozen for 40 s: what waited in a buffer is no news of now.
        assert_eq!(fresh.age(at(45)), Some(Duration::from_secs(45)));
        fresh.returned(2);
        assert_eq!(fresh.age(at(46)), Some(Duration::from_secs(41)));
        fresh.sends(3, at(47));
        for foreign in [0, 1, 2, 7] {
            assert_eq!(fresh.returned(foreign), None);
            assert_eq!(fresh.age(at(47)), Some(Duration::from_secs(42)), "{foreign}");
        }
        fresh.returned(3);
        assert_eq!(fresh.age(at(47)), Some(Duration::ZERO));
    }
}
