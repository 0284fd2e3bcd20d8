//! `cargo xtask release`: everything of a release but publishing it, in `dist/release`. RELEASING.md says what a
//! maintainer does with that.

mod bytes;
mod from_crate;
mod sbom;
mod source;
mod state;
mod twice;

use std::{
    fs,
    path::{Path, PathBuf},
};

use xtask::{
    command::{Command, Result},
    root,
};

use crate::{
    archive::fresh,
    dist::{self, SUMS, files},
    packages,
    steps::Steps,
};

pub(crate) use bytes::write as write_bytes;
pub(crate) use state::Kind;
pub(crate) use twice::check as twice;

/// Makes all of it.
///
/// # Errors
/// The repository is not in a state to be released; what could not be made.
pub(crate) fn make(kind: Kind) -> Result<()> {
    let mut steps = Steps::new();
    let place = root().join("dist/release");
    let version = dist::version()?;
    steps.run("whether this is to be released", || state::check(kind, &version))?;
    fresh(&place)?;
    steps.run("source, the library for C, the Debian package", || bytes::write(&place))?;
    steps.run("crates, as they are published", || packages::verified(&place))?;
    steps.run("the library for C from the crates", || from_crate::check(&place))?;
    steps.run("bills of materials", || sbom::write(&place))?;
    sum(&place)?;
    println!("\n{}", place.display());
    Ok(())
}

/// Writes the checksum of every file.
fn sum(place: &Path) -> Result<()> {
    let sums = Command::new("sha256sum").args(files(place)?).within(place).quiet()?;
    Ok(fs::write(place.join(SUMS), sums)?)
}

/// Where a release is worked on, besides.
fn workshop() -> PathBuf {
    xtask::target().join("release-work")
}
