//! A moment in four bytes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment, to the second, until 2106.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(u32);

impl Moment {
    pub(super) fn now() -> Self {
        SystemTime::now().into()
    }

    /// So many seconds since 1970.
    pub(super) fn from_seconds(seconds: u32) -> Self {
        Self(seconds)
    }

    pub(super) fn seconds(self) -> u32 {
        self.0
    }

    /// So much earlier.
    pub(super) fn before(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(u32::try_from(time.as_secs()).unwrap_or(u32::MAX)))
    }

    /// Seconds from an earlier one to this.
    pub(super) fn since(self, earlier: Self) -> u32 {
        self.0.saturating_sub(earlier.0)
    }
}

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self(u32::try_from(seconds).unwrap_or(u32::MAX))
    }
}

impl From<Moment> for SystemTime {
    fn from(moment: Moment) -> Self {
        UNIX_EPOCH + Duration::from_secs(moment.0.into())
    }
}
