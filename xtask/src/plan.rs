//! `cargo xtask plan`: the program in xtask/plan, and what only the steps themselves can know.

use std::fs;

use xtask::{
    command::{Command, Result},
    root,
};

use crate::checks;

/// Whether the house is what its plan says, and each step of `test` in a job of the forge's workflow.
///
/// # Errors
/// Everything that differs, on standard error.
pub(crate) fn check() -> Result<()> {
    let workflow = fs::read_to_string(root().join(checks::workflow::FILE))?;
    let problems = checks::workflow::problems(&workflow, checks::names());
    if !problems.is_empty() {
        return Err(problems.join("\n").into());
    }
    run(&[])
}

/// Runs the program with these words.
///
/// # Errors
/// It says that it failed.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    Command::package("plan").args(words).run()
}
