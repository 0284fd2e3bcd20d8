//! Cargo's own commands that a task needs: the machine's, or ours.

use crate::{
    command::{self, Command, Result},
    root,
};
use std::{env, path::PathBuf};

/// The program `name`, built into the target folder where the machine has none, with these arguments for the
/// installation.
///
/// # Errors
/// It cannot be installed.
pub fn cargo(name: &str, arguments: &[&str]) -> Result<PathBuf> {
    if let Some(found) = command::find(name) {
        return Ok(found);
    }
    let tools = root().join("target").join("tools");
    let ours = tools.join("bin").join(name).with_extension(env::consts::EXE_EXTENSION);
    if !ours.is_file() {
        println!("building {name}, once");
        let install = ["install", "--quiet", "--locked", "--debug", name];
        let install = Command::cargo().args(install).args(arguments).args(["--root".into(), tools]);
        install.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_INCREMENTAL", "0").run()?;
    }
    Ok(ours)
}
