//! The cycle model, `benches/m3-model`.

use std::{path::Path, time::Duration};

use xtask::command::{Command, Result};

use super::core::Core;

/// Runs the firmware `elf` on the `model`, told these `options`; returns what it said, and the model behind it.
///
/// # Errors
/// The firmware failed, with its last words.
pub(crate) fn run(model: &Path, core: Core, elf: &Path, options: &[&str]) -> Result<String> {
    Command::new(model)
        .args(["--regions", "--core", core.model])
        .args(options)
        .args([elf])
        .limit(LIMIT)
        .quiet()
}

/// What a program may take at most, here and in QEMU.
pub(crate) const LIMIT: Duration = Duration::from_secs(300);
