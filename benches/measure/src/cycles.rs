//! What each step of a channel takes of a core's time, next to the peers': of a Cortex-M3's, of a Cortex-M4's, and of a
//! Cortex-M33's, as far as that is known.
//!
//! The programs of `benches/cortex-m3` run in the cycle model (`benches/m3-model`), once with flash as fast as the
//! core, for the Cortex-M3 once with that of an STM32F1 at 72 MHz, and for the Cortex-M33, of which no manual has the
//! cycles, once by a slower reading; and in QEMU, which has no cycles but counts instructions and has to compute the
//! same. The figures are compared with those in `benches/numbers.toml`: they are the same at every run.

pub(crate) mod core;
mod emulator;
mod grid;
pub(crate) mod model;
mod output;
mod parts;
mod pictures;
mod program;
mod tables;
mod targets;
mod view;

use std::thread;

use xtask::{command::Result, documents, setup, toolchain::toolchain};

use crate::{
    numbers::{self, Family, Figures, Numbers, Tolerance},
    players,
};
use output::Said;
use program::{PROGRAMS, Program};
use view::View;

/// Measures, and compares with what was committed.
///
/// # Errors
/// A program fails, or computes one thing here and another there; a figure grew; a target that was met is missed.
pub fn check() -> Result<()> {
    let (compiler, measured) = measure()?;
    let committed = Numbers::read()?;
    print(&measured);
    committed.compare(&compiler, &measured, tolerance, WRITE)?;
    targets_still_met(&committed, &compiler, &measured)?;
    documented()
}

/// Whether the documents show what is committed.
///
/// # Errors
/// The document that does not.
pub fn documented() -> Result<()> {
    let committed = Numbers::read()?;
    documents::check(&tables::tables(&committed), WRITE)?;
    pictures::check(&committed, WRITE)
}

/// Measures, and writes the figures down as those of this compiler.
///
/// # Errors
/// A program fails, or computes one thing here and another there; a target that was met is missed.
pub fn write() -> Result<()> {
    let (compiler, measured) = measure()?;
    print(&measured);
    let mut numbers = Numbers::read()?;
    targets_still_met(&numbers, &compiler, &measured)?;
    numbers.set(&compiler, Family::Cycles, measured);
    numbers.write()?;
    documents::write(&tables::tables(&numbers))?;
    pictures::write(&numbers)?;
    println!("written to {}: {compiler}", numbers::FILE);
    Ok(())
}

/// A target can be missed by less than a figure may grow.
fn targets_still_met(committed: &Numbers, compiler: &str, measured: &Figures) -> Result<()> {
    match committed.of(compiler) {
        Some(committed) => targets::still_met(View(committed), View(measured)),
        None => Ok(()),
    }
}

/// How far a figure may grow. Stack may not. Cycles depend on where the linker puts a function: a branch to a 32-bit
/// instruction across two words takes one more. The order of functions depends on the path to the repository, which
/// cargo hashes into their names. That was seen to move a row by 0.5 %, and to cost one instruction more.
fn tolerance(figure: &str) -> Tolerance {
    let (_, kind) = figure.rsplit_once('.').unwrap_or_default();
    let read_again = || core::ALL.iter().filter_map(|core| core.again).find(|again| again.figure == kind);
    match kind {
        "instructions" => Tolerance::Units(2),
        "cycles" => Tolerance::Percent(2),
        _ => read_again().map_or(Tolerance::Units(0), |again| again.tolerance),
    }
}

fn print(measured: &Figures) {
    for (title, grid) in tables::all(View(measured)) {
        println!("\n{title}\n{}", grid.text());
    }
}

/// Builds and runs everything; returns the compiler and its figures.
fn measure() -> Result<(String, Figures)> {
    setup::ensure([&setup::QEMU])?;
    let compiler = toolchain()?.compiler()?;
    let model = players::program("m3-model")?;
    let built = PROGRAMS.iter().map(Program::build).collect::<Result<Vec<_>>>()?;
    // One thread a program: that is about as many as fit the smallest of machines.
    let measured = thread::scope(|scope| {
        let mut running = Vec::new();
        for (program, elf) in PROGRAMS.iter().zip(&built) {
            running.push(scope.spawn(|| program.measure(elf, &model)));
        }
        let join = |run: thread::ScopedJoinHandle<'_, _>| run.join().map_err(|_| "a thread panicked")?;
        running.into_iter().map(join).collect::<Result<Vec<(Said, Figures)>>>()
    })?;
    for (program, (said, _)) in PROGRAMS.iter().zip(&measured) {
        let first = PROGRAMS.iter().zip(&measured).find(|(first, _)| first.binary == program.binary);
        let Some((first, (others, _))) = first else { continue };
        said.agrees_with(others)
            .map_err(|error| format!("{} and {}: {error}", first.name(), program.name()))?;
    }
    Ok((compiler, measured.into_iter().flat_map(|(_, figures)| figures).collect()))
}

const WRITE: &str = "cargo xtask cycles --write";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_counts_cycles_may_move_with_the_path_to_the_repository() {
        let committed = Numbers::read().unwrap();
        let figures = committed.compilers().flat_map(|compiler| committed.of(compiler).unwrap());
        for (name, _) in figures.filter(|(name, _)| name.starts_with("cycles.")) {
            let (_, kind) = name.rsplit_once('.').unwrap();
            assert_eq!(tolerance(name) == Tolerance::Units(0), matches!(kind, "stack" | "bytes"), "{name}");
        }
    }
}
