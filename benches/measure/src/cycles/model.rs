//! The cycle model of the Cortex-M3, `benches/m3-model`.

use std::{
    env,
    path::{Path, PathBuf},
    time::Duration,
};

use xtask::{
    command::{Command, Result},
    target,
};

/// What stands between the core and its flash.
#[derive(Clone, Copy)]
pub(super) enum Flash {
    /// No wait states: the flash of a slow clock, or code in RAM.
    Fast,
    /// Two wait states behind a prefetch buffer: an STM32F1 above 48 MHz.
    Stm32f1,
}

/// Builds the model for this machine and returns its program.
///
/// # Errors
/// It does not compile.
pub(crate) fn build() -> Result<PathBuf> {
    let target = target().join("m3-model");
    let build = Command::cargo().args(["build", "--quiet", "--release", "--locked", "--bin", "m3-model"]);
    build.args(["--target-dir".as_ref(), target.as_os_str()]).within("benches/m3-model").run()?;
    Ok(target.join("release").join("m3-model").with_extension(env::consts::EXE_EXTENSION))
}

/// Runs the firmware `elf` on the `model`; returns what it said, and the model behind it.
///
/// # Errors
/// The firmware failed, with its last words.
pub(super) fn run(model: &Path, elf: &Path, flash: Flash) -> Result<String> {
    let options: &[&str] = match flash {
        Flash::Fast => &[],
        Flash::Stm32f1 => &["--flash-wait-states", "2", "--prefetch"],
    };
    Command::new(model).args(["--regions"]).args(options).args([elf]).limit(LIMIT).quiet()
}

/// What a program may take at most, here and in QEMU.
pub(crate) const LIMIT: Duration = Duration::from_secs(300);
