//! How a program of `benches/size-c` is compiled and linked with the library as it is handed out.

use std::path::{Path, PathBuf};

use pack::archive::{self, fresh};
use xtask::{
    command::{Command, Result},
    target,
};

/// What keeps functions in an image that nothing in it calls: names that must be there.
pub(super) fn kept<'n>(names: impl IntoIterator<Item = &'n String>) -> Vec<String> {
    names.into_iter().map(|name| format!("-Wl,--undefined={name}")).collect()
}

/// Compiles and links a program for a Cortex-M3 in the folder for `name`; returns its ELF file and the linker's map.
pub(super) fn link(name: &str, program: &str, more: &[String], archive: &Path) -> Result<(PathBuf, PathBuf)> {
    link_for("cortex-m3", name, program, more, archive)
}

/// The same for the core that gcc calls `cpu`.
pub(super) fn link_for(
    cpu: &str,
    name: &str,
    program: &str,
    more: &[String],
    archive: &Path,
) -> Result<(PathBuf, PathBuf)> {
    let folder = folder(name);
    fresh(&folder)?;
    let (elf, map) = (folder.join(ELF), folder.join("firmware.map"));
    let ours = SOURCES.iter().map(|file| format!("{FOLDER}/src/{file}.c"));
    let boards = BOARD_SOURCES.iter().map(|file| format!("{BOARD}/src/{file}.c"));
    Command::new("arm-none-eabi-gcc")
        .args([format!("-mcpu={cpu}")])
        .args(OPTIONS)
        .args([format!("-I{FOLDER}/src"), format!("-I{BOARD}/src"), format!("-I{}", archive::INCLUDE)])
        .args([format!("-T{BOARD}/lm3s6965.ld"), format!("-Wl,-Map={}", map.display())])
        .args(more)
        .args(ours.chain(boards).chain([source(program)]))
        .args([archive, "-o".as_ref(), &elf])
        .quiet()?;
    Ok((elf, map))
}

/// Where what is linked for `name` lies.
pub(super) fn folder(name: &str) -> PathBuf {
    target().join("firmware/size-c").join(name)
}

/// The source of a program.
pub(super) fn source(name: &str) -> String {
    format!("{FOLDER}/src/row_{name}.c")
}

const FOLDER: &str = "benches/size-c";
/// What a linked program is called there.
pub(super) const ELF: &str = "firmware.elf";
/// The firmware that lends its serial line, its clock and its memory map.
const BOARD: &str = "examples/lm3s6965-lwip";
const SOURCES: [&str; 8] =
    ["main", "replay", "device", "play", "kk_initiator", "kk_responder", "xx", "pairing"];
const BOARD_SOURCES: [&str; 3] = ["board", "halt", "uart"];
/// How firmware in C is compiled; but each string keeps its place, so that the map says whose it is, and no loop of the
/// programs becomes a call of memset.
const OPTIONS: [&str; 20] = [
    "-mthumb",
    "-std=c99",
    "-Os",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-merge-constants",
    "-fno-tree-loop-distribute-patterns",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wshadow",
    "-Wconversion",
    "-Wcast-qual",
    "-Wc++-compat",
    "-Werror",
    "-nostartfiles",
    "--specs=nano.specs",
    "-Wl,--gc-sections",
    "-Wl,-z,noexecstack",
    "-Wl,--no-warn-rwx-segments",
];
