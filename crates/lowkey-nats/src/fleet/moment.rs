//! What NATS's clock shows: gateways' own clocks may differ, and of two sessions of a device one is the newer.

use std::time::{Duration, Instant};

/// NATS's clock, as a beat tells it: it left us at an instant, and NATS has written a time on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    at: Instant,
    shows: i64,
    /// How long the beat was away: by so much the clock may be ahead.
    away: Duration,
}

impl Clock {
    /// A beat that left at `at` and was away for so long was taken when NATS's clock showed so many milliseconds since
    /// 1970.
    pub(super) fn new(at: Instant, shows: i64, away: Duration) -> Self {
        Self { at, shows, away }
    }

    /// Which of the two to go by, this one or a later one. A beat that waited while NATS stood still, or a cable was
    /// cut, says less than the one before it; but not for ever, as that clock may have been set.
    pub(super) fn or_later(self, later: Self) -> Self {
        let between = later.at.saturating_duration_since(self.at);
        if later.away <= self.away + between / MUCH_OLDER { later } else { self }
    }

    /// What it shows at this moment, to the time that a beat takes.
    pub(super) fn at(&self, moment: Instant) -> i64 {
        let milliseconds = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        match moment.checked_duration_since(self.at) {
            Some(later) => self.shows.saturating_add(milliseconds(later)),
            None => self.shows.saturating_sub(milliseconds(self.at.duration_since(moment))),
        }
    }
}

/// For each second that a beat is later than another it may have been away for a second's part longer.
const MUCH_OLDER: u32 = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beat_that_was_long_on_its_way_does_not_put_the_clock_ahead_and_one_that_was_not_sets_it() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let brief = Duration::from_millis(20);
        let shows = |clock: Clock| clock.at(at(100));
        let good = Clock::new(at(0), 1_000_000, brief);
        assert_eq!(shows(good), 1_100_000);
        // NATS stood still until 13 s, and took then what was sent at 5 and 10 s.
        let late =
            [(5, 8), (10, 3)].map(|(sent, away)| Clock::new(at(sent), 1_013_000, Duration::from_secs(away)));
        let clock = late.into_iter().fold(good, Clock::or_later);
        assert_eq!(shows(clock), 1_100_000);
        // It was set back by an hour.
        let set = clock.or_later(Clock::new(at(15), 1_015_000 - 3_600_000, brief * 5));
        assert_eq!(shows(set), 1_100_000 - 3_600_000);
        // A line that is slow stays so.
        let slow = (4..40).map(|n| Clock::new(at(5 * n), 3_000_000, Duration::from_secs(2)));
        assert_ne!(shows(slow.fold(set, Clock::or_later)), shows(set));
        // The first one is better than none, and the next one better than it.
        let first = Clock::new(at(0), 1_008_000, Duration::from_secs(8));
        assert_eq!(shows(first.or_later(Clock::new(at(5), 1_005_000, brief))), 1_100_000);
    }
}
