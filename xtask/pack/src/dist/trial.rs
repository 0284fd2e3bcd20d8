//! Uses what is handed out as somebody would who has it and nothing else of ours.

mod arm;
mod contents;
mod sources;

use std::{
    fs,
    path::{Path, PathBuf},
};

use xtask::{
    command::{Command, Result},
    root, setup, target,
};

use super::{Core, cores::BASELINE, folder, machines, version};
use crate::{
    archive::{self, Machine, copy, fresh},
    toolchain::TARGET,
};
use sources::Sources;

pub(crate) use arm::alone;

/// Which machines' folders are tried.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tried {
    /// Every machine's: before a release.
    All,
    /// Those that a change can break alone: not Armv8-M Baseline's, which is Armv6-M's with a few instructions more.
    Often,
}

/// Makes the folders and tries them.
///
/// # Errors
/// What somebody would meet.
pub(crate) fn check(tried: Tried) -> Result<()> {
    let tools = [&setup::PKG_CONFIG, &setup::CMAKE, &setup::MAKE, &setup::CRYPTOGRAPHY];
    setup::ensure([&setup::ARM_GCC, &setup::ARM_NEWLIB, &setup::QEMU].into_iter().chain(tools))?;
    let place = target().join("dist");
    fresh(&place)?;
    let sources = Sources::new()?;
    let mut machines = machines()?;
    machines.retain(|machine| tried == Tried::All || machine.target != BASELINE);
    archive::compile_together(&machines)?;
    for machine in machines {
        let library = folder(&machine, &place)?;
        let named = |error| format!("{}: {error}", machine.name());
        contents::check(&library).map_err(named)?;
        match Core::of(&machine) {
            Some(core) => {
                arm::check(core, &library).map_err(named)?;
                sources.compile_for(core, &library).map_err(named)?;
            }
            None => {
                runs(&library).map_err(named)?;
                sources.compile_here(&library).map_err(named)?;
                makes_pages(&library).map_err(named)?;
            }
        }
    }
    println!(
        "  found by pkg-config and by CMake, and what is there to be copied compiles with nothing else of ours"
    );
    same_elsewhere(&Machine::bare(TARGET))
}

/// Builds and runs the program on this machine, in every way that we name.
fn runs(library: &Path) -> Result<()> {
    let work = target().join("dist-trial");
    fresh(&work)?;
    // What is found must be what is there now, not what was there when it was made.
    let moved = work.join("moved");
    copy(library, &moved)?;
    let flags = Command::new("pkg-config").args(["--cflags", "--libs", "lowkey"]);
    let flags = flags.env("PKG_CONFIG_PATH", moved.join("lib/pkgconfig")).quiet()?;
    let program = [text(TRIAL), "-o".to_owned(), "by-pkg-config".to_owned()];
    let words = STRICT.iter().copied().chain(program.iter().map(String::as_str));
    Command::new("cc").args(words.chain(flags.split_whitespace())).within(&work).quiet()?;
    Command::new(work.join("by-pkg-config")).quiet()?;

    let sources = text(root().join(TRIAL).parent().unwrap_or(&root()));
    let prefix = format!("-DCMAKE_PREFIX_PATH={}", moved.display());
    let configure = |version: &str| {
        let wanted = format!("-DWANTED={version}");
        Command::new("cmake").args(["-S", &sources, "-B", "cmake", &prefix, &wanted]).within(&work).quiet()
    };
    if configure("0.0").is_ok() || configure("99").is_ok() {
        return Err("CMake takes it for another version".into());
    }
    configure(&version()?)?;
    Command::new("cmake").args(["--build", "cmake"]).within(&work).quiet()?;
    Command::new(work.join("cmake/trial")).quiet()?;
    Ok(())
}

/// Whether the tool for key pages, called as the README says, has all that it needs beside it.
fn makes_pages(library: &Path) -> Result<()> {
    // Python would leave what it has compiled.
    let python = Command::new("python3").args(["-B", "tools/lowkey_page.py", "--help"]);
    python.within(library).quiet().map(drop)
}

/// Whether the archive has the same bytes when the repository is in another folder.
fn same_elsewhere(machine: &Machine) -> Result<()> {
    let elsewhere = target().join("elsewhere");
    fresh(&elsewhere)?;
    copy(&root().join("crates"), &elsewhere.join("crates"))?;
    fs::copy(root().join("Cargo.toml"), elsewhere.join("Cargo.toml"))?;
    let there = archive::build_from(&elsewhere, machine, &target().join("archive-elsewhere"))?;
    if fs::read(there)? == fs::read(archive::build(machine)?)? {
        println!("  the same bytes in another folder");
        return Ok(());
    }
    Err("the archive depends on the folder that the repository is in".into())
}

fn text(path: impl Into<PathBuf>) -> String {
    root().join(path.into()).display().to_string()
}

/// The program, beside its CMakeLists.txt.
const TRIAL: &str = "xtask/pack/src/dist/trial/trial.c";
const STRICT: [&str; 5] = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"];
