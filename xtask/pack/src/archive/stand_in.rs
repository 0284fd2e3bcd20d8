//! A program of ours in the place of rustc: the same sources give the same bytes, whatever folder the repository is in.
//!
//! Cargo hashes into the names of functions where a crate lies that is outside of its workspace, and where the target's
//! description lies; and the compiler sorts functions by name. As the archive is a workspace of its own, all our crates
//! are such crates, and so is `core`. The command is built in the same way for its package.

use std::{
    env,
    ffi::{OsStr, OsString},
    process::{self, ExitCode},
};

use xtask::{
    command::{Command, Result},
    toolchain::library_renamed,
};

/// Has `cargo` start us instead of rustc: a program that uses this begins with [`stand_in`].
///
/// # Errors
/// The compiler does not say where its library's sources are.
pub fn instead_of_rustc(cargo: Command) -> Result<Command> {
    Ok(cargo.env("RUSTC_WRAPPER", env::current_exe()?).env(WANTED, library_renamed()?))
}

/// Runs rustc if cargo has started us in its place.
pub fn stand_in() -> Option<ExitCode> {
    let library = env::var_os(WANTED)?;
    let mut words = env::args_os().skip(1);
    let mut rustc = process::Command::new(words.next()?);
    rustc.args(renamed(words.collect())).args([OsStr::new("--remap-path-prefix"), &*library]);
    match rustc.status() {
        Ok(status) if status.success() => Some(ExitCode::SUCCESS),
        Ok(_) => Some(ExitCode::FAILURE),
        Err(error) => {
            eprintln!("xtask: rustc cannot be started: {error}");
            Some(ExitCode::FAILURE)
        }
    }
}

/// The arguments with nothing in them that depends on where anything lies.
fn renamed(words: Vec<OsString>) -> Vec<OsString> {
    let variable = |name| env::var_os(name).unwrap_or_default();
    let folder = variable("CARGO_MANIFEST_DIR");
    if folder.is_empty() {
        return words;
    }
    let krate = [variable("CARGO_PKG_NAME"), variable("CARGO_PKG_VERSION")].join(OsStr::new("-"));
    let nothing = OsStr::new("");
    let rename = |word: OsString| match word.to_str() {
        Some(text) if text.starts_with(METADATA) => [METADATA.as_ref(), &*krate].join(nothing),
        _ => word,
    };
    let mut words: Vec<OsString> = words.into_iter().map(rename).collect();
    // Not in cargo's settings, which go into the names of functions as well.
    words.push(["--remap-path-prefix=".as_ref(), &*folder, "=/".as_ref(), &*krate].join(nothing));
    // What its build script has written.
    let written = variable("OUT_DIR");
    if !written.is_empty() {
        words.push(
            ["--remap-path-prefix=".as_ref(), &*written, "=/".as_ref(), &*krate, OUT.as_ref()].join(nothing),
        );
    }
    words
}

/// The variable that asks for it, and says where the sources of Rust's library are and what they are to be called.
const WANTED: &str = "LOWKEY_STAND_IN";
const OUT: &str = "/out";
/// Cargo gives `-C` before it.
const METADATA: &str = "metadata=";
