//! Whether what a release promises to have the same bytes anywhere has them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use xtask::{
    command::{Command, Result},
    root,
};

use super::{bytes, workshop};
use crate::{archive::fresh, commit, dist::files};

/// Makes it here and in a clone in another folder, and compares.
///
/// # Errors
/// What differs.
pub(crate) fn check() -> Result<()> {
    let (here, there) = (workshop().join("here"), workshop().join("there"));
    fresh(&here)?;
    fresh(&there)?;
    bytes::write(&here)?;
    let clone = clone()?;
    let cargo = Command::cargo().args(["xtask", "release", "--bytes"]).args([&there]).within(&clone);
    cargo.without_env(|name| name == "CARGO_TARGET_DIR").run()?;
    let names = files(&here)?;
    if names != files(&there)? {
        return Err(format!("here are {names:?}, in {} others", there.display()).into());
    }
    let mut differing = Vec::new();
    for name in &names {
        if fs::read(here.join(name))? != fs::read(there.join(name))? {
            differing.push(&**name);
        }
    }
    match differing.is_empty() {
        true => println!("the same bytes in two folders:\n  {}", names.join("\n  ")),
        false => return Err(format!("other bytes in another folder: {}", differing.join(", ")).into()),
    }
    Ok(())
}

/// A clone with the commit that is checked out here, in a folder with another and longer name.
fn clone() -> Result<PathBuf> {
    let clone = workshop().join("a-clone-of-it-in-another-folder/lowkey");
    if clone.exists() {
        fs::remove_dir_all(&clone)?;
    }
    commit::git(&["clone", "--quiet", "--no-checkout", &text(&root()), &text(&clone)])?;
    let head = commit::git(&["rev-parse", "HEAD"])?;
    commit::git(&["-C", &text(&clone), "checkout", "--quiet", "--detach", head.trim()])?;
    Ok(clone)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
