//! What cargo-deny says of everything that we depend on.

use std::{iter, path::Path, time::Duration};

use xtask::command::{Command, Result};

use super::{ARCHIVE, CYCLES, FUZZ, HOST, M3, SIZE, STM32};
use crate::{BOARD, tools};

/// Licences, sources, and crates that are there twice.
///
/// # Errors
/// What is not as `deny.toml` has it.
pub(super) fn allowed() -> Result<()> {
    let deny = tools::cargo("cargo-deny", &[])?;
    check(&deny, &["--locked"], ".", &["bans", "licenses", "sources"])?;
    // cortex-m and cortex-m-rt are built with two versions of syn, and nobody depends on our firmware.
    BESIDE.iter().try_for_each(|folder| check(&deny, &["--locked"], folder, &["licenses", "sources"]))
}

/// Whether there is a warning of a version that we take. Where the database of them cannot be had, nothing is looked
/// at, and that is said.
///
/// # Errors
/// There is a warning.
pub(super) fn advisories() -> Result<()> {
    let deny = tools::cargo("cargo-deny", &[])?;
    let fetch = Command::new(&deny).args(["--log-level", "error", "fetch", "db"]).limit(FETCH_LIMIT);
    if let Err(error) = fetch.quiet() {
        println!("SKIPPED, no database of advisories: {error}");
        return Ok(());
    }
    let mut folders = iter::once(".").chain(BESIDE).chain([FUZZ]);
    // What was just fetched, and what the lock files name.
    folders.try_for_each(|folder| check(&deny, &["--frozen"], folder, &["advisories"]))
}

fn check(deny: &Path, how: &[&str], folder: &str, what: &[&str]) -> Result<()> {
    let manifest = format!("{folder}/Cargo.toml");
    let deny = Command::new(deny).args(["--log-level", "error", "--manifest-path", &manifest]);
    deny.args(how).args(["check"]).args(what).run()
}

/// The workspaces beside the repository's own, without the one whose programs nobody runs but we.
const BESIDE: [&str; 7] = [BOARD, STM32, SIZE, CYCLES, M3, HOST, ARCHIVE];
/// It is 10 MB.
const FETCH_LIMIT: Duration = Duration::from_secs(120);
