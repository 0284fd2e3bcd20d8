//! Times of events.

use std::time::{SystemTime, UNIX_EPOCH};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{self, FormatTime};

/// Now, as the log writes it: RFC 3339, in UTC, to a microsecond.
pub(super) fn now() -> String {
    let mut text = String::new();
    let _ = time::SystemTime.format_time(&mut Writer::new(&mut text)); // a String takes all
    text
}

/// A number that no other run of a server has: the microseconds of its begin.
pub(super) fn run() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or_default()
}
