//! The programs of `tests/m3`, compiled for Armv6-M (Cortex-M0), where the primitives are those in Rust.

use std::{path::PathBuf, time::Duration};

use xtask::{
    command::{self, Command, Result},
    firmware::sharing,
    setup, target,
    toolchain::{Toolchain, toolchain},
};

/// Builds the program `name`; `None`, and says so, if this machine's Rust has no such target and can get none.
///
/// # Errors
/// It does not compile.
pub(super) fn build(name: &str) -> Result<Option<PathBuf>> {
    let toolchain = toolchain()?;
    let is_debian = matches!(toolchain, Toolchain::Debian);
    if !is_debian && let Err(why) = add_target() {
        println!("  {TARGET} is not looked at: {why}");
        return Ok(None);
    }
    if !matches!(toolchain, Toolchain::Ordinary) {
        setup::ensure([&setup::ARM_LD])?;
    }
    let target = target().join("firmware").join("armv6m");
    // For the Cortex-M3 as well: that is the one target that a toolchain's cargo always has.
    let build = sharing(toolchain.cargo("build"));
    let mut build = build.args(["--target", TARGET, "--quiet", "--release", "--locked"]);
    if !matches!(toolchain, Toolchain::Ordinary) {
        build = build.env(LINKER, "arm-none-eabi-ld");
    }
    build.args(["--bin", name, "--target-dir"]).args([&target]).within("tests/m3").run()?;
    Ok(Some(target.join(TARGET).join("release").join(name)))
}

/// Fetches the target, or finds that it is there.
fn add_target() -> Result<()> {
    if command::find("rustup").is_none() {
        return Err("there is no rustup to add it".into());
    }
    let _alone = setup::alone()?;
    Command::new("rustup").args(["target", "add", TARGET]).limit(LIMIT).quiet().map(|_| ())
}

pub(super) const TARGET: &str = "thumbv6m-none-eabi";
const LINKER: &str = "CARGO_TARGET_THUMBV6M_NONE_EABI_LINKER";
/// Long enough for 30 MB over a slow line.
const LIMIT: Duration = Duration::from_secs(120);
