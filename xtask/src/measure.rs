//! What is measured on a Cortex-M3, by a program beside the benches that it measures: `benches/measure`. It reads ELF
//! files, for which there are crates, and xtask does without any.

use std::env;

use xtask::{
    command::{Command, Result},
    target,
};

/// Has it do what these words say.
///
/// # Errors
/// It does not compile; it failed, and has said why.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    program()?.args(words).run()
}

/// The bytes of flash that a program takes.
///
/// # Errors
/// It is none.
pub(crate) fn flash(elf: &str) -> Result<u32> {
    Ok(program()?.args(["flash", elf]).quiet()?.trim().parse()?)
}

/// Builds it where no other task builds: two cargos in one folder wait for each other.
fn program() -> Result<Command> {
    let folder = target().join("measure");
    let build = Command::cargo().args(["build", "--quiet", "--package", "measure", "--target-dir"]);
    build.args([&folder]).run()?;
    Ok(Command::new(folder.join("debug").join("measure").with_extension(env::consts::EXE_EXTENSION)))
}
