//! The crates as they are published.

use std::{fs, path::Path};

use xtask::{
    command::{Command, Result},
    crates, target,
};

use crate::dist;

/// Builds each crate from its package alone, does all of publishing but the last step, and copies the packages to
/// `place`.
///
/// # Errors
/// Cargo says what.
pub(crate) fn verified(place: &Path) -> Result<()> {
    // Publishing builds them too, but keeps no package.
    cargo(&["package"])?;
    cargo(&["publish", "--dry-run", "--no-verify"])?;
    for name in crates()? {
        let package = format!("{name}-{}.crate", dist::version()?);
        check(&name, &listed(&package)?)?;
        fs::copy(target().join("package").join(&package), place.join(&package))?;
    }
    Ok(())
}

/// Packs the crates, builds none, and looks at what is in each.
///
/// # Errors
/// Cargo says what; a file is missing, or is there and should not be.
pub(crate) fn quick() -> Result<()> {
    cargo(&["package", "--no-verify", "--allow-dirty"])?;
    for name in crates()? {
        check(&name, &listed(&format!("{name}-{}.crate", dist::version()?))?)?;
    }
    println!("{} crates carry their licences, their page and their changes", crates()?.len());
    Ok(())
}

fn cargo(words: &[&str]) -> Result<()> {
    let packages = crates()?.into_iter().flat_map(|name| ["--package".to_owned(), name]);
    Command::cargo().args(words).args(["--quiet", "--locked"]).args(packages).run()
}

/// What is in a package, but for the folder that all is in.
fn listed(package: &str) -> Result<Vec<String>> {
    let tar = Command::new("tar").args(["-tzf", package]).within(target().join("package")).quiet()?;
    Ok(tar.lines().filter_map(|line| line.split_once('/')).map(|(_, name)| name.to_owned()).collect())
}

/// Whether a package has what each has to have, and nothing else but its sources.
fn check(name: &str, files: &[String]) -> Result<()> {
    if let Some(missing) = WANTED.iter().find(|wanted| !files.iter().any(|file| file == *wanted)) {
        return Err(format!("the package of {name} has no {missing}").into());
    }
    let is_known = |file: &&String| {
        WANTED.iter().chain(&ALLOWED).any(|known| file == known)
            || FOLDERS.iter().any(|folder| file.starts_with(folder))
    };
    match files.iter().find(|file| !is_known(file)) {
        None => Ok(()),
        Some(file) => Err(format!("the package of {name} has {file}").into()),
    }
}

const WANTED: [&str; 6] =
    ["CHANGELOG.md", "Cargo.toml", "Cargo.toml.orig", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];
const ALLOWED: [&str; 3] = [".cargo_vcs_info.json", "Cargo.lock", "build.rs"];
const FOLDERS: [&str; 2] = ["src/", "include/"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_has_its_licences_and_nothing_but_sources() {
        let files =
            |more: &[&str]| WANTED.iter().chain(more).map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert!(check("a", &files(&["src/lib.rs", "build.rs"])).is_ok());
        let tested = check("a", &files(&["src/lib.rs", "tests/a.rs"])).unwrap_err();
        assert_eq!(tested.to_string(), "the package of a has tests/a.rs");
        let poor = check("a", &files(&[])[1..]).unwrap_err();
        assert_eq!(poor.to_string(), "the package of a has no CHANGELOG.md");
    }
}
