//! `cargo xtask check`: what a minute is enough for, on a machine where the workspace is built. It installs nothing.

use xtask::command::{self, Command, Result};

use super::{format_workspace, planned, rustdoc, suites::WITH_TESTS};
use crate::{measure, steps::Steps};

/// Formatting, what is documented, lints and unit tests, of the workspace.
///
/// # Errors
/// What is missing on this machine, and the command that brings it; the first that failed.
pub(super) fn check() -> Result<()> {
    everything_is_there()?;
    let mut steps = Steps::new();
    steps.run("formatting", format_workspace)?;
    steps.run("whether the house is what its plan says", planned)?;
    steps.run("whether the documents show the committed numbers", || measure::run(&["documents"]))?;
    steps.run("lints", || {
        cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"])
    })?;
    steps.run("unit tests", || {
        cargo(&[&["test", "--quiet"], &WITH_TESTS[..], &["--lib", "--bins"]].concat())
    })?;
    steps.run("documentation", rustdoc)
}

fn cargo(arguments: &[&str]) -> Result<()> {
    Command::cargo().args(arguments).run()
}

fn everything_is_there() -> Result<()> {
    let asked = |part: &str| Command::cargo().args([part, "--version"]).quiet().is_ok();
    let missing = ["rustfmt", "clippy"].into_iter().filter(|part| !asked(part.trim_start_matches("rust")));
    let parts: Vec<&str> = missing.collect();
    if !parts.is_empty() {
        return Err(format!("missing: `rustup component add {}`", parts.join(" ")).into());
    }
    if command::find("cc").is_none() {
        return Err("missing: a C compiler, for aws-lc; on Debian `apt-get install gcc libc6-dev`".into());
    }
    Ok(())
}
