//! What tests of several crates share, and what fuzzing shares with them.

pub mod errors;
pub mod flash;
pub mod impostor;
pub mod random;
#[cfg(feature = "tools")]
pub mod tools;
mod watchdog;

pub use random::Random;
pub use watchdog::Watchdog;
