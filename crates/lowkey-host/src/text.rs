//! Text as terminals show it: what no name may hold, and what no log may.

mod mask;
mod visible;

pub use mask::mask;
pub use visible::{clean, steers};
