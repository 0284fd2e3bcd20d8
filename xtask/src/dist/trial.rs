//! Uses what is handed out as somebody would who has it and nothing else of ours.

mod arm;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use xtask::{
    command::{Command, Result},
    root, setup, target,
};

use super::{BARE, SUMS, TEXTS, files, folder, machines, version};
use crate::archive::{self, HEADER, Machine, fresh};

/// Makes the folders and tries them.
///
/// # Errors
/// What somebody would meet.
pub(crate) fn check() -> Result<()> {
    let tools = [&setup::PKG_CONFIG, &setup::CMAKE, &setup::MAKE];
    setup::ensure([&setup::ARM_GCC, &setup::ARM_NEWLIB, &setup::QEMU].into_iter().chain(tools))?;
    let place = target().join("dist");
    fresh(&place)?;
    for machine in machines()? {
        let library = folder(&machine, &place)?;
        let named = |error| format!("{}: {error}", machine.target);
        contents(&library).map_err(named)?;
        match BARE.iter().find(|(target, _)| *target == machine.target) {
            Some((_, core)) => arm::check(core, &library).map_err(named)?,
            None => runs(&library).map_err(named)?,
        }
    }
    println!(
        "  found by pkg-config and by CMake, linked by arm-none-eabi-gcc without Rust, with a C library and without"
    );
    println!("  a device and a server with nothing else, on boards with a Cortex-M0, an M3 and an M4");
    same_elsewhere(&Machine::bare(BARE[1].0))
}

/// Whether everything is there, is what we have, and says nothing of this machine.
fn contents(library: &Path) -> Result<()> {
    Command::new("sha256sum").args(["--check", "--quiet", "--strict", SUMS]).within(library).quiet()?;
    let found = files(library)?;
    let sums = fs::read_to_string(library.join(SUMS))?;
    let is_summed = |name: &String| name == SUMS || sums.contains(&format!("  {name}\n"));
    if let Some(name) = found.iter().find(|name| !is_summed(name)) {
        return Err(format!("{SUMS} knows nothing of {name}").into());
    }
    let ours: Vec<&str> =
        found.iter().map(String::as_str).filter(|name| !name.starts_with("licenses/")).collect();
    if ours != CONTENTS {
        return Err(format!("it holds {ours:#?}").into());
    }
    if fs::read(library.join("include/lowkey.h"))? != fs::read(root().join(HEADER))? {
        return Err("its header is not that of the repository".into());
    }
    let folders = [root(), target(), env::home_dir().unwrap_or_default()];
    for name in CONTENTS {
        let bytes = fs::read(library.join(name))?;
        let names = |folder: &Path| {
            let folder = folder.as_os_str().as_encoded_bytes();
            folder.len() > 1 && bytes.windows(folder.len()).any(|part| part == folder)
        };
        if folders.iter().any(|folder| names(folder)) {
            return Err(format!("{name} names a folder of this machine").into());
        }
        if TEXTS.iter().any(|(_, to)| *to == name) && bytes.contains(&b'@') {
            return Err(format!("{name} has a place that was not filled").into());
        }
    }
    Ok(())
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

/// Copies a folder, but for what was built there.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        match path.is_dir() {
            true if entry.file_name() == "target" => (),
            true => copy(&path, &to)?,
            false => drop(fs::copy(path, to)?),
        }
    }
    Ok(())
}

fn text(path: impl Into<PathBuf>) -> String {
    root().join(path.into()).display().to_string()
}

/// The program, beside its CMakeLists.txt.
const TRIAL: &str = "xtask/src/dist/trial/trial.c";
const STRICT: [&str; 5] = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"];
/// All but the terms of others.
const CONTENTS: [&str; 9] = [
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SHA256SUMS",
    "include/lowkey.h",
    "lib/cmake/lowkey/lowkey-config-version.cmake",
    "lib/cmake/lowkey/lowkey-config.cmake",
    "lib/liblowkey.a",
    "lib/pkgconfig/lowkey.pc",
];
