//! A moment in four bytes.

use std::num::NonZeroU32;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment, to the second, until 2106.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(NonZeroU32);

impl Moment {
    pub(super) fn now() -> Self {
        SystemTime::now().into()
    }

    /// So many seconds since 1970; 0 is none.
    pub(super) fn from_seconds(seconds: u32) -> Option<Self> {
        NonZeroU32::new(seconds).map(Self)
    }

    pub(super) fn seconds(self) -> u32 {
        self.0.get()
    }

    /// So much earlier.
    pub(super) fn before(self, time: Duration) -> Self {
        let seconds = u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        Self(NonZeroU32::new(self.seconds().saturating_sub(seconds)).unwrap_or(NonZeroU32::MIN))
    }

    /// Seconds from an earlier one to this.
    pub(super) fn since(self, earlier: Self) -> u32 {
        self.seconds().saturating_sub(earlier.seconds())
    }
}

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        Self(NonZeroU32::new(seconds).unwrap_or(NonZeroU32::MIN))
    }
}

impl From<Moment> for SystemTime {
    fn from(moment: Moment) -> Self {
        UNIX_EPOCH + Duration::from_secs(moment.seconds().into())
    }
}
