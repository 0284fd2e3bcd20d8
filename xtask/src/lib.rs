//! What the tasks and the demo share: running programs, installing what they need, an emulated board.

pub mod command;
pub mod pattern;
pub mod qemu;
pub mod setup;

use std::path::PathBuf;

/// The repository.
pub fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(PathBuf::from).unwrap_or(here)
}
