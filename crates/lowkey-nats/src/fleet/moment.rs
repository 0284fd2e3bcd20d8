//! What NATS's clock shows: gateways' own clocks may differ, and of two sessions of a device one is the newer.

use std::time::{Duration, Instant};

/// NATS's clock, as a beat tells it: it left us at an instant, and NATS has written a time on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    at: Instant,
    shows: i64,
}

impl Clock {
    /// A beat that left at `at` was taken when NATS's clock showed so many milliseconds since 1970.
    pub(super) fn new(at: Instant, shows: i64) -> Self {
        Self { at, shows }
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
