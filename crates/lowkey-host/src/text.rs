//! Text as terminals show it: what no name may hold, and what no log may.

mod hex;
mod id;
mod mask;
mod visible;

pub use hex::{Hex, unhex};
pub use id::ShownId;
pub use mask::{holds_a_secret, mask};
pub use visible::{clean, steers};
