//! What the library for C leaves on the stack: `benches/size-c/src/row_residue.c`, linked with the library for each
//! core but Armv8-M Baseline's. Those for Armv7-M and Armv6-M run in QEMU, whose board has a Cortex-M3; a Cortex-M4's
//! and an M33's in the cycle model.

use std::{fs, path::Path};

use pack::archive::{self, Machine};
use xtask::{
    command::Result,
    qemu::{Board, Options},
    setup, toolchain,
};

use super::{DEADLINE, KEY_PAGE, RAM, Script, linked};
use crate::{
    cycles::{
        core::{Core, M4, M33},
        model,
    },
    players,
};

/// Plays every mode in both roles, and a device of `lowkey_kk.h`, on each.
///
/// # Errors
/// After which calls a secret lies in dead stack, and where; or that a planted one was not found.
pub(crate) fn residue() -> Result<()> {
    setup::ensure([&setup::ARM_GCC, &setup::ARM_NEWLIB])?;
    let script = Script::record()?;
    let source = fs::read_to_string(linked::source(PROGRAM))?;
    let watched: Vec<&str> = source.lines().filter_map(watched).collect();
    let wraps: Vec<String> = watched.iter().map(|name| format!("-Wl,--wrap={name}")).collect();
    for row in &ROWS {
        let (elf, _) = linked::link_for(row.cpu, PROGRAM, PROGRAM, &wraps, &archive::build(&row.machine())?)?;
        let (target, page) = (row.machine().name(), script.page(PROGRAM));
        let said = match row.plays {
            Plays::Qemu => in_qemu(&elf, page),
            Plays::Model(core) => in_model(core, &elf, page),
        };
        let said = said.map_err(|error| format!("{target}: {error}"))?;
        let (last, found) = said.split_last().ok_or("it said nothing")?;
        // The first two are the planted ones; after a third the program says that it failed.
        if found.len() != PLANTED || !last.starts_with("ok ") {
            return Err(format!("{target}: {last}\n  {}", found.join("\n  ")).into());
        }
        println!("in C, for {target}: nothing of a secret in dead stack, after {} functions", watched.len());
    }
    Ok(())
}

/// What the program says up to its last word.
fn in_qemu(elf: &Path, page: &Path) -> Result<Vec<String>> {
    let mut board = Board::start(Options::new(elf, page, DEADLINE))?;
    let mut said = Vec::new();
    loop {
        said.push(board.line()?);
        if said.last().is_some_and(|line| !is_finding(line)) {
            return Ok(said);
        }
    }
}

/// The same on another core, with the memory of the board.
fn in_model(core: Core, elf: &Path, page: &Path) -> Result<Vec<String>> {
    let load = format!("{}@{KEY_PAGE}", page.display());
    let said = model::run(&players::program("m3-model")?, core, elf, &["--ram-at", RAM, "--load", &load])?;
    let lines: Vec<String> = said.lines().map(str::to_owned).collect();
    let end = lines.iter().take_while(|line| is_finding(line)).count();
    Ok(lines.into_iter().take(end + 1).collect())
}

fn is_finding(line: &str) -> bool {
    line.starts_with("after ")
}

/// The function that a line of the program watches.
fn watched(line: &str) -> Option<&str> {
    Some(line.strip_prefix("WATCHED(")?.split_once(',')?.0)
}

/// How many leaks are planted.
const PLANTED: usize = 2;
const PROGRAM: &str = "residue";

/// What an archive is built for, what the program that is linked with it is compiled for, and who plays that.
struct Row {
    built_for: toolchain::Core,
    cpu: &'static str,
    plays: Plays,
}

enum Plays {
    /// The board, which has a Cortex-M3. It executes what is made for Armv6-M too.
    Qemu,
    /// The model, with a core that no board with this one's serial line has.
    Model(Core),
}

impl Row {
    fn machine(&self) -> Machine {
        let toolchain::Core { target, cfg } = self.built_for;
        if cfg.is_some() { Machine::with_dsp(target) } else { Machine::bare(target) }
    }
}

const ROWS: [Row; 5] = [
    Row { built_for: toolchain::Core::M3, cpu: "cortex-m3", plays: Plays::Qemu },
    Row { built_for: ARMV6M, cpu: "cortex-m3", plays: Plays::Qemu },
    Row { built_for: toolchain::Core::M4, cpu: "cortex-m4", plays: Plays::Model(M4) },
    Row { built_for: toolchain::Core::M33, cpu: "cortex-m33", plays: Plays::Model(M33) },
    Row { built_for: toolchain::Core::M33_DSP, cpu: "cortex-m33", plays: Plays::Model(M33) },
];
const ARMV6M: toolchain::Core = toolchain::Core { target: "thumbv6m-none-eabi", cfg: None };
