//! What tests of several crates share, and what fuzzing shares with them.

pub mod errors;
pub mod flash;
#[cfg(feature = "folder")]
pub mod folder;
pub mod impostor;
mod input;
#[cfg(feature = "nats")]
pub mod nats;
mod noted;
#[cfg(feature = "page-peer")]
pub mod page_peer;
pub mod random;
#[cfg(feature = "headers")]
pub mod side_by_side;
#[cfg(feature = "stores")]
pub mod stores;
#[cfg(feature = "tools")]
pub mod tools;
mod watchdog;
#[cfg(feature = "world")]
pub mod world;

pub use input::Input;
pub use noted::{Messages, Noted, waiting};
pub use random::Random;
pub use watchdog::Watchdog;
