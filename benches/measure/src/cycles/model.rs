//! The cycle model, `benches/m3-model`.

use std::{path::Path, time::Duration};

use xtask::command::{Command, Result};

use super::core::Core;

/// What stands between the core and its flash.
#[derive(Clone, Copy)]
pub(super) enum Flash {
    /// No wait states: the flash of a slow clock, or code in RAM.
    Fast,
    /// Two wait states behind a prefetch buffer: an STM32F1 above 48 MHz.
    Stm32f1,
}

/// Runs the firmware `elf` on the `model`; returns what it said, and the model behind it.
///
/// # Errors
/// The firmware failed, with its last words.
pub(super) fn run(model: &Path, core: Core, elf: &Path, flash: Flash) -> Result<String> {
    let options: &[&str] = match flash {
        Flash::Fast => &[],
        Flash::Stm32f1 => &["--flash-wait-states", "2", "--prefetch"],
    };
    Command::new(model)
        .args(["--regions", "--core", core.model])
        .args(options)
        .args([elf])
        .limit(LIMIT)
        .quiet()
}

/// What a program may take at most, here and in QEMU.
pub(crate) const LIMIT: Duration = Duration::from_secs(300);
