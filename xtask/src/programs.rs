//! The programs of the workspace that tasks start: those that the demos play with, and those behind the tasks.

use std::{env, path::PathBuf};

use crate::{
    command::{Command, Result},
    target,
};

/// Builds the programs of the demo, for debugging.
///
/// # Errors
/// They do not compile.
pub fn build() -> Result<()> {
    let names = ["lowkey", "tokio-server", "demo", "fleet", "cluster", "browser"];
    let packages = names.into_iter().flat_map(|name| ["--package", name]);
    // Two that are built with all of their features when all are.
    let whole = ["--package", "lowkey-crypto", "--package", "lowkey-gateway"];
    Command::cargo().args(["build", "--quiet"]).args(ONE_BUILD).args(packages).args(whole).run()
}

/// The program of the package `name`, which tasks are made of, about to be run: built where no other task builds, as
/// two cargos in one folder wait for each other.
///
/// # Errors
/// It does not compile.
pub fn of_tasks(name: &str) -> Result<Command> {
    let folder = target().join("tasks");
    let build = Command::cargo().args(["build", "--quiet", "--package", name, "--target-dir"]);
    build.args([&folder]).run()?;
    Ok(Command::new(folder.join("debug").join(name).with_extension(env::consts::EXE_EXTENSION)))
}

/// A program of the workspace, as cargo leaves it for debugging.
pub fn built(name: &str) -> PathBuf {
    target().join("debug").join(name).with_extension(env::consts::EXE_EXTENSION)
}

/// With this package among those that are built, they share what they compile of others' with all other builds.
pub const ONE_BUILD: [&str; 2] = ["--package", "one-build"];
