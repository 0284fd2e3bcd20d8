//! `cargo xtask plan`: the program in xtask/plan.

use xtask::command::{Command, Result};

/// Runs the program with these words.
///
/// # Errors
/// It says that it failed.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    Command::package("plan").args(words).run()
}
