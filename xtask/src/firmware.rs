//! Builds a firmware workspace in release.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::{
    command::Result,
    root,
    toolchain::{TARGET, toolchain},
};

/// Builds the binary `name` of the workspace in `folder` and returns its ELF file.
///
/// It goes into a folder of its own under the root's target folder, whatever the user builds by hand in `folder`.
pub(crate) fn build(folder: &str, name: &str) -> Result<PathBuf> {
    let own = Path::new(folder).file_name().unwrap_or_default();
    let target = match env::var_os("CARGO_TARGET_DIR") {
        Some(elsewhere) => env::current_dir()?.join(elsewhere),
        None => root().join("target"),
    };
    let target = target.join("firmware").join(own);
    toolchain()?
        .cargo_build()
        .args(["--quiet", "--release", "--locked", "--bin", name, "--target-dir"])
        .args([&target])
        .within(folder)
        .run()?;
    Ok(target.join(TARGET).join("release").join(name))
}
