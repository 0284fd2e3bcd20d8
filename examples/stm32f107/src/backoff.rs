//! How long to wait before the next attempt.

use embassy_time::Duration;

/// Twice as long after each failure, up to half a minute, and never the same on two devices: a server that restarts
/// has a thousand of them waiting for it.
pub(crate) struct Backoff(u32);

impl Backoff {
    pub(crate) fn new() -> Self {
        Self(FIRST_MS)
    }

    /// A channel was open.
    pub(crate) fn reset(&mut self) {
        self.0 = FIRST_MS;
    }

    /// The next pause; `chance` is any number.
    pub(crate) fn next(&mut self, chance: u16) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(LAST_MS);
        // Between half of it and all of it: 15,000 × 65,535 < 2^32
        Duration::from_millis(u64::from(pause / 2 + pause / 2 * u32::from(chance) / 0xFFFF))
    }
}

const FIRST_MS: u32 = 500;
const LAST_MS: u32 = 30_000;
