//! Cargo's own commands that a task needs: the machine's, or ours, which are built once for all clones.

use crate::{
    command::{self, Command, Result},
    target,
};
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The program `name`: the machine's where it is no older than the one that we know, otherwise that one, built into a
/// folder of the user's with these arguments for the installation.
///
/// # Errors
/// It cannot be built.
pub fn cargo(name: &str, arguments: &[&str]) -> Result<PathBuf> {
    let known = VERSIONS.iter().find(|(tool, _)| *tool == name);
    let (_, version) = known.ok_or_else(|| format!("nothing says which version of {name} is wanted"))?;
    if let Some(found) = command::find(name).filter(|found| is_no_older(found, name, version)) {
        return Ok(found);
    }
    let tools = cache().join("tools").join(format!("{name}-{version}"));
    let ours = tools.join("bin").join(name).with_extension(env::consts::EXE_EXTENSION);
    if !ours.is_file() {
        println!("building {name} {version} in {}, once", tools.display());
        fs::create_dir_all(&tools)?;
        // A second clone that builds it at the same time waits for the first, and finds it.
        let install = ["install", "--quiet", "--locked", "--debug", name, "--version", version];
        let install = Command::cargo().args(install).args(arguments).args(["--root".into(), tools]);
        // For this machine, whatever we build for elsewhere.
        let install = install.without_env(|name| name == "CARGO_BUILD_TARGET" || name == "CARGO_TARGET_DIR");
        install.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_INCREMENTAL", "0").run()?;
    }
    Ok(ours)
}

/// Whether the program, called as cargo calls its commands, says that it is of `version` or a later one.
fn is_no_older(program: &Path, name: &str, version: &str) -> bool {
    let command = name.strip_prefix("cargo-");
    let said = Command::new(program).args(command).args(["--version"]).quiet();
    said.is_ok_and(|said| said.split_whitespace().next_back().map(numbers) >= Some(numbers(version)))
}

/// `v1.20.3` as 1, 20, 3; nothing of what is no such word.
fn numbers(version: &str) -> Vec<u32> {
    version.trim_start_matches('v').split('.').map_while(|part| part.parse().ok()).collect()
}

/// Where lies what is the same for all clones of a user and takes long to make: in the user's cache, or, if there is
/// none, in the target folder.
pub fn cache() -> PathBuf {
    folder(env::var_os("XDG_CACHE_HOME").map(PathBuf::from), env::home_dir())
}

fn folder(cache: Option<PathBuf>, home: Option<PathBuf>) -> PathBuf {
    let cache = cache.filter(|cache| cache.is_absolute()).or_else(|| Some(home?.join(".cache")));
    cache.map_or_else(target, |cache| cache.join("lowkey"))
}

/// The versions that we know to do what we ask of them: raised by hand.
const VERSIONS: [(&str, &str); 8] = [
    ("cargo-cyclonedx", "0.5.9"),
    ("cargo-deb", "3.8.0"),
    ("cargo-deny", "0.20.2"),
    ("cargo-fuzz", "0.13.2"),
    ("cargo-hack", "0.6.46"),
    ("cargo-llvm-cov", "0.9.1"),
    ("cargo-mutants", "27.1.0"),
    ("mdbook", "0.5.4"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_version_is_one_by_its_numbers_and_not_by_its_letters() {
        assert!(numbers("v0.10.0") > numbers("0.9.1"));
        assert!(numbers("0.9.1") >= numbers("0.9.1"));
        assert!(numbers("found") < numbers("0.0.1"));
    }

    #[test]
    fn what_clones_share_lies_in_the_users_cache_and_without_one_in_the_target_folder() {
        let [cache, home] = ["/c", "/h"].map(|folder| Some(PathBuf::from(folder)));
        assert_eq!(folder(cache, home.clone()), Path::new("/c/lowkey"));
        assert_eq!(folder(Some("c".into()), home.clone()), Path::new("/h/.cache/lowkey"));
        assert_eq!(folder(None, home), Path::new("/h/.cache/lowkey"));
        assert_eq!(folder(None, None), target());
    }
}
