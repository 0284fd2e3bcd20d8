//! Builds and lints a firmware workspace, in release: nothing else fits the flash.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::{
    command::Result,
    root,
    toolchain::{TARGET, Toolchain, toolchain},
};

/// Builds the binary `name` of the workspace in `folder` and returns its ELF file.
///
/// It goes into a folder of its own under the root's target folder, whatever the user builds by hand in `folder`.
pub(crate) fn build(folder: &str, name: &str) -> Result<PathBuf> {
    build_with(folder, name, &[])
}

/// The same with these features; it takes the place of a binary built without them.
pub(crate) fn build_with(folder: &str, name: &str, features: &[&str]) -> Result<PathBuf> {
    build_at(folder, name, "release", features)
}

/// The same at this profile of the workspace.
pub(crate) fn build_at(folder: &str, name: &str, profile: &str, features: &[&str]) -> Result<PathBuf> {
    let target = target_folder(folder)?;
    toolchain()?
        .cargo("build")
        .args(["--quiet", "--profile", profile, "--locked", "--bin", name, "--target-dir"])
        .args([&target])
        .args(features.iter().flat_map(|feature| ["--features", feature]))
        .within(folder)
        .run()?;
    Ok(target.join(TARGET).join(profile).join(name))
}

/// The same at the release profile with other `settings`, such as `opt-level="s"`; the file is in a folder called `name_of`
/// them, so that no two ways of building take each other's place.
pub(crate) fn build_as(folder: &str, name: &str, name_of: &str, settings: &[&str]) -> Result<PathBuf> {
    let target = target_folder(folder)?.join(name_of);
    let settings = settings.iter().map(|setting| format!("profile.release.{setting}"));
    toolchain()?
        .cargo("build")
        .args(["--quiet", "--release", "--locked", "--bin", name, "--target-dir"])
        .args([&target])
        .args(settings.flat_map(|setting| ["--config".to_owned(), setting]))
        .within(folder)
        .run()?;
    Ok(target.join(TARGET).join("release").join(name))
}

/// Runs clippy over the workspace in `folder`, where the toolchain has one.
pub(crate) fn lint(folder: &str) -> Result<()> {
    lint_with(folder, &[])
}

/// The same with these features.
pub(crate) fn lint_with(folder: &str, features: &[&str]) -> Result<()> {
    let toolchain = toolchain()?;
    if matches!(toolchain, Toolchain::Debian) {
        println!("skipped: Debian's toolchain has no clippy");
        return Ok(());
    }
    toolchain
        .cargo("clippy")
        .args(["--quiet", "--release", "--locked", "--target-dir"])
        .args([&target_folder(folder)?])
        .args(features.iter().flat_map(|feature| ["--features", feature]))
        .args(["--", "-D", "warnings"])
        .within(folder)
        .run()
}

fn target_folder(folder: &str) -> Result<PathBuf> {
    let root_target = match env::var_os("CARGO_TARGET_DIR") {
        Some(elsewhere) => env::current_dir()?.join(elsewhere),
        None => root().join("target"),
    };
    Ok(root_target.join("firmware").join(Path::new(folder).file_name().unwrap_or_default()))
}
