//! How long things may take, in milliseconds, and how many there are. A variable of the same name, set while the
//! firmware is built, sets another:
//!
//! ```text
//! CONNECT_LIMIT=90000 cargo build --release
//! ```

/// For TCP's and our handshake together. Enough on Ethernet; a slow radio needs more, and so does its server.
pub(crate) const CONNECT_LIMIT: u32 = set_or(option_env!("CONNECT_LIMIT"), 10_000);
/// After how much silence the server is asked with a PING whether it is there.
pub(crate) const PING_EVERY: u32 = set_or(option_env!("PING_EVERY"), 20_000);
/// For how long the server may take nothing of what waits, or bring nothing of what is awaited, before the channel is
/// given up.
pub(crate) const PATIENCE: u32 = set_or(option_env!("PATIENCE"), 20_000);

/// How often a reading is taken until the server asks for another period; the demo has no time.
pub(crate) const PERIOD: u32 = set_or(option_env!("PERIOD"), if cfg!(feature = "demo") { 50 } else { 1_000 });
/// How many readings are taken at all, for a trial that counts them; 0 is no end.
pub(crate) const READINGS: u32 = set_or(option_env!("READINGS"), 0);

/// A number that is none does not compile.
const fn set_or(set: Option<&str>, usual: u32) -> u32 {
    let Some(text) = set else { return usual };
    match u32::from_str_radix(text, 10) {
        Ok(time) => time,
        Err(_) => panic!("CONNECT_LIMIT, PING_EVERY, PATIENCE, PERIOD and READINGS are numbers"),
    }
}
