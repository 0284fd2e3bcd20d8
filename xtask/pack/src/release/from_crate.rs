//! The library for C from the published crates, with stable Rust and without the repository, as the page of `lowkey-c`
//! says.

use std::{
    fs,
    path::{Path, PathBuf},
};

use xtask::{
    command::{Command, Result},
    root, setup,
};

use super::workshop;
use crate::{
    archive::{self, Machine, fresh},
    dist,
    toolchain::{self, TARGET},
};

/// Makes it of the packages in `crates`, in an empty folder, and has a program on a Cortex-M3 use it; prints what that
/// takes, and with the archive that is released.
///
/// # Errors
/// What somebody would meet.
pub(super) fn check(crates: &Path) -> Result<()> {
    setup::ensure([&setup::ARM_GCC, &setup::QEMU])?;
    let work = workshop().join("from-crate");
    fresh(&work)?;
    let made = dist::alone(&made(crates, &work)?)?;
    let released = dist::alone(&archive::build(&Machine::bare(TARGET))?)?;
    println!("  a program on a Cortex-M3 has {made} bytes; with the released archive {released}");
    Ok(())
}

fn made(crates: &Path, work: &Path) -> Result<PathBuf> {
    let page = fs::read_to_string(root().join(PAGE))?;
    let settings = page.split_once("```toml\n").and_then(|(_, rest)| rest.split_once("```"));
    let (settings, _) = settings.ok_or_else(|| format!("{PAGE} shows no settings"))?;
    let command = page.lines().filter_map(|line| line.strip_prefix("$ cargo ")).next_back();
    let command = command.ok_or_else(|| format!("{PAGE} shows no command"))?;
    let version = dist::version()?;
    let mut manifest = format!("{PACKAGE}\n{settings}\n[patch.crates-io]\n");
    for name in NOT_YET_PUBLISHED {
        let package = crates.join(format!("{name}-{version}.crate"));
        Command::new("tar").args(["-xzf".as_ref(), package.as_path()]).within(work).quiet()?;
        manifest += &format!("{name} = {{ path = \"{name}-{version}\" }}\n");
    }
    fs::write(work.join("Cargo.toml"), manifest)?;
    fs::create_dir(work.join("src"))?;
    fs::write(work.join("src/lib.rs"), "")?;
    let words = command.split_whitespace().skip(1).filter(|word| !["--target", TARGET].contains(word));
    let cargo = toolchain::toolchain()?.cargo("rustc").args(words).args(["--quiet", "--target-dir"]);
    cargo.args([work.join("target")]).within(work).run()?;
    Ok(work.join("target").join(TARGET).join("release/liblowkey_c.a"))
}

const PAGE: &str = "crates/lowkey-c/README.md";
/// What `cargo init --lib` writes, in a folder that is no part of another workspace.
const PACKAGE: &str =
    "[workspace]\n\n[package]\nname = \"from-crate\"\nversion = \"0.0.0\"\nedition = \"2024\"\n";
/// What `lowkey-c` depends on and cannot be had from crates.io before the release that this is.
const NOT_YET_PUBLISHED: [&str; 4] = ["lowkey-c", "lowkey-core", "lowkey-crypto", "lowkey-transport"];
