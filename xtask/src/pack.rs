//! What is handed out, by the program in xtask/pack: the library for C, the Debian package, the crates, a release.

use std::path::PathBuf;

use xtask::{command::Result, programs};

/// Has it do what these words say.
///
/// # Errors
/// It does not compile; it failed, and has said why.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    programs::of_tasks("pack")?.args(words).run()
}

/// Has it build the firmware in C of this `kind`; returns its ELF file.
///
/// # Errors
/// As [`run`].
pub(crate) fn firmware(kind: &str) -> Result<PathBuf> {
    let mut last = String::new();
    programs::of_tasks("pack")?.args(["firmware", kind]).lines(|line| {
        println!("{line}");
        line.clone_into(&mut last);
    })?;
    Ok(last.into())
}
