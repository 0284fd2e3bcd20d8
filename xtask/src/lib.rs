//! What the tasks share with the programs behind them: running other programs, installing what is needed, building
//! firmware, an emulated board.

pub mod command;
pub mod documents;
pub mod firmware;
pub mod measure;
pub mod nats_server;
pub mod pattern;
pub mod programs;
pub mod qemu;
pub mod setup;
pub mod steps;
pub mod times;
pub mod toolchain;
pub mod tools;

use std::{env, fs, path::PathBuf};

/// The repository.
pub fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(PathBuf::from).unwrap_or(here)
}

/// The crates that are published: all folders in `crates`.
///
/// # Errors
/// The folder cannot be read.
pub fn crates() -> command::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("crates"))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Where cargo puts what it builds of the repository: `target`, or the folder that `CARGO_TARGET_DIR` names, as seen
/// from where xtask was started.
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(elsewhere) => env::current_dir().unwrap_or_default().join(elsewhere),
        None => root().join("target"),
    }
}
