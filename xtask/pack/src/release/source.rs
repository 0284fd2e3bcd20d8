//! The source of a release: what git has of the commit, and nothing else.

use std::{
    fs,
    path::{Path, PathBuf},
};

use xtask::command::{Command, Result};

use crate::{archive::fresh, commit, dist};

/// Writes it as an archive into `place`.
///
/// # Errors
/// git says what.
pub(super) fn write(place: &Path) -> Result<PathBuf> {
    let name = name()?;
    let file = place.join(format!("{name}.tar"));
    let (prefix, output) = (format!("--prefix={name}/"), format!("--output={}", file.display()));
    commit::git(&["archive", "--format=tar", &prefix, &output, "HEAD"])?;
    zipped(&file)
}

/// Unpacks it in `place`, and returns the folder.
///
/// # Errors
/// As [`write()`].
pub(super) fn unpacked(place: &Path) -> Result<PathBuf> {
    fresh(place)?;
    let archive = write(place)?;
    Command::new("tar").args(["-xzf".as_ref(), archive.as_path()]).within(place).quiet()?;
    fs::remove_file(archive)?;
    Ok(place.join(name()?))
}

/// The folder `name` in `parent` as an archive in `place`: the order, times, owners and rights of its files follow from
/// their names and the commit.
///
/// # Errors
/// tar says what.
pub(super) fn packed(parent: &Path, name: &str, place: &Path) -> Result<()> {
    let file = place.join(format!("{name}.tar"));
    let mtime = format!("--mtime=@{}", commit::time()?);
    let same =
        ["--format=ustar", "--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go=rX"];
    let tar = Command::new("tar").args(same).args([&mtime, "--directory"]).args([parent]);
    tar.args(["-cf".as_ref(), file.as_path(), name.as_ref()]).quiet()?;
    zipped(&file).map(drop)
}

/// `-n`: no name and no time.
fn zipped(file: &Path) -> Result<PathBuf> {
    Command::new("gzip").args(["-9nf".as_ref(), file]).quiet()?;
    Ok(file.with_extension("tar.gz"))
}

fn name() -> Result<String> {
    Ok(format!("lowkey-{}", dist::version()?))
}
