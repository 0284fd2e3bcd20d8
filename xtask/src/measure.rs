//! What is measured on a Cortex-M3, by a program beside the benches that it measures: `benches/measure`. It reads ELF
//! files, for which there are crates, and xtask does without any.

use crate::{command::Result, programs};

/// Has it do what these words say.
///
/// # Errors
/// It does not compile; it failed, and has said why.
pub fn run(words: &[&str]) -> Result<()> {
    programs::of_tasks("measure")?.args(words).run()
}

/// The bytes of flash that a program takes.
///
/// # Errors
/// It is none.
pub fn flash(elf: &str) -> Result<u32> {
    Ok(programs::of_tasks("measure")?.args(["flash", elf]).quiet()?.trim().parse()?)
}
