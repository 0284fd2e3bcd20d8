//! The programs that play firmware on this machine: the cycle model, and what runs the device's tests in it. They are
//! one workspace, `tests/host`.

use std::{env, path::PathBuf};

use xtask::{
    command::{Command, Result},
    target,
};

/// Builds the program `name`, and all others: chosen alone, each would have what they share compiled anew, with
/// features of its own.
///
/// # Errors
/// It does not compile.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    let target = target().join("model");
    let build = Command::cargo().args(["build", "--quiet", "--release", "--locked", "--workspace"]);
    // For that one others' crates are compiled anew in any case: with its flags.
    let build = build.args(["--exclude", "memcheck", "--bins"]);
    build.args(["--target-dir".as_ref(), target.as_os_str()]).within(WORKSPACE).run()?;
    Ok(target.join("release").join(name).with_extension(env::consts::EXE_EXTENSION))
}

pub(crate) const WORKSPACE: &str = "tests/host";
