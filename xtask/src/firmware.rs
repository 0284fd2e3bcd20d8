//! Builds and lints a firmware workspace, in release: nothing else fits the flash.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    command::{Command, Result},
    target,
    toolchain::{Core, TARGET, Toolchain, toolchain, toolchain_for},
};

/// Builds the binary `name` of the workspace in `folder` and returns its ELF file.
///
/// It goes into a folder of its own under the root's target folder, whatever the user builds by hand in `folder`.
///
/// # Errors
/// There is no toolchain, or it does not compile.
pub fn build(folder: &str, name: &str) -> Result<PathBuf> {
    build_with(folder, name, &[])
}

/// The same with these features; it takes the place of a binary built without them.
///
/// # Errors
/// As [`build`].
pub fn build_with(folder: &str, name: &str, features: &[&str]) -> Result<PathBuf> {
    let features = features.iter().flat_map(|feature| ["--features", feature]);
    compile((folder, name, TARGET), &target_folder(folder), features, &[])
}

/// The same for another core.
///
/// # Errors
/// As [`build`].
pub fn build_on(core: Core, folder: &str, name: &str) -> Result<PathBuf> {
    build_as(core, (folder, name, ""), &[], &[])
}

/// The same with these variables set, as `name` with `variant` behind it.
///
/// # Errors
/// As [`build`].
pub fn build_set(
    (folder, name, variant): (&str, &str, &str),
    features: &[&str],
    variables: &[(&str, String)],
) -> Result<PathBuf> {
    let features = features.iter().flat_map(|feature| ["--features", feature]);
    let built = compile((folder, name, TARGET), &target_folder(folder), features, variables)?;
    // The next build without them takes its place.
    let kept = built.with_file_name(format!("{name}-{variant}"));
    fs::copy(&built, &kept)?;
    Ok(kept)
}

/// The same with other `settings` of the release profile, such as `opt-level="s"`, into a folder called `variant`, so
/// that no two ways of building take each other's place. A profile of its own would have what runs in the compiler
/// compiled anew as well.
///
/// # Errors
/// As [`build`].
pub fn build_as(
    core: Core,
    (folder, name, variant): (&str, &str, &str),
    features: &[&str],
    settings: &[&str],
) -> Result<PathBuf> {
    let mut into = target_folder(folder).join(variant);
    let mut settings: Vec<String> =
        settings.iter().map(|setting| format!("profile.release.{setting}")).collect();
    if let Some(cfg) = core.cfg {
        into.push("told"); // another core of the same target
        // Joined with the flags that the workspace's own settings have.
        settings.push(format!("build.rustflags=['--cfg','{cfg}']"));
    }
    let settings = settings.iter().flat_map(|setting| ["--config", setting]);
    let features = features.iter().flat_map(|feature| ["--features", feature]);
    compile((folder, name, core.target), &into, features.chain(settings), &[])
}

fn compile<'a>(
    (folder, name, target): (&str, &str, &str),
    into: &Path,
    more: impl Iterator<Item = &'a str>,
    variables: &[(&str, String)],
) -> Result<PathBuf> {
    let cargo = sharing(toolchain_for(target)?.cargo_for("build", target));
    variables
        .iter()
        .fold(cargo, |cargo, (name, value)| cargo.env(name, value))
        .args(["--quiet", "--release", "--locked", "--bin", name, "--target-dir"])
        .args([into])
        .args(more)
        .within(folder)
        .run()?;
    Ok(into.join(target).join("release").join(name))
}

/// Runs clippy over the workspace in `folder`, where the toolchain has one.
///
/// # Errors
/// There is no toolchain, or clippy has something to say.
pub fn lint(folder: &str) -> Result<()> {
    lint_with(folder, &[])
}

/// The same with these features.
///
/// # Errors
/// As [`lint`].
pub fn lint_with(folder: &str, features: &[&str]) -> Result<()> {
    let toolchain = toolchain()?;
    if matches!(toolchain, Toolchain::Debian) {
        println!("skipped: Debian's toolchain has no clippy");
        return Ok(());
    }
    sharing(toolchain.cargo("clippy"))
        .args(["--quiet", "--release", "--locked", "--target-dir"])
        .args([&target_folder(folder)])
        .args(features.iter().flat_map(|feature| ["--features", feature]))
        .args(["--", "-D", "warnings"])
        // Some have them and some have not: with them everywhere, all share what is checked.
        .env("CARGO_PROFILE_RELEASE_DEBUG", "true")
        .within(folder)
        .run()
}

fn target_folder(folder: &str) -> PathBuf {
    target().join("firmware").join(Path::new(folder).file_name().unwrap_or_default())
}

/// What this cargo keeps between builds is the same for all firmware workspaces, so that they share what they compile
/// of others' crates and of ours. A cargo before 1.91 knows nothing of it, and keeps it in the workspace's own folder.
pub fn sharing(cargo: Command) -> Command {
    cargo.env("CARGO_BUILD_BUILD_DIR", target().join("firmware").join("build"))
}
