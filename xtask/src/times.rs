//! What boards are built with for trials: short times for a line that dies, so that nobody waits for a minute, and an
//! end of their readings where those are counted.

use std::time::Duration;

/// For TCP's and Lowkey's handshake together.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// After how much silence a board asks its server whether it is there.
pub const PING_EVERY: Duration = Duration::from_secs(1);
/// For how long the server may take nothing, or not answer.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// The variables, in the environment or of make, that set them while the boards' firmware is built.
pub fn variables() -> [(&'static str, String); 3] {
    [("CONNECT_LIMIT", CONNECT_LIMIT), ("PING_EVERY", PING_EVERY), ("PATIENCE", PATIENCE)]
        .map(|(name, time)| (name, time.as_millis().to_string()))
}

/// How many readings a board takes at each start, where they are counted.
pub const READINGS: u32 = 200;

/// The variables that say so, and have them taken as fast as the board can.
pub fn counted() -> [(&'static str, String); 2] {
    [("READINGS", READINGS.to_string()), ("PERIOD", "20".to_owned())]
}
