//! The rows in C: programs of `benches/size-c`, linked with the library as it is handed out. Their flash is the
//! library's share of the image; it brings nothing of the C library.

use std::{
    fs,
    path::{Path, PathBuf},
};

use xtask::{command::Command, root, setup, target};

use super::{DEADLINE, Script, first_record, initiator, map::Shares};
use crate::{
    archive::{self, Machine, declared, fresh},
    command::Result,
    image::Image,
    numbers::{Figures, grouped},
    qemu::{Board, Options},
    toolchain::TARGET,
};

/// What a row takes, in bytes.
struct Taken {
    shares: Shares,
    stack: u32,
    context: u32,
}

/// Builds, runs and prints every row.
///
/// # Errors
/// A program fails, or takes more than it may; a KK initiator has something of other roles.
pub(super) fn measure(script: &Script) -> Result<Figures> {
    setup::ensure([&setup::ARM_GCC, &setup::ARM_NEWLIB])?;
    let archive = archive::build(&Machine::bare(TARGET))?;
    println!("{:<40}{:>10} {:>12} {:>12}", "in C", "flash", "context", "peak stack");
    let mut figures = Figures::new();
    for ((row, _, title), measured) in ROWS.iter().zip(rows(&archive, script)?) {
        let [a, b, c] = measured.map(|number| grouped(number, ','));
        println!("{title:<40}{a:>8} B {b:>10} B {c:>10} B");
        if *row == LIMITED {
            let [flash, context, stack] = measured;
            say_what_is_above(flash);
            keeps_to_the_limits(stack, context)?;
        }
        figures
            .extend(FIGURES.iter().zip(measured).map(|((name, _), bytes)| (format!("{row}.{name}"), bytes)));
    }
    first_record::show()?;
    initiator::check(&archive, &folder(EVERYTHING).join(ELF))?;
    Ok(figures)
}

/// Builds and runs the program of every row with an archive; returns the [`FIGURES`] of each.
///
/// # Errors
/// A program fails, or has something of the C library.
pub(super) fn rows(archive: &Path, script: &Script) -> Result<Vec<[u32; FIGURES.len()]>> {
    let empty = Taken::by("empty", "empty", &[], archive, script)?;
    let keep = kept(&declared(&root())?);
    let row = |(row, program, title): (&str, &str, &str)| {
        let more: &[String] = if row == EVERYTHING { &keep } else { &[] };
        let taken = Taken::by(row, program, more, archive, script)?;
        if taken.shares.compiler != empty.shares.compiler {
            return Err(format!("{title}: something of the C library is linked").into());
        }
        let stack = taken.stack.checked_sub(empty.stack).ok_or("it takes less than the empty program")?;
        Ok([taken.shares.library, taken.context, stack])
    };
    ROWS.into_iter().map(row).collect()
}

impl Taken {
    /// Builds and runs a program, linked with `more`, for the row `name`.
    fn by(name: &str, program: &str, more: &[String], archive: &Path, script: &Script) -> Result<Self> {
        let (elf, map) = link(name, program, more, archive)?;
        let shares = Shares::read(&fs::read_to_string(map)?)?;
        let flash = Image::read(&elf)?.flash;
        if shares.flash() != flash {
            return Err(
                format!("{name}: the linker's map has {} of {flash} B of flash", shares.flash()).into()
            );
        }
        let options = Options {
            elf: &elf,
            key_page: Some(&script.0),
            capture: None,
            segment: None,
            deadline: DEADLINE,
        };
        let line = Board::start(options)?.line().map_err(|error| format!("{name}: {error}"))?;
        let (stack, context) = said(&line).ok_or_else(|| format!("{name} said: {line}"))?;
        Ok(Self { shares, stack, context })
    }
}

/// The stack and the context in what a program says of itself.
fn said(line: &str) -> Option<(u32, u32)> {
    let (stack, context) = line.strip_prefix("ok stack ")?.split_once(" context ")?;
    Some((stack.parse().ok()?, context.parse().ok()?))
}

/// What keeps functions in an image that nothing in it calls: names that must be there.
pub(super) fn kept<'n>(names: impl IntoIterator<Item = &'n String>) -> Vec<String> {
    names.into_iter().map(|name| format!("-Wl,--undefined={name}")).collect()
}

/// Compiles and links a program in the folder for `name`; returns its ELF file and the linker's map.
pub(super) fn link(name: &str, program: &str, more: &[String], archive: &Path) -> Result<(PathBuf, PathBuf)> {
    let folder = folder(name);
    fresh(&folder)?;
    let (elf, map) = (folder.join(ELF), folder.join("firmware.map"));
    let ours = SOURCES.iter().map(|file| format!("{FOLDER}/src/{file}.c"));
    let boards = BOARD_SOURCES.iter().map(|file| format!("{BOARD}/src/{file}.c"));
    Command::new("arm-none-eabi-gcc")
        .args(OPTIONS)
        .args([format!("-I{FOLDER}/src"), format!("-I{BOARD}/src"), format!("-I{}", archive::INCLUDE)])
        .args([format!("-T{BOARD}/lm3s6965.ld"), format!("-Wl,-Map={}", map.display())])
        .args(more)
        .args(ours.chain(boards).chain([source(program)]))
        .args([archive, "-o".as_ref(), &elf])
        .quiet()?;
    Ok((elf, map))
}

fn folder(name: &str) -> PathBuf {
    target().join("firmware/size-c").join(name)
}

/// The source of a program.
pub(super) fn source(name: &str) -> String {
    format!("{FOLDER}/src/row_{name}.c")
}

/// The aim for flash, which is not reached: a line, not an error.
fn say_what_is_above(flash: u32) {
    if flash > FLASH {
        println!("  {} B of flash above the {} B that it is to take", flash - FLASH, grouped(FLASH, ','));
    }
}

/// What a device that connects to its server may take of the library at most, with any compiler.
fn keeps_to_the_limits(stack: u32, context: u32) -> Result<()> {
    for (what, taken, limit) in [("stack", stack, STACK), ("a channel", context, CONTEXT)] {
        if taken > limit {
            let [taken, limit] = [taken, limit].map(|number| grouped(number, ','));
            return Err(format!("in C, a KK initiator takes {taken} B of {what}; at most {limit} B").into());
        }
    }
    Ok(())
}

/// The name of each row's figures, its program, and a title.
pub(super) const ROWS: [(&str, &str, &str); 5] = [
    ("c-device", "device", "a device with lowkey_kk.h, KK and KKpsk0"),
    (LIMITED, "kk", "KK and KKpsk0 initiator"),
    ("c-kk-both", "kk_both", "KK and KKpsk0, both roles"),
    ("c-all-modes", "all", "all modes, both roles"),
    (EVERYTHING, "all", "every function of the header"),
];
/// The figures of a row, and what they are.
pub(super) const FIGURES: [(&str, &str); 3] =
    [("flash", "flash"), ("context", "a channel"), ("peak-stack", "peak stack")];
const LIMITED: &str = "c-kk";
const EVERYTHING: &str = "c-everything";
/// What the limited row is to take of flash, in bytes.
const FLASH: u32 = 9 * 1_024;
/// What it may take, in bytes.
const STACK: u32 = 1_400;
const CONTEXT: u32 = 512;

const FOLDER: &str = "benches/size-c";
const ELF: &str = "firmware.elf";
/// The firmware that lends its serial line, its clock and its memory map.
const BOARD: &str = "examples/lm3s6965-lwip";
const SOURCES: [&str; 7] = ["main", "replay", "device", "play", "kk_initiator", "kk_responder", "xx"];
const BOARD_SOURCES: [&str; 3] = ["board", "halt", "uart"];
/// How firmware in C is compiled; but each string keeps its place, so that the map says whose it is, and no loop of the
/// programs becomes a call of memset.
const OPTIONS: [&str; 21] = [
    "-mcpu=cortex-m3",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_says_its_stack_and_its_context() {
        assert_eq!(said("ok stack 1200 context 512"), Some((1_200, 512)));
        assert_eq!(said("failed stack 1200 context 512"), None);
        assert_eq!(said("ok stack 1200"), None);
    }

    #[test]
    fn each_limit_is_kept() {
        assert!(keeps_to_the_limits(1_400, 512).is_ok());
        for (stack, context) in [(1_401, 512), (1_400, 513)] {
            assert!(keeps_to_the_limits(stack, context).is_err());
        }
    }
}
