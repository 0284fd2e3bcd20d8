//! What the library for C leaves on the stack: `benches/size-c/src/row_residue.c`, in QEMU, linked with the library for
//! Armv7-M and with the one for Armv6-M, which the board's core runs too.

use std::fs;

use pack::archive::{self, Machine};
use xtask::{
    command::Result,
    qemu::{Board, Network, Options},
    setup,
};

use super::{DEADLINE, Script, linked};

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
    for target in TARGETS {
        let archive = archive::build(&Machine::bare(target))?;
        let (elf, _) = linked::link(PROGRAM, PROGRAM, &wraps, &archive)?;
        let mut board = Board::start(Options {
            elf: &elf,
            key_page: Some(script.page("residue")),
            capture: None,
            network: Network::MadeUp,
            deadline: DEADLINE,
        })?;
        let mut found = Vec::new();
        let last = loop {
            let line = board.line().map_err(|error| format!("{target}: {error}"))?;
            match line.strip_prefix("after ") {
                Some(_) => found.push(line),
                None => break line,
            }
        };
        // The first two are the planted ones; after a third the program says that it failed.
        if found.len() != PLANTED || !last.starts_with("ok ") {
            return Err(format!("{target}: {last}\n  {}", found.join("\n  ")).into());
        }
        println!("in C, for {target}: nothing of a secret in dead stack, after {} functions", watched.len());
    }
    Ok(())
}

/// The function that a line of the program watches.
fn watched(line: &str) -> Option<&str> {
    Some(line.strip_prefix("WATCHED(")?.split_once(',')?.0)
}

/// How many leaks are planted.
const PLANTED: usize = 2;
const PROGRAM: &str = "residue";
const TARGETS: [&str; 2] = ["thumbv7m-none-eabi", "thumbv6m-none-eabi"];
