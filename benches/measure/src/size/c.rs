//! The rows in C: programs of `benches/size-c`, linked with the library as it is handed out. Their flash is the
//! library's share of the image; it brings nothing of the C library.

use std::{fs, path::Path};

use pack::{
    archive::{self, Machine, declared},
    c_firmware::first_record::{self, Log},
};
use xtask::{
    command::Result,
    qemu::{Board, Options},
    root, setup,
    toolchain::TARGET,
};

use super::{
    DEADLINE, Script, initiator,
    linked::{ELF, folder, kept, link},
    map::Shares,
};
use crate::{
    image::Image,
    numbers::{Figures, grouped},
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
    println!("{:<44}{:>10} {:>12} {:>12}", "in C", "flash", "context", "peak stack");
    let mut figures = Figures::new();
    let mut above = Vec::new();
    for (row, measured) in ROWS.iter().zip(rows(&archive, script)?) {
        let [a, b, c] = measured.map(|number| grouped(number, ','));
        println!("{:<44}{a:>8} B {b:>10} B {c:>10} B", row.title);
        above.extend(row.above(measured));
        let name = |what: &str| format!("{}.{what}", row.name);
        figures.extend(FIGURES.iter().zip(measured).map(|((what, _), bytes)| (name(what), bytes)));
    }
    first_record()?;
    if !above.is_empty() {
        return Err(above.join("; ").into());
    }
    let everything = folder(EVERYTHING).join(ELF);
    initiator::check(&archive, &everything)?;
    initiator::check_outbox(&folder(OUTBOX).join(ELF), &everything)?;
    Ok(figures)
}

/// Prints what the program of the book's chapter takes of flash.
///
/// # Errors
/// It does not compile.
fn first_record() -> Result<()> {
    let elf = first_record::build(Log::Written)?;
    let shares = Shares::read(&fs::read_to_string(elf.with_extension("map"))?)?;
    let flash = Image::read(&elf)?.flash;
    println!(
        "{:<40}{:>8} B of {} B with lwIP and the board",
        "first record: the chapter's program",
        grouped(shares.library, ','),
        grouped(flash, ',')
    );
    Ok(())
}

/// Builds and runs the program of every row with an archive; returns the [`FIGURES`] of each.
///
/// # Errors
/// A program fails, or has something of the C library.
pub(super) fn rows(archive: &Path, script: &Script) -> Result<Vec<[u32; FIGURES.len()]>> {
    let empty = Taken::by("empty", "empty", &[], archive, script)?;
    let row = |row: &Row| {
        let taken = Taken::by(row.name, row.program, &kept(&row.brings.names()?), archive, script)?;
        if taken.shares.compiler != empty.shares.compiler {
            return Err(format!("{}: something of the C library is linked", row.title).into());
        }
        let stack = taken.stack.checked_sub(empty.stack).ok_or("it takes less than the empty program")?;
        Ok([taken.shares.library, taken.context, stack])
    };
    ROWS.iter().map(row).collect()
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
        let options = Options::new(&elf, script.page(program), DEADLINE);
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

/// A row: a program, what it brings besides, and what it may take at most, with any compiler.
pub(super) struct Row {
    pub(super) name: &'static str,
    program: &'static str,
    pub(super) title: &'static str,
    brings: Brings,
    /// Bytes of flash, of an object without its buffers, and of stack.
    limits: [u32; 3],
}

/// Functions that an image holds though its program does not call them.
enum Brings {
    Nothing,
    /// All that a header declares.
    Header(&'static str),
    Everything,
}

impl Brings {
    fn names(&self) -> Result<Vec<String>> {
        Ok(match self {
            Self::Nothing => Vec::new(),
            Self::Header(name) => {
                let header = fs::read_to_string(root().join(archive::INCLUDE).join(name))?;
                archive::functions(&header).into_iter().collect()
            }
            Self::Everything => declared(&root())?.into_iter().collect(),
        })
    }
}

impl Row {
    /// What is above a limit, in words.
    fn above(&self, measured: [u32; 3]) -> Vec<String> {
        let all = FIGURES.iter().zip(measured).zip(self.limits);
        let above = all.filter(|((_, taken), limit)| taken > limit);
        let say = |((figure, taken), limit): ((&(&str, &str), u32), u32)| {
            let [taken, limit] = [taken, limit].map(|number| grouped(number, ','));
            format!("{}: {taken} B of {}, and at most {limit} B", self.title, figure.1)
        };
        above.map(say).collect()
    }
}

/// All rows.
pub(super) const ROWS: [Row; 8] = [
    Row {
        name: "c-device",
        program: "device",
        title: "lowkey_kk.h: KK and KKpsk0 initiator",
        brings: Brings::Nothing,
        limits: [9_000, 512, 960],
    },
    Row {
        name: "c-device-all",
        program: "device",
        title: "lowkey_kk.h: every function",
        brings: Brings::Header("lowkey_kk.h"),
        limits: [15_400, 512, 960],
    },
    Row {
        name: OUTBOX,
        program: "outbox",
        title: "lowkey_kk.h: KK initiator with an outbox",
        brings: Brings::Nothing,
        limits: [10_200, 640, 960],
    },
    Row {
        name: "c-kk",
        program: "kk",
        title: "lowkey.h: KK and KKpsk0 initiator",
        brings: Brings::Nothing,
        limits: [12_500, 512, 1_400],
    },
    Row {
        name: "c-kk-both",
        program: "kk_both",
        title: "lowkey.h: KK and KKpsk0, both roles",
        brings: Brings::Nothing,
        limits: [u32::MAX, 512, u32::MAX],
    },
    Row {
        name: "c-all-modes",
        program: "all",
        title: "lowkey.h: all modes, both roles",
        brings: Brings::Nothing,
        limits: [u32::MAX, 512, u32::MAX],
    },
    Row {
        name: "c-pairs",
        program: "pairs",
        title: "lowkey.h: KK initiator that pairs",
        brings: Brings::Nothing,
        limits: [u32::MAX, 512, u32::MAX],
    },
    Row {
        name: EVERYTHING,
        program: "all",
        title: "every function of all headers",
        brings: Brings::Everything,
        limits: [u32::MAX, 512, u32::MAX],
    },
];
/// How many rows, from the first on, are a device's.
pub(super) const OF_A_DEVICE: usize = 3;
/// The figures of a row, and what they are.
pub(super) const FIGURES: [(&str, &str); 3] =
    [("flash", "flash"), ("context", "an object"), ("peak-stack", "peak stack")];
const EVERYTHING: &str = "c-everything";
const OUTBOX: &str = "c-outbox";

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
        let row = &ROWS[0];
        assert_eq!(row.above(row.limits), Vec::<String>::new());
        for i in 0..3 {
            let mut taken = row.limits;
            taken[i] += 1;
            assert_eq!(row.above(taken).len(), 1, "{taken:?}");
        }
    }
}
