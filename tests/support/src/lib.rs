//! What tests of several crates share, and what fuzzing shares with them.

pub mod errors;
pub mod flash;
#[cfg(feature = "folder")]
pub mod folder;
pub mod impostor;
pub mod random;
#[cfg(feature = "tools")]
pub mod tools;
mod watchdog;
#[cfg(feature = "world")]
pub mod world;

pub use random::Random;
pub use watchdog::Watchdog;
