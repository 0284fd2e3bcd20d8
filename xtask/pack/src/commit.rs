//! The commit that is checked out, which a release is made of.

use xtask::command::{Command, Result};

/// When it was made, in seconds since 1970: the time of every file in what is made of it.
///
/// # Errors
/// This is no clone, or there is no git.
pub(crate) fn time() -> Result<String> {
    Ok(git(&["log", "-1", "--format=%ct"])?.trim().to_owned())
}

/// Its tags.
///
/// # Errors
/// As [`time`].
pub(crate) fn tags() -> Result<Vec<String>> {
    Ok(git(&["tag", "--points-at", "HEAD"])?.lines().map(str::to_owned).collect())
}

/// The files that differ from it, as git lists them.
///
/// # Errors
/// As [`time`].
pub(crate) fn changes() -> Result<String> {
    git(&["status", "--porcelain"])
}

/// What git says in the repository.
///
/// # Errors
/// It failed.
pub(crate) fn git(words: &[&str]) -> Result<String> {
    Command::new("git").args(words).quiet()
}
