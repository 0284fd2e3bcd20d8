//! What the measured programs share: the counters, the rows, and a line to the host.
//!
//! One image runs in the cycle model (`benches/m3-model`), in QEMU and on a board behind a debug probe; see the book's
//! chapter on cycles.
#![no_std]

pub mod bench;
mod counters;
// The same keys and the same stuck entropy as where the size is measured.
#[path = "../../size/src/fixed.rs"]
pub mod fixed;
mod host;
mod stop;

/// The lengths that texts have, in bytes, and how a row is called after them.
pub const LENGTHS: [(usize, &str); 6] =
    [(0, "0"), (16, "16"), (64, "64"), (256, "256"), (1_024, "1024"), (4_096, "4096")];
/// The longest text and a tag, in bytes.
pub const ROOM: usize = 4_096 + 16;
