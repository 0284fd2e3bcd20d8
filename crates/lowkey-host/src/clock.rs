//! What time it is, for pinnings that expire.
//!
//! A board without a battery begins in 1970, and serves until something has set its clock. By such a clock nothing has
//! ever expired. So a time from before this source was written is not believed, and then nobody can tell what has
//! expired: everything that can expire counts as if it had.

use crate::time::show_time;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A server's clock: the system's, or another.
pub(crate) struct Clock {
    read: Box<dyn Fn() -> SystemTime + Send + Sync>,
    wrong: AtomicBool, // as the log has it
}

impl Clock {
    pub(crate) fn new(read: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self { read: Box::new(read), wrong: AtomicBool::new(false) }
    }

    pub(crate) fn now(&self) -> SystemTime {
        (self.read)()
    }

    /// What it shows, if that cannot be.
    pub(crate) fn wrong(&self) -> Option<WrongClock> {
        let shows = self.now();
        (!is_believable(shows)).then(|| WrongClock { shows, written: written() })
    }

    /// Writes to the log when that changes.
    pub(crate) fn look(&self) {
        let now = self.now();
        let wrong = !is_believable(now);
        if self.wrong.swap(wrong, Ordering::Relaxed) == wrong {
            return;
        }
        let now = show_time(now);
        if wrong {
            tracing::warn!(name: "lowkey.clock_wrong", target: "lowkey", now, "the clock is wrong; until it is set no pinning that expires is let in");
        } else {
            tracing::info!(name: "lowkey.clock_right", target: "lowkey", now, "the clock is set; pinnings that expire are let in until then");
        }
    }
}

/// A clock that shows a time from before the program was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrongClock {
    /// What it shows.
    pub shows: SystemTime,
    /// When the program was written, to some weeks.
    pub written: SystemTime,
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("now", &self.now()).finish_non_exhaustive()
    }
}

/// Whether a clock may show `now`: it is not from before this source was written.
pub(crate) fn is_believable(now: SystemTime) -> bool {
    now >= written()
}

/// When this source was written, to some weeks.
fn written() -> SystemTime {
    UNIX_EPOCH + WRITTEN
}

/// 2026-11-01T00:00:00Z. Set anew with each release.
const WRITTEN: Duration = Duration::from_secs(1_793_491_200);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_in_the_source_is_what_its_comment_says_and_not_to_come() {
        assert_eq!(show_time(written()), "2026-11-01T00:00:00Z");
        assert!(is_believable(SystemTime::now()), "WRITTEN is to come, or this machine's clock is wrong");
    }
}
